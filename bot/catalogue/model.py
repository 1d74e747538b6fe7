"""The content as plain data: procedures, topics, and statements with an end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Statement:
    """One sentence of content with its own dates.

    Attributes:
        afterwards: what is said once `valid_until` has passed; without it nothing is said.
    """

    text: str
    valid_from: date | None = None
    valid_until: date | None = None
    afterwards: str | None = None
    confidence: str | None = None

    def on(self, day: date) -> str | None:
        """What may be said on a day, None when nothing may."""
        if self.valid_until and day > self.valid_until:
            return self.afterwards
        if self.valid_from and day < self.valid_from:
            return None
        return self.text


@dataclass(frozen=True)
class Source:
    """Where content comes from."""

    name: str
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """What every item of content carries: law, validity, date checked, source, confidence."""

    legal_basis: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    checked_on: date
    source: Source
    confidence: str

    def is_current(self, day: date) -> bool:
        """Whether the item may be given as today's rule."""
        return not (self.valid_until and day > self.valid_until) and not (self.valid_from and day < self.valid_from)


@dataclass(frozen=True)
class Name:
    """What a procedure is called, officially and by citizens."""

    key: str
    name: str
    synonyms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    old_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Procedure:
    """One administrative procedure; `aspects` maps an aspect ("fee", "documents", …) to its statements."""

    key: str
    name: str
    synonyms: tuple[str, ...]
    codes: tuple[str, ...]
    group: str
    summary: str
    aspects: dict[str, tuple[Statement, ...]]
    provenance: Provenance
    english: str | None = None
    old_codes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path of its page: by its first official code, by our key when it has none."""
        return f"/thu-tuc/{self.codes[0] if self.codes else self.key}"


@dataclass(frozen=True)
class Link:
    """A labelled address."""

    label: str
    url: str


@dataclass(frozen=True)
class Topic:
    """An answer that is not about a single procedure."""

    key: str
    title: str
    intents: tuple[str, ...]
    short: str
    provenance: Provenance
    synonyms: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    related: tuple[str, ...] = ()
    english: str | None = None


@dataclass(frozen=True)
class Step:
    """One procedure of an event of life, and why or when it comes."""

    procedure: str
    why: str


@dataclass(frozen=True)
class LifeEvent:
    """An event of life ("mới sinh con") and the procedures it brings, in order."""

    key: str
    name: str
    synonyms: tuple[str, ...]
    intro: str
    steps: tuple[Step, ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    english: str | None = None


@dataclass(frozen=True)
class Knowledge:
    """All reviewed content, the names of procedures whose content is not reviewed yet (`unchecked`), the confidence
    below which asking back is no use (`hand_over`), and citizens' messages by procedure (`wordings`)."""

    procedures: dict[str, Procedure] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    life_events: dict[str, LifeEvent] = field(default_factory=dict)
    unchecked: dict[str, Name] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    hand_over: float = 0.0
    wordings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def names(self) -> list[Procedure | Name]:
        """Everything that a message may be about."""
        return [*self.procedures.values(), *self.unchecked.values()]

    def title(self, intent: str) -> str:
        """What an intent is called on a button under an answer."""
        return self.labels.get(intent, {}).get("title") or self.reading(intent)

    def reading(self, intent: str) -> str:
        """What an intent is called when the bot asks back; empty when it is never offered."""
        return self.labels.get(intent, {}).get("reading", "")

    def topic_for(self, intent: str) -> Topic | None:
        """The topic that answers an intent, None when there is none."""
        return next((topic for topic in self.topics.values() if intent in topic.intents), None)
