"""Errors as logs may have them: their own words may quote what a citizen wrote, their kind and place do not."""

from __future__ import annotations

import traceback
from pathlib import Path

_SHOWN_FRAMES = 6


def kind_and_place(error: BaseException) -> str:
    """The kind of an error and the line it comes from."""
    return _in(error, traceback.extract_tb(error.__traceback__)[-1:])


def kind_and_places(error: BaseException) -> str:
    """The kind of an error and the lines that led to it, the innermost first."""
    return _in(error, traceback.extract_tb(error.__traceback__)[-_SHOWN_FRAMES:])


def _in(error: BaseException, frames: list[traceback.FrameSummary]) -> str:
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} in {places}" if places else type(error).__name__
