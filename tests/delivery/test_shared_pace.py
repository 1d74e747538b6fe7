"""Several programs that send to the same channels: together they keep what one of them would keep alone."""

import asyncio
import contextlib
import threading

import pytest
from sqlalchemy import select

from bot.delivery.adapter import TryAgain
from bot.delivery.model import ChannelPace
from bot.delivery.pace import Rates
from bot.delivery.sender import Sender
from bot.delivery.shared_pace import SharedPace
from tests.delivery.sending import Clock, is_quiet, make_sender, row_of, say
from tests.fakes.adapter import FakeAdapter

pytestmark = pytest.mark.parametrize("kind_of_database", ["postgres"])


@pytest.fixture
def clock():
    return Clock()


def send_together(database, adapters, clock):
    """Let one sender for each adapter work, each knowing nothing but its own past, until nothing more may go."""

    async def work():
        senders = [make_sender(database, one, clock=clock, pace=pace_of(one, clock)) for one in adapters]
        tasks = [asyncio.create_task(sender.run()) for sender in senders]
        while not all([await asyncio.to_thread(is_quiet, database, sender) for sender in senders]):
            await asyncio.sleep(0.002)
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    asyncio.run(asyncio.wait_for(work(), 30))


def pace_of(adapter, clock):
    return SharedPace({adapter.channel: Rates(adapter.per_conversation, adapter.per_second)}, clock.seconds)


def gone_out(adapters):
    return sum(len(adapter.taken) for adapter in adapters)


def test_three_senders_keep_together_to_the_rate_of_one(database, clock):
    adapters = [FakeAdapter(per_second=20.0) for _ in range(3)]
    for number in range(40):
        say(database, "chào", f"fake:{number}")
    went = []
    for _ in range(5):
        send_together(database, adapters, clock)
        went.append(gone_out(adapters))
        clock.move(0.25)
    # A quarter of a second's worth at once, then the rate.
    assert went == [5, 10, 15, 20, 25]
    clock.move(60)
    send_together(database, adapters, clock)
    assert gone_out(adapters) == 30


def test_a_pause_of_one_holds_for_all_and_for_as_long_as_was_said(database, clock):
    adapters = [FakeAdapter() for _ in range(3)]
    for adapter in adapters:
        adapter.script["fake:an"] = [TryAgain("too_many", after=10.0, everybody=True)]
    say(database, "chào", "fake:an")
    send_together(database, adapters, clock)
    assert sum(len(adapter.tries) for adapter in adapters) == 1
    for number in range(9):
        say(database, "chào", f"fake:{number}")
    clock.move(9)
    send_together(database, adapters, clock)
    assert gone_out(adapters) == 0
    for adapter in adapters:
        adapter.script.clear()
    clock.move(1)
    send_together(database, adapters, clock)
    assert gone_out(adapters) == 10


def test_a_pause_or_a_rate_of_one_channel_is_none_of_another(database, clock):
    pace = SharedPace({"fake": Rates(0, 20.0), "other": Rates(0, 20.0)}, clock.seconds)
    with database.transaction() as session:
        pace.share_pause(session, "fake", 10.0, clock.moment)
        given = [pace.grant(session, name, 9, clock.moment) for name in ("fake", "other", "other")]
    assert given == [0, 5, 0]


def test_a_shorter_pause_ends_no_longer_one(database, clock):
    pace = SharedPace({"fake": Rates(0, 20.0)}, clock.seconds)
    with database.transaction() as session:
        pace.share_pause(session, "fake", 10.0, clock.moment)
        pace.share_pause(session, "fake", 5.0, clock.moment)
        clock.move(9)
        assert pace.grant(session, "fake", 1, clock.moment) == 0
        clock.move(1)
        assert pace.grant(session, "fake", 1, clock.moment) == 1


def test_what_was_given_to_a_claim_that_failed_is_given_back(database, clock):
    pace = SharedPace({"fake": Rates(0, 20.0)}, clock.seconds)

    def claim_and_fail():
        with database.transaction() as session:
            assert pace.grant(session, "fake", 9, clock.moment) == 5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_fail()
    with database.transaction() as session:
        assert pace.grant(session, "fake", 9, clock.moment) == 5


def test_threads_that_ask_at_once_are_given_no_more_together(database, clock):
    given = []

    def ask():
        pace = SharedPace({"fake": Rates(0, 100.0)}, clock.seconds)
        for _ in range(10):
            with database.transaction() as session:
                given.append(pace.grant(session, "fake", 2, clock.moment))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(given) == 25


def test_a_clock_that_is_set_back_stops_nothing_for_long(database, clock):
    pace = SharedPace({"fake": Rates(0, 20.0)}, clock.seconds)
    with database.transaction() as session:
        pace.grant(session, "fake", 9, clock.moment)
        clock.move(-3600)
        assert pace.grant(session, "fake", 9, clock.moment) == 5


def test_a_sender_shares_its_pace_where_there_may_be_others(database):
    adapter = FakeAdapter(per_second=20.0)
    outbox_id = say(database, "chào")

    async def work():
        sender = Sender(database, {"fake": adapter})
        task = asyncio.create_task(sender.run())
        while not adapter.taken or not await asyncio.to_thread(is_quiet, database, sender):
            await asyncio.sleep(0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(work(), 30))
    assert row_of(database, outbox_id).delivered_at is not None
    with database.reading() as session:
        assert session.execute(select(ChannelPace.channel)).scalars().all() == ["fake"]
