from datetime import timedelta

import pytest

from bot.database import now
from bot.delivery.model import Turn
from bot.operations.promotion import Promotion, RasaModels
from bot.operations.watching import WATCHER, Signals, find_worse, read_signals, watch
from bot.settings import ROOT
from bot.training.gate import load_bounds
from bot.training.model import FORMER, LIVE, REFUSED, Model
from tests.training.models import PASSED, make_model, state_of

BOUNDS = load_bounds(ROOT / "knowledge")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def promotion(database, tmp_path):
    """Of a bot whose Rasa is away, with a model that went live a day ago, and the one before it."""
    live = {"promoted_at": now() - DAY, "promoted_by": "an", "verdict": PASSED}
    make_model(database, tmp_path, "motcua-a", FORMER, promoted_at=now() - 20 * DAY)
    make_model(database, tmp_path, "motcua-b", LIVE, **live)
    return Promotion(database, tmp_path, RasaModels("http://127.0.0.1:9", "t0k3n"))


def add_turns(database, moment, count, **columns):
    with database.transaction() as session:
        first = session.query(Turn).count()
        for number in range(first, first + count):
            values = {"intent": "greet", "outcome": "answer", **columns}
            session.add(Turn(inbox_id=number + 1, conversation="web:an", created_at=moment, **values))


def test_a_model_with_which_more_people_need_a_person_is_taken_back(database, promotion):
    add_turns(database, now() - 3 * DAY, 380)
    add_turns(database, now() - 3 * DAY, 20, outcome="handover")
    add_turns(database, now() - HOUR, 200)
    add_turns(database, now() - HOUR, 100, outcome="handover")
    assert watch(database, promotion, BOUNDS) == "handovers: 5.0% before, 33.3% since (300 turns)"
    assert [state_of(database, number)[0] for number in (1, 2)] == [LIVE, REFUSED]
    assert watch(database, promotion, BOUNDS) is None


def test_a_model_with_which_people_fare_as_before_stays(database, promotion):
    for moment in (now() - 3 * DAY, now() - HOUR):
        add_turns(database, moment, 380)
        add_turns(database, moment, 20, feedback="down")
    assert watch(database, promotion, BOUNDS) is None
    assert state_of(database, 2)[0] == LIVE


@pytest.mark.parametrize(
    "columns",
    [{"promoted_at": now() - 8 * DAY}, {"verdict": None}, {"promoted_by": WATCHER}],
    ids=["long_ago", "no_verdict", "by_the_watcher"],
)
def test_only_what_went_live_lately_by_the_gate_is_watched(database, promotion, columns):
    add_turns(database, now() - 12 * DAY, 300)
    add_turns(database, now() - HOUR, 300, outcome="handover")
    with database.transaction() as session:
        for column, value in columns.items():
            setattr(session.get(Model, 2), column, value)
    assert watch(database, promotion, BOUNDS) is None


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        (Signals(1000, 50, 10, 0), Signals(1000, 60, 12, 1), None),
        (Signals(1000, 50, 10, 0), Signals(1000, 200, 10, 0), "handovers"),
        (Signals(1000, 50, 10, 0), Signals(1000, 50, 80, 0), "downs"),
        (Signals(1000, 50, 10, 0), Signals(1000, 50, 10, 80), "failed"),
        (Signals(1000, 50, 10, 0), Signals(150, 150, 0, 0), None),
        (Signals(100, 0, 0, 0), Signals(1000, 900, 0, 0), None),
        (Signals(1000, 0, 0, 0), Signals(200, 12, 0, 0), None),
    ],
)
def test_only_what_is_surely_worse_by_more_than_its_bound_counts(before, after, worse):
    found = find_worse(before, after, BOUNDS)
    assert found is None if worse is None else found.startswith(worse)


def test_what_is_no_reading_of_the_model_is_not_counted(database):
    add_turns(database, now() - HOUR, 2, outcome="handover", intent=None)
    add_turns(database, now() - HOUR, 1, feedback="not_mine")
    with database.reading() as session:
        assert read_signals(session, now() - DAY, now()) == Signals(1, 0, 1, 0)
