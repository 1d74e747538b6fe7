"""Writes measured tables into docs/benchmarks.md, between marks, so that the words around them stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def replace_section(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put `lines` between the marks `<!-- name -->` and `<!-- /name -->` of a page.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if start not in text or end not in text:
        raise ValueError(f"{page.name} has no marks for '{name}'")
    before, rest = text.split(start, 1)
    page.write_text(before + start + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1], encoding="utf-8")
