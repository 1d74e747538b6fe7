import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.database import now
from bot.delivery import inbox, outbox, switches
from bot.delivery.model import DONE, Turn
from bot.delivery.outbox import Reply
from bot.delivery.switches import Switches
from tests.factories import accept, dispatching, make_arrival, row_of, texts_of, turn_of, wait_for_texts, wait_until

NOTICE = "Trợ lý tạm ngừng."


def is_done(database, *ids):
    wait_until(lambda: all(row_of(database, one).state == DONE for one in ids))


def notices(database, *ids):
    return [text for one in ids for text in texts_of(database, one)]


def off_now(database):
    with database.reading() as session:
        return switches.list_off(session)


@pytest.mark.parametrize("name", ["all", "web"])
def test_while_it_is_off_what_arrives_is_kept_and_the_citizen_told_and_rasa_left_alone(database, rasa, name):
    switches.switch_off(database, name, "an", NOTICE)
    inbox_id = accept(database, "giấy khai sinh")
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == [NOTICE]
    assert row_of(database, inbox_id).state == DONE
    assert turn_of(database, inbox_id).outcome == "handover"
    assert rasa.received == []


def test_a_conversation_is_told_once_an_hour(database, rasa):
    switches.switch_off(database, "web", "an", NOTICE)
    first, second, other = accept(database), accept(database), accept(database, conversation="web:binh")
    with dispatching(database, rasa):
        is_done(database, first, second, other)
        assert [texts_of(database, one) for one in (first, second, other)] == [[NOTICE], [], [NOTICE]]
        with database.transaction() as session:
            session.execute(update(Turn).values(created_at=now() - timedelta(minutes=61)))
        later = accept(database)
        is_done(database, later)
    assert notices(database, later) == [NOTICE]


def test_another_channel_goes_on(database, rasa):
    switches.switch_off(database, "telegram", "an", NOTICE)
    inbox_id = accept(database, "chào")
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: chào"]


def test_switched_on_again_it_answers_what_comes_then(database, rasa):
    switches.switch_off(database, "all", "an", NOTICE)
    first = accept(database, "một")
    with dispatching(database, rasa):
        is_done(database, first)
    assert switches.switch_on(database, "all")
    second = accept(database, "hai")
    with dispatching(database, rasa):
        assert wait_for_texts(database, second) == ["Đã nghe: hai"]
    assert [one.message for one in rasa.received] == ["hai"]


def test_a_notice_of_feedback_is_not_kept_back(database):
    switches.switch_off(database, "all", "an", NOTICE)
    with database.transaction() as session:
        assert outbox.enqueue(session, "web:an", [Reply("Phản ánh đã được trả lời.")])


@pytest.mark.parametrize("kind", ["left", "unfollow"])
def test_that_a_citizen_has_left_is_dealt_with_all_the_same(database, kind):
    switches.switch_off(database, "all", "an", NOTICE)
    left, wrote = inbox.Arrival("telegram", "1", "telegram:1", "", kind=kind), make_arrival()
    inbox.accept_many(database, [left, wrote])
    claims = [inbox.claim_next(database), inbox.claim_next(database)]
    known = Switches(database)
    assert [asyncio.run(known.stops(claim)) is None for claim in claims] == [True, False]


def test_a_switch_is_looked_up_again_after_two_seconds(database):
    moments = iter([0.0, 1.9, 2.0, 2.0, 3.9])
    known = Switches(database, clock=lambda: next(moments))

    async def look():
        before = await known.find("web")
        switches.switch_off(database, "web", "an", NOTICE)
        return before, await known.find("web"), await known.find("web"), await known.find("web")

    before, kept, found, still = asyncio.run(look())
    assert (before, kept) == (None, None)
    assert found.notice == still.notice == NOTICE


def test_what_is_off_is_listed_with_who_did_it_and_a_second_time_changes_the_notice(database):
    switches.switch_off(database, "web", "an", "một")
    since = off_now(database)[0].off_at
    switches.switch_off(database, "all", "binh", NOTICE)
    switches.switch_off(database, "web", "chi", "hai")
    found = off_now(database)
    assert [(off.name, off.by, off.notice) for off in found] == [("all", "binh", NOTICE), ("web", "chi", "hai")]
    assert found[1].off_at == since


def test_what_was_not_off_can_be_switched_on(database):
    assert not switches.switch_on(database, "web")
