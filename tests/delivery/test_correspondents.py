import itertools
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.database import now
from bot.delivery import correspondents, inbox, outbox
from bot.delivery.model import Correspondent, OutboxMessage
from bot.delivery.outbox import Reply
from tests.factories import make_arrival


def arrive(database, conversation="fake:an", kind="text"):
    inbox.accept(database, inbox.Arrival("fake", str(now().timestamp()), conversation, "chào", kind=kind))


def known(database, conversation="fake:an"):
    with database.reading() as session:
        return session.get(Correspondent, conversation)


def is_reachable(database, conversation="fake:an"):
    with database.reading() as session:
        return correspondents.reachable(session, conversation)


def link(database, *conversations):
    with database.transaction() as session:
        for conversation in conversations:
            correspondents.ensure(session, conversation).person = "p"


def best_other(database, conversation, **more):
    with database.reading() as session:
        return correspondents.best_other(session, conversation, **more)


def test_whoever_writes_is_heard_of(database):
    before = now()
    arrive(database)
    assert known(database).channel == "fake"
    assert before <= known(database).heard_at <= now()


def test_a_page_that_fetches_is_kept_in_mind_only_once_it_is_linked(database):
    inbox.accept(database, make_arrival())
    assert known(database, "web:an") is None
    link(database, "web:an")
    inbox.accept(database, make_arrival())
    assert known(database, "web:an").heard_at is not None


def test_who_left_cannot_be_reached_until_they_write_again(database):
    arrive(database)
    arrive(database, kind="left")
    assert (is_reachable(database), known(database).gone_reason) == (False, "left")
    arrive(database)
    assert (is_reachable(database), known(database).gone_reason) == (True, None)


@pytest.mark.parametrize("order", list(itertools.permutations((0, 1, 2))))
@pytest.mark.parametrize("last", ["left", "follow"])
def test_whether_a_person_is_there_is_what_they_did_last_in_whatever_order_it_comes(database, order, last):
    begun = now() - timedelta(minutes=1)
    kinds = ["text", "follow" if last == "left" else "left", last]
    for place in order:
        at = begun + timedelta(seconds=place)
        inbox.accept(database, inbox.Arrival("fake", str(place), "fake:an", "", kind=kinds[place], at=at))
    assert is_reachable(database) is (last == "follow")


def test_an_unfollow_is_no_end_and_no_word_of_the_citizen(database):
    wrote = now() - timedelta(hours=1)
    arrivals = [
        inbox.Arrival("fake", kind, "fake:an", "", kind=kind, at=wrote + timedelta(minutes=number))
        for number, kind in enumerate(("text", "unfollow"))
    ]
    inbox.accept_many(database, arrivals)
    assert (is_reachable(database), known(database).heard_at) == (True, wrote)
    inbox.accept(database, inbox.Arrival("fake", "1", "fake:binh", "", kind="unfollow"))
    assert known(database, "fake:binh") is None


def test_who_was_never_heard_of_counts_as_reachable(database):
    assert is_reachable(database)


def test_the_bot_keeps_still_as_long_as_a_person_has_the_word(database):
    with database.transaction() as session:
        correspondents.keep_silent(session, "fake:an", now() + timedelta(minutes=30))
        assert correspondents.is_silent(session, "fake:an")
        assert not correspondents.is_silent(session, "fake:an", now() + timedelta(minutes=31))
        assert not correspondents.is_silent(session, "fake:binh")


def test_the_conversations_of_a_person_are_found_from_each_of_them(database):
    link(database, "fake:an", "web:an")
    with database.reading() as session:
        assert correspondents.conversations_of(session, "web:an") == ["web:an", "fake:an"]
        assert correspondents.conversations_of(session, "fake:binh") == ["fake:binh"]


def test_a_person_is_told_where_they_were_heard_of_last_and_can_be_sent_to(database):
    link(database, "fake:an", "web:an", "other:an", "third:an")
    arrive(database, "other:an")
    arrive(database, "web:an")
    assert best_other(database, "fake:an") == "other:an"
    with database.transaction() as session:
        for name in ("other:an", "third:an"):
            correspondents.gone(session, name, "blocked")
    assert best_other(database, "fake:an") == "web:an"
    assert best_other(database, "fake:an", sent_to=True) is None


def test_two_who_are_not_linked_are_not_the_same_person(database):
    arrive(database, "fake:an")
    arrive(database, "other:an")
    assert best_other(database, "fake:an") is None


@pytest.mark.parametrize(("put_off", "waits"), [(timedelta(hours=8), False), (timedelta(minutes=1), True)])
def test_what_was_put_off_for_long_does_not_stand_before_the_answer(database, put_off, waits):
    with database.transaction() as session:
        outbox.enqueue(session, "fake:an", [Reply("phản ánh đã có câu trả lời")])
        session.execute(update(OutboxMessage).values(next_attempt_at=now() + put_off))
    arrive(database)
    with database.reading() as session:
        due = session.execute(select(OutboxMessage.next_attempt_at)).scalar_one()
    assert (due > now()) is waits
