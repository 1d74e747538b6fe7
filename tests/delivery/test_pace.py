import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import Pace, Rates


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def taken(pace, conversation="an", tries=100):
    return sum(pace.take("fake", conversation) == 0 for _ in range(tries))


def test_a_conversation_takes_a_short_burst_and_then_its_rate(clock):
    pace = Pace({"fake": Rates(1.0, 0)}, clock)
    assert taken(pace) == 3
    assert pace.take("fake", "an") == pytest.approx(1.0)
    clock.now += 2
    assert taken(pace) == 2


def test_one_conversation_does_not_count_for_another(clock):
    pace = Pace({"fake": Rates(1.0, 0)}, clock)
    assert (taken(pace, "an"), taken(pace, "binh")) == (3, 3)


@pytest.mark.parametrize("rate", [1.0, 30.0, 66.0])
def test_a_channel_never_takes_much_more_than_its_rate_in_a_second(clock, rate):
    pace, went = Pace({"fake": Rates(0, rate)}, clock), 0
    for _ in range(200):
        went += sum(pace.take("fake", f"c{number}") == 0 for number in range(pace.room("fake")))
        clock.now += 0.05
    assert 10 * rate - 1 <= went <= 10.25 * rate + 1


def test_what_there_is_room_for_is_taken(clock):
    pace = Pace({"fake": Rates(0, 30.0)}, clock)
    room = pace.room("fake")
    assert taken(pace) == room
    assert pace.room("fake") == 0


def test_no_limit_is_no_limit(clock):
    assert taken(Pace({"fake": Rates(0, 0)}, clock), tries=1000) == 1000


def test_a_pause_stops_the_channel_and_no_other(clock):
    pace = Pace({"fake": Rates(0, 0), "other": Rates(0, 0)}, clock)
    pace.pause("fake", 10)
    pace.pause("fake", 5)
    clock.now += 9
    assert (pace.room("fake"), pace.room("other") > 0) == (0, True)
    clock.now += 1
    assert pace.room("fake") > 0


@given(st.lists(st.floats(0, 3), min_size=1, max_size=60), st.floats(0.5, 40))
def test_waiting_for_as_long_as_was_said_is_enough(pauses, rate):
    clock = Clock()
    pace = Pace({"fake": Rates(rate, 0)}, clock)
    for pause in pauses:
        clock.now += pause
        wait = pace.take("fake", "an")
        if wait:
            clock.now += wait
            assert pace.take("fake", "an") == 0


def test_many_conversations_that_have_rested_are_forgotten(clock):
    pace = Pace({"fake": Rates(1.0, 0)}, clock)
    for number in range(10_001):
        clock.now += 2
        pace.take("fake", f"c{number}")
    assert len(pace._conversations["fake"]._even) < 10
