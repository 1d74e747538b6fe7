"""What several rooms' tests need: a migrated database, settings, waiting for a condition."""

import asyncio
import contextlib
import socket
import threading
import time
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.engine.url import make_url

from bot.complaints.reading import Look, see_complaint
from bot.database import Database
from bot.delivery import inbox, outbox, turns
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.inbox import Arrival
from bot.delivery.model import DONE, FAILED, InboxMessage
from bot.delivery.rasa import RasaClient
from bot.settings import load_settings

KEY = "k3Yf0r-T3sts-0nly-and-l0ng-en0ugh-XyZ"
OTHER_KEY = "an0th3r-k3Y-that-is-l0ng-en0ugh-QwErTy"
TOKEN = "t0k3n-f0r-tests-0nly-and-l0ng-en0ugh"


def make_database(folder, keys=(KEY,)):
    database = Database(f"sqlite:///{folder / 'motcua.db'}", keys)
    database.migrate()
    return database


@contextlib.contextmanager
def running(server, sockets=None):
    """A server of uvicorn in a thread, from when it listens to its end."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
    thread.start()
    while thread.is_alive() and not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def make_settings(folder, **values):
    given = {"MOTCUA_HOME": str(folder), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}
    return load_settings({**given, **{f"MOTCUA_{name}": str(value) for name, value in values.items()}})


def make_arrival(text="xin chào", conversation="web:an", key=None, payload=None, channel="web"):
    key = key or f"{conversation}:{time.monotonic_ns()}"
    return Arrival(channel=channel, external_key=key, conversation=conversation, text=text, payload=payload)


def accept(database, text="xin chào", conversation="web:an", **more):
    return inbox.accept(database, make_arrival(text, conversation, **more))[0]


def open_complaint(database, code, by="officer", why="gọi lại"):
    """A complaint as its reader sees it, with contact and personal values."""
    return see_complaint(database, code, Look(by, contact=True, restricted=True, readers=(by,), why=why))


def row_of(database, inbox_id):
    with database.reading() as session:
        return session.get(InboxMessage, inbox_id)


def texts_of(database, inbox_id):
    with database.reading() as session:
        return [reply.text for reply in outbox.replies_to(session, inbox_id)]


def turn_of(database, inbox_id):
    with database.reading() as session:
        return turns.find_turn(session, inbox_id)


def wait_for_texts(database, inbox_id):
    """What was answered to a message, as soon as it is finished or set aside."""
    wait_until(lambda: row_of(database, inbox_id).state in (DONE, FAILED))
    return texts_of(database, inbox_id)


@contextlib.contextmanager
def dispatching(database, rasa, give_up_after=60.0, workers=2, timeout=10.0, attend=lambda client: ()):
    """A dispatcher at work in a thread of its own.

    Args:
        attend: makes its attendants out of the client of Rasa.
    """
    stop = threading.Event()

    async def work():
        client = RasaClient(rasa.url, TOKEN, rasa.actions_url, timeout)
        task = asyncio.create_task(Dispatcher(database, client, give_up_after, workers, attend(client)).run())
        while not stop.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await client.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def raw_bytes(database):
    """Everything that lies in a database: the bytes of its files, or of every field where a server keeps the files."""
    url = make_url(database.url)
    if database.embedded:
        return b"".join(path.read_bytes() for path in sorted(Path(url.database).parent.glob("motcua.db*")))
    with database.reading() as session:
        tables = inspect(session.connection()).get_table_names()
        rows = [row for table in tables for row in session.execute(text(f'select * from "{table}"'))]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=15.0):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"waited {seconds:.0f} s for nothing"
        time.sleep(0.01)
    return found
