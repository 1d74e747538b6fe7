"""A PostgreSQL server of the tests' own: made on demand, on loopback, gone when the run ends."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.engine.url import URL, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from bot.database import Database
from tests.factories import KEY, free_port

TEMPLATE = "template"
# PostgreSQL refuses to run as root.
UNPRIVILEGED = ("postgres", "nobody")
# Nothing of a test must survive a power cut.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_PR_SET_PDEATHSIG = 1

OURS = "'public'::regnamespace"
RESTART_IDS = f"SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = {OURS}"
END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# What changes with any table, column, index, constraint or trigger.
SCHEMA = f"""
SELECT
  (SELECT count(*) FROM pg_class WHERE relnamespace = {OURS}),
  (SELECT sum(oid::bigint) FROM pg_class WHERE relnamespace = {OURS}),
  (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
   WHERE relnamespace = {OURS} AND NOT attisdropped),
  (SELECT sum(oid::bigint) FROM pg_constraint WHERE connamespace = {OURS}),
  (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
   WHERE relnamespace = {OURS} AND NOT tgisinternal)
"""


class NoServerError(Exception):
    """There is no PostgreSQL to test with; the message says why."""


@dataclass
class PostgresServer:
    """Gives out databases whose schema is up to date: copies of one that was migrated once, emptied and used again.

    Args:
        url: any database of the server, as a user who may make others.
    """

    url: URL
    prefix: str = field(default_factory=lambda: f"motcua_test_{secrets.token_hex(4)}")
    _numbers: Iterator[int] = field(default_factory=count)
    _empty: str = ""
    _schema: Any = None
    _spare: str | None = None

    def prepare(self) -> None:
        self._command(f"CREATE DATABASE \"{self._name(TEMPLATE)}\" ENCODING 'UTF8' TEMPLATE template0")
        database = Database(self._url(TEMPLATE), (KEY,))
        database.migrate()
        tables = MetaData()
        tables.reflect(database.engine)
        names = [table.name for table in reversed(tables.sorted_tables) if table.name != "alembic_version"]
        self._empty = ";".join([*(f'DELETE FROM "{name}"' for name in names), RESTART_IDS])
        with database.engine.connect() as connection:
            self._schema = connection.exec_driver_sql(SCHEMA).one()
        database.close()

    @contextmanager
    def database(self) -> Iterator[Database]:
        """An empty one. Making one takes a hundred times as long as emptying one, so most tests share it."""
        mark, self._spare = self._spare or self._copy(TEMPLATE), None
        database = Database(self._url(mark), (KEY,))
        try:
            yield database
        finally:
            database.close()
            if self._clean(mark):
                self._spare = mark
            else:
                self._drop(mark)

    def _clean(self, mark: str) -> bool:
        """Empty a database; not when the test changed its schema."""
        with self._connected(make_url(self._url(mark))) as connection:
            connection.exec_driver_sql(END_OTHERS)
            schema = connection.exec_driver_sql(SCHEMA).one()
            if schema == self._schema:
                connection.exec_driver_sql(self._empty)
            return bool(schema == self._schema)

    def _copy(self, template: str) -> str:
        mark = str(next(self._numbers))
        self._command(f'CREATE DATABASE "{self._name(mark)}" TEMPLATE "{self._name(template)}"')
        return mark

    @contextmanager
    def fresh(self, more: str = "ENCODING 'UTF8'") -> Iterator[str]:
        """The address of a database without tables."""
        mark = str(next(self._numbers))
        self._command(f'CREATE DATABASE "{self._name(mark)}" TEMPLATE template0 {more}')
        try:
            yield self._url(mark)
        finally:
            self._drop(mark)

    def close(self) -> None:
        if self._spare:
            self._drop(self._spare)
        self._drop(TEMPLATE)

    def _drop(self, mark: str) -> None:
        self._command(f'DROP DATABASE IF EXISTS "{self._name(mark)}" WITH (FORCE)')

    def _name(self, mark: str) -> str:
        return f"{self.prefix}_{mark}"

    def _url(self, mark: str) -> str:
        return self.url.set(database=self._name(mark)).render_as_string(hide_password=False)

    def _command(self, text: str) -> None:
        with self._connected(self.url) as connection:
            connection.exec_driver_sql(text)

    @staticmethod
    def _connected(url: URL) -> Connection:
        # A database can be made outside of transactions only.
        return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", future=True).connect()


@contextmanager
def postgres_server(environment: dict[str, str], more: tuple[str, ...] = FAST) -> Iterator[PostgresServer]:
    """The server that MOTCUA_TEST_POSTGRES_URL names, otherwise one of our own with these settings.

    Raises:
        NoServerError: PostgreSQL is not installed here, or can't be started.
    """
    with _serving(environment, more) as url:
        server = PostgresServer(url)
        server.prepare()
        try:
            yield server
        finally:
            server.close()


@contextmanager
def _serving(environment: dict[str, str], more: tuple[str, ...]) -> Iterator[URL]:
    named = environment.get("MOTCUA_TEST_POSTGRES_URL")
    if named:
        yield make_url(named)
        return
    programs, owner = find_programs(), _owner()
    folder = Path(tempfile.mkdtemp(prefix="motcua-postgres-"))
    try:
        if owner:
            shutil.chown(folder, owner, pwd.getpwnam(owner).pw_gid)
        password = _make_cluster(programs, folder, owner)
        process, port = _start(programs, folder, owner, more)
        try:
            yield _wait_until_ready(process, port, password, folder)
        finally:
            # SIGINT is the fast way: it waits for no client.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def find_programs() -> Path:
    """The folder with `initdb` and `postgres`."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    if shutil.which("pg_config"):
        answer = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True)
        folders.append(Path(answer.stdout.strip()))
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    folders += sorted(versions, key=lambda path: float(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoServerError("PostgreSQL is not installed; install it or set MOTCUA_TEST_POSTGRES_URL")


def _owner() -> str | None:
    """Who runs the server: whoever runs the tests, but never root."""
    if os.getuid():
        return None
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NoServerError("PostgreSQL does not run as root, and there is no other user here")


def _options(folder: Path, owner: str | None) -> dict[str, object]:
    group = pwd.getpwnam(owner).pw_gid if owner else None
    more = {"user": owner, "group": group, "extra_groups": []} if owner else {}
    clean = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return {"cwd": folder, "env": clean, "stdin": subprocess.DEVNULL, **more}


def _make_cluster(programs: Path, folder: Path, owner: str | None) -> str:
    password = secrets.token_urlsafe(24)
    secret = folder / "password"
    secret.write_text(password)
    if owner:
        shutil.chown(secret, owner)
    secret.chmod(0o600)
    command = [programs / "initdb", "-D", folder / "data", "-U", "motcua", "-A", "scram-sha-256", "--pwfile", secret]
    command += ["--encoding=UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, **_options(folder, owner))
    if made.returncode:
        raise NoServerError(f"initdb failed: {made.stderr.strip()[-500:]}")
    return password


def _start(
    programs: Path, folder: Path, owner: str | None, more: tuple[str, ...]
) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    # The zone of an office in Việt Nam, so that a moment read without its zone is noticed.
    told = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "timezone=Asia/Ho_Chi_Minh")
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    command += [part for setting in (*told, *more) for part in ("-c", setting)]
    with (folder / "server.log").open("wb") as log:
        options = _options(folder, owner)
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_die_with_parent, **options)
    return process, port


def _die_with_parent() -> None:
    # A killed test run leaves no server; SIGQUIT makes it end at once.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, password: str, folder: Path) -> URL:
    url = URL.create("postgresql", "motcua", password, "127.0.0.1", port, "postgres")
    engine = create_engine(url, poolclass=NullPool, future=True)
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            engine.connect().close()
            return url
        except OperationalError:
            time.sleep(0.05)
    log = (folder / "server.log").read_text(errors="replace").strip()[-500:]
    raise NoServerError(f"PostgreSQL did not start: {log}")
