"""What changed in the sentences between two models, and what of it is suspicious; none of this needs a measurement.

A tenth of an intent that gets other labels, or a blind message among the training sentences, moves no figure on a blind
set of a few hundred messages, or moves it up. Both are plain to see in the sentences themselves.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.nlu.features import read
from bot.text.normalise import fold
from bot.text.speller import Speller

# Two sentences in the form the model sees, from which one of them looks copied; and how much of a blind message stands
# in a longer sentence. Shorter messages are what everybody says.
ALIKE, CONTAINED, SHORTEST = 0.8, 0.92, 12
Rank = Callable[[str], Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class Relabelled:
    """A sentence that has another intent than in the live model, and what the sentences that did not change make of it.

    Attributes:
        doubted: they read it as before.
    """

    text: str
    before: str
    after: str
    doubted: bool


@dataclass(frozen=True)
class Contradicted:
    """A new sentence whose intent the live model would not have thought of: it is sure of a protected one."""

    text: str
    intent: str
    live: str


@dataclass(frozen=True)
class SentenceChanges:
    """What changed in the sentences.

    Attributes:
        known: whether it is known what the live model was made of; otherwise everything counts as new.
        new: sentences that the live model was not made of.
        gone: sentences of the live model that are left out, by intent.
        lost: intents of the live model that have no sentence any more, each with whether a rule still uses it.
        copied: new sentences that look like a blind message, and that message; but for messages that unchanged
            sentences look like, too: that is what everybody says.
    """

    known: bool
    new: int
    gone: Mapping[str, int]
    lost: Mapping[str, bool]
    relabelled: tuple[Relabelled, ...]
    contradicted: tuple[Contradicted, ...]
    copied: tuple[tuple[str, str], ...]
    had: Mapping[str, int]


@dataclass(frozen=True)
class Sentences:
    """The sentences of the candidate, sorted by what the live model was made of."""

    unchanged: tuple[tuple[str, str], ...]
    new: tuple[tuple[str, str], ...]
    relabelled: tuple[tuple[str, str, str], ...]
    live: Mapping[str, str]
    keys: frozenset[str]
    intents: frozenset[str]


def sort_sentences(rows: Sequence[tuple[str, str]], live: Mapping[str, str], key: Callable[[str], str]) -> Sentences:
    """Part the candidate's sentences into unchanged, new, and with another intent.

    Args:
        rows: sentences of the candidate with their intents.
        live: keys of the live model's sentences, with their intents.
        key: the key of a sentence.
    """
    unchanged, new, relabelled, keys = [], [], [], set()
    for text, intent in rows:
        own = key(text)
        keys.add(own)
        before = live.get(own)
        if before is None:
            new.append((text, intent))
        elif before == intent:
            unchanged.append((text, intent))
        else:
            relabelled.append((text, before, intent))
    intents = frozenset(intent for _, intent in rows)
    return Sentences(tuple(unchanged), tuple(new), tuple(relabelled), live, frozenset(keys), intents)


def examine(
    sentences: Sentences, blind: Sequence[str], used: Collection[str], live: Rank, unchanged: Rank | None, sure: float
) -> SentenceChanges:
    """What is to be known of the change before it goes live.

    Args:
        blind: the messages of the blind set.
        used: intents that rules use.
        live: what the live model makes of a sentence.
        unchanged: what a model of the unchanged sentences alone makes of one; None where none has another intent.
        sure: from which share the live model counts as sure.
    """
    had = dict(Counter(sentences.live.values()))
    return SentenceChanges(
        bool(sentences.live),
        len(sentences.new),
        dict(Counter(intent for key, intent in sentences.live.items() if key not in sentences.keys)),
        {intent: intent in used for intent in sorted(set(had) - sentences.intents)},
        tuple(
            Relabelled(text, before, after, unchanged is None or _is_nearer(unchanged(text), before, after))
            for text, before, after in sentences.relabelled
        ),
        tuple(_contradictions(sentences.new, live, sure)) if sentences.live else (),
        tuple(_leaked(sentences, blind)),
        had,
    )


def find_copies(texts: Sequence[str], blind: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Sentences that look like a blind message, whatever was done to tones, spelling, abbreviations and around it."""
    speller = Speller.learn(read(text) for text in (*blind, *texts))
    kept = {_as_seen(text, speller): text for text in blind}
    shapes = [(message, _trigrams(seen)) for seen, message in kept.items() if len(seen) >= SHORTEST]
    having: defaultdict[str, list[int]] = defaultdict(list)
    for place, (_, grams) in enumerate(shapes):
        for gram in grams:
            having[gram].append(place)
    for text in texts:
        seen = _as_seen(text, speller)
        own = _trigrams(seen)
        common = Counter(place for gram in own for place in having[gram])
        for place, shared in common.most_common(10):
            message, grams = shapes[place]
            alike = shared >= ALIKE * len(own | grams)
            if alike or (shared >= CONTAINED * len(grams) and len(own) < 3 * len(grams)):
                yield text, message
                break


def _leaked(sentences: Sentences, blind: Sequence[str]) -> Iterator[tuple[str, str]]:
    found = list(find_copies([text for text, _ in sentences.new], blind))
    messages = list(dict.fromkeys(message for _, message in found))
    common = {message for _, message in find_copies([text for text, _ in sentences.unchanged], messages)}
    yield from ((text, message) for text, message in found if message not in common)


def used_intents(rules: Path) -> set[str]:
    """The intents that the rules of a folder use."""
    found = set()
    for path in sorted(rules.glob("*.yml")):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8")).get("rules") or ():
            for step in rule.get("steps") or ():
                found |= {one["intent"] for one in (step, *(step.get("or") or ())) if "intent" in one}
    return found


def _contradictions(new: Sequence[tuple[str, str]], live: Rank, sure: float) -> Iterator[Contradicted]:
    for text, intent in new:
        best, share = live(text)[0]
        if best != intent and share >= sure:
            yield Contradicted(text, intent, best)


def _is_nearer(ranking: Sequence[tuple[str, float]], before: str, after: str) -> bool:
    shares = dict(ranking)
    return shares.get(before, 0.0) > shares.get(after, 0.0)


def _as_seen(text: str, speller: Speller) -> str:
    # Digits and signs of a code count for nothing: to the model one is as good as another.
    return " ".join(fold(word) for word in speller.mend(read(text)))


def _trigrams(seen: str) -> frozenset[str]:
    padded = f"  {seen} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
