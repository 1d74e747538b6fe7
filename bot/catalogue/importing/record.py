"""An imported procedure as plain data, the same for every shape it may come in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

DETAILS, NAME_ONLY = "details", "name_only"
# What a record may say of a procedure, part by part; gaps are filled by the part.
PARTS = (
    "levels", "fields", "agencies", "subjects", "steps", "channels", "papers", "results", "laws",
    "requirements", "keywords", "note", "decision", "flags", "type", "state",
)  # fmt: skip


class ImportingError(Exception):
    """The import can't go on; the message says why and what to do."""


class RefusedError(ImportingError):
    """One file or record is left out, with the reason; the others go on."""


@dataclass(frozen=True)
class Fee:
    """One fee of a channel.

    Attributes:
        kind: `amount`: `value` in `currency` is due. `local`: set by the province or by a rule named elsewhere.
            `foreign`: not in đồng. `text`: only `text` says what is due. `zero`: the portal's number is 0, which is
            **not** "free of charge". `unknown`: nothing that could be relied on.
        value: only where it can be trusted; never 0.
        name: what it is called: "phí", "lệ phí", "giá" or nothing.
    """

    kind: str
    text: str = ""
    value: float | None = None
    currency: str | None = None
    name: str = ""


@dataclass(frozen=True)
class Channel:
    """One way to file; the same method may stand there several times, for sub-cases that `note` tells apart.

    Attributes:
        method: `ONLINE`, `POSTAL`, `DIRECT`, or None where the source does not say.
        time: what may be shown: "10 ngày làm việc", "trong ngày", "xem mô tả" (then `note` says it), or nothing.
        quantity, unit: the time as a number of `WORKING_DAY`, `DAY`, `HOUR`, `MONTH`; only where it can be trusted.
    """

    method: str | None
    time: str = ""
    quantity: float | None = None
    unit: str | None = None
    note: str = ""
    fees: tuple[Fee, ...] = ()


@dataclass(frozen=True)
class Paper:
    """One paper of a dossier; `group` is the case it belongs to, a number is None where the source gives none."""

    name: str
    group: str = ""
    originals: int | None = None
    copies: int | None = None
    forms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of the procedure."""

    name: str
    text: str


@dataclass(frozen=True)
class Law:
    """A legal basis; `code` such as 123/2015/NĐ-CP, or None when what stands there is none."""

    name: str
    code: str | None = None


@dataclass(frozen=True)
class Record:
    """What one source says of one procedure.

    Attributes:
        code: as 1.001193.
        uuid: the portal's own id, empty where the source has none.
        publisher: who published it (`UBND tỉnh Gia Lai`, `Bộ Tư pháp`), empty where the source does not say.
        shape: the kind of source, as `detail`, `list`, `flat`.
        updated_at: when the portal last changed it; data_date: when the source was made.
        levels: of `ministry`, `province`, `ward`, `district`, `other`.
        flags: what the source says is so (`full_process` …); a flag that is not there is unknown, not "no".
    """

    code: str
    name: str
    shape: str
    uuid: str = ""
    publisher: str = ""
    url: str = ""
    updated_at: datetime | None = None
    data_date: date | None = None
    levels: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    channels: tuple[Channel, ...] = ()
    papers: tuple[Paper, ...] = ()
    results: tuple[str, ...] = ()
    laws: tuple[Law, ...] = ()
    requirements: str = ""
    keywords: tuple[str, ...] = ()
    note: str = ""
    decision: str = ""
    flags: tuple[str, ...] = ()
    type: str = ""
    state: str = ""

    @property
    def detail(self) -> str:
        """`details`, or `name_only` when nothing is known but what it is called and who does it."""
        return DETAILS if self.steps or self.channels or self.papers else NAME_ONLY

    def with_code(self, code: str) -> Record:
        """The same record under a code."""
        return replace(self, code=code)

    def to_json(self) -> str:
        """One line of JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), ensure_ascii=False, default=str, separators=(",", ":"))

    def content_hash(self) -> str:
        """A fingerprint of everything it says (64 hex digits); the day of the source is no content."""
        content = {name: value for name, value in asdict(self).items() if name != "data_date"}
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, default=str).encode()).hexdigest()


def from_json(text: str) -> Record:
    """The record that `to_json` wrote."""
    given: dict[str, Any] = json.loads(text)
    for name in ("levels", "fields", "agencies", "subjects", "results", "keywords", "flags"):
        given[name] = tuple(given[name])
    given["steps"] = tuple(Step(**step) for step in given["steps"])
    given["laws"] = tuple(Law(**law) for law in given["laws"])
    given["papers"] = tuple(Paper(**{**paper, "forms": tuple(paper["forms"])}) for paper in given["papers"])
    given["channels"] = tuple(
        Channel(**{**channel, "fees": tuple(Fee(**fee) for fee in channel["fees"])}) for channel in given["channels"]
    )
    given["updated_at"] = datetime.fromisoformat(given["updated_at"]) if given["updated_at"] else None
    given["data_date"] = date.fromisoformat(given["data_date"]) if given["data_date"] else None
    return Record(**given)
