"""Fields and formulas of Word and Excel that start programs or fetch things (DDE and its kin)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.complaints.inspection.refusal import RefusedError
from bot.complaints.inspection.xml import read_xml

_FORBIDDEN_FIELDS = frozenset(
    {"DDE", "DDEAUTO", "LINK", "INCLUDE", "INCLUDETEXT", "INCLUDEPICTURE", "IMPORT", "DATABASE", "MACROBUTTON"}
    # Spells another field by numbers.
    | {"QUOTE", "EMBED", "CONTROL", "HTMLACTIVEX"}
)
_FORMULAS = frozenset({"f", "formula", "formula1", "formula2", "definedName", "oldFormula"})
_FORBIDDEN_ELEMENTS = frozenset({"ddeLink", "oleLink", "altChunk", "subDoc", "oleObject", "webPublishItem", "dbPr"})
_CALLS = re.compile(r"(?<![\w.])(WEBSERVICE|RTD|CALL|REGISTER|REGISTER\.ID|EXEC|DDE)\s*\(", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")


@dataclass
class _Reader:
    """Follows a part of a document: the fields that are open, the formula that is being read."""

    excel: bool
    fields: list[list[str]] = field(default_factory=list)
    instruction: bool = False
    formula: list[str] | None = None

    def start(self, name: str, values: dict[str, str]) -> None:
        if name in _FORBIDDEN_ELEMENTS:
            raise RefusedError("fields" if name in ("ddeLink", "dbPr") else "embedded")
        if name == "fldSimple":
            _check_field(values.get("instr", ""))
        elif name == "fldChar":
            self._follow_field(values.get("fldCharType", ""))
        elif name in ("instrText", "delInstrText"):
            self.instruction = True
        elif self.excel and name in _FORMULAS:
            self.formula = []

    def text(self, text: str) -> None:
        if self.instruction and self.fields:
            self.fields[-1].append(text)
        elif self.instruction:
            # An instruction outside of a field: read by nobody, and by some all the same.
            _check_field(text)
        if self.formula is not None:
            self.formula.append(text)

    def end(self, name: str) -> None:
        if name in ("instrText", "delInstrText"):
            self.instruction = False
        elif self.formula is not None and name in _FORMULAS:
            _check_formula("".join(self.formula))
            self.formula = None

    def finish(self) -> None:
        for instruction in self.fields:
            _check_field("".join(instruction))

    def _follow_field(self, kind: str) -> None:
        if kind == "begin":
            # A field that begins with another lets that one spell its name.
            if self.fields and not "".join(self.fields[-1]).strip():
                raise RefusedError("fields")
            self.fields.append([])
        elif self.fields:
            _check_field("".join(self.fields[-1]))
            if kind == "end":
                self.fields.pop()


def check_text(kind: str, content: bytes) -> None:
    """Look through a part of a document.

    Raises:
        RefusedError: something in it starts a program, fetches something or brings a file along.
        ExpatError: it is no XML.
    """
    reader = _Reader(excel=kind == "xlsx")
    read_xml(content, reader.start, reader.end, reader.text)
    reader.finish()


def _check_field(instruction: str) -> None:
    words = instruction.replace("\\*", " ").split()
    name = words[0].strip('"').upper() if words else ""
    if name in _FORBIDDEN_FIELDS or "DDEAUTO" in "".join(words).upper():
        raise RefusedError("fields")


def _check_formula(formula: str) -> None:
    # A bar stands in no formula but in those that ask another program: =cmd|'/c calc'!A1
    plain = _QUOTED.sub("", formula)
    if "|" in plain or _CALLS.search(plain):
        raise RefusedError("fields")
