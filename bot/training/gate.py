"""Whether a candidate may go live: bounds on what was measured and on what changed in the sentences; pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bot.training.compare import Comparison
from bot.training.data_warnings import DataWarnings
from bot.training.sentences import SentenceChanges
from bot.training.train import TrainingError

FILE = "gate.yml"
# An intent that keeps fewer of its sentences than this share counts as lost.
_LEFT = 0.2
_SHOWN = 3
_SIGNALS = {"turns", "handovers", "downs", "failed"}
_FALLS = ("other_sentences", "other_pipeline")


@dataclass(frozen=True)
class Protected:
    """Bounds of one intent, in points: the least share read rightly, and how far it may fall."""

    floor: float
    margin: float


@dataclass(frozen=True)
class Fall:
    """How far a candidate may fall, in points.

    Attributes:
        overall: all messages, at the unlucky end of the interval.
        sureness: the mean share given to the true intent.
        part: one part of the blind set.
    """

    overall: float
    sureness: float
    part: float


@dataclass(frozen=True)
class Bounds:
    """What `knowledge/gate.yml` says; points are hundredths of the messages.

    Attributes:
        other_sentences, other_pipeline: how far a candidate may fall that learnt other sentences, or in another way.
            What a change of the pipeline does elsewhere is anybody's guess, so it has to be nearer.
        part_messages: how many messages a part may lose by chance, however many points they are in a small one.
        doubtful, doubtful_share: how many sentences with a doubtful intent are borne: a number, or if that is more, a
            share of those there are.
        sure: from which share a reading of the live model counts as sure.
        gone: the share of a protected intent's sentences that may be left out.
        few, alike: what is warned of in the sentences: an intent with fewer of them, and sentences of two intents that
            are alike from this share of common trigrams on.
        signals: how much more of what citizens meet takes a live model back; `turns` is from how many on it is judged.
    """

    other_sentences: Fall
    other_pipeline: Fall
    part_messages: float
    doubtful: int
    doubtful_share: float
    sure: float
    gone: float
    few: float
    alike: float
    protected: Mapping[str, Protected]
    signals: Mapping[str, float]


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on.

    Attributes:
        conversations: those that failed, None when none was tried.
        other_pipeline: whether the two models learnt in different ways.
        data: what is to be mended in the sentences, whoever wins.
        unread: messages that the live model, which can't be loaded, has not read; nothing is compared on them.
    """

    comparison: Comparison
    changes: SentenceChanges
    conversations: Sequence[str] | None
    other_pipeline: bool = False
    data: DataWarnings = field(default_factory=DataWarnings)
    unread: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate may go live, what stands against it, and what to know besides."""

    passed: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def load_bounds(folder: Path) -> Bounds:
    """The bounds of `knowledge/gate.yml`.

    Raises:
        TrainingError: it is not as it should be; nothing goes live by a gate that can't be read.
    """
    try:
        content = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
        protected = {
            str(name): Protected(float(one["floor"]), float(one["margin"]))
            for name, one in content.pop("protected").items()
        }
        falls = {name: Fall(**{k: float(v) for k, v in content.pop(name).items()}) for name in _FALLS}
        signals = {str(name): float(value) for name, value in content.pop("live_signals").items()}
        if set(signals) != _SIGNALS:
            raise ValueError("live_signals are " + ", ".join(sorted(_SIGNALS)))
        numbers = {name: float(value) for name, value in content.items()}
        return Bounds(protected=protected, signals=signals, **falls, **numbers)  # type: ignore[arg-type]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"knowledge/{FILE} can't be read ({str(error).splitlines()[0]}).") from error


def judge(evidence: Evidence, bounds: Bounds) -> Verdict:
    """The verdict over a candidate."""
    reasons = [
        *_measured(evidence.comparison, _fall(evidence, bounds), bounds.part_messages),
        *_protected(evidence.comparison, bounds),
        *_sentences(evidence.changes, bounds),
        *_conversations(evidence.conversations),
    ]
    return Verdict(not reasons, tuple(reasons), tuple(_warnings(evidence, bounds)))


def _fall(evidence: Evidence, bounds: Bounds) -> Fall:
    return bounds.other_pipeline if evidence.other_pipeline else bounds.other_sentences


def _measured(found: Comparison, fall: Fall, by_chance: float) -> Iterator[str]:
    overall = found.overall
    if overall.low * 100 < -fall.overall:
        yield (
            f"overall: {_points(overall.difference)} points, and it may be {_points(overall.low)} "
            f"(bound -{fall.overall:g}): {overall.better} messages got better, {overall.worse} worse"
        )
    if found.sureness * 100 < -fall.sureness:
        yield f"overall: the true intent gets {_points(found.sureness)} points less (bound -{fall.sureness:g})"
    for part, change in found.parts.items():
        lost = round(-change.difference * change.messages)
        if change.difference * 100 < -fall.part and (lost > by_chance or change.high < 0):
            yield (
                f"{part}: {_points(change.difference)} points (bound -{fall.part:g}): "
                f"{change.better} messages got better, {change.worse} worse"
            )


def _protected(found: Comparison, bounds: Bounds) -> Iterator[str]:
    for intent, own in bounds.protected.items():
        change = found.intents.get(intent)
        if change is None:
            yield f"{intent}: protected, and the blind set has no message of it"
            continue
        if change.candidate * 100 < own.floor:
            yield f"{intent}: read rightly in {change.candidate:.1%}, its floor is {own.floor:g} %"
        if change.difference * 100 < -own.margin:
            yield f"{intent}: {_points(change.difference)} points (bound -{own.margin:g})"


def _sentences(changes: SentenceChanges, bounds: Bounds) -> Iterator[str]:
    for intent, used in changes.lost.items():
        if used or intent in bounds.protected:
            yield f"{intent}: has no sentence any more, and rules still use it"
    for intent, gone in changes.gone.items():
        share, had = gone / changes.had[intent], changes.had[intent]
        if intent not in changes.lost and share > (bounds.gone if intent in bounds.protected else 1 - _LEFT):
            yield f"{intent}: {gone} of its {had} sentences were left out"
    if len(changes.copied) > _borne(changes.new, bounds):
        yield f"leak: {_list_copies(changes)}"
    yield from _doubtful(changes, bounds)


def _doubtful(changes: SentenceChanges, bounds: Bounds) -> Iterator[str]:
    doubted = [one for one in changes.relabelled if one.doubted]
    if len(doubted) > _borne(sum(changes.had.values()), bounds):
        yield f"{len(doubted)} sentences have another intent than before, though those like them have not"
    touched = Counter(name for one in doubted for name in (one.before, one.after) if name in bounds.protected)
    for intent, count in touched.items():
        if count > _borne(changes.had.get(intent, 0), bounds):
            own = next(one for one in doubted if intent in (one.before, one.after))
            yield (
                f"{intent}: {count} sentences were taken out of it or into it against those like them, "
                f"such as '{own.text}' ({own.before} → {own.after})"
            )
    against = Counter(one.live for one in changes.contradicted if one.live in bounds.protected)
    for intent, count in against.items():
        if count > _borne(changes.new, bounds):
            own_one = next(one for one in changes.contradicted if one.live == intent)
            yield (
                f"{intent}: {count} new sentences that the live model surely takes for it have other intents, "
                f"such as '{own_one.text}' ({own_one.intent})"
            )


def _conversations(failed: Sequence[str] | None) -> Iterator[str]:
    if failed is None:
        yield "conversations: not tried"
    elif failed:
        shown = ", ".join(failed[:_SHOWN])
        yield f"conversations: {len(failed)} failed: {shown}{' …' if len(failed) > _SHOWN else ''}"


def _warnings(evidence: Evidence, bounds: Bounds) -> Iterator[str]:
    changes = evidence.changes
    if evidence.unread:
        yield f"not compared on {evidence.unread} messages: the live model has not read them and can't be loaded"
    if not changes.known:
        yield "it is not known what the live model was made of: every sentence counts as new"
    if changes.copied and len(changes.copied) <= _borne(changes.new, bounds):
        yield f"these look like messages of the blind set: {_list_copies(changes)}"
    for intent, used in changes.lost.items():
        if not used and intent not in bounds.protected:
            yield f"{intent}: has no sentence any more"
    for one in changes.relabelled:
        if one.doubted:
            yield f"'{one.text}': {one.before} → {one.after}, though those like it have not changed"
    for intent, change in evidence.comparison.intents.items():
        if intent not in bounds.protected and change.high < 0:
            yield f"{intent}: {_points(change.difference)} points ({change.better} better, {change.worse} worse)"
    yield from evidence.data.lines()


def _borne(of: int, bounds: Bounds) -> float:
    return max(bounds.doubtful, bounds.doubtful_share / 100 * of)


def _list_copies(changes: SentenceChanges) -> str:
    shown = "; ".join(f"'{text}' like '{message}'" for text, message in changes.copied[:_SHOWN])
    return f"{len(changes.copied)} of {changes.new} new sentences ({shown})"


def _points(share: float) -> str:
    return f"{share * 100:+.1f}"
