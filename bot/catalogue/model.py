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
    """One administrative procedure; `aspects` maps an aspect ("fee", "documents", …) to its statements.

    Attributes:
        local: aspects that the provinces decide.
        local_figures: aspect → key of a province → what is known there.
    """

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
    local: tuple[str, ...] = ()
    local_figures: dict[str, dict[str, Statement]] = field(default_factory=dict)

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
    """An answer that is not about a single procedure.

    Attributes:
        local: the part of a province's profile that completes it: "centres", "hours" or "hotline".
    """

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
    local: str | None = None


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
class Centre:
    """A service centre; `address` is None where none is verified."""

    name: str
    address: str | None
    note: str
    confidence: str
    source: Source

    @property
    def place(self) -> str | None:
        """The address as it may be told: none that is doubtful."""
        return self.address if self.confidence != "low" else None


@dataclass(frozen=True)
class Office:
    """What is known of a province's service centres; `hours` and `hotline` are None where not verified."""

    key: str
    name: str
    merged_from: tuple[str, ...]
    centres: tuple[Centre, ...]
    hours: str | None
    hotline: str | None
    note: str
    provenance: Provenance


@dataclass(frozen=True)
class Province:
    """One of today's provinces and those it was formed from; `former` is empty when it is unchanged."""

    key: str
    name: str
    former: tuple[str, ...]
    synonyms: tuple[str, ...]
    provenance: Provenance


@dataclass(frozen=True)
class OldPlace:
    """A name that citizens still use for what is gone, and what to say of it.

    Attributes:
        province: the key of today's province, None for "any district".
    """

    name: str
    kind: str
    synonyms: tuple[str, ...]
    province: str | None
    say: str
    provenance: Provenance

    @property
    def key(self) -> str:
        """What a check calls it: its name."""
        return self.name


# Of the wordings of other procedures so many are enough: on tests/catalogue/dev/ all of them made reviewed procedures
# doubted more often and hardly fewer taken for sure wrongly.
EVERY_OTHER = 6


@dataclass(frozen=True)
class Knowledge:
    """All reviewed content, the names of procedures whose content is not reviewed yet (`unchecked`), the confidence
    below which asking back is no use (`hand_over`), citizens' messages by procedure (`wordings`) and by code of the
    national catalogue (`national_wordings`), what ways to file are called (`channels`). Of places: today's provinces
    and their offices by key, old names, names that are ordinary words, too (`ambiguous`), and longer ones that are no
    places."""

    procedures: dict[str, Procedure] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    life_events: dict[str, LifeEvent] = field(default_factory=dict)
    unchecked: dict[str, Name] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    hand_over: float = 0.0
    wordings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    national_wordings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    offices: dict[str, Office] = field(default_factory=dict)
    provinces: dict[str, Province] = field(default_factory=dict)
    old_places: tuple[OldPlace, ...] = ()
    ambiguous: tuple[str, ...] = ()
    no_places: tuple[str, ...] = ()

    def names(self) -> list[Procedure | Name]:
        """Everything that a message may be about."""
        return [*self.procedures.values(), *self.unchecked.values()]

    def elsewhere(self) -> list[str]:
        """Messages of people who need a procedure that is not among the reviewed ones: a sample of them."""
        own = {code for name in self.names() for code in (*name.codes, *name.old_codes)}
        told = [text for code, texts in self.national_wordings.items() if code not in own for text in texts]
        return told[::EVERY_OTHER]

    def title(self, intent: str) -> str:
        """What an intent is called on a button under an answer."""
        return self.labels.get(intent, {}).get("title") or self.reading(intent)

    def reading(self, intent: str) -> str:
        """What an intent is called when the bot asks back; empty when it is never offered."""
        return self.labels.get(intent, {}).get("reading", "")

    def topic_for(self, intent: str) -> Topic | None:
        """The topic that answers an intent, None when there is none."""
        return next((topic for topic in self.topics.values() if intent in topic.intents), None)
