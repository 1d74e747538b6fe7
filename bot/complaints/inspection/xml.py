"""XML of documents, read without document types: so nothing is expanded and nothing fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from bot.complaints.inspection.refusal import RefusedError


@dataclass(frozen=True)
class Element:
    """An element with its attributes, names without namespaces."""

    name: str
    values: dict[str, str]


def read_xml(
    content: bytes,
    on_start: Callable[[str, dict[str, str]], None],
    on_end: Callable[[str], None] | None = None,
    on_text: Callable[[str], None] | None = None,
) -> None:
    """Go through a document.

    Raises:
        RefusedError: it declares a document type, which no Word or Excel file does.
        ExpatError: it is no XML.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = lambda name, values: on_start(
        _local(name), {_local(key): value for key, value in values.items()}
    )
    if on_end:
        parser.EndElementHandler = lambda name: on_end(_local(name))
    if on_text:
        parser.buffer_text = True
        parser.CharacterDataHandler = on_text
    parser.Parse(content, True)


def elements_of(content: bytes) -> list[Element]:
    """Every element of a small document, in order; the first is its root."""
    found: list[Element] = []
    read_xml(content, lambda name, values: found.append(Element(name, values)))
    return found


def _local(name: str) -> str:
    return name.rsplit(" ", 1)[-1]


def _refuse(*_: object) -> NoReturn:
    raise RefusedError("broken")
