"""Fees: which number can be trusted.

Rules (docs/importing.md): 0 or nothing is never "free of charge"; a fee that the province or another rule sets is
`local`; under a thousand đồng the number is one of thousands, and is not shown.
"""

from __future__ import annotations

import re

from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Fee

VND = "VND"
NAMES = {"FEE": "lệ phí", "SERVICE_FEE": "phí", "PRICE_LEVEL": "giá"}
FEWEST_DONG = 1000

_COUNCIL = re.compile(r"HĐND|h[ộo]i đ[ồo]ng nhân dân", re.IGNORECASE)
_BY_RULE = re.compile(r"theo (?:\w+ ){0,3}quy định|do .{1,40} quy định", re.IGNORECASE)
_CURRENCIES = (
    (re.compile(r"\bUSD\b|đô la|đôla", re.IGNORECASE), "USD"),
    (re.compile(r"\bEUR\b|euro", re.IGNORECASE), "EUR"),
)
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+|\d+(?:[.,]\d{1,2})?")


def currency_of(text: str) -> str:
    """The currency that a name such as "Việt Nam Đồng" or "USD" stands for; đồng when it names no other."""
    return next((currency for pattern, currency in _CURRENCIES if pattern.search(text)), VND)


def number_of(text: str) -> float | None:
    """The number of "1,200,000", "20.000", "1.5"; None when it is none, such as "1100,000"."""
    if not _GROUPED.fullmatch(text):
        return None
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text)
    return float(re.sub(r"[.,]", "", text) if grouped else text.replace(",", "."))


def read_fee(value: float | None, text: str, notes: Notes, currency: str = "", kind: str = "") -> Fee:
    """One fee.

    Args:
        value: the source's number, None where it has none.
        text: what the source says besides.
        currency: its name at the source, if any; kind: `FEE`, `SERVICE_FEE` or `PRICE_LEVEL`.
    """
    name = NAMES.get(kind, "")
    foreign = currency_of(currency)
    if foreign != VND:
        notes.add("foreign_currency", f"{value or 0:g} {foreign} {text[:80]}")
        return Fee("foreign", text, value or None, foreign, name)
    if value and value < FEWEST_DONG:
        notes.add("thousands", f"{value:g} đồng: {text[:80]}")
        value = None
        if not text:
            return Fee("unknown", name=name)
    if _COUNCIL.search(text) or (not value and _BY_RULE.search(text)):
        return Fee("local", text, value or None, VND if value else None, name)
    if value:
        return Fee("amount", text, value, VND, name)
    if not text:
        return Fee("zero" if value == 0 else "unknown", name=name)
    return Fee("text", text, name=name)
