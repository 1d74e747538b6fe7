from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.database import now
from bot.delivery import inbox, sweeping, turns
from bot.delivery.adapter import TryAgain
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, HELD, PENDING, InboxMessage, OutboxMessage
from bot.delivery.turns import TurnLog
from tests.delivery.sending import Clock, row_of, say, send_all
from tests.delivery.test_correspondents import arrive, link
from tests.factories import accept
from tests.factories import row_of as inbox_row
from tests.fakes.adapter import FakeAdapter

LONG_AGO = now() - timedelta(days=200)


def change(database, outbox_id, **values):
    with database.transaction() as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.id == outbox_id).values(**values))


def sweep(database, channels=("fake",), held_before=None, **more):
    return sweeping.sweep(database, channels, held_before, **more)


@pytest.mark.parametrize(("age", "state"), [(10, PENDING), (1, CLAIMED)])
def test_a_claim_nobody_came_back_to_is_given_back_after_a_while(database, age, state):
    outbox_id = say(database, "chào")
    change(database, outbox_id, state=CLAIMED, claimed_until=now() - timedelta(minutes=age))
    assert sweep(database)["outbox"] == (state == PENDING)
    assert row_of(database, outbox_id).uncertain == (state == PENDING)


def test_a_message_of_a_citizen_that_nobody_came_back_to_is_given_back(database):
    inbox_id = accept(database)
    assert inbox.claim_next(database).id == inbox_id
    with database.transaction() as session:
        session.get(InboxMessage, inbox_id).claimed_until = now() - timedelta(hours=1)
    assert sweep(database)["inbox"] == 1
    assert inbox_row(database, inbox_id).state == PENDING


def test_what_is_meant_for_a_channel_that_is_not_there_fails_after_four_hours(database):
    fresh, old, web = say(database, "mới"), say(database, "cũ"), say(database, "chào", "web:an")
    for one in (old, web):
        change(database, one, next_attempt_at=now() - timedelta(hours=5))
    assert sweep(database, channels=())["no_channel"] == 1
    row = row_of(database, old)
    assert (row.state, row.reason) == (FAILED, "no_channel")
    assert [row_of(database, one).state for one in (fresh, web)] == [PENDING, PENDING]
    assert sweep(database, channels=())["no_channel"] == 0


def test_what_is_late_on_a_channel_that_is_there_is_left_to_its_sender(database):
    change(database, say(database, "cũ"), next_attempt_at=LONG_AGO)
    assert sweep(database)["no_channel"] == 0


def stay(database, *asked):
    return [row_of(database, one).state for one in asked] == [PENDING] * len(asked)


def test_an_answer_that_nothing_could_go_out_for_ends_after_a_day_and_a_notice_goes_on(database):
    adapter, clock = FakeAdapter(), Clock()
    adapter.script["fake:an"] = [TryAgain("no_login", everybody=True)] * 3
    answers = [say(database, text, inbox_id=number) for number, text in enumerate(("một", "hai"), 1)]
    notice = say(database, "Phản ánh đã trả lời")
    receipt = say(database, "Mã phản ánh của anh/chị", inbox_id=3)
    with database.transaction() as session:
        turns.record(session, "fake:an", 3, TurnLog(outcome="form"))
    for hours in (0, 23):
        clock.move(hours * 3600)
        send_all(database, adapter, clock=clock)
        assert sweep(database, moment=clock.moment)["too_late"] == 0
    clock.move(2 * 3600)
    assert sweep(database, moment=clock.moment)["too_late"] == 2
    assert [(row_of(database, one).state, row_of(database, one).reason) for one in answers] == [
        (FAILED, "too_late")
    ] * 2
    assert stay(database, notice, receipt)
    adapter.script.clear()
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["Phản ánh đã trả lời", "Mã phản ánh của anh/chị"]


@pytest.mark.parametrize(
    "values", [{"state": HELD}, {"state": CLAIMED, "claimed_until": now() + timedelta(days=2)}, {"attempts": 3}]
)
def test_an_answer_that_is_held_or_tried_is_not_ended_for_its_age(database, values):
    outbox_id = say(database, "chào", inbox_id=1)
    change(database, outbox_id, created_at=LONG_AGO, **values)
    before = row_of(database, outbox_id).state
    assert sweep(database)["too_late"] == 0
    assert row_of(database, outbox_id).state == before


def test_an_answer_that_its_citizen_wrote_for_or_fetches_is_not_ended_for_its_age(database):
    arrive(database, "fake:an")
    asked = [say(database, "chào", name, number) for number, name in enumerate(("fake:an", "web:binh", "other:chi"), 1)]
    for one in asked:
        change(database, one, created_at=LONG_AGO)
    assert sweep(database)["too_late"] == 0
    assert stay(database, *asked)
    assert sweep(database, moment=now() + timedelta(hours=5))["too_late"] == 1


def test_what_was_held_for_longer_than_it_is_kept_fails(database):
    old, fresh = say(database, "cũ"), say(database, "mới")
    change(database, old, state=HELD, created_at=LONG_AGO)
    change(database, fresh, state=HELD)
    assert sweep(database, held_before=now() - timedelta(days=180))["never_heard"] == 1
    assert (row_of(database, old).reason, row_of(database, fresh).state) == ("never_heard", HELD)


def test_what_lost_its_carrier_waits_by_itself(database):
    carrier, carried, lost = (say(database, text) for text in ("một", "hai", "ba"))
    change(database, carried, state=HELD, carrier_id=carrier)
    change(database, lost, state=HELD, carrier_id=12345)
    assert sweep(database)["orphans"] == 1
    assert (row_of(database, carried).carrier_id, row_of(database, lost).carrier_id) == (carrier, None)


def test_a_notice_that_is_ended_goes_where_the_person_can_be_reached(database):
    link(database, "fake:an", "other:an")
    arrive(database, "other:an")
    old = say(database, "Phản ánh đã trả lời")
    change(database, old, next_attempt_at=LONG_AGO)
    sweep(database, channels=("other",))
    sweep(database, channels=("other",))
    moved = row_of(database, old + 1)
    assert (moved.conversation, moved.origin_id, moved.state) == ("other:an", old, PENDING)


def test_nothing_stuck_is_nothing_moved(database):
    change(database, say(database, "một"), state=DELIVERED)
    say(database, "hai")
    assert set(sweep(database, held_before=LONG_AGO).values()) == {0}
