"""Brings what people type into one form: Unicode, case, tone placement, repeats, codes as words."""

from __future__ import annotations

import re
import unicodedata

from bot.text.codes import DOSSIER_CODE, PROCEDURE_CODE, RECEIPT_CODE
from bot.text.mask import TOKEN_PATTERN

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
_REPEATS = re.compile(r"([^\W\d_])\1{2,}")
_URL = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
# "hoà", "thuỷ" and "hòa", "thủy" are the same syllables; the second way is kept.
_LATE_TONE = re.compile(rf"(?<!q)(o)([ae])([{_TONES}])(?![^\W\d_])|(?<!q)(u)(y)([{_TONES}])(?![^\W\d_])")
_D = str.maketrans("đĐ", "dD")

# Codes say what a message is about, whatever their digits: each kind becomes one word.
_CODE_WORDS = (
    (RECEIPT_CODE, " maphananh "),
    (DOSSIER_CODE, " mahoso "),
    (PROCEDURE_CODE, " mathutuc "),
    (_URL, " duonglink "),
)


def clean(text: str) -> str:
    """Unicode NFC without control and invisible characters; line breaks and case are kept."""
    text = unicodedata.normalize("NFC", text)
    return _CONTROL.sub(" ", _INVISIBLE.sub("", text)).strip()


def normalise(text: str) -> str:
    """One comparable form: NFC, lower case, tone placement unified, repeats and spaces collapsed."""
    text = _unify_tones(clean(text).lower())
    return _SPACES.sub(" ", _REPEATS.sub(r"\1", text)).strip()


def fold(text: str) -> str:
    """The text without any diacritics ("Đăng ký" → "Dang ky")."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_D)


def words(text: str) -> list[str]:
    """The words of a message in normal form, codes and personal tokens as one word each."""
    text = TOKEN_PATTERN.sub(lambda found: f" {found.group(1)} ", clean(text))
    for pattern, word in _CODE_WORDS:
        text = pattern.sub(word, text)
    return _WORD.findall(normalise(text))


def _unify_tones(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)

    def move(found: re.Match[str]) -> str:
        first, second, tone = found.group(1, 2, 3) if found.group(1) else found.group(4, 5, 6)
        return f"{first}{tone}{second}"

    return unicodedata.normalize("NFC", _LATE_TONE.sub(move, decomposed))
