import asyncio
from datetime import timedelta

import pytest

from bot.database import now
from bot.delivery import correspondents
from bot.delivery.adapter import MustWait, Refused, Taken, TryAgain
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, HELD, PENDING, OutboxMessage
from bot.delivery.outbox import Button
from bot.delivery.outgoing import PATIENCE
from bot.delivery.pace import Pace, Rates
from tests.delivery.sending import Clock, is_quiet, make_sender, row_of, say, send_all, states_of
from tests.fakes.adapter import FakeAdapter

LONG = "Một câu dài hơn một tin. Câu thứ hai cũng dài như thế. Câu thứ ba."


@pytest.fixture
def adapter():
    return FakeAdapter()


def write(database, conversation="fake:an", moment=None):
    with database.transaction() as session:
        correspondents.heard(session, conversation, moment)


def test_what_was_said_arrives_in_order_and_is_delivered(database, adapter):
    ids = [say(database, text) for text in ("một", "hai", "ba")]
    send_all(database, adapter)
    assert adapter.texts_of("fake:an") == ["một", "hai", "ba"]
    row = row_of(database, ids[0])
    assert (row.state, row.external_id, row.uncertain, row.reason) == (DELIVERED, "m0", 0, None)
    assert row.delivered_at is not None


def test_what_is_meant_for_other_channels_stays_where_it_is(database, adapter):
    say(database, "chào", "web:an")
    send_all(database, adapter)
    assert (adapter.tries, states_of(database, "web:an")) == ([], [(PENDING, None)])


def test_a_long_message_arrives_in_parts_with_the_buttons_under_the_last(database, adapter):
    say(database, LONG, buttons=[Button("Lệ phí", "/ask_procedure_fee")])
    send_all(database, adapter)
    assert " ".join(adapter.texts_of("fake:an")) == LONG
    assert adapter.buttons == [[], [], ["Lệ phí"]]


def test_a_part_that_was_taken_is_not_sent_again_when_the_next_fails(database, adapter):
    clock = Clock()
    adapter.script["fake:an"] = [Taken(), TryAgain("busy")]
    outbox_id = say(database, LONG)
    send_all(database, adapter, clock=clock)
    assert (row_of(database, outbox_id).parts_sent, row_of(database, outbox_id).state) == (1, PENDING)
    clock.move(2)
    send_all(database, adapter, clock=clock)
    assert " ".join(adapter.texts_of("fake:an")) == LONG


def test_a_failure_holds_up_its_own_conversation_and_no_other(database, adapter):
    adapter.script["fake:an"] = [TryAgain("busy")]
    for conversation in ("fake:an", "fake:an", "fake:binh"):
        say(database, "chào", conversation)
    clock = Clock()
    send_all(database, adapter, clock=clock)
    assert adapter.taken == [("fake:binh", "chào")]
    clock.move(1.5)
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["chào", "chào"]


def test_tries_go_on_for_four_hours_and_end_with_a_name(database, adapter):
    clock, start = Clock(), None
    outbox_id = say(database, "chào")
    adapter.script["fake:an"] = [TryAgain("busy")] * 40
    while row_of(database, outbox_id).state == PENDING:
        send_all(database, adapter, clock=clock)
        start = start or clock.moment
        last, clock.moment = clock.moment, row_of(database, outbox_id).next_attempt_at
    row = row_of(database, outbox_id)
    assert (row.state, row.reason) == (FAILED, "gave_up:busy")
    assert last - start >= PATIENCE
    assert 12 <= row.attempts <= 20


@pytest.mark.parametrize("why", [TryAgain("no_login", everybody=True), TryAgain("night", after=8 * 3600.0)])
def test_a_wait_that_no_message_can_help_uses_up_none_of_its_patience(database, adapter, why):
    clock, outbox_id = Clock(), say(database, "chào")
    adapter.script["fake:an"] = [why] * 30 + [TryAgain("busy")]
    for _ in range(31):
        send_all(database, adapter, clock=clock)
        clock.moment = max(clock.moment + timedelta(hours=1), row_of(database, outbox_id).next_attempt_at)
    assert row_of(database, outbox_id).state == PENDING
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["chào"]


def test_what_leaves_sooner_than_its_channel_asked_has_its_patience_from_then_on(database, adapter):
    clock, outbox_id = Clock(), say(database, "chào")
    adapter.script["fake:an"] = [TryAgain("night", after=8 * 3600.0)] + [TryAgain("busy")] * 40
    send_all(database, adapter, clock=clock)
    write(database)
    start = clock.moment
    while row_of(database, outbox_id).state == PENDING:
        clock.moment = max(clock.moment, row_of(database, outbox_id).next_attempt_at)
        send_all(database, adapter, clock=clock)
    assert PATIENCE <= clock.moment - start < PATIENCE + timedelta(hours=2)


def test_what_the_channel_asks_for_counts_as_the_least(database, adapter):
    clock = Clock()
    adapter.script["fake:an"] = [TryAgain("too_many", after=17.0)]
    outbox_id = say(database, "chào")
    send_all(database, adapter, clock=clock)
    assert row_of(database, outbox_id).next_attempt_at == clock.moment + timedelta(seconds=17)


@pytest.mark.parametrize(
    ("why", "tries", "waits"),
    [
        (TryAgain("too_many", after=600.0), 1, True),
        # Asked for less than what the ladder gives by then: not known how much less.
        (TryAgain("too_many", after=250.0), 11, True),
        (TryAgain("night", after=8 * 3600.0), 1, False),
        (TryAgain("busy"), 11, False),
    ],
)
def test_what_the_channel_asks_for_is_honoured_when_the_citizen_writes_too(database, adapter, why, tries, waits):
    clock = Clock()
    adapter.script["fake:an"] = [why] * tries
    outbox_id = say(database, "chào")
    for _ in range(tries):
        clock.moment = max(clock.moment, row_of(database, outbox_id).next_attempt_at)
        send_all(database, adapter, clock=clock)
    due = row_of(database, outbox_id).next_attempt_at
    # As if it were that late by every clock.
    with database.transaction() as session:
        session.get(OutboxMessage, outbox_id).next_attempt_at = now() + (due - clock.moment)
    write(database)
    assert (row_of(database, outbox_id).next_attempt_at > now()) is waits
    clock.moment = now() + timedelta(hours=9)
    send_all(database, adapter, clock=clock)
    assert (adapter.texts_of("fake:an"), states_of(database)) == (["chào"], [(DELIVERED, None)])


def test_a_limit_of_the_whole_channel_stops_everybody_for_as_long(database, adapter):
    adapter.script["fake:an"] = [TryAgain("too_many", after=10.0, everybody=True)]
    clock = Clock()
    sender = {"clock": clock, "at_once": 1}
    say(database, "chào", "fake:an")
    say(database, "chào", "fake:binh")
    shared = Pace({"fake": Rates(0, 0)}, clock.seconds)
    send_all(database, adapter, pace=shared, **sender)
    assert adapter.taken == []
    clock.move(11)
    send_all(database, adapter, pace=shared, **sender)
    assert len(adapter.taken) == 2


def test_a_channel_that_is_stopped_is_told_of_loudly_and_not_with_every_message(database, adapter, caplog):
    clock, told = Clock(), []
    for name in ("fake:an", "fake:binh"):
        adapter.script[name] = [TryAgain("package_too_small", after=200.0, everybody=True)] * 3
        say(database, "chào", name)

    async def work():
        sender = make_sender(database, adapter, clock=clock)
        task = asyncio.create_task(sender.run())
        for tries in (2, 4, 6):
            while len(adapter.tries) < tries or not await asyncio.to_thread(is_quiet, database, sender):
                await asyncio.sleep(0.002)
            told.append(sum(record.levelname == "ERROR" for record in caplog.records))
            clock.move(201)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(work(), 30))
    assert told == [1, 1, 2]
    assert "fake: nothing goes out for 200 s: package_too_small" in caplog.text


def test_a_refusal_is_final_and_the_next_message_goes_out(database, adapter):
    adapter.script["fake:an"] = [Refused("too_long")]
    say(database, "một")
    say(database, "hai")
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "too_long"), (DELIVERED, None)]


def test_who_is_gone_is_not_tried_again_until_they_come_back(database, adapter):
    adapter.script["fake:an"] = [Refused("blocked", gone=True)]
    for text in ("một", "hai", "ba"):
        say(database, text)
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "blocked")] * 3
    assert len(adapter.tries) == 1
    write(database)
    say(database, "bốn")
    send_all(database, adapter)
    assert adapter.texts_of("fake:an") == ["bốn"]


def test_an_adapter_that_breaks_is_tried_again_and_counted_as_uncertain(database, adapter):
    adapter.script["fake:an"] = [ValueError("words of a citizen")]
    outbox_id = say(database, "chào")
    clock = Clock()
    send_all(database, adapter, clock=clock)
    row = row_of(database, outbox_id)
    assert (row.state, row.reason, row.uncertain) == (PENDING, "error", 1)
    clock.move(2)
    send_all(database, adapter, clock=clock)
    assert row_of(database, outbox_id).state == DELIVERED


def test_a_try_nobody_knows_the_end_of_is_counted(database, adapter):
    adapter.script["fake:an"] = [("arrived", TryAgain("timeout", uncertain=True))]
    outbox_id = say(database, "chào")
    clock = Clock()
    send_all(database, adapter, clock=clock)
    clock.move(2)
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["chào", "chào"]
    assert row_of(database, outbox_id).uncertain == 1


def test_what_must_wait_goes_out_when_the_citizen_writes(database, adapter):
    adapter.script["fake:an"] = [MustWait("window")]
    say(database, "một", inbox_id=1)
    say(database, "hai", inbox_id=2)
    send_all(database, adapter)
    assert states_of(database) == [(HELD, "window"), (DELIVERED, None)]
    write(database)
    send_all(database, adapter)
    assert adapter.texts_of("fake:an") == ["hai", "một"]


def test_notices_that_waited_leave_as_one_message_with_all_their_buttons(database, adapter):
    adapter.script["fake:an"] = [MustWait("window")] * 3
    for name in ("một", "hai", "ba"):
        say(database, name, buttons=[Button(name, f"/{name}")])
    send_all(database, adapter)
    write(database)
    send_all(database, adapter)
    assert adapter.taken == [("fake:an", "một\n\nhai\n\nba")]
    assert adapter.buttons == [["một", "hai", "ba"]]
    assert states_of(database) == [(DELIVERED, None)] * 3


def test_notices_that_leave_together_fail_together(database, adapter):
    adapter.script["fake:an"] = [MustWait("window"), MustWait("window"), Refused("blocked", gone=True)]
    say(database, "một")
    say(database, "hai")
    send_all(database, adapter)
    write(database)
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "blocked")] * 2


def test_notices_that_must_wait_once_more_take_the_later_ones_along(database, adapter):
    adapter.script["fake:an"] = [MustWait("window")] * 4
    say(database, "một")
    say(database, "hai")
    send_all(database, adapter)
    write(database)
    say(database, "ba")
    send_all(database, adapter)
    assert [state for state, _ in states_of(database)] == [HELD] * 3
    write(database)
    send_all(database, adapter)
    assert adapter.texts_of("fake:an") == ["một\n\nhai\n\nba"]


def test_notices_that_leave_together_stay_together_while_one_of_their_parts_is_tried_again(database, adapter):
    clock = Clock()
    adapter.script["fake:an"] = [MustWait("window"), MustWait("window"), Taken(), TryAgain("busy")]
    for name in ("Một câu dài hơn một tin rồi đây.", "Câu thứ hai cũng dài như thế."):
        say(database, name, buttons=[Button(name[:3], f"/{name[:3]}")])
    send_all(database, adapter, clock=clock)
    write(database)
    send_all(database, adapter, clock=clock)
    write(database)
    clock.move(2)
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["Một câu dài hơn một tin rồi đây.", "Câu thứ hai cũng dài như thế."]
    assert adapter.buttons == [[], ["Một", "Câu"]]
    assert states_of(database) == [(DELIVERED, None)] * 2


def test_notices_whose_try_may_have_arrived_do_not_come_one_by_one_as_well(database, adapter):
    clock = Clock()
    lost = ("arrived", TryAgain("timeout", uncertain=True))
    adapter.script["fake:an"] = [MustWait("window"), MustWait("window"), lost]
    for name in ("một", "hai"):
        say(database, name)
    send_all(database, adapter, clock=clock)
    write(database)

    async def write_during_the_try():
        adapter.gates["fake:an"] = asyncio.Event()
        task = asyncio.create_task(make_sender(database, adapter, clock=clock).run())
        while len(adapter.tries) < 3:
            await asyncio.sleep(0.002)
        await asyncio.to_thread(write, database)
        task.cancel()
        adapter.gates["fake:an"].set()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(write_during_the_try())
    clock.move(2)
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["một\n\nhai"] * 2
    assert states_of(database) == [(DELIVERED, None)] * 2


def test_a_citizen_who_wrote_during_the_try_keeps_nothing_waiting(database, adapter):
    clock = Clock()
    adapter.script["fake:an"] = [MustWait("window")]
    outbox_id = say(database, "một")
    write(database, moment=clock.moment + timedelta(milliseconds=1))
    send_all(database, adapter, clock=clock)
    assert row_of(database, outbox_id).state == PENDING


def test_what_is_held_of_somebody_who_leaves_fails(database, adapter):
    adapter.script["fake:an"] = [MustWait("window")]
    say(database, "một")
    send_all(database, adapter)
    with database.transaction() as session:
        correspondents.gone(session, "fake:an", "left")
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "left")]


def test_a_chat_above_its_pace_is_put_off_without_holding_up_others(database):
    adapter, clock = FakeAdapter(per_conversation=1.0), Clock()
    for number in range(5):
        say(database, f"tin {number}")
    say(database, "chào", "fake:binh")
    send_all(database, adapter, clock=clock)
    assert (len(adapter.texts_of("fake:an")), len(adapter.texts_of("fake:binh"))) == (3, 1)
    assert not any(reason for _, reason in states_of(database))


def test_a_message_that_cannot_be_read_stands_in_nobodys_way(database, adapter):
    broken = say(database, "một")
    with database.transaction() as session:
        session.get(OutboxMessage, broken).body = b"broken"
    say(database, "hai")
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "unreadable"), (DELIVERED, None)]


def test_a_message_without_words_fails_by_name(database, adapter):
    say(database, " ")
    send_all(database, adapter)
    assert states_of(database) == [(FAILED, "empty")]


def test_a_sender_that_is_stopped_waits_for_what_is_under_way(database, adapter):
    outbox_id = say(database, "chào")

    async def stop_in_the_middle():
        adapter.gates["fake:an"] = asyncio.Event()
        task = asyncio.create_task(make_sender(database, adapter).run())
        while not adapter.tries:
            await asyncio.sleep(0.002)
        task.cancel()
        adapter.gates["fake:an"].set()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(stop_in_the_middle())
    assert row_of(database, outbox_id).state == DELIVERED


def test_a_claim_that_ran_out_is_taken_up_again_and_counted(database, adapter):
    clock = Clock()
    outbox_id = say(database, "chào")
    with database.transaction() as session:
        row = session.get(OutboxMessage, outbox_id)
        row.state, row.claimed_until = CLAIMED, clock.moment - timedelta(seconds=1)
    send_all(database, adapter, clock=clock)
    row = row_of(database, outbox_id)
    assert (row.state, row.uncertain) == (DELIVERED, 1)
