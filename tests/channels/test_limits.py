import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.limits import RateLimit


class Clock:
    def __init__(self):
        self.moment = 1000

    def __call__(self):
        return self.moment


@pytest.fixture
def clock():
    return Clock()


def test_as_many_as_allowed_pass_and_the_next_waits(clock):
    limit = RateLimit(3, 10, clock)
    assert [limit.wait_for("an") for _ in range(4)] == [0, 0, 0, 10]


def test_the_told_wait_is_long_enough_and_not_longer(clock):
    limit = RateLimit(1, 10, clock)
    limit.wait_for("an")
    clock.moment += 4
    assert limit.wait_for("an") == 6
    clock.moment += 5
    assert limit.wait_for("an") == 1
    clock.moment += 1
    assert limit.wait_for("an") == 0


def test_each_sender_has_a_limit_of_their_own(clock):
    limit = RateLimit(1, 10, clock)
    assert [limit.wait_for(sender) for sender in ("an", "binh", "an")] == [0, 0, 10]


def test_refused_messages_do_not_make_the_wait_longer(clock):
    limit = RateLimit(1, 10, clock)
    for _ in range(50):
        limit.wait_for("an")
    clock.moment += 10
    assert limit.wait_for("an") == 0


def test_a_busy_sender_is_not_forgotten_while_thousands_pass_by(clock):
    limit = RateLimit(1, 10, clock)
    limit.wait_for("an")
    for n in range(3000):
        limit.wait_for(f"other {n}")
    assert limit.wait_for("an") == 10


@given(
    most=st.integers(1, 4),
    seconds=st.integers(1, 10),
    steps=st.lists(st.tuples(st.sampled_from(["an", "binh"]), st.integers(0, 4)), max_size=60),
)
def test_in_any_window_no_more_than_allowed_pass(most, seconds, steps):
    clock = Clock()
    limit = RateLimit(most, seconds, clock)
    passed = {"an": [], "binh": []}
    for sender, step in steps:
        clock.moment += step
        recent = [moment for moment in passed[sender] if moment > clock.moment - seconds]
        wait = limit.wait_for(sender)
        assert (wait == 0) is (len(recent) < most)
        if wait == 0:
            passed[sender].append(clock.moment)


def test_looking_at_the_wait_counts_nothing_and_tells_the_same(clock):
    limit = RateLimit(2, 10, clock)
    assert [limit.left_to_wait("an") for _ in range(5)] == [0] * 5
    limit.wait_for("an")
    clock.moment += 4
    limit.wait_for("an")
    assert limit.left_to_wait("an") == limit.wait_for("an") == 6
    clock.moment += 6
    assert limit.left_to_wait("an") == 0
