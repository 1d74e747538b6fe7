"""Legal bases: their codes cleaned, doubles taken out, glued tables taken apart."""

from __future__ import annotations

import re

from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Law

# Cyrillic and Icelandic letters that were typed for their Latin and Vietnamese look-alikes.
_LOOKALIKES = str.maketrans("АВСЕНКМОРТХÐ", "ABCEHKMOPTXĐ")
# Whose documents they are; the longer name first, so that none is cut.
_BODIES = (
    "BLĐTBXH", "BGDĐT", "BGDDT", "BGD&ĐT", "BVHTTDL", "BNNPTNT", "BNNMT", "BTNMT", "BKHĐT", "BKHCN", "BTTTT", "BGTVT",
    "BCT", "BTC", "BTP", "BCA", "BXD", "BYT", "BNV", "BNG", "BQP", "BDTTG", "UBDT", "NHNN", "TTCP", "UBND", "HĐND",
    "VPCP", "VPQH", "TANDTC", "VKSNDTC", "BHXH", "TLĐ", "TTg", "CP", "CTN", "UBTVQH10", "UBTVQH11", "UBTVQH12",
    "HĐTP",
)  # fmt: skip
_BODY = "|".join(re.escape(body) for body in _BODIES)
_KIND = "NĐ|NQ|TTLT|TT|QĐ|PL|LCTN|L|CT|VBHN"
_NUMBER = r"\d{1,4}(?:\.\d{1,2}|\.?[a-c])?(?:/\d{4})?"
_CODE = rf"{_NUMBER}/(?:QH\d{{2}}|UBTVQH\d{{2}}|NQ-QH\d{{2}}|(?:{_KIND})(?:[-/](?:{_BODY}))+)"
_FIND = re.compile(_CODE)
_SWAPPED = re.compile(rf"(\d+/\d{{4}})/({_BODY})-({_KIND})(?![A-ZĐ])")
# A code ends a row of a glued table when nothing, a letter or a figure follows at once; in a name a space or mark does.
_ROW_END = re.compile(rf"({_CODE})(?=$|\n|-?[^\W_])")
# "… ngày 03/06/2008" and "13/2008/QH12" glued: a year ends before a number.
_YEAR_END = re.compile(r"(?<!\d)((?:19|20)\d\d)(?=\d{1,4}(?:\.\d{1,2})?[a-c]?/\d{4}/)")
_KINDS = "(?:Bộ luật|Luật|Nghị định|Nghị quyết|Pháp lệnh|Quyết định|Thông tư(?: liên tịch)?)"
# In the column of codes some write "Luật số 32/2024/QH15".
_KIND_OF_CODE = re.compile(rf"(?<=[^\s\d(]){_KINDS}(?: số)?$")
_UNFINISHED = re.compile(rf"(?:{_KINDS}|số)$")
_NO_NAME = re.compile(r"[\d/.,\s-]*")
_HEADING = "Tên văn bản pháp lýMã văn bản"


def read_law(name: str, code: str, notes: Notes) -> Law | None:
    """One legal basis from its name and its code as typed; None when both are empty."""
    name, code = " ".join(name.split()), " ".join(code.split())
    if not name and not code:
        return None
    cleaned = clean_code(code) or (None if code else clean_code(name))
    # "Luật số" in front and a full stop behind are harmless.
    if code and re.sub(r"^\D+|[ .]+$", "", code) != cleaned:
        notes.add("law_code", f"'{code[:60]}'" + (f" read as {cleaned}" if cleaned else " is no document's number"))
    return Law(name or code, cleaned)


def clean_code(text: str) -> str | None:
    """The document number in a text, None when there is none.

    "Luật số 58/2024/QH15 của Quốc hội" → 58/2024/QH15, "35 /2025/NQ-HĐND" → 35/2025/NQ-HĐND, "105/2025/CP-NĐ" →
    105/2025/NĐ-CP.
    """
    text = re.sub(r"\s*([/-])\s*", r"\1", text.translate(_LOOKALIKES)).replace("./", "/")
    text = _SWAPPED.sub(r"\1/\3-\2", text)
    found = _FIND.search(text)
    return found.group() if found else None


def without_doubles(laws: list[Law]) -> tuple[Law, ...]:
    """Each document once: by its code, or by its name when it has none."""
    kept: dict[str, Law] = {}
    for law in laws:
        kept.setdefault(law.code or law.name, law)
    return tuple(kept.values())


def read_law_table(text: str, notes: Notes) -> tuple[Law, ...]:
    """The rows of a table that was glued into one text: name, code, name, code …"""
    text = _YEAR_END.sub(r"\1\n", text.removeprefix(_HEADING).translate(_LOOKALIKES))
    laws, start = [], 0
    for found in _ROW_END.finditer(text):
        name = _KIND_OF_CODE.sub("", text[start : found.start()].strip())
        # "Nghị định 77/2020/NĐ-CP" in front of its own code "77/2020/NĐ-CP" is cut in the middle.
        unfinished = not name or _UNFINISHED.search(name)
        laws.append(Law(f"{name} {found.group(1)}".strip() if unfinished else name, found.group(1)))
        start = found.end()
    rest = text[start:].strip()
    if not _NO_NAME.fullmatch(rest):
        code = clean_code(rest)
        if not code:
            notes.add("law_code", f"no document's number in '{rest[:80]}'")
        laws.append(Law(rest, code))
    return without_doubles(laws)
