"""The numbers that choices are called by; those who show them and those who read them go by the same."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

# A number and nothing but signs, such as "5 ★". "25 dịch vụ trực tuyến" only counts something.
_OWN = re.compile(r"([1-9]\d?)\W*")


def own_numbers(titles: Sequence[str]) -> list[int | None]:
    """For each title the number that it is itself, None for words and for what two titles say."""
    found = [_OWN.fullmatch(title) for title in titles]
    own = [int(one.group(1)) if one else None for one in found]
    times = Counter(own)
    return [number if times[number] == 1 else None for number in own]


def numbers_for(titles: Sequence[str], first: int = 1) -> list[int]:
    """The number of each title: its own, otherwise the next one from `first` on that no title is itself."""
    own = own_numbers(titles)
    free = (number for number in itertools.count(first) if number not in own)
    return [number or next(free) for number in own]
