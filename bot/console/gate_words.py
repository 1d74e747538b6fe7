"""What the gate says about a model, in Vietnamese; the ledger keeps it in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Callable

Named = Callable[[str], str]

_INTENT = r"(?P<intent>\w+)"
_POINTS = r"(?P<n>[-+][\d.]+) points"
_CHANGED = r"(?P<a>\d+)(?: messages got)? better, (?P<b>\d+) worse"
# A sentence of bot/training/gate.py or data_warnings.py, and the same in Vietnamese. `intent` and `other` are intents,
# `part` a part of the blind set, `text` is left as it is; all others are figures.
_SENTENCES = (
    (
        rf"overall: {_POINTS}, and it may be (?P<low>\S+) \(bound (?P<bound>\S+)\): {_CHANGED}",
        "Mọi câu: {n} điểm, có thể tới {low} (giới hạn {bound}); {a} câu tốt lên, {b} câu kém đi",
    ),
    (
        r"overall: the true intent gets (?P<n>\S+) points less \(bound (?P<bound>\S+)\)",
        "Ý định đúng được ít phần hơn: {n} điểm (giới hạn {bound})",
    ),
    (
        rf"(?P<part>\w+): {_POINTS} \(bound (?P<bound>\S+)\): {_CHANGED}",
        "{part}: {n} điểm (giới hạn {bound}); {a} câu tốt lên, {b} câu kém đi",
    ),
    (
        rf"{_INTENT}: protected, and the blind set has no message of it",
        "{intent}: được bảo vệ mà bộ đo không có câu nào của nó",
    ),
    (
        rf"{_INTENT}: read rightly in (?P<n>[\d.]+)%, its floor is (?P<bound>\S+) %",
        "{intent}: nhận ra {n} %, dưới mức sàn {bound} %",
    ),
    (rf"{_INTENT}: {_POINTS} \(bound (?P<bound>\S+)\)", "{intent}: {n} điểm (giới hạn {bound})"),
    (rf"{_INTENT}: {_POINTS} \({_CHANGED}\)", "{intent}: {n} điểm ({a} câu tốt lên, {b} câu kém đi)"),
    (
        rf"{_INTENT}: has no sentence any more, and rules still use it",
        "{intent}: không còn câu nào, mà quy tắc vẫn dùng",
    ),
    (rf"{_INTENT}: has no sentence any more", "{intent}: không còn câu nào"),
    (rf"{_INTENT}: (?P<a>\d+) of its (?P<b>\d+) sentences were left out", "{intent}: bỏ đi {a} trong {b} câu"),
    (rf"{_INTENT}: only (?P<n>\d+) sentences", "{intent}: chỉ có {n} câu"),
    (
        r"leak: (?P<a>\d+) of (?P<b>\d+) new sentences \((?P<text>.*)\)",
        "Lộ đề: {a} trong {b} câu mới giống câu đo ({text})",
    ),
    (
        r"these look like messages of the blind set: (?P<a>\d+) of (?P<b>\d+) new sentences \((?P<text>.*)\)",
        "{a} trong {b} câu mới giống câu đo ({text})",
    ),
    (
        r"(?P<n>\d+) sentences have another intent than before, though those like them have not",
        "{n} câu đổi ý định, trong khi các câu giống chúng không đổi",
    ),
    (
        rf"{_INTENT}: (?P<n>\d+) sentences were taken out of it or into it against those like them, "
        r"such as '(?P<text>.*)' \((?P<before>\w+) → (?P<other>\w+)\)",
        "{intent}: {n} câu bị lấy ra hoặc đưa vào, ngược với các câu giống chúng, như “{text}” ({before} → {other})",
    ),
    (
        rf"{_INTENT}: (?P<n>\d+) new sentences that the live model surely takes for it have other intents, "
        r"such as '(?P<text>.*)' \((?P<other>\w+)\)",
        "{intent}: {n} câu mới mà mô hình đang dùng chắc là nó lại mang ý định khác, như “{text}” ({other})",
    ),
    (r"conversations: not tried", "Chưa thử các cuộc trò chuyện mẫu"),
    (r"conversations: (?P<n>\d+) failed: (?P<text>.*)", "{n} cuộc trò chuyện mẫu hỏng: {text}"),
    (
        r"not compared on (?P<n>\d+) messages: the live model has not read them and can't be loaded",
        "Không so sánh được trên {n} câu: mô hình đang dùng chưa đọc các câu đó và không nạp lại được",
    ),
    (
        r"it is not known what the live model was made of: every sentence counts as new",
        "Không rõ mô hình đang dùng làm từ câu nào: mọi câu đều tính là mới",
    ),
    (
        r"'(?P<text>.*)': (?P<intent>\w+) → (?P<other>\w+), though those like it have not changed",
        "“{text}”: {intent} → {other}, trong khi các câu giống nó không đổi",
    ),
    (
        rf"{_INTENT} and (?P<other>\w+) have nearly the same sentences \((?P<n>\d+): .*\)",
        "{intent} và {other} có câu gần như nhau ({n} cặp)",
    ),
    (
        rf"{_INTENT} and (?P<other>\w+) are not told apart: (?P<a>\d+) messages of the first were taken for "
        r"the second, (?P<b>\d+) the other way",
        "{intent} và {other} không phân biệt được: {a} câu của ý định đầu bị đọc là ý định sau, {b} câu ngược lại",
    ),
)
_INTENTS = ("intent", "other", "before")


def in_vietnamese(said: str, intent_named: Named, part_named: Named) -> str | None:
    """One sentence of the gate in Vietnamese, None when it is not known.

    Args:
        intent_named, part_named: what an intent, and a part of the blind set, is called.
    """
    for pattern, words in _SENTENCES:
        found = re.fullmatch(pattern, said, re.DOTALL)
        if found:
            told = {}
            for name, value in found.groupdict().items():
                if name in _INTENTS:
                    told[name] = intent_named(value)
                elif name == "part":
                    told[name] = part_named(value)
                else:
                    told[name] = value if name == "text" else value.replace(".", ",").replace("-", "−")
            return words.format(**told)
    return None
