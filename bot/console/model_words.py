"""Why a model was not put live, in Vietnamese; errors themselves are in the words of the command line."""

from __future__ import annotations

import re

_NAMED = r"Model (?P<n>\d+) \([^)]*\)"
# How a sentence of bot/training/ledger.py or bot/operations/promotion.py begins, and the whole of it in Vietnamese.
_SENTENCES = (
    (
        r"The gate refused model (?P<n>\d+);",
        "Cổng kiểm tra đã từ chối mô hình {n}. Muốn vẫn đưa lên thì ghi lý do vào ô bên dưới.",
    ),
    (
        r"Model (?P<n>\d+) was not compared with the live one;",
        "Mô hình {n} chưa được so sánh với mô hình đang dùng. Nhờ người vận hành so sánh, hoặc ghi lý do bên dưới.",
    ),
    (
        r"(?P<a>\d+) of the sentences of model (?P<n>\d+) were taken back",
        "{a} câu mà mô hình {n} đã học bị người dân rút lại. Nên huấn luyện lại; muốn vẫn đưa lên thì ghi lý do.",
    ),
    (r"Model (?P<n>\d+) is live already\.", "Mô hình {n} đang được dùng rồi."),
    (r"Model (?P<n>\d+) has no file:", "Mô hình {n} không có tệp để nạp: huấn luyện chưa xong hoặc đã hỏng."),
    (rf"{_NAMED} is not loaded:", "Không nạp mô hình {n}: tệp của nó đã bị sửa hoặc không còn."),
    (
        rf"{_NAMED} was made by another version of the bot:",
        "Mô hình {n} được làm bằng phiên bản khác của trợ lý nên không dùng được. Hãy huấn luyện ứng viên mới.",
    ),
    (r"There is no model to go back to\.", "Không có mô hình nào trước đó dùng được để quay lại."),
    (
        r"Rasa (did not|could not) ",
        "Trợ lý không nạp được mô hình này, vẫn dùng mô hình cũ. Thử lại sau ít phút rồi báo người vận hành.",
    ),
)


def why_not(said: str) -> str:
    """An error about putting a model live, in Vietnamese; one that is not known stands behind words that say so."""
    for pattern, words in _SENTENCES:
        found = re.match(pattern, said)
        if found:
            return words.format(**found.groupdict())
    return f"Chưa làm được; không có gì thay đổi. Báo người vận hành: {said}"
