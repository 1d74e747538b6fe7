"""What measuring and training by the clock leave in files and may quote sentences: all of it can be made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def reports_of(home: Path) -> Path:
    """The folder of the reports of `motcua evaluate` and `motcua train`."""
    return home / "evaluation"


def drop_leftovers(home: Path) -> None:
    """Delete every report, and what trainings said: any of it may quote a sentence that somebody took back.

    Raises:
        OSError: a file can't be deleted.
    """
    for path in _leftovers(home):
        path.unlink(missing_ok=True)


def _leftovers(home: Path) -> Iterator[Path]:
    for ending in ("json", "html"):
        yield from reports_of(home).glob(f"*.{ending}")
    for name in ("*-by-the-clock.log", "train.log"):
        yield from (home / "logs").glob(name)
