"""Finds phone numbers, e-mail addresses, ID-card and account numbers in what a citizen writes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.text.codes import DOSSIER_CODE, PROCEDURE_CODE

# What stands in Rasa's eyes for a personal value: kind and a random name, "<sodienthoai:4f9k2m7q>".
# The last kind is no value of a citizen but a code for them, which Rasa must not see either.
TOKEN_PATTERN = re.compile(r"<(sodienthoai|thudientu|sodinhdanh|sotaikhoan|manoikenh):([0-9a-z]{12})>")

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
# Nine digits (mobile) or ten (landline) after 0 or +84, in groups as people write them, also "sdt0912…".
_PHONE = re.compile(r"(?<!\d)(?<!\d[.,-])(?:\+?84|0)(?:[ .-]?\d){9,10}(?!\d|[.,]\d)")
_ACCOUNT = re.compile(
    r"(?:(?:s[ốo]\s*)?t[àa]i\s*kho[ảa]n|s[ốo]\s*tk|stk|account(?:\s*(?:no|number))?)"
    r"\W{0,6}(\d(?:[ .-]?\d){7,18})(?!\d)",
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    r"(?:(?<!\d)(?<!\d[.,/-])(?:\d{12}|\d{3}(?:[ .-]\d{3}){3}|0\d{3}(?:[ .-]\d{4}){2}|\d{9})|(?<![\w.,/-])[A-Z]\d{7,8})"
    r"(?![\w/]|[.,-]\d)"
)
# Numbers of things, not of people. No amount begins with 0, as phone and identity numbers do; "đồng ý" and "đ/c"
# (address) are no units.
_MONEY = re.compile(
    r"(?<![\w.,+-])[1-9](?:\d{0,2}(?:[., ]\d{3})+|\d*)(?:,\d+)?"
    r"\s?(?:đồng|dong|vnđ|vnd|đ|₫)(?![\w/]|\s+(?:ý|y|thời|thoi|chí|chi)\b)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?<!\d)(?<!\d[./-])(?:0?[1-9]|[12]\d|3[01])([./-])(?:0?[1-9]|1[0-2])\1(?:19|20)\d{2}(?!\d)")

# As it is printed, or joined with a letter in it: "pa 0010…" may be an identity number after a word.
_RECEIPT = re.compile(
    r"(?<![\w-])(?:PA(?:-[0-9A-Z]{4}){3}|PA-?(?=[\d-]*[A-Z])(?:[0-9A-Z]{4}-?){2}[0-9A-Z]{4})(?![\w-])", re.IGNORECASE
)

# In this order; what one step has found the next ones don't see. Steps without a kind keep their finds in the text.
_STEPS = (
    ("", TOKEN_PATTERN, 0),
    ("thudientu", _EMAIL, 0),
    ("", _RECEIPT, 0),
    ("", DOSSIER_CODE, 0),
    ("", PROCEDURE_CODE, 0),
    ("", _DATE, 0),
    ("", _MONEY, 0),
    ("sotaikhoan", _ACCOUNT, 1),
    ("sodienthoai", _PHONE, 0),
    ("sodinhdanh", _IDENTITY, 0),
)


@dataclass(frozen=True)
class PersonalValue:
    """One personal value in a text: its kind (a TOKEN_PATTERN word) and where it stands."""

    kind: str
    start: int
    end: int
    value: str


def find_personal_values(text: str) -> list[PersonalValue]:
    """Every personal value of a text, in order, never overlapping; codes, days and amounts of money are none."""
    found: list[PersonalValue] = []
    unseen = text
    for kind, pattern, group in _STEPS:
        for match in pattern.finditer(unseen):
            start, end = match.span(group)
            unseen = unseen[:start] + "\0" * (end - start) + unseen[end:]
            if kind:
                found.append(PersonalValue(kind, start, end, text[start:end]))
    return sorted(found, key=lambda value: value.start)
