"""Words the portal uses for levels of government, for those a procedure is for, and to find it by."""

from __future__ import annotations

from bot.catalogue.importing.texts import listed, unique

_LEVELS = {
    "bộ": "ministry",
    "trung ương": "ministry",
    "tỉnh": "province",
    "huyện": "district",
    "xã": "ward",
    "khác": "other",
}
_LONGEST_KEYWORD = 40
# One kind of person, although it holds commas.
_STAFF = "Cán bộ, công chức, viên chức"


def read_levels(text: str) -> tuple[str, ...]:
    """The levels that a text such as "Cấp Bộ, Cấp Tỉnh, Cơ quan khác" names, in its order."""
    parts = text.lower().split(",")
    found = (level for part in parts for word, level in _LEVELS.items() if part.strip().endswith(word))
    return tuple(dict.fromkeys(found))


def read_subjects(text: str) -> tuple[str, ...]:
    """Those a text such as "Công dân Việt Nam, Doanh nghiệp" names."""
    found = listed(text.replace(_STAFF, "\0"))
    return tuple(subject.replace("\0", _STAFF) for subject in found)


def read_keywords(text: str) -> tuple[str, ...]:
    """The keywords of a procedure; where its whole name was typed there, commas are part of it."""
    found = listed(text)
    return found if all(len(word) <= _LONGEST_KEYWORD for word in found) else unique([text])
