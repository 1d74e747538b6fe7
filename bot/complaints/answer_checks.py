"""What is wrong with an answer before it is sent: words that say nothing, personal values, too few words.

Pure functions. They warn, the officer decides; only fields that were left in must not go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.complaints.answer_templates import Template, copies, unfilled
from bot.text.mask import find_personal_values
from bot.text.normalise import clean, fold, normalise

EMPTY, PERSONAL, SHORT, COPY, UNFILLED = "empty", "personal", "short", "copy", "unfilled"
_FEWEST_LETTERS = 40
_DATE = re.compile(r"\b\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?\b|\b\d{1,2} (?:giờ|h)\b", re.IGNORECASE)
# Each says something that can be checked: a place, a paper, or what was done.
_NAMED = (
    r"(?:phường|xã|thị trấn|quận|huyện|thị xã) (?!hội|hoa)\w",
    r"bộ phận một cửa|quầy (?:số )?\d|địa chỉ|tầng \d|phòng (?:số )?\d",
    r"(?:quyết định|công văn|thông báo|nghị định|thông tư|biên lai|giấy hẹn|phiếu hẹn|biên bản)\b|hồ sơ (?:số|mã)",
    r"đã (?:trả|chuyển|ký|cấp|hoàn|xin lỗi|làm việc|sửa|gọi|nhắc|kiểm điểm|hủy|thu hồi|bổ sung|cập nhật|khắc phục)\b",
)
_WITH_TONES = tuple(re.compile(rf"\b(?:{named})") for named in _NAMED)
_WITHOUT = tuple(re.compile(rf"\b(?:{fold(named)})") for named in _NAMED)


def find_warnings(text: str, templates: Iterable[Template] = ()) -> list[str]:
    """What an officer should look at again, as keys; nothing when the answer says something."""
    text = clean(text)
    warnings = [SHORT] if len(text) < _FEWEST_LETTERS else []
    if not names_something(text):
        warnings.append(EMPTY)
    if find_personal_values(text):
        warnings.append(PERSONAL)
    if copies(text, templates):
        warnings.append(COPY)
    if unfilled(text):
        warnings.append(UNFILLED)
    return warnings


def names_something(text: str) -> bool:
    """Whether a date, a place, a paper or an act is named."""
    words = normalise(text)
    # "cơ quan chức năng" is no district: tones count where there are any.
    patterns = _WITHOUT if fold(words) == words else _WITH_TONES
    return bool(_DATE.search(text)) or any(pattern.search(words) for pattern in patterns)
