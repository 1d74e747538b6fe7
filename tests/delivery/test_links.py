import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.database import now
from bot.delivery import correspondents, inbox, links, sentences
from bot.delivery.links import LinkAttendant
from bot.delivery.model import LinkCode, OutboxMessage
from bot.delivery.outbox import read_reply
from tests.factories import make_arrival, raw_bytes

WEB, TELEGRAM, THIEF = "web:an", "telegram:7", "zalo_oa:9"


def attend(database, conversation, text, payload=None):
    """What the gateway says to a message, and after it."""
    arrival = make_arrival(text, conversation, payload=payload, channel=conversation.split(":")[0])
    inbox.accept(database, arrival)
    claim = inbox.claim_next(database)
    attended = asyncio.run(LinkAttendant(database)(claim))
    with database.transaction() as session:
        inbox.finish(session, claim)
        if attended and attended.done:
            attended.done(session)
    return attended


def say(database, conversation, text):
    attended = attend(database, conversation, text)
    return attended.replies[0].text if attended else None


def tap(database, conversation, reply, title):
    button = next(button for button in reply.buttons if button.title == title)
    return attend(database, conversation, title, button.payload)


def link(database, one=WEB, other=TELEGRAM):
    asked = attend(database, other, links.issue_code(database, one)).replies[0]
    tap(database, other, asked, sentences.LINK_YES)


def linked(database, conversation):
    with database.reading() as session:
        return correspondents.conversations_of(session, conversation)


def told(database, conversation):
    rows = select(OutboxMessage.body).where(OutboxMessage.conversation == conversation).order_by(OutboxMessage.id)
    with database.reading() as session:
        return [read_reply(database.cipher, body) for body in session.execute(rows).scalars()]


def test_a_code_shown_elsewhere_links_both_after_a_yes(database):
    code = links.issue_code(database, WEB)
    asked = attend(database, TELEGRAM, f"  {code.lower()} ").replies[0]
    assert asked.text == sentences.LINK_SURE.format(channel="trên trang web")
    assert linked(database, WEB) == [WEB]
    tap(database, TELEGRAM, asked, sentences.LINK_YES)
    assert linked(database, WEB) == [WEB, TELEGRAM]
    assert told(database, TELEGRAM)[0].text == sentences.LINKED.format(channel="trên trang web")


def test_the_conversation_of_the_code_is_told_and_can_undo_it(database):
    link(database)
    link(database, WEB, THIEF)
    warned = told(database, WEB)[1]
    assert warned.text == sentences.LINKED_THERE.format(channel="trên Zalo")
    tap(database, WEB, warned, sentences.UNLINK)
    assert (linked(database, WEB), linked(database, THIEF)) == ([WEB, TELEGRAM], [THIEF])


def test_who_says_no_is_not_linked(database):
    asked = attend(database, TELEGRAM, links.issue_code(database, WEB)).replies[0]
    answer = tap(database, TELEGRAM, asked, sentences.LINK_NO).replies[0]
    assert (answer.text, linked(database, WEB)) == (sentences.LINK_LEFT_OUT, [WEB])


def test_a_code_is_good_once(database):
    code = links.issue_code(database, WEB)
    asked = attend(database, TELEGRAM, code).replies[0]
    tap(database, TELEGRAM, asked, sentences.LINK_YES)
    assert "không đúng" in say(database, THIEF, code)
    tap(database, TELEGRAM, asked, sentences.LINK_YES)
    assert told(database, TELEGRAM)[1].text.startswith("Mã nối kênh này không đúng")
    assert len(linked(database, WEB)) == 2


def test_a_code_is_good_for_a_quarter_of_an_hour(database):
    code = links.issue_code(database, WEB)
    with database.transaction() as session:
        session.execute(update(LinkCode).values(expires_at=now() - timedelta(seconds=1)))
    assert "không đúng" in say(database, TELEGRAM, code)


def test_a_new_code_ends_the_one_before(database):
    first, second = (links.issue_code(database, WEB) for _ in range(2))
    assert "không đúng" in say(database, TELEGRAM, first)
    assert attend(database, TELEGRAM, second).replies[0].buttons


def test_a_code_shown_where_it_came_from_is_still_good_elsewhere(database):
    code = links.issue_code(database, WEB)
    assert say(database, WEB, code) == sentences.LINK_SAME
    assert attend(database, TELEGRAM, code).replies[0].buttons


def test_after_five_wrong_codes_even_a_right_one_has_to_wait(database):
    for _ in range(5):
        assert "không đúng" in say(database, TELEGRAM, "NK-AAA2-AAAA")
    code = links.issue_code(database, WEB)
    assert say(database, TELEGRAM, code) == sentences.LINK_TOO_MANY
    with database.transaction() as session:
        correspondents.ensure(session, TELEGRAM).wrong_since = now() - timedelta(minutes=11)
    assert attend(database, TELEGRAM, code).replies[0].buttons


def test_three_conversations_are_one_person(database):
    link(database, WEB, TELEGRAM)
    link(database, WEB, "zalo_bot:3")
    assert set(linked(database, "zalo_bot:3")) == {WEB, TELEGRAM, "zalo_bot:3"}


def test_who_shows_a_code_brings_nobody_along(database):
    link(database, THIEF, "zalo_bot:3")
    link(database, WEB, THIEF)
    assert set(linked(database, WEB)) == {WEB, THIEF}
    assert linked(database, "zalo_bot:3") == ["zalo_bot:3"]


@pytest.mark.parametrize(
    "text", ["xin chào", "PA-0123-4567-89AB", "nk", "x" * 300 + " NK-AAA2-AAAA", "lam nk theo dien nao"]
)
def test_what_is_no_code_is_left_to_the_bot(database, text):
    assert attend(database, WEB, text) is None
    assert attend(database, WEB, "Lệ phí", '/ask_procedure_fee{"procedure": "khai-sinh"}') is None


def test_a_payload_made_up_by_hand_links_nothing(database):
    attend(database, THIEF, "Nối", "gateway:link:" + "0" * 64)
    assert linked(database, THIEF) == [THIEF]


def test_the_code_itself_is_kept_nowhere(database):
    code = links.issue_code(database, WEB)
    assert code.encode() not in raw_bytes(database)
    with database.transaction() as session:
        assert links.drop_old_codes(session, now() + timedelta(days=1)) == 1
