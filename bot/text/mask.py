"""Finds phone numbers, e-mail addresses, ID-card and account numbers in what a citizen writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What stands in Rasa's eyes for a personal value: kind and a random name, "<sodienthoai:4f9k2m7q>".
TOKEN_PATTERN = re.compile(r"<(sodienthoai|thudientu|sodinhdanh|sotaikhoan):([0-9a-z]{12})>")

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Nine digits (mobile) or ten (landline) after 0 or +84, in groups as people write them.
_PHONE = re.compile(r"(?<![\w.,-])(?:\+?84|0)(?:[ .-]?\d){9,10}(?!\d|[.,]\d)")
_ACCOUNT = re.compile(
    r"(?:(?:s[ốo]\s*)?t[àa]i\s*kho[ảa]n|s[ốo]\s*tk|stk|account(?:\s*(?:no|number))?)"
    r"\W{0,6}(\d(?:[ .-]?\d){7,18})(?!\d)",
    re.IGNORECASE,
)
_IDENTITY = re.compile(r"(?<![\w.,/-])(?:\d{12}|\d{3}[ .]\d{3}[ .]\d{3}[ .]\d{3}|\d{9}|[A-Z]\d{7,8})(?![\w/]|[.,-]\d)")


@dataclass(frozen=True)
class PersonalValue:
    """One personal value in a text: its kind (a TOKEN_PATTERN word) and where it stands."""

    kind: str
    start: int
    end: int
    value: str


def find_personal_values(text: str) -> list[PersonalValue]:
    """Every personal value of a text, in order, never overlapping; codes of dossiers and procedures are none."""
    found: list[PersonalValue] = []
    taken = [m.span() for m in TOKEN_PATTERN.finditer(text)]
    for kind, pattern, group in (
        ("thudientu", _EMAIL, 0),
        ("sotaikhoan", _ACCOUNT, 1),
        ("sodienthoai", _PHONE, 0),
        ("sodinhdanh", _IDENTITY, 0),
    ):
        for match in pattern.finditer(text):
            start, end = match.span(group)
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            found.append(PersonalValue(kind, start, end, match.group(group)))
    return sorted(found, key=lambda value: value.start)
