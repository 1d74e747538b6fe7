"""A long past costs the present nothing: no statement of every day walks through what was ever answered and sent."""

import contextlib
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event, insert

from bot.database import now
from bot.delivery import correspondents, inbox, outbox, outgoing, replaying, sweeping
from bot.delivery.model import DELIVERED, DONE, Correspondent, InboxMessage, OutboxMessage, Turn
from bot.operations import standing
from tests.delivery.sending import say, send_all
from tests.delivery.test_replay import accept_at
from tests.factories import accept, dispatching, make_database, wait_for_texts
from tests.fakes.adapter import FakeAdapter

# Messages of the past, each of somebody else; a statement that only looks at each takes as many steps at least.
PAST = 3_000


@pytest.fixture
def old(tmp_path):
    """A database without statistics, as SQLite's is when nobody asks for them, in which much has happened."""
    database = make_database(tmp_path)
    people = [f"fake:{number}" for number in range(PAST)]
    with database.transaction() as session:
        for table, more in (
            (Correspondent, {"channel": "fake", "heard_at": now()}),
            (InboxMessage, {"channel": "fake", "body": b"x", "state": DONE, "written_at": now()}),
            (OutboxMessage, {"channel": "fake", "body": b"x", "state": DELIVERED}),
            (Turn, {"outcome": "answer"}),
        ):
            rows = [{"conversation": name, **_own(table, number), **more} for number, name in enumerate(people)]
            session.execute(insert(table), rows)
    return database


def _own(table, number):
    return {
        InboxMessage: {"external_key": f"k{number}"},
        OutboxMessage: {"inbox_id": number, "position": 0},
        Turn: {"inbox_id": number},
    }.get(table, {})


@contextlib.contextmanager
def counting(database):
    """Steps of SQLite's own machine by statement, the dearest run of each."""
    running, steps, dearest = {}, Counter(), Counter()

    def watch(connection, _record):
        def step():
            steps[id(connection)] += 1

        connection.set_progress_handler(step, 1)

    def begin(connection, _cursor, statement, *_):
        end(id(connection.connection.dbapi_connection), statement)

    def end(key, following=None):
        before = running.pop(key, None)
        if before:
            dearest[before] = max(dearest[before], steps[key])
        steps[key] = 0
        if following:
            running[key] = following

    event.listen(database.engine, "connect", watch)
    event.listen(database.engine, "before_cursor_execute", begin)
    # What is open already is not watched.
    database.engine.dispose()
    yield dearest
    for key in list(running):
        end(key)


def be_answered(database, rasa):
    written = now() - timedelta(seconds=40)
    late = accept_at(database, "Ổ gà trước số nhà 12", written)
    with dispatching(database, rasa):
        wait_for_texts(database, late)
        wait_for_texts(database, accept(database, "2"))


def be_sent(database, _rasa):
    say(database, "một", "fake:7")
    send_all(database, FakeAdapter())


def be_swept(database, _rasa):
    say(database, "một", "zalo_oa:7")
    sweeping.sweep(database, ("zalo_oa", "fake"), now())


def be_looked_at(database, _rasa):
    with database.reading() as session:
        standing.look(session)
    replaying.list_failed(database)


def be_started(database, _rasa):
    inbox.release_claims(database)
    outgoing.free_claims(database, ("zalo_oa", "fake"))


def be_read(database, _rasa):
    say(database, "một", "web:an")
    with database.transaction() as session:
        correspondents.heard(session, "web:an", now())
        assert outbox.read_lines(session, "web:an", 0).lines


@pytest.mark.parametrize("what", [be_answered, be_sent, be_swept, be_looked_at, be_started, be_read])
def test_no_statement_walks_through_the_past(old, rasa, what):
    with counting(old) as dearest:
        what(old, rasa)
    assert dearest, "nothing was counted"
    assert {statement: count for statement, count in dearest.items() if count >= PAST} == {}


def test_the_count_sees_a_walk(old):
    with counting(old) as dearest, old.reading() as session:
        session.query(InboxMessage).filter(InboxMessage.kind == "nothing").all()
    assert max(dearest.values()) >= PAST
