"""Personal values as staff see them in lists: that there is one, not what it is."""

from __future__ import annotations

import re

from bot.text.mask import TOKEN_PATTERN, find_personal_values

_LABELS = {
    "sodienthoai": "[số điện thoại]",
    "thudientu": "[email]",
    "sodinhdanh": "[số định danh]",
    "sotaikhoan": "[số tài khoản]",
    "manoikenh": "[mã nối kênh]",
}
_HIDDEN = "•••"
_SHOWN_FIGURES = 3
_FEWEST_FIGURES = 8


def mask_tokens(text: str) -> str:
    """A stored text with the kind of each personal value in place of its token."""
    return TOKEN_PATTERN.sub(lambda found: _LABELS[found.group(1)], text)


def mask_values(text: str) -> str:
    """A text as it was said with the kind of each personal value in its place."""
    for value in reversed(find_personal_values(text)):
        text = f"{text[: value.start]}{_LABELS[value.kind]}{text[value.end :]}"
    return mask_tokens(text)


def has_tokens(text: str | None) -> bool:
    """Whether a stored text holds personal values."""
    return bool(text and TOKEN_PATTERN.search(text))


def mask_contact(contact: str) -> str:
    """Enough of a contact to tell two apart: the last three figures, or an e-mail's first letter and domain."""
    name, at, domain = contact.strip().rpartition("@")
    if at and name:
        return f"{name[0]}{_HIDDEN}@{domain}"
    figures = re.sub(r"\D", "", contact)
    return f"{_HIDDEN}{figures[-_SHOWN_FIGURES:]}" if len(figures) >= _FEWEST_FIGURES else _HIDDEN
