"""Takes what may name a person out of a message before people who label messages see it; there is no way back."""

from __future__ import annotations

import re

from bot.text.codes import DOSSIER_CODE, LINK_CODE, RECEIPT_CODE, is_receipt_code
from bot.text.mask import TOKEN_PATTERN, find_personal_values
from bot.text.normalise import clean, fold

NAME, PLACE = "<hoten>", "<diachi>"
# Digits that could be somebody's: days with a year, plates, policy and account numbers, five and more in a row.
_NUMBERS = re.compile(
    r"(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(?!\d)|\d{2}[A-Z]\d?[- .]?\d{3}[.]?\d{2}|\d(?:[ .-]?\d){4,}"
)
# What belongs to nobody: amounts, and what begins with nought and a point is a procedure's code.
_NOBODYS = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+|[1-9]0{4,}|[1-9]\.\d{6}")
# Places that begin as a family name does.
_PLACES = re.compile(
    r"(?:ha (?:noi|nam|tinh|giang|long|tien|dong)|cao (?:bang|lanh)|thai (?:binh|nguyen)|lam dong|vung tau"
    r"|ho chi minh|chau doc|ly son)\b"
)
# fmt: off
_FAMILY = (
    "nguyễn", "trần", "lê", "phạm", "hoàng", "huỳnh", "phan", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ", "ngô",
    "dương", "lý", "đinh", "đoàn", "trịnh", "trương", "lâm", "mai", "đào", "hà", "tạ", "cao", "lương", "tô",
    "châu", "quách", "thái", "kiều", "tống", "vương", "chu", "vi", "nông", "ksor", "rơ", "siu",
)
# fmt: on
_MIDDLE = ("văn", "thị", "hữu")
_WORD = r"[^\W\d_]+"
_UPPER, _LOWER = ("".join(c for c in map(chr, range(0x41, 0x1EFA)) if is_so(c)) for is_so in (str.isupper, str.islower))
# A word with its first letter in capitals and no other.
_CAPITAL = rf"[{_UPPER}][{_LOWER}]*(?!\w)"


def _either(words: tuple[str, ...]) -> str:
    return "|".join(sorted({form for word in words for form in (word, fold(word))}, key=len, reverse=True))


# "Nguyễn Văn An" as names are written; "nguyen thi muoi" as they are typed; "tôi tên là …".
_WRITTEN = re.compile(rf"\b(?:{_either(tuple(word.capitalize() for word in _FAMILY))})(?:\s+{_CAPITAL}){{1,4}}(?!\w)")
_TYPED = re.compile(rf"\b(?i:{_either(_FAMILY)})\s+(?i:{_either(_MIDDLE)})\s+{_WORD}(?:\s+{_CAPITAL})*")
_CALLED = re.compile(
    rf"((?i:\b(?:tên(?:\s+(?:tôi|em|mình|cháu|con|tui))?(?:\s+là)?|tôi\s+tên|ten(?:\s+(?:toi|em|minh))?\s+la|họ\s+tên)\b)\s*:?\s*)"
    rf"({_CAPITAL}(?:\s+{_CAPITAL})*)"
)
_ADDRESSED = re.compile(
    rf"((?i:\b(?:ông|bà|anh|chị|cô|chú|bác|ong|ba|chi|co)\b)\s+)((?!UBND\b){_CAPITAL}(?:\s+{_CAPITAL})*)"
)
_HOUSE = re.compile(
    r"\b(?:số\s+nhà|so\s+nha|nhà\s+số|nha\s+so|hẻm|hem|ngõ|ngo|kiệt|kiet)\s+\d+[\w/]*(?:\s+(?:hẻm|ngõ|kiệt)\s+\d+[\w/]*)*"
    rf"(?:\s*,?\s*(?:đường|duong|phố|pho)(?:\s+{_CAPITAL})+)?",
    re.IGNORECASE,
)


def anonymise(text: str) -> str:
    """One line in which personal values are named by their kind only, and digits of codes and days are zeros.

    Names are found where they look like one; a name in small letters after nothing that leads to it stays. What the
    classifier makes of a message hardly changes: it reads a token and its kind as the same word.
    """
    text = TOKEN_PATTERN.sub(lambda found: f"<{found.group(1)}>", " ".join(clean(text).split()))
    for value in reversed(find_personal_values(text)):
        text = f"{text[: value.start]}<{value.kind}>{text[value.end :]}"
    for pattern in (LINK_CODE, RECEIPT_CODE):
        text = pattern.sub(_zeros_in_code, text)
    text = DOSSIER_CODE.sub(_zeros, text)
    text = _NUMBERS.sub(lambda found: found.group() if _NOBODYS.fullmatch(found.group()) else _zeros(found), text)
    text = _HOUSE.sub(PLACE, text)
    text = _TYPED.sub(_named, text)
    if text.isupper():
        # Where every word is in capitals they say nothing of names.
        return text
    text = _WRITTEN.sub(_named, text)
    for pattern in (_CALLED, _ADDRESSED):
        text = pattern.sub(lambda found: found.group(1) + NAME, text)
    return text


def _named(found: re.Match[str]) -> str:
    return found.group() if _PLACES.match(fold(found.group()).lower()) else NAME


def _zeros(found: re.Match[str]) -> str:
    return re.sub(r"\d", "0", found.group())


def _zeros_in_code(found: re.Match[str]) -> str:
    own = found.group()
    return own[:2] + re.sub(r"[0-9A-Za-z]", "0", own[2:]) if is_receipt_code(own) else own
