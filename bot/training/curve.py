"""What more examples would buy: models of an eighth, a quarter and half of the sentences beside the one of all."""

from __future__ import annotations

import json
import math
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from bot.training.compare import compare
from bot.training.measure import Prediction, accuracy

# Each step doubles the sentences, so that one more doubling can be judged by those before.
SHARES = (0.125, 0.25, 0.5, 1.0)
# Intents keep at least this many: with fewer, the model of a share can't tell how sure it is.
_FEWEST = 5
_SEED = 7
Sentence = tuple[str, str]
Learn = Callable[[Sequence[Sentence]], Sequence[Prediction]]


@dataclass(frozen=True)
class Point:
    """How well a model of so many sentences reads the blind set's own messages, with the interval (95 %)."""

    sentences: int
    accuracy: float
    low: float
    high: float
    messages: int


@dataclass(frozen=True)
class Step:
    """What a doubling brought, on the same messages; `low` and `high` as in `compare.Change`."""

    better: int
    worse: int
    gain: float
    low: float
    high: float


@dataclass(frozen=True)
class Grown:
    """An intent that the last doubling moved: how many of its messages were read rightly before and after."""

    intent: str
    sentences: int
    messages: int
    before: int
    after: int


@dataclass(frozen=True)
class Curve:
    """A learning curve; `steps[i]` leads from `points[i]` to `points[i + 1]`."""

    points: tuple[Point, ...]
    steps: tuple[Step, ...]
    intents: tuple[Grown, ...]

    @property
    def climbs(self) -> bool:
        """Whether the last doubling surely brought something, so that more sentences still would."""
        return bool(self.steps) and self.steps[-1].low > 0


def draw(
    sentences: Sequence[Sentence], learn: Learn, whole: Sequence[Prediction] | None, tell: Callable[[str], object]
) -> Curve:
    """Measure models of growing shares of the sentences; each share holds the smaller ones.

    Args:
        sentences: with their intents.
        learn: what a model of some sentences makes of the messages that measure; the same messages each time.
        whole: what the model of all sentences makes of them, where that is known.
        tell: is told each step in one line.
    """
    orders = _shuffled(sentences)
    points, steps = [], []
    before: Sequence[Prediction] = ()
    grown: tuple[Grown, ...] = ()
    for share in SHARES:
        chosen = [one for own in orders.values() for one in own[: max(_FEWEST, math.ceil(share * len(own)))]]
        if share == 1 and whole is not None:
            after = whole
        else:
            tell(f"Learning from {len(chosen)} of {len(sentences)} sentences …")
            after = learn(chosen)
        points.append(Point(len(chosen), **accuracy(after)))
        if before:
            found = compare(before, after, [f"{place}" for place in range(len(after))])
            own = found.overall
            steps.append(Step(own.better, own.worse, own.difference, own.low, own.high))
            grown = tuple(
                Grown(
                    intent,
                    len(orders[intent]),
                    change.messages,
                    round(change.live * change.messages),
                    round(change.candidate * change.messages),
                )
                for intent, change in found.intents.items()
                if change.better != change.worse and intent in orders
            )
        before = after
    return Curve(tuple(points), tuple(steps), tuple(sorted(grown, key=lambda one: one.before - one.after)))


def save(curve: Curve, models: Path, name: str, day: date) -> Path:
    """Keep the curve of a model beside it; returns where."""
    path = _path(models, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"day": day.isoformat(), **asdict(curve)}, ensure_ascii=False, indent=1), encoding="utf-8"
    )
    return path


def load(models: Path, name: str) -> tuple[Curve, date] | None:
    """The curve of a model and the day it was measured, None when there is none that can be read."""
    try:
        kept = json.loads(_path(models, name).read_text(encoding="utf-8"))
        points, steps = (Point(**one) for one in kept["points"]), (Step(**one) for one in kept["steps"])
        return Curve(tuple(points), tuple(steps), tuple(Grown(**one) for one in kept["intents"])), date.fromisoformat(
            kept["day"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(models: Path, name: str) -> Path:
    # In a folder of its own: every JSON file among the models is taken for the note of one.
    return models / "curves" / f"{name}.json"


def _shuffled(sentences: Sequence[Sentence]) -> dict[str, list[Sentence]]:
    orders: defaultdict[str, list[Sentence]] = defaultdict(list)
    for one in sentences:
        orders[one[1]].append(one)
    chance = random.Random(_SEED)  # noqa: S311 - which sentences come first is no secret
    for intent in sorted(orders):
        chance.shuffle(orders[intent])
    return dict(orders)
