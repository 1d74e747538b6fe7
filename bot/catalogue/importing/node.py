"""Reads foreign JSON with its types checked: what has another type than expected refuses its record, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.catalogue.importing.record import RefusedError
from bot.catalogue.importing.texts import tidy, unique

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LATEST = 4102444800000  # 2100, in milliseconds
_NUMBER = re.compile(r"\s*\d+(?:[.,]\d+)?\s*")


class Notes:
    """What looked suspicious while a record was read: pairs of a rule's name and what was seen."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], None] = {}

    def add(self, rule: str, what: str) -> None:
        """Note one thing; the same thing twice is noted once."""
        self._seen[rule, " ".join(what.split())[:200]] = None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._seen)

    def __len__(self) -> int:
        return len(self._seen)


class Node:
    """One JSON object; its methods give values of the asked type or raise `RefusedError` with the place."""

    def __init__(self, value: Any, notes: Notes, place: str = "the record") -> None:
        if not isinstance(value, dict):
            raise RefusedError(f"{place} is {_kind(value)}, not an object")
        self._value: dict[str, Any] = value
        self._place = place
        self.notes = notes

    def has(self, *keys: str) -> bool:
        """Whether all these keys are there."""
        return all(key in self._value for key in keys)

    def with_notes(self, notes: Notes) -> Node:
        """The same object, noting elsewhere."""
        return Node(self._value, notes, self._place)

    def keys_shown(self) -> str:
        """The first keys, for a report."""
        return ", ".join(str(key)[:30] for key in list(self._value)[:6]) or "nothing"

    def text(self, key: str, without: re.Pattern[str] | None = None) -> str:
        """A text made fit to be read, first cut by a pattern; numbers are written out, what is not there is empty."""
        value = self._value.get(key)
        if without and isinstance(value, str):
            value = without.sub("", value)
        return self._tidy(value, key)

    def raw(self, key: str) -> str:
        """A text as it stands there."""
        value = self._value.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        raise RefusedError(f"'{key}' of {self._place} is {_kind(value)}, not a text")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, without empty ones and doubles."""
        return unique([self._tidy(item, key) for item in self._list(key)])

    def nodes(self, key: str) -> list[Node]:
        """A list of objects; what is not there is an empty list."""
        return [Node(item, self.notes, f"'{key}'") for item in self._list(key)]

    def node(self, key: str) -> Node:
        """An object; what is not there is an empty one."""
        value = self._value.get(key)
        return Node({} if value is None else value, self.notes, f"'{key}'")

    def names(self, key: str) -> tuple[str, ...]:
        """The field `name` of each object of a list."""
        return unique([node.text("name") for node in self.nodes(key)])

    def number(self, key: str) -> float | None:
        """A finite number of 0 or more, also one written as text; None for anything else."""
        value = self._value.get(key)
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            value = float(value.strip().replace(",", "."))
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15
        return value if good else None

    def is_true(self, key: str) -> bool:
        """Whether a flag is set; one that is not set often only kept its default and means nothing."""
        return self._value.get(key) is True

    def moment(self, key: str) -> datetime | None:
        """A moment in UTC, from milliseconds since 1970 or ISO text; None when it is neither."""
        value = self._value.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < _LATEST:
            return _EPOCH + timedelta(milliseconds=round(value))
        return moment_of(value) if isinstance(value, str) else None

    def _list(self, key: str) -> list[Any]:
        value = self._value.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise RefusedError(f"'{key}' of {self._place} is {_kind(value)}, not a list")

    def _tidy(self, value: Any, key: str) -> str:
        if value is None or isinstance(value, bool):
            return ""
        if isinstance(value, (int, float)):
            return f"{value:g}" if abs(value) < 1e6 else str(value)
        if not isinstance(value, str):
            raise RefusedError(f"'{key}' of {self._place} is {_kind(value)}, not a text")
        text, marked = tidy(value)
        if marked:
            self.notes.add("markup", f"{key}: {value[:80]}")
        return text


def moment_of(text: str) -> datetime | None:
    """The moment that an ISO text names, in UTC; None when it names none."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    # Beyond these years a change of zone may leave the calendar.
    return aware.astimezone(timezone.utc) if 1970 <= aware.year < 2100 else None


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "empty"}
    return names.get(type(value), "a number")
