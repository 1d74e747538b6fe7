"""Codes citizens type: receipts of their feedback, dossiers, procedures."""

from __future__ import annotations

import re
import secrets

# Crockford's base 32: no I, L, O, U, so that a code read out loud or copied by hand stays itself.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKE = str.maketrans("OIL", "011")
_PREFIX = "PA"

RECEIPT_CODE = re.compile(
    r"(?<![\w-])P\s?A[\s-]{0,2}([0-9A-Z]{4})[\s-]{0,2}([0-9A-Z]{4})[\s-]{0,2}([0-9A-Z]{4})(?![\w-])", re.IGNORECASE
)
# By which a person takes a conversation along to another channel; never to be taken for a receipt.
_LINK_PREFIX = "NK"
_NO_LETTERS_LOOK = frozenset("23456789")
LINK_CODE = re.compile(r"(?<![\w-])N\s?K[\s-]{0,2}([0-9A-Z]{4})[\s-]{0,2}([0-9A-Z]{4})(?![\w-])", re.IGNORECASE)
# Hxx.…-yymmdd-nnnn, a ministry's G..-form, and the older 000.00.xx.Hxx-…
DOSSIER_CODE = re.compile(
    r"(?<![\w.-])(?:[HG]\d{2}|0{2,3})(?:\.[0-9A-Z]{2,3}){0,5}-\d{6}-\d{3,7}(?![\w-])", re.IGNORECASE
)
PROCEDURE_CODE = re.compile(r"(?<![\w.-])[1-9]\.\d{6}(?:\.\w+)?(?![\w-])")


def new_receipt_code() -> str:
    """A receipt code that can't be guessed: 55 random bits and a check character, "PA-XXXX-XXXX-XXXX".

    It has a figure in it, so that also with a slip it is never taken for words.
    """
    while True:
        body = "".join(secrets.choice(ALPHABET) for _ in range(11))
        code = _spell(body + _check_character(body))
        if _has_figure(code):
            return code


def is_receipt_code(shape: str) -> bool:
    """Whether what has the shape of a receipt code is meant as one: "PA nhan vien quat" is words."""
    return _has_figure(shape) or find_receipt_code(shape) is not None


def find_receipt_code(text: str) -> str | None:
    """The first well-formed receipt code in a text, in its own spelling, or None.

    Letters that look like digits (O, I, L) are read as those digits. A code whose check character is wrong is None.
    """
    for found in RECEIPT_CODE.finditer(text):
        letters = "".join(found.groups()).upper().translate(_LOOKALIKE)
        if all(c in ALPHABET for c in letters) and _check_character(letters[:-1]) == letters[-1]:
            return _spell(letters)
    return None


def new_link_code() -> str:
    """A link code that can't be guessed while it is good: nearly 40 random bits, "NK-XXXX-XXXX"."""
    while True:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
        if not _NO_LETTERS_LOOK.isdisjoint(letters):
            return f"{_LINK_PREFIX}-{letters[:4]}-{letters[4:]}"


def find_link_code(text: str) -> str | None:
    """The first thing in a text that looks like a link code, in its own spelling, or None.

    Letters that look like digits (O, I, L) are read as those digits. Without any other figure it is words: "nk theo
    dien" asks about entering somebody in the register.
    """
    for found in LINK_CODE.finditer(text):
        letters = "".join(found.groups()).upper().translate(_LOOKALIKE)
        if all(c in ALPHABET for c in letters) and not _NO_LETTERS_LOOK.isdisjoint(letters):
            return f"{_LINK_PREFIX}-{letters[:4]}-{letters[4:]}"
    return None


def find_dossier_code(text: str) -> str | None:
    """The first dossier code in a text, upper case, or None."""
    found = DOSSIER_CODE.search(text)
    return found.group().upper() if found else None


def _has_figure(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _check_character(body: str) -> str:
    # Weights differ by place and are odd (units modulo 32), so that one wrong character always shows.
    total = sum(ALPHABET.index(c) * (2 * place + 1) for place, c in enumerate(body))
    return ALPHABET[total % 32]


def _spell(letters: str) -> str:
    return f"{_PREFIX}-{letters[:4]}-{letters[4:8]}-{letters[8:]}"
