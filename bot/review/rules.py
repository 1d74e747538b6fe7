"""What `knowledge/review.yml` says of the inbox and of labels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from bot.review.errors import ReviewError

FILE = "review.yml"


@dataclass(frozen=True)
class ReviewRules:
    """The bounds of one centre; `knowledge/review.yml` says what each is for."""

    days: int
    per_person: int
    sample: int
    low_margin: float
    sure: float
    known: float
    few: int
    leads: tuple[str, ...]
    proven: int
    agreement: float
    per_labeller: int
    blind: float
    variants: int
    in_database: bool
    longest: int
    gap_days: int
    protected: frozenset[str]


def load_review_rules(folder: Path) -> ReviewRules:
    """The rules in a folder of content.

    Raises:
        ReviewError: the file can't be read, or a bound is missing, unknown or no number.
    """
    try:
        content: Any = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReviewError(f"knowledge/{FILE} can't be read: {str(error).splitlines()[0]}") from error
    names = {field.name for field in fields(ReviewRules)}
    if not isinstance(content, dict) or set(content) != names:
        odd = sorted(names ^ set(content)) if isinstance(content, dict) else sorted(names)
        raise ReviewError(f"knowledge/{FILE}: missing or unknown: {', '.join(map(str, odd))}.")
    for name in ("leads", "protected"):
        if not isinstance(content[name], list) or not all(isinstance(one, str) for one in content[name]):
            raise ReviewError(f"knowledge/{FILE}: '{name}' is a list of names.")
    if not isinstance(content["in_database"], bool):
        raise ReviewError(f"knowledge/{FILE}: 'in_database' is true or false.")
    for name in names - {"leads", "protected", "in_database"}:
        if isinstance(content[name], bool) or not isinstance(content[name], (int, float)) or content[name] < 0:
            raise ReviewError(f"knowledge/{FILE}: '{name}' is a number, and not below 0.")
    leads, protected = content.pop("leads"), content.pop("protected")
    return ReviewRules(leads=tuple(leads), protected=frozenset(protected), **content)
