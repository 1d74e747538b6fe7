"""Finds the code of a procedure by its name, where a source gives none."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.catalogue.importing.record import RefusedError
from bot.text.normalise import normalise

_LEVEL_WORDS = {"xã": "ward", "tỉnh": "province", "trung ương": "ministry", "bộ": "ministry"}
# "(thực hiện tại Công an cấp xã)", "thực hiện tại cấp tỉnh", "cấp xã" at the end say where, not what.
_WHERE = re.compile(r"\(?\s*(?:thực hiện tại )?(?:công an )?(?:cấp )(xã|tỉnh|trung ương|bộ)\s*\)?\s*$")
_SIGNS = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class Named:
    """A stored record as far as its name tells it."""

    code: str
    name: str
    publisher: str


class Names:
    """The stored names; built once per run, when everything with a code is in."""

    def __init__(self, records: Iterable[Named]) -> None:
        self._records: dict[str, list[tuple[str | None, Named]]] = defaultdict(list)
        for record in records:
            what, level = _parts(record.name)
            self._records[what].append((level, record))

    def code_of(self, name: str, levels: tuple[str, ...], publisher: str) -> str:
        """The code of the one procedure that bears this name at this level.

        Args:
            publisher: for that of a police, only records published by a police count.

        Raises:
            RefusedError: no stored record has the name, or several have.
        """
        what, level = _parts(name)
        level = level or (levels[0] if len(levels) == 1 else None)
        near = [(at, one) for at, one in self._records[what] if _same_trade(one.publisher, publisher)]
        fitting = [one for at, one in near if at == level] or [one for at, one in near if at is None or level is None]
        codes = {one.code for one in fitting}
        if len(codes) == 1:
            return codes.pop()
        if codes:
            raise RefusedError(
                f"'{name[:80]}' has no code, and several records bear its name: {', '.join(sorted(codes))}"
            )
        raise RefusedError(f"'{name[:80]}' has no code, and no imported record bears its name")


def _parts(name: str) -> tuple[str, str | None]:
    """What a name is about, in comparable form, and the level it names."""
    text = normalise(name).rstrip(" .")
    found = _WHERE.search(text)
    what = text[: found.start()] if found else text
    return " ".join(_SIGNS.split(what.removeprefix("thủ tục "))).strip(), _LEVEL_WORDS[
        found.group(1)
    ] if found else None


def _same_trade(publisher: str, other: str) -> bool:
    return "công an" not in other.lower() or "công an" in publisher.lower()
