import asyncio
import contextlib
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DataError, OperationalError

from bot.database import Database, now
from bot.delivery import inbox
from bot.delivery.counters import REGISTRY
from bot.delivery.inbox import File
from bot.delivery.intake import Intake
from bot.delivery.model import Attachment, InboxMessage
from tests.factories import KEY, Stumbling, make_arrival, make_database


def take_in(database, arrivals):
    """What came of each message, and how often the dispatcher was told."""
    told = []

    async def run():
        intake = Intake(database, lambda: told.append(1))
        return await asyncio.gather(*map(intake.accept, arrivals), return_exceptions=True)

    return asyncio.run(run()), len(told)


def count(database):
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(InboxMessage)).scalar_one()


def test_many_at_once_are_all_stored_in_few_commits(database):
    results, told = take_in(database, [make_arrival(f"tin {n}", key=f"k-{n}") for n in range(500)])
    assert count(database) == 500
    assert all(new for _, new in results)
    assert 1 <= told <= 10


def test_a_conversation_keeps_its_order(database):
    results, _ = take_in(database, [make_arrival(f"tin {n}", key=f"k-{n}") for n in range(300)])
    ids = [row_id for row_id, _ in results]
    assert ids == sorted(ids)


def test_the_same_message_in_one_batch_and_later_is_stored_once(database):
    twice = [make_arrival(key="k-1"), make_arrival(key="k-1"), make_arrival(key="k-2")]
    first, _ = take_in(database, twice)
    again, told = take_in(database, twice[:1])
    assert [new for _, new in first] == [True, False, True]
    assert again == [(first[0][0], False)]
    assert (count(database), told) == (2, 0)


def test_one_that_no_database_takes_harms_no_other(database):
    bad = make_arrival(key="k-\ud800")
    results, _ = take_in(database, [make_arrival(key="k-1"), bad, make_arrival(key="k-2")])
    assert isinstance(results[1], DataError)
    assert count(database) == 2


def test_what_follows_one_that_could_not_be_stored_waits_for_it_to_be_sent_again(database):
    stumbling = Stumbling(database.url, (KEY,))
    arrivals = [make_arrival("câu một", key="k-1"), make_arrival("câu hai", key="k-2")]
    results, _ = take_in(stumbling, [*arrivals, make_arrival(conversation="web:binh", key="k-3")])
    assert [isinstance(one, OperationalError) for one in results] == [True, True, False]
    again, _ = take_in(stumbling, arrivals)
    stumbling.close()
    assert [new for _, new in again] == [True, True]
    assert again[0][0] < again[1][0]


def test_programs_that_get_the_same_messages_store_each_once(database):
    others = [Database(database.url, (KEY,)) for _ in range(4)]
    arrivals = [make_arrival(f"tin {n}", conversation=f"web:{n % 3}", key=f"k-{n}") for n in range(100)]

    async def run():
        intakes = [Intake(one, lambda: None) for one in others]
        calls = [intake.accept(arrival) for arrival in arrivals for intake in intakes]
        return await asyncio.gather(*calls)

    results = asyncio.run(run())
    for one in others:
        one.close()
    assert count(database) == 100
    assert sum(new for _, new in results) == 100


def test_who_goes_away_while_waiting_leaves_the_message_behind(database):
    async def run():
        intake = Intake(database, lambda: None)
        waiting = asyncio.create_task(intake.accept(make_arrival(key="k-1")))
        await asyncio.sleep(0)
        waiting.cancel()
        await intake.accept(make_arrival(key="k-2"))

    asyncio.run(run())
    assert count(database) == 2


@pytest.mark.parametrize("name", ["", "đơn.pdf"])
def test_files_lie_beside_their_message_encrypted(database, name):
    arrival = make_arrival("ảnh đây")
    arrival = inbox.Arrival(
        "web", "k-1", arrival.conversation, "", kind="image", files=(File("image", "reference-1", name, 9),)
    )
    message_id, _ = inbox.accept(database, arrival)
    with database.reading() as session:
        row = session.execute(select(Attachment)).scalar_one()
        assert (row.inbox_id, row.kind, row.size) == (message_id, "image", 9)
        assert b"reference-1" not in row.reference
        assert (database.cipher.unseal(row.reference), database.cipher.unseal(row.name)) == ("reference-1", name)


def test_how_long_it_took_is_counted_for_each(database):
    def kept():
        return REGISTRY.get_sample_value("motcua_keep_seconds_count", {"channel": "web"}) or 0

    before = kept()
    take_in(database, [make_arrival(key="k-1"), make_arrival(key="k-1"), make_arrival(key="k-2")])
    assert kept() == before + 3


def test_what_arrives_waits_for_no_thread_that_others_keep(database):
    free = threading.Event()

    async def run():
        kept = [asyncio.create_task(asyncio.to_thread(free.wait, 20)) for _ in range(64)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(Intake(database, lambda: None).accept(make_arrival()), 10)
        finally:
            free.set()
            await asyncio.gather(*kept)

    assert asyncio.run(run())[1]


@contextlib.contextmanager
def statements(database):
    """What the database is told meanwhile, each with its values."""
    told = []

    def tell(_connection, _cursor, statement, values, _context, many):
        told.append((statement, values[0] if many else values))

    event.listen(database.engine, "before_cursor_execute", tell)
    try:
        yield told
    finally:
        event.remove(database.engine, "before_cursor_execute", tell)


def people_at_once(beginning, days_ago=0, apart=0):
    at = now() - timedelta(days=days_ago)
    return [
        inbox.Arrival("fake", f"{beginning}-{n}", f"fake:{n}", "chào", at=at - timedelta(seconds=n * apart))
        for n in range(20)
    ]


def test_what_arrives_looks_at_no_more_of_an_inbox_that_grew(tmp_path):
    database = make_database(tmp_path)
    with statements(database) as told:
        inbox.accept_many(database, people_at_once("k"))
    with database.engine.connect() as connection:
        plans = [
            step.detail
            for statement, values in told
            if statement.startswith(("SELECT", "UPDATE"))
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    database.close()
    assert any("inbox" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN")]


def test_who_wrote_at_different_moments_is_heard_of_as_quickly_as_at_one(database):
    inbox.accept_many(database, people_at_once("first", days_ago=3))
    with statements(database) as at_one:
        inbox.accept_many(database, people_at_once("second", days_ago=2))
    with statements(database) as at_many:
        inbox.accept_many(database, people_at_once("third", days_ago=1, apart=1))
    assert len(at_many) == len(at_one)
