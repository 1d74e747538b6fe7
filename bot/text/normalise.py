"""Brings what people type into one form: Unicode, case, tone placement, repeats, codes as words."""

from __future__ import annotations

import re
import unicodedata

from bot.text.codes import DOSSIER_CODE, PROCEDURE_CODE, RECEIPT_CODE, is_receipt_code
from bot.text.mask import TOKEN_PATTERN

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SPACES = re.compile(r"\s+")
# "alooo", "khôôông", "đượccc", but not "cccd": consonants are drawn out at the end of a word only.
_REPEATS = re.compile(r"([^\W\d_])\1{2,}(?!(?<=[b-df-hj-np-tv-xzđ])[^\W\d_])")
_URL = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_TONES = "\u0300\u0301\u0303\u0309\u0323"
# "hoà", "thuỷ" and "hòa", "thủy" are the same syllables; the second way is kept.
_END = "(?![^\\W\\d_]|[\u0302\u0306])"  # no letter and no hat ("hoặc") follows
_LATE_TONE = re.compile(rf"(?<!q)(?:(o)([ae])|(u)(y))([{_TONES}]){_END}")
# Every mark that sits on a letter goes (none has a number beyond these), and "đ", which no mark makes.
_BARE = {number: None for number in range(0x300, 0x1F000) if unicodedata.combining(chr(number))} | str.maketrans(
    "đĐ", "dD"
)

# Codes say what a message is about, whatever their digits: each kind becomes one word.
_CODE_WORDS = (
    (DOSSIER_CODE, " zdossier "),
    (PROCEDURE_CODE, " zprocedure "),
    (_URL, " zlink "),
)


def clean(text: str) -> str:
    """Unicode NFC without control and invisible characters; line breaks and case are kept."""
    return unicodedata.normalize("NFC", _CONTROL.sub(" ", _INVISIBLE.sub("", text))).strip()


def normalise(text: str) -> str:
    """One comparable form: NFC, lower case, tone placement unified, repeats and spaces collapsed."""
    text, before = _SPACES.sub(" ", clean(text).lower()).strip(), ""
    while text != before:
        # A run of letters may hide a late tone, and a moved tone may end a run.
        text, before = _REPEATS.sub(r"\1", _unify_tones(text)), text
    return text


def fold(text: str) -> str:
    """The text without any diacritics ("Đăng ký" → "Dang ky")."""
    return text if text.isascii() else unicodedata.normalize("NFD", text).translate(_BARE)


def words(text: str) -> list[str]:
    """The words of a message in normal form, codes and personal tokens as one word each."""
    text = TOKEN_PATTERN.sub(lambda found: f" {found.group(1)} ", clean(text))
    text = RECEIPT_CODE.sub(_receipt_word, text)
    for pattern, word in _CODE_WORDS:
        text = pattern.sub(word, text)
    return _WORD.findall(normalise(text))


def _receipt_word(found: re.Match[str]) -> str:
    return " zreceipt " if is_receipt_code(found.group()) else found.group()


def _unify_tones(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)

    def move(found: re.Match[str]) -> str:
        first, second = found.group(1, 2) if found.group(1) else found.group(3, 4)
        return f"{first}{found.group(5)}{second}"

    return unicodedata.normalize("NFC", _LATE_TONE.sub(move, decomposed))
