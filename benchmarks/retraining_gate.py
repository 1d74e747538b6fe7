"""The gate's drills: fifty candidates that are worse in ways no figure shows, fifty that are as good or better."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.retraining_lab import Fitted, Lab
from bot.settings import ROOT
from bot.text.copies import plain
from bot.text.slips import Noise
from bot.training.compare import compare
from bot.training.gate import Bounds, Evidence, Verdict, judge, load_bounds
from bot.training.measure import Prediction
from bot.training.sentences import Rank, examine, sort_sentences, used_intents

Mask = NDArray[np.bool_]
# Shares of the sentences: the live model's, and those that neither model is made of.
LIVE, RESERVE = 0.8, 0.1
PADDING = ("dạ cho em hỏi {} ạ", "{} vậy ad", "anh chị ơi {}", "cho hỏi {} với ạ")


@dataclass(frozen=True)
class Candidate:
    """A candidate of a drill.

    Attributes:
        rows: its sentences and what they are said to mean.
        unchanged: a model of the sentences that did not change, where some changed.
        right: of the sentences that no model is made of, the share it reads rightly, less the live model's.
    """

    kind: str
    predictions: list[Prediction]
    rows: list[tuple[str, str]]
    unchanged: Rank | None = None
    right: float = 0.0
    other_pipeline: bool = False


@dataclass
class Result:
    """What became of the drills of one kind."""

    kind: str
    good: bool
    verdicts: list[Verdict]
    rights: list[float]
    seconds: float

    @property
    def held(self) -> int:
        """How many the gate judged as it should."""
        return sum(verdict.passed == self.good for verdict in self.verdicts)


class Drills:
    """Makes candidates and has them judged.

    Args:
        most: candidates of each kind; ten is the whole drill.
    """

    def __init__(self, lab: Lab, seed: int, most: int = 10) -> None:
        self._lab = lab
        self._most = most
        self._random = random.Random(seed)
        places = list(range(len(lab.texts)))
        self._random.shuffle(places)
        ends = [round(len(places) * share) for share in (LIVE, 1 - RESERVE)]
        self._kept, self._fresh, self._reserve = (
            _mask(part, len(places)) for part in (places[: ends[0]], places[ends[0] : ends[1]], places[ends[1] :])
        )
        self._bounds: Bounds = load_bounds(ROOT / "knowledge")
        self._used = used_intents(ROOT / "data" / "rules")
        self._live = self._fit(self._kept)
        self._live_predictions = lab.predictions(self._live)
        self._live_rows = self._rows(self._kept)
        self._live_right = lab.right(self._live, self._reserve)

    def run(self) -> Iterator[Result]:
        """Every kind of drill, the bad ones first."""
        bad = (self.relabelled, self.untoned, self.part_down, self.leaked, self.lost)
        good = (self.more, self.more_of_few, self.reworked, self.corrected, self.otherwise)
        for kind in (*bad, *good):
            began = time.monotonic()
            verdicts, rights = [], []
            name = ""
            for candidate in kind():
                name = candidate.kind
                verdicts.append(self._judge(candidate))
                rights.append(candidate.right)
            yield Result(name, kind in good, verdicts, rights, time.monotonic() - began)

    def relabelled(self) -> Iterator[Candidate]:
        """A tenth of one protected intent gets what the model would have thought of next."""
        rank = self._lab.ranker(self._live)
        for intent in self._some(list(self._bounds.protected)):
            own = [place for place in np.flatnonzero(self._kept) if self._lab.intents[place] == intent]
            intents = list(self._lab.intents)
            changed = self._random.sample(own, max(1, len(own) // 10))
            for place in changed:
                intents[place] = next(name for name, _ in rank(self._lab.texts[place]) if name != intent)
            touched = {intent, *(intents[place] for place in changed)}
            model = self._lab.fit(self._kept, intents, self._live, touched)
            unchanged = self._lab.fit(self._kept & ~_mask(changed, len(intents)), None, self._live, touched)
            yield self._candidate("10 % of a protected intent relabelled", model, self._kept, intents, unchanged)

    def untoned(self) -> Iterator[Candidate]:
        """Nothing takes tones off: neither the features, nor in half of them the copies."""
        rows, blind = self._lab.without_folding()
        for number in range(self._most):
            # Which sentences are left out makes each another one.
            kept = self._part_of(self._kept, 0.98)
            copies = self._lab.has_tones if number % 2 else None
            model = self._lab.fit(kept, rows=rows, copies=copies)
            model = self._lab.calibrated(model, self._reserve, rows)
            made = self._candidate("tone folding off", model, kept, blind=blind)
            right = self._lab.right(model, self._reserve, rows) - self._live_right
            yield replace(made, right=right, other_pipeline=True)

    def part_down(self) -> Iterator[Candidate]:
        """As the live model, but of one part of the messages three in a hundred more are read wrongly."""
        parts = sorted({one.part for one in self._live_predictions} - {"clean"})
        for number in range(self._most):
            part = parts[number % len(parts)]
            own = [one for one in self._live_predictions if one.part == part]
            chance = 0.03 / (sum(one.right for one in own) / len(own))
            predictions = [
                _next_best(one) if one.part == part and one.right and self._random.random() < chance else one
                for one in self._live_predictions
            ]
            yield Candidate("one part of the messages 3 points down", predictions, self._live_rows)

    def leaked(self) -> Iterator[Candidate]:
        """Among new sentences stand blind messages, disguised: untoned, misspelt, shortened, with words around."""
        noise = Noise(self._random.randrange(1000))
        clean = [place for place, (_, _, part) in enumerate(self._lab.blind) if part == "clean"]
        twins: dict[str, list[int]] = {}
        for place, source in enumerate(self._lab.sources):
            twins.setdefault(source, []).append(place)
        for _ in range(self._most):
            places = self._random.sample(clean, self._random.randint(15, 40))
            seen = [place for one in places for place in twins[self._lab.sources[one]][:4]]
            kept = self._kept | self._part_of(self._fresh, 0.2)
            intents = [self._lab.blind[place][1] for place in seen]
            model = self._lab.fit(kept, None, self._live, set(intents), more=(self._lab.blind_rows[seen], intents))
            disguised = [
                (self._disguise(self._lab.blind[place][0], noise), self._lab.blind[place][1]) for place in places
            ]
            made = self._candidate("blind messages among the sentences", model, kept)
            yield replace(made, rows=made.rows + disguised)

    def lost(self) -> Iterator[Candidate]:
        """An intent that rules use has no sentence any more, or three."""
        names = sorted(set(self._lab.intents) & self._used)
        for number, intent in enumerate(self._random.sample(names, self._most)):
            own = [place for place in np.flatnonzero(self._kept) if self._lab.intents[place] == intent]
            gone = own if number % 2 else own[3:]
            kept = self._kept & ~_mask(gone, len(self._kept))
            if len(gone) == len(own):
                model = _without(self._live, intent)
            else:
                model = self._lab.fit(kept, None, self._live, {intent})
            yield self._candidate("an intent lost", model, kept)

    def more(self) -> Iterator[Candidate]:
        """More sentences of every intent."""
        for _ in range(self._most):
            kept = self._kept | self._part_of(self._fresh, self._random.uniform(0.2, 1.0))
            yield self._candidate("more sentences", self._fit(kept), kept)

    def more_of_few(self) -> Iterator[Candidate]:
        """More sentences of five intents."""
        names = sorted(set(self._lab.intents))
        for _ in range(self._most):
            few = set(self._random.sample(names, 5))
            wanted = np.array([intent in few for intent in self._lab.intents])
            kept = self._kept | (self._fresh & wanted)
            model = self._lab.fit(kept, None, self._live, few)
            yield self._candidate("more sentences of five intents", model, kept)

    def reworked(self) -> Iterator[Candidate]:
        """Some sentences of each intent are taken out, and more than that are put in."""
        for _ in range(self._most):
            kept = (self._kept & ~self._part_of(self._kept, 0.03)) | self._part_of(self._fresh, 0.9)
            yield self._candidate("sentences taken out and put in", self._fit(kept), kept)

    def corrected(self) -> Iterator[Candidate]:
        """One sentence in a hundred of the live model had a wrong intent, and gets the right one."""
        rank = self._lab.ranker(self._live)
        wrong = list(self._lab.intents)
        for place in np.flatnonzero(self._part_of(self._kept, 0.01)):
            wrong[place] = next(name for name, _ in rank(self._lab.texts[place]) if name != wrong[place])
        mistaken = self._fit(self._kept, wrong)
        own = [place for place in np.flatnonzero(self._kept) if wrong[place] != self._lab.intents[place]]
        was = (self._live, self._live_predictions, self._live_rows, self._live_right)
        self._live, self._live_predictions = mistaken, self._lab.predictions(mistaken)
        self._live_rows, self._live_right = self._rows(self._kept, wrong), self._lab.right(mistaken, self._reserve)
        for _ in range(self._most):
            changed = self._random.sample(own, max(1, len(own) // 4))
            intents = list(wrong)
            for place in changed:
                intents[place] = self._lab.intents[place]
            touched = {name for place in changed for name in (wrong[place], intents[place])}
            model = self._lab.fit(self._kept, intents, mistaken, touched)
            unchanged = self._lab.fit(self._kept & ~_mask(changed, len(intents)), intents, mistaken, touched)
            yield self._candidate("wrong intents put right", model, self._kept, intents, unchanged)
        self._live, self._live_predictions, self._live_rows, self._live_right = was

    def otherwise(self) -> Iterator[Candidate]:
        """Other options, within what cross-validation finds no worse, and a few more sentences."""
        for _ in range(self._most):
            options = replace(self._lab.options, regularisation=self._random.uniform(0.2, 0.35))
            kept = self._kept | self._part_of(self._fresh, 0.3)
            model = self._lab.calibrated(self._lab.fit(kept, options=options), self._reserve)
            yield replace(self._candidate("other options and more sentences", model, kept), other_pipeline=True)

    def _fit(self, kept: Mask, intents: list[str] | None = None) -> Fitted:
        return self._lab.calibrated(self._lab.fit(kept, intents), self._reserve)

    def _candidate(
        self,
        kind: str,
        model: Fitted,
        kept: Mask,
        intents: list[str] | None = None,
        unchanged: Fitted | None = None,
        blind: csr_matrix | None = None,
    ) -> Candidate:
        rank = self._lab.ranker(unchanged) if unchanged else None
        right = 0.0 if blind is not None else self._lab.right(model, self._reserve) - self._live_right
        return Candidate(kind, self._lab.predictions(model, blind), self._rows(kept, intents), rank, right)

    def _judge(self, candidate: Candidate) -> Verdict:
        live = {plain(text): intent for text, intent in self._live_rows}
        sentences = sort_sentences(candidate.rows, live, plain)
        known = self._lab.ranker(self._live)
        changes = examine(
            sentences,
            [text for text, _, part in self._lab.blind if part == "clean"],
            self._used,
            lambda text: known(text) if text in self._lab.number else (("", 0.0),),
            candidate.unchanged,
            self._bounds.sure,
        )
        found = compare(self._live_predictions, candidate.predictions, self._lab.sources)
        return judge(Evidence(found, changes, [], candidate.other_pipeline), self._bounds)

    def _rows(self, kept: Mask, intents: list[str] | None = None) -> list[tuple[str, str]]:
        said = intents or self._lab.intents
        return [(self._lab.texts[place], said[place]) for place in np.flatnonzero(kept)]

    def _some(self, names: list[str]) -> list[str]:
        return [names[number % len(names)] for number in range(self._most)]

    def _part_of(self, mask: Mask, share: float) -> Mask:
        places = [int(place) for place in np.flatnonzero(mask)]
        return _mask(self._random.sample(places, round(len(places) * share)), len(mask))

    def _disguise(self, text: str, noise: Noise) -> str:
        untoned, slipped, shortened = noise.copies(text)
        padded = self._random.choice(PADDING).format(text)
        return self._random.choice([text, untoned, slipped, shortened, padded])


def show(results: list[Result]) -> list[str]:
    """The table of docs/benchmarks.md."""
    lines = [
        "| candidates | judged as they should be | truly better or worse, points | what stood against them |",
        "|---|---|---|---|",
    ]
    for good in (False, True):
        own = [result for result in results if result.good == good]
        for result in own:
            said = Counter(_about(reason) for verdict in result.verdicts for reason in verdict.reasons)
            rights = f"{np.mean(result.rights) * 100:+.1f}" if any(result.rights) else "–"
            why = ", ".join(f"{name} ({count})" for name, count in said.most_common(4)) or "–"
            lines.append(f"| {result.kind} | {result.held} of {len(result.verdicts)} | {rights} | {why} |")
        held, all_of = sum(result.held for result in own), sum(len(result.verdicts) for result in own)
        lines.append(
            f"| **{'good' if good else 'bad'}** | **{held} of {all_of} {'passed' if good else 'refused'}** | | |"
        )
    return lines


def holds(results: list[Result]) -> bool:
    """Whether every bad candidate was refused, and nine of ten good ones passed."""
    bad, good = ([result for result in results if result.good == kind] for kind in (False, True))
    passed, all_of = sum(result.held for result in good), sum(len(result.verdicts) for result in good)
    return all(result.held == len(result.verdicts) for result in bad) and passed >= 0.9 * all_of


def _about(reason: str) -> str:
    return reason.split(":", 1)[0] if ":" in reason else "intents changed"


def _next_best(one: Prediction) -> Prediction:
    first, second, *rest = one.ranking
    return Prediction(one.text, one.truth, ((second[0], first[1]), (first[0], second[1]), *rest), one.part)


def _without(model: Fitted, intent: str) -> Fitted:
    places = [place for place, name in enumerate(model.intents) if name != intent]
    names = tuple(model.intents[place] for place in places)
    return Fitted(names, model.weights[:, places], model.intercept[places], model.temperature)


def _mask(places: object, size: int) -> Mask:
    found = np.zeros(size, dtype=bool)
    found[np.array(list(places), dtype=int)] = True  # type: ignore[call-overload]
    return found
