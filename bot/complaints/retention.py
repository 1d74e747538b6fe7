"""How long each store keeps what, read from `knowledge/retention.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from bot.complaints.errors import ComplaintError
from bot.complaints.workdays import VIET_NAM

FILE = "retention.yml"
STORES = (
    "unfiled_files",
    "vault",
    "inbox",
    "outbox",
    "turns",
    "review",
    "correspondents",
    "tracker",
    "ended_complaints",
    "openings",
    "erasure_notices",
    "backups",
)


@dataclass(frozen=True)
class Retention:
    """The periods of one centre.

    Attributes:
        days: store → days it keeps something; None keeps it until it is erased.
    """

    days: dict[str, int | None]

    def before(self, store: str, today: date) -> datetime | None:
        """The moment before which a store's rows have had their time, None when they have none."""
        days = self.days[store]
        if days is None:
            return None
        return datetime.combine(today - timedelta(days=days), time.min, VIET_NAM)


@dataclass(frozen=True)
class Wording:
    """What citizens read about their data.

    Attributes:
        buttons: what a button does → what it says.
        labels: store, kind of value, wish … → its name, some with `{places}` to fill in.
    """

    buttons: dict[str, str]
    labels: dict[str, str]


def load_wording(folder: Path) -> Wording:
    """The words of `knowledge/privacy.yml`."""
    content = yaml.safe_load((folder / "privacy.yml").read_text(encoding="utf-8"))
    return Wording(dict(content["buttons"]), dict(content["labels"]))


def load_retention(folder: Path) -> Retention:
    """The periods of `knowledge/retention.yml`.

    Raises:
        ComplaintError: a store is missing or unknown, or a period is no number of days.
    """
    content: dict[str, Any] = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
    stores: dict[str, Any] = content["stores"]
    odd = sorted(set(stores) ^ set(STORES))
    if odd:
        raise ComplaintError(f"{FILE}: these stores are missing or unknown: {', '.join(odd)}.")
    for name, store in stores.items():
        days = store.get("days", "")
        if days is not None and (not isinstance(days, int) or isinstance(days, bool) or days < 1):
            raise ComplaintError(f"{FILE}: {name}: 'days' must be a whole number above 0, or null to keep it.")
        if not store.get("why"):
            raise ComplaintError(f"{FILE}: {name}: say under 'why' what the period rests on.")
    return Retention({name: store["days"] for name, store in stores.items()})
