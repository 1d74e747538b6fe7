"""Short answers to a form's questions: yes, no, nothing, stop, correct."""

from __future__ import annotations

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

# Longer texts tell something, whatever word they begin with.
_SHORT = 6
_YES = frozenset(
    "co|duoc|dung|dung roi|dung vay|gui|gui di|gui luon|dong y|xac nhan|chuan|chinh xac|ok|vang|u|uh|roi|nhat tri|yes".split(
        "|"
    )
)
_REFUSAL = frozenset(
    "khong|khong co|khong biet|khong nho|khong ro|khong can|khong muon|bo qua|chua co|chua|khong de lai|thoi|quen roi|khong nho ro|no|skip|khong co ma|khong co dau".split(
        "|"
    )
)
_CANCEL = frozenset(
    "huy|huy bo|huy di|huy phan anh|thoi khong gui nua|khong gui nua|thoi khong gui|khong gui|dung lai|thoat|ngung|thoi huy di|khong phan anh nua|cancel|stop|quit|exit".split(
        "|"
    )
)
_CORRECTION = frozenset("sua|sua lai|sai roi|chua dung|sua thong tin|dieu chinh|can sua|khong dung".split("|"))
_MANNERS = frozenset("a da vang nhe nha em oi anh chi ban minh toi cho giup voi".split())


def is_yes(text: str) -> bool:
    """Whether a short answer agrees."""
    return _plain(text) in _YES or (text.strip().lower() in ("dạ", "vâng", "vâng ạ", "dạ vâng"))


def is_refusal(text: str) -> bool:
    """Whether a short answer says that there is nothing, or that it is not told."""
    return _plain(text) in _REFUSAL


def is_cancel(text: str) -> bool:
    """Whether a short answer wants to stop the whole form."""
    return _plain(text) in _CANCEL


def is_correction(text: str) -> bool:
    """Whether a short answer wants to change something."""
    return _plain(text) in _CORRECTION


def _plain(text: str) -> str:
    found = [fold(word) for word in expand(words(text))]
    if len(found) > _SHORT:
        return ""
    return " ".join(word for word in found if word not in _MANNERS) or " ".join(found)
