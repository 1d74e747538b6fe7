import threading
import time
from contextlib import contextmanager

import pytest

from bot.turnstile import NoTurnError, Turnstile


@contextmanager
def turn(turnstile, urgent=False):
    turnstile.enter(urgent)
    try:
        yield
    finally:
        turnstile.leave()


class Queue:
    """Threads that wait for their turn one after the other while somebody has it."""

    def __init__(self, turnstile):
        self.turnstile = turnstile
        self.went = []
        self._threads = []

    def join(self, name, urgent=False):
        def go():
            with turn(self.turnstile, urgent):
                self.went.append(name)

        before = self.turnstile.waiting()
        self._threads.append(threading.Thread(target=go))
        self._threads[-1].start()
        while self.turnstile.waiting() == before:
            time.sleep(0.001)

    def end(self):
        [thread.join(10) for thread in self._threads]
        return self.went


def test_who_waits_goes_in_the_order_of_coming():
    queue = Queue(Turnstile(10))
    with turn(queue.turnstile):
        [queue.join(number) for number in range(5)]
    assert queue.end() == [0, 1, 2, 3, 4]


def test_the_urgent_go_before_the_others_and_in_their_own_order():
    queue = Queue(Turnstile(10))
    with turn(queue.turnstile):
        for name, urgent in (("a", False), ("b", True), ("c", False), ("d", True)):
            queue.join(name, urgent)
    assert queue.end() == ["b", "d", "a", "c"]


def test_one_at_a_time_whatever_goes_wrong_inside():
    turnstile, inside, most = Turnstile(10), [], []

    def go():
        for _ in range(50):
            try:
                with turn(turnstile):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    raise ValueError
            except ValueError:
                continue

    threads = [threading.Thread(target=go) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (set(most), len(most)) == ({1}, 400)


def test_who_waits_for_too_long_hears_of_it_and_keeps_nobody_else_waiting():
    turnstile = Turnstile(0.01)
    with turn(turnstile):
        with pytest.raises(NoTurnError), turn(turnstile):
            raise AssertionError
        with pytest.raises(NoTurnError), turn(turnstile, urgent=True):
            raise AssertionError
    with turn(turnstile):
        pass
