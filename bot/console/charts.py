"""Drawings of figures as points of an inline SVG: where each stands; how they look is the style sheet's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The drawing, and within it the field between the axes, in the SVG's own units.
WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 48, 336, 12, 206
_STEPS = 5
# More points than this are not to be told apart.
_MOST_POINTS = 60
_LEVELS = 5
Point = tuple[float, float]


@dataclass(frozen=True)
class Axis:
    """From where to where an axis goes, and what it is called.

    Attributes:
        counts: where it is marked when it is one of counts, each doubling as wide; else it is one of shares.
    """

    label: str
    low: float
    high: float
    counts: Sequence[float] = ()

    def share(self, value: float) -> float:
        """How far along the axis a value stands, 0 to 1."""
        value, low, high = map(math.log2, (value, self.low, self.high)) if self.counts else (value, self.low, self.high)
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0

    def values(self) -> Sequence[float]:
        """Where it is marked."""
        return self.counts or [self.low + (self.high - self.low) * step / _STEPS for step in range(_STEPS + 1)]


@dataclass(frozen=True)
class Chart:
    """A drawing.

    Attributes:
        points: the curve, joined in this order.
        bars: an interval (x, low, high) standing at a point.
        ideal: two ends of a line to compare with.
        guide: a value of the x axis that is marked, with its words.
    """

    name: str
    x: Axis
    y: Axis
    points: Sequence[Point]
    bars: Sequence[tuple[float, float, float]] = ()
    ideal: tuple[Point, Point] | None = None
    guide: tuple[float, str] | None = None
    dots: bool = True

    def at(self, point: Point) -> Point:
        """Where a point stands in the drawing."""
        across, up = self.x.share(point[0]), self.y.share(point[1])
        return round(LEFT + (RIGHT - LEFT) * across, 1), round(BOTTOM - (BOTTOM - TOP) * up, 1)

    @property
    def path(self) -> str:
        """The curve as an SVG polyline takes it."""
        return " ".join(f"{x},{y}" for x, y in map(self.at, self.points))


def thinned(points: Sequence[Point], most: int = _MOST_POINTS) -> list[Point]:
    """So many of the points, first and last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def floor_of(shares: Sequence[float]) -> float:
    """Where an axis of shares begins so that the lowest is seen: a tenth below it, in tenths."""
    return max(0.0, int(min(shares, default=0.0) * 10 - 0.5) / 10)


@dataclass(frozen=True)
class Cell:
    """How often one intent was taken for another, and how dark that is drawn: 0 (never) to 5."""

    times: int
    level: int


@dataclass(frozen=True)
class HeatMap:
    """The intents that are confused most, as rows and as columns.

    Attributes:
        left_out: confusions with other intents.
    """

    intents: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    left_out: int


def heat_map(pairs: Sequence[Mapping[str, Any]], most: int = 10) -> HeatMap:
    """A heat map of pairs as `measure.confused_pairs` gives them."""
    totals: Counter[str] = Counter()
    times: Counter[tuple[str, str]] = Counter()
    for pair in pairs:
        times[pair["truth"], pair["taken_for"]] += pair["times"]
        for intent in (pair["truth"], pair["taken_for"]):
            totals[intent] += pair["times"]
    intents = tuple(intent for intent, _ in totals.most_common(most))
    shown = {pair: count for pair, count in times.items() if set(pair) <= set(intents)}
    top = max(shown.values(), default=1)
    rows = tuple(
        tuple(
            Cell(shown.get((truth, taken), 0), -(-shown.get((truth, taken), 0) * _LEVELS // top)) for taken in intents
        )
        for truth in intents
    )
    return HeatMap(intents, rows, sum(times.values()) - sum(shown.values()))
