"""A notice that does not arrive on one channel of its person, and the others that it is tried on, each once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.database import now
from bot.delivery import correspondents, outbox
from bot.delivery.adapter import MustWait, Refused
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.model import DELIVERED, FAILED, HELD, PENDING, OutboxMessage
from bot.delivery.outbox import Reply
from bot.delivery.overview import resend
from tests.delivery.sending import say, send_all
from tests.fakes.adapter import FakeAdapter

BLOCKED, CLOSED = Refused("blocked", gone=True), MustWait("window_closed")
ZALO, TELEGRAM, BOT, PAGE = "zalo_oa:7", "telegram:7", "zalo_bot:7", "web:7"
TOLD = "Phản ánh đã có trả lời"


@pytest.fixture
def channels():
    return {name: FakeAdapter(name, limit=400) for name in ("zalo_oa", "telegram", "zalo_bot")}


def link(database, *conversations):
    """One person; heard of last in the first of them."""
    with database.transaction() as session:
        for hours, name in enumerate(conversations):
            who = correspondents.ensure(session, name)
            who.person, who.heard_at = "p", now() - timedelta(hours=hours)


def script(channels, conversation, *outcomes):
    channels[conversation.split(":")[0]].script[conversation].extend(outcomes)


def send(database, channels):
    send_all(database, *channels.values())


def write(database, conversation):
    with database.transaction() as session:
        correspondents.heard(session, conversation)


def rows(database):
    with database.reading() as session:
        found = session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars()
        return [(row.conversation, row.state, row.reason) for row in found]


def taken(channels):
    return [conversation for one in channels.values() for conversation, _ in one.taken]


def tell_on_page(database):
    """A notice for the page of the web, which nobody looks at: sent on to where its person reads.

    Returns:
        The row on the page.
    """
    with database.transaction() as session:
        (told,) = outbox.enqueue(session, PAGE, [Reply(TOLD)])
        assert send_elsewhere(session, told, sent_to=True)
    return told


def test_what_had_to_wait_and_is_refused_elsewhere_goes_out_when_the_citizen_writes(database, channels):
    link(database, ZALO, TELEGRAM)
    script(channels, ZALO, CLOSED, CLOSED)
    script(channels, TELEGRAM, BLOCKED)
    say(database, TOLD, ZALO)
    send(database, channels)
    assert rows(database) == [(ZALO, HELD, "window_closed"), (TELEGRAM, FAILED, "blocked")]
    write(database, ZALO)
    send(database, channels)
    assert taken(channels) == [ZALO]
    assert rows(database)[0] == (ZALO, DELIVERED, None)


def test_a_refused_notice_goes_to_every_other_conversation_in_turn(database, channels):
    link(database, TELEGRAM, BOT, ZALO, PAGE)
    for name in (TELEGRAM, BOT):
        script(channels, name, BLOCKED)
    tell_on_page(database)
    send(database, channels)
    assert taken(channels) == [ZALO]
    assert [row[1] for row in rows(database)] == [PENDING, FAILED, FAILED, DELIVERED]


def test_what_must_wait_where_it_was_sent_on_to_goes_further(database, channels):
    link(database, ZALO, TELEGRAM, PAGE)
    script(channels, ZALO, CLOSED)
    tell_on_page(database)
    send(database, channels)
    assert taken(channels) == [TELEGRAM]


def test_what_went_further_comes_back_to_where_it_only_had_to_wait(database, channels):
    link(database, ZALO, TELEGRAM, BOT, PAGE)
    script(channels, ZALO, CLOSED, CLOSED)
    for name in (TELEGRAM, BOT):
        script(channels, name, BLOCKED)
    told = tell_on_page(database)
    send(database, channels)
    assert rows(database)[1] == (ZALO, HELD, "window_closed")
    with database.reading() as session:
        stands = session.execute(select(OutboxMessage).where(OutboxMessage.origin_id == told)).scalar_one()
    assert stands.conversation == ZALO
    write(database, ZALO)
    send(database, channels)
    assert taken(channels) == [ZALO]


def test_nothing_goes_round_for_ever(database, channels):
    names = (ZALO, TELEGRAM, BOT)
    link(database, *names)
    script(channels, ZALO, *[CLOSED] * 6)
    for name in (TELEGRAM, BOT):
        script(channels, name, *[BLOCKED] * 9)
    say(database, TOLD, ZALO)
    for _ in range(3):
        send(database, channels)
        for name in names:
            write(database, name)
    assert [name for name, _, _ in rows(database)] == list(names)
    assert [len(one.tries) for one in channels.values()][1:] == [1, 1]
    channels["zalo_oa"].script[ZALO] = [BLOCKED]
    send(database, channels)
    assert [state for _, state, _ in rows(database)] == [FAILED] * 3


def test_a_channel_that_was_linked_meanwhile_is_tried_once_more(database, channels):
    link(database, ZALO, TELEGRAM)
    script(channels, ZALO, CLOSED, CLOSED, CLOSED)
    script(channels, TELEGRAM, BLOCKED)
    say(database, TOLD, ZALO)
    send(database, channels)
    link(database, ZALO, TELEGRAM, BOT)
    write(database, ZALO)
    send(database, channels)
    assert taken(channels) == [BOT]


def test_a_page_on_which_it_was_read_is_enough(database, channels):
    link(database, TELEGRAM, BOT, PAGE)
    script(channels, TELEGRAM, BLOCKED)
    told = tell_on_page(database)
    with database.transaction() as session:
        outbox.mark_delivered(session, PAGE, told)
    send(database, channels)
    assert taken(channels) == []


def test_only_what_stands_for_a_notice_is_sent_again_by_hand(database, channels):
    link(database, TELEGRAM, BOT, PAGE)
    for name in (TELEGRAM, BOT):
        script(channels, name, BLOCKED)
    told = tell_on_page(database)
    send(database, channels)
    assert [resend(database, told + back) for back in (0, 1, 2)] == [False, False, True]


def test_what_waits_where_it_came_back_to_is_not_sent_elsewhere_by_hand(database, channels):
    link(database, ZALO, TELEGRAM)
    script(channels, ZALO, CLOSED, CLOSED)
    script(channels, TELEGRAM, BLOCKED)
    told = say(database, TOLD, ZALO)
    send(database, channels)
    assert not resend(database, told + 1)
