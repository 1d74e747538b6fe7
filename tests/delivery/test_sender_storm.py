"""Many messages, many ways to fail: each ends in a named state, arrives once, and in order."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select

from bot.delivery import correspondents
from bot.delivery.adapter import MustWait, Refused, Taken, TryAgain
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, HELD, PENDING, Correspondent, OutboxMessage
from bot.settings import ROOT
from tests.delivery.sending import Clock, make_sender, row_of, say, send_all
from tests.factories import KEY, wait_until
from tests.fakes.adapter import FakeAdapter

ARRIVED = ("arrived", TryAgain("timeout", uncertain=True))
OUTCOMES = [
    Taken("m"),
    TryAgain("busy"),
    TryAgain("too_many", after=3.0, everybody=True),
    ARRIVED,
    ValueError("broken"),
    Refused("too_long"),
    Refused("blocked", gone=True),
    MustWait("window"),
]
PEOPLE = ["fake:an", "fake:binh"]

# Sends what there is through an adapter that writes to a file what arrived; says when it stands at the gate.
CHILD = """
import asyncio, sys
from bot.database import Database
from bot.delivery.adapter import Taken
from bot.delivery.sender import Sender
from tests.fakes.adapter import FakeAdapter
url, key, path, pause, gate = sys.argv[1:]

class Writing(FakeAdapter):
    async def deliver(self, conversation, part):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{conversation}|{part['text']}\\n")
        if part["text"] == gate:
            await asyncio.sleep(60)
        await asyncio.sleep(float(pause))
        return Taken()

database = Database(url, (key,))
asyncio.run(Sender(database, {"fake": Writing()}).run())
"""


@pytest.fixture
def child(database, tmp_path):
    """Starts senders of their own; what arrived stands in a file."""
    path, started = tmp_path / "arrived", []
    path.touch()

    def start(pause=0.002, gate="-"):
        command = [
            sys.executable,
            "-c",
            CHILD,
            database.engine.url.render_as_string(False),
            KEY,
            path,
            str(pause),
            gate,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start, lambda: [line.split("|") for line in path.read_text(encoding="utf-8").splitlines()]
    for process in started:
        process.kill()
        process.wait()


def all_rows(database):
    with database.reading() as session:
        return list(session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars())


def empty(database):
    with database.transaction() as session:
        for table in (OutboxMessage, Correspondent):
            session.execute(delete(table))


def run_to_the_end(database, adapter):
    """Clock moves and citizens write until every message has a final state."""
    clock = Clock()
    for _ in range(400):
        send_all(database, adapter, clock=clock)
        rows = [row for row in all_rows(database) if row.state not in (DELIVERED, FAILED)]
        if not rows:
            return
        with database.transaction() as session:
            for conversation in {row.conversation for row in rows if row.state == HELD}:
                correspondents.heard(session, conversation, clock.moment)
        waiting = [row.next_attempt_at for row in rows if row.state == PENDING]
        clock.moment = max([clock.moment, *waiting]) if waiting else clock.moment
        clock.move(4)
    raise AssertionError("something never ended")


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scripts=st.fixed_dictionaries({name: st.lists(st.sampled_from(OUTCOMES), max_size=8) for name in PEOPLE}),
    said=st.lists(st.tuples(st.sampled_from(PEOPLE), st.booleans(), st.integers(1, 3)), min_size=1, max_size=8),
)
def test_whatever_happens_every_message_ends_and_each_part_arrives_once(database, scripts, said):
    empty(database)
    adapter = FakeAdapter(limit=20)
    for name, script in scripts.items():
        adapter.script[name] = list(script)
    words = []
    for number, (conversation, notice, parts) in enumerate(said):
        words.append([f"{number}a{part}" + "x" * 14 for part in range(parts)])
        say(database, " ".join(words[-1]), conversation, None if notice else number + 1)
    run_to_the_end(database, adapter)
    check(all_rows(database), words, adapter)


def check(rows, words, adapter):
    arrived = Counter(word for _, text in adapter.taken for word in text.split())
    by_id = {row.id: row for row in rows}
    for row, parts in zip(rows, words, strict=True):
        uncertain = by_id.get(row.carrier_id, row).uncertain
        assert row.state in (DELIVERED, FAILED)
        assert (row.state == DELIVERED) == (row.reason is None)
        times = [arrived[part] for part in parts]
        assert sum(times) <= len(parts) + uncertain
        if row.state == DELIVERED:
            assert all(times)
            assert sum(times) == len(parts) or uncertain


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(st.sampled_from([Taken("m"), TryAgain("busy"), Refused("too_long"), ARRIVED]), max_size=10))
def test_what_is_not_held_arrives_in_order(database, script):
    empty(database)
    adapter = FakeAdapter()
    adapter.script["fake:an"] = list(script)
    for number in range(6):
        say(database, f"{number}", inbox_id=number + 1)
    run_to_the_end(database, adapter)
    arrived = adapter.texts_of("fake:an")
    assert arrived == sorted(arrived)


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_two_senders_never_send_one_message_twice(database, child):
    start, arrived = child
    for number in range(120):
        say(database, f"{number:03}", f"fake:c{number % 7}")
    start()
    start()
    wait_until(lambda: all(row.state == DELIVERED for row in all_rows(database)), 40)
    lines = arrived()
    assert len(lines) == len({text for _, text in lines}) == 120
    for conversation in {name for name, _ in lines}:
        texts = [text for name, text in lines if name == conversation]
        assert texts == sorted(texts)


def test_what_a_killed_sender_had_in_hand_is_sent_again_and_counted(database, child):
    start, arrived = child
    ids = [say(database, text) for text in ("một", "hai", "ba")]
    first = start(gate="hai")
    wait_until(lambda: len(arrived()) == 2, 30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert [row_of(database, one).state for one in ids] == [DELIVERED, CLAIMED, PENDING]
    adapter, clock = FakeAdapter(), Clock()
    clock.move(61)
    send_all(database, adapter, clock=clock)
    assert adapter.texts_of("fake:an") == ["hai", "ba"]
    assert [row_of(database, one).uncertain for one in ids] == [0, 1, 0]


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_a_hundred_conversations_at_once_share_their_commits(database):
    adapter = FakeAdapter()
    for number in range(100):
        say(database, "chào", f"fake:c{number}")
    commits = []

    async def work():
        sender = make_sender(database, adapter, at_once=100)
        task = asyncio.create_task(sender.run())
        while len(adapter.taken) < 100 or not sender.is_idle():
            await asyncio.sleep(0.002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    event.listen(database.engine, "commit", lambda _: commits.append(1))
    asyncio.run(work())
    assert len(commits) < 50
