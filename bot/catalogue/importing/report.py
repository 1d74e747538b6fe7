"""What became of an import, for the operator: counts, what was refused and why, what looked suspicious."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_SHOWN_REFUSALS = 20
_SHOWN_EXAMPLES = 2

RULES = {
    "bare_time": "a number without a unit: no time is shown unless the text says it",
    "cases_differ": "the sub-cases have another time than the channel: not kept as a number",
    "cut_text": "the source cut a long text",
    "duplicate": "the same source twice with other content: the newer was kept",
    "foreign_currency": "a fee that is not in đồng",
    "glued_number": "time and fee glued into one number: neither is kept",
    "channels_unread": "the table of channels could not be taken apart",
    "law_code": "a dirty document number",
    "markup": "HTML taken out of a text",
    "page_uncut": "the page's text could not be cut: the collector's fields were taken",
    "papers_unread": "the table of papers could not be taken apart",
    "results_unread": "an unknown kind of result code inside a result",
    "several_times": "the description holds several times: not kept as a number",
    "test_result": "a result that testers of the portal left behind: left out",
    "two_codes": "one id of the portal with two codes: one of them was replaced",
    "thousands": "a fee under 1,000 đồng is one of thousands: its number is not kept",
    "time_differs": "the description has another time than the channel: the description counts",
}


@dataclass(frozen=True)
class Refused:
    """A file or record that was left out."""

    file: str
    reason: str


@dataclass(frozen=True)
class Suspicious:
    """Something in a record that a person should look at; `rule` is one of `RULES`."""

    code: str
    rule: str
    what: str


@dataclass
class Report:
    """Counts of procedures (`new`, `changed`, `unchanged`) and of what was read for them.

    Attributes:
        read: records read, of all shapes; several may tell of one procedure.
        skipped: files in the given folders that can't hold records, by their ending.
        stopped: why the import ended before its time, empty when it did not.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    read: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    aliases: int = 0
    refused: list[Refused] = field(default_factory=list)
    suspicious: dict[Suspicious, None] = field(default_factory=dict)
    stopped: str = ""

    def refuse(self, file: str, reason: str) -> None:
        """Note a refusal."""
        self.refused.append(Refused(file, reason))

    def suspect(self, code: str, rule: str, what: str) -> None:
        """Note something suspicious, once."""
        self.suspicious[Suspicious(code, rule, what)] = None

    def as_dict(self) -> dict[str, Any]:
        """The whole report as plain data."""
        return {
            "procedures": {"new": self.new, "changed": self.changed, "unchanged": self.unchanged},
            "read": dict(sorted(self.read.items())),
            "aliases": self.aliases,
            "skipped_files": self.skipped,
            "stopped": self.stopped,
            "refused": [{"file": one.file, "reason": one.reason} for one in self.refused],
            "suspicious": [{"code": one.code, "rule": one.rule, "what": one.what} for one in self.suspicious],
        }

    def as_json(self) -> str:
        """The whole report as JSON."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1)

    def lines(self) -> list[str]:
        """The report as it is printed: everything counted, the first of each kind shown."""
        shapes = ", ".join(f"{shape} {count}" for shape, count in sorted(self.read.items())) or "nothing"
        lines = [
            f"Procedures: {self.new} new, {self.changed} changed, {self.unchanged} unchanged.",
            f"Read: {sum(self.read.values())} records ({shapes}), {self.aliases} replaced codes.",
        ]
        if self.skipped:
            lines.append(f"Skipped: {self.skipped} files of other kinds.")
        lines += self._refused_lines() + self._suspicious_lines()
        return [*lines, f"Stopped: {self.stopped}"] if self.stopped else lines

    def _refused_lines(self) -> list[str]:
        lines = [f"Refused: {len(self.refused)}."]
        lines += [f"  {one.file}: {one.reason}" for one in self.refused[:_SHOWN_REFUSALS]]
        more = len(self.refused) - _SHOWN_REFUSALS
        return [*lines, f"  … and {more} more (--report FILE has them all)"] if more > 0 else lines

    def _suspicious_lines(self) -> list[str]:
        counts = Counter(one.rule for one in self.suspicious)
        lines = [f"Suspicious: {len(self.suspicious)}."]
        for rule, count in counts.most_common():
            lines.append(f"  {rule} ({count}): {RULES.get(rule, '')}")
            examples = [one for one in self.suspicious if one.rule == rule][:_SHOWN_EXAMPLES]
            lines += [f"    {one.code}: {one.what[:100]}" for one in examples]
        return lines
