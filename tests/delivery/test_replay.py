"""What was set aside: seen by staff without its words, put back, answered once; nothing of it in the next one's way."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.database import now
from bot.delivery import correspondents, inbox, outbox, replaying, sentences
from bot.delivery.attending import Attended
from bot.delivery.dispatcher import FORM_OPEN
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.holding import release_held
from bot.delivery.model import DONE, FAILED, HELD, OutboxMessage
from bot.delivery.outbox import Button, Reply
from tests.factories import accept, dispatching, make_arrival, row_of, texts_of, turn_of, wait_for_texts, wait_until
from tests.fakes.rasa import Fault, Received, say

AN = "zalo_oa:7"


def set_aside(database, rasa, text="xin chào", conversation="web:an"):
    """A message that nobody could answer."""
    rasa.away = True
    inbox_id = accept(database, text, conversation, channel=conversation.split(":")[0])
    with dispatching(database, rasa, give_up_after=0.1):
        wait_until(lambda: row_of(database, inbox_id).state == FAILED)
    rasa.away = False
    return inbox_id


def test_what_was_put_back_is_answered_under_its_own_number(database, rasa):
    inbox_id = set_aside(database, rasa)
    assert replaying.replay(database, inbox_id)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert (row_of(database, inbox_id).reason, rasa.received[0].metadata["inbox_id"]) == (None, inbox_id)
    with database.reading() as session:
        shown = [line.text for line in outbox.read_lines(session, "web:an", 0).lines]
    assert shown == [sentences.NOT_ANSWERED, "Đã nghe: xin chào"]


def test_what_rasa_had_finished_is_used_when_it_is_put_back(database, rasa):
    inbox_id = set_aside(database, rasa)
    rasa.remember(Received("web:an", "xin chào", {"inbox_id": inbox_id}), say("Lời đã nói", outcome="answer"))
    rasa.remember(Received("web:an", "câu sau", {"inbox_id": inbox_id + 1}), say("Lời sau"))
    replaying.replay(database, inbox_id)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Lời đã nói"]
    assert (rasa.received, turn_of(database, inbox_id).outcome) == ([], "answer")


def test_what_ended_without_an_answer_long_ago_takes_back_nothing_that_came_later(database, rasa):
    inbox_id = set_aside(database, rasa)
    slot = {"event": "slot", "name": "told", "value": "chuyện"}
    rasa.moves = [slot]
    rasa.remember(Received("web:an", "xin chào", {"inbox_id": inbox_id}), [])
    rasa.moves = []
    rasa.remember(Received("web:an", "câu sau", {"inbox_id": inbox_id + 1}), say("Lời sau"))
    replaying.replay(database, inbox_id)
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    assert [event for event in rasa.events["web:an"] if event["event"] == "slot"] == [slot]


def test_it_has_fresh_patience(database, rasa):
    inbox_id = set_aside(database, rasa)
    replaying.replay(database, inbox_id)
    rasa.faults.append(Fault.ERROR)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]


def test_a_form_that_the_citizen_went_on_with_is_not_answered_by_what_was_put_back(database, rasa):
    failed = set_aside(database, rasa, "Cán bộ hẹn hai lần đều trễ")
    again = accept(database, "Cán bộ hẹn hai lần đều trễ")
    with dispatching(database, rasa):
        wait_for_texts(database, again)
    rasa.in_form.add("web:an")
    replaying.replay(database, failed)
    with dispatching(database, rasa):
        wait_until(lambda: row_of(database, failed).state == FAILED)
    assert (row_of(database, failed).reason, len(rasa.received)) == (FORM_OPEN, 1)
    assert texts_of(database, failed) == []
    rasa.in_form.clear()
    assert replaying.replay(database, failed)
    with dispatching(database, rasa):
        assert wait_for_texts(database, failed) == ["Đã nghe: Cán bộ hẹn hai lần đều trễ"]


def test_what_a_channel_brings_late_answers_no_question_that_was_asked_since(database, rasa):
    written = now() - timedelta(seconds=40)
    in_time = accept_at(database, "Có ai không ạ?", written + timedelta(seconds=38))
    with dispatching(database, rasa):
        wait_for_texts(database, in_time)
    rasa.in_form.add(AN)
    ask(database, in_time + 1000, "Chuyện xảy ra ở đâu ạ?")
    with database.transaction() as session:
        outbox.enqueue(session, AN, [Reply("Phản ánh trước đã có trả lời")])
    late = accept_at(database, "Ổ gà trước số nhà 12", written)
    with dispatching(database, rasa):
        said = wait_for_texts(database, late)
    assert (row_of(database, late).reason, len(rasa.received)) == (FORM_OPEN, 1)
    assert "“Ổ gà trước số nhà 12”" in said[0]
    assert said[1] == "Chuyện xảy ra ở đâu ạ?"
    replaying.replay(database, late)
    with dispatching(database, rasa):
        wait_until(lambda: row_of(database, late).state == FAILED)
    assert texts_of(database, late) == []


def ask(database, inbox_id, text):
    button = Button("Hủy", '/form_answer{"slot": "place", "value": "cancel"}')
    with database.transaction() as session:
        outbox.add(session, AN, [Reply(text, (button,))], inbox_id)


@pytest.mark.parametrize("kind", ["image", "sticker", "edited", "unfollow", "left"])
def test_what_is_no_words_and_comes_late_is_attended_to_as_ever(database, rasa, kind):
    in_time = accept_at(database, "Có ai không ạ?", now())
    with dispatching(database, rasa):
        wait_for_texts(database, in_time)
    rasa.in_form.add(AN)
    late = accept_at(database, "", now() - timedelta(seconds=40), kind=kind)
    attendants = []

    async def attend(claim):
        attendants.append(claim.kind)
        return Attended((Reply("đã nhận"),))

    with dispatching(database, rasa, attend=lambda client: (attend,)):
        assert wait_for_texts(database, late) == ["đã nhận"]
    assert (row_of(database, late).state, attendants) == (DONE, [kind])


def test_what_comes_late_and_was_written_last_answers_its_form(database, rasa):
    written = now() - timedelta(seconds=40)
    first = accept_at(database, "câu một", written - timedelta(seconds=5))
    with dispatching(database, rasa):
        wait_for_texts(database, first)
    rasa.in_form.add(AN)
    late = accept_at(database, "câu hai", written)
    with dispatching(database, rasa):
        assert wait_for_texts(database, late) == ["Đã nghe: câu hai"]


def test_outside_a_form_what_comes_late_is_answered(database, rasa):
    in_time = accept_at(database, "có ai không", now())
    with dispatching(database, rasa):
        wait_for_texts(database, in_time)
    late = accept_at(database, "lệ phí khai sinh", now() - timedelta(seconds=40))
    with dispatching(database, rasa):
        assert wait_for_texts(database, late) == ["Đã nghe: lệ phí khai sinh"]


def accept_at(database, text, written, **more):
    arrival = make_arrival(text, AN, channel="zalo_oa")
    return inbox.accept(database, replace(arrival, at=written, **more))[0]


def test_what_was_put_back_answers_its_form_when_nothing_was_answered_since(database, rasa):
    failed = set_aside(database, rasa)
    rasa.in_form.add("web:an")
    replaying.replay(database, failed)
    with dispatching(database, rasa):
        assert wait_for_texts(database, failed) == ["Đã nghe: xin chào"]


def test_only_what_was_set_aside_is_put_back_and_only_once(database, rasa):
    done = accept(database)
    with dispatching(database, rasa):
        wait_for_texts(database, done)
    failed = set_aside(database, rasa)
    assert [replaying.replay(database, one) for one in (done, 999, failed, failed)] == [False, False, True, False]


def test_a_message_put_back_and_a_later_one_are_never_worked_on_together(database, rasa):
    failed = set_aside(database, rasa)
    later = accept(database, "câu sau")
    claim = inbox.claim_next(database)
    assert claim.id == later
    replaying.replay(database, failed)
    assert inbox.claim_next(database) is None
    with database.transaction() as session:
        inbox.finish(session, claim)
    assert inbox.claim_next(database).id == failed


def test_that_nobody_could_answer_is_no_notice_once_it_is_asked_anew(database, rasa):
    failed = set_aside(database, rasa, conversation="fake:an")
    replaying.replay(database, failed)
    with database.transaction() as session:
        for conversation in ("fake:an", "fake:elsewhere"):
            correspondents.ensure(session, conversation).person = "p"
        notices = [outbox.enqueue(session, "fake:an", [Reply(f"Tin {n}")])[0] for n in range(2)]
        session.execute(update(OutboxMessage).values(state=HELD))
    with database.transaction() as session:
        said = session.execute(select(OutboxMessage.id).order_by(OutboxMessage.id)).scalars().first()
        assert not send_elsewhere(session, said)
        assert send_elsewhere(session, notices[0])
        assert release_held(session, "fake:an", now()) == 2
        carriers = session.execute(select(OutboxMessage.id, OutboxMessage.carrier_id)).all()
    assert {row_id: carrier for row_id, carrier in carriers if carrier} == {notices[1]: notices[0]}


def test_staff_see_what_was_set_aside_and_nothing_of_what_it_says(database, rasa):
    first, second = set_aside(database, rasa, "chuyện kín"), set_aside(database, rasa)
    seen = replaying.list_failed(database)
    assert [one.id for one in seen] == [second, first]
    assert (seen[1].channel, seen[1].kind, seen[1].reason) == ("web", "text", "unreachable")
    assert "chuyện kín" not in repr(seen)
    assert replaying.list_failed(database, channel="telegram") == []


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.CRASH])
def test_what_is_left_of_a_turn_that_was_given_up_is_taken_back(database, rasa, fault):
    rasa.faults.extend([fault] * 3)
    rasa.moves = [{"event": "slot", "name": "told", "value": "chuyện"}]
    given_up, after = accept(database, "hỏng"), accept(database, "lành")
    with dispatching(database, rasa, give_up_after=0):
        assert wait_for_texts(database, given_up) == [sentences.NOT_ANSWERED]
        wait_until(lambda: row_of(database, after).state in (DONE, FAILED))
    slots = [event["value"] for event in rasa.events["web:an"] if event["event"] == "slot"]
    assert slots == (["chuyện", None] * 2 if fault is Fault.SILENT else [])


def test_one_message_that_can_not_be_stored_spoils_none_of_those_stored_with_it(database, rasa):
    rasa.answer = lambda one: say("x", [{"title": "Có", "payload": None}]) if one.message == "hỏng" else say("được")
    ids = [accept(database, "hỏng" if n == 3 else "lành", f"web:{n}") for n in range(8)]
    with dispatching(database, rasa, workers=8, give_up_after=0.1):
        said = [wait_for_texts(database, one) for one in ids]
    assert said == [[sentences.NOT_ANSWERED] if n == 3 else ["được"] for n in range(8)]
    assert texts_of(database, ids[0]) == ["được"]
