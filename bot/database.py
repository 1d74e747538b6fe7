"""Engine, sessions and encryption of single fields, all made on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import MetaData, create_engine, event, func, select, text
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError, DataError, OperationalError
from sqlalchemy.exc import TimeoutError as NotInTimeError
from sqlalchemy.orm import Session, registry, sessionmaker
from sqlalchemy.pool import QueuePool
from sqlalchemy.types import DateTime, TypeDecorator

from bot.settings import ROOT, Settings
from bot.turnstile import NoTurnError, Turnstile

# Named constraints, so that migrations can drop them on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_DRIVERS = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2")
_ADDRESS = "MOTCUA_DATABASE_URL must look like postgresql://user:password@host/database or sqlite:////folder/file.db."
# Per program: threads of the web program that wait for a connection are better than a server that refuses one.
_KEPT_CONNECTIONS, _MOST_CONNECTIONS = 5, 25
# For so long one SQLite writer waits for another, of its own program or of others.
_WRITER_SECONDS = 30
_TURN = "turn"
_ONCE_KEPT = "once_kept"
Base: Any = registry(metadata=metadata).generate_base()


class DatabaseError(Exception):
    """The database can't be used as it is; the message says why."""


class UtcDateTime(TypeDecorator):
    """A moment in UTC, aware in Python; SQLite keeps it without its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Store in UTC."""
        return value.astimezone(timezone.utc) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give back an aware moment."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(timezone.utc)


class Cipher:
    """Encrypts single fields; the first key encrypts, every key decrypts, so keys can be changed."""

    def __init__(self, secret_keys: tuple[str, ...]) -> None:
        derived = [hashlib.sha256(b"motcua-field:" + key.encode()).digest() for key in secret_keys]
        fernets = [Fernet(base64.urlsafe_b64encode(key)) for key in derived]
        self._newest, self._fernet = fernets[0], MultiFernet(fernets)
        self._digest_key = hashlib.sha256(b"motcua-digest:" + secret_keys[-1].encode()).digest()

    def seal(self, text: str) -> bytes:
        """Encrypt a text."""
        return self.seal_bytes(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Decrypt a text.

        Raises:
            DatabaseError: none of the keys fits.
        """
        return self.unseal_bytes(sealed).decode()

    def seal_bytes(self, content: bytes) -> bytes:
        """Encrypt what is no text, such as a file."""
        return self._fernet.encrypt(content)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Decrypt what `seal_bytes` encrypted.

        Raises:
            DatabaseError: none of the keys fits, or it was changed.
        """
        try:
            return self._fernet.decrypt(bytes(sealed))
        except InvalidToken as error:
            raise DatabaseError(
                "A field can't be decrypted: MOTCUA_SECRET_KEY is not the one it was stored with."
            ) from error

    def reseal(self, sealed: bytes) -> bytes | None:
        """The same text under the newest key, None when that is its key already.

        Raises:
            DatabaseError: none of the keys fits.
        """
        try:
            self._newest.decrypt(bytes(sealed))
            return None
        except InvalidToken:
            return self.seal(self.unseal(sealed))

    def digest(self, text: str) -> str:
        """A keyed fingerprint to look up equal values without storing them (64 hex digits)."""
        return hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()


class Database:
    """Sessions of one database; each session carries the cipher in `session.info`."""

    def __init__(self, url: str, secret_keys: tuple[str, ...]) -> None:
        self.url = url
        self.cipher = Cipher(secret_keys)
        self.engine = _make_engine(url)
        self._writers = _Writers(self.engine)
        options = {"future": True, "expire_on_commit": False, "info": {"cipher": self.cipher}}
        self._sessions = sessionmaker(self.engine, **options)
        self._readers = sessionmaker(_reading(self.engine), **options)

    @property
    def embedded(self) -> bool:
        """Whether this is SQLite, a file that only one web program may work on."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self, urgent: bool = False) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back when anything raises.

        Args:
            urgent: goes before those of this program that wait and are not.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: also when on SQLite others write for too long.
        """
        with self._writers.turn(urgent), self._sessions() as session, session.begin():
            yield session
        for work in session.info.get(_ONCE_KEPT, ()):
            work()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads: it sees one moment throughout, and keeps no writer waiting."""
        with self._readers() as session, session.begin():
            yield session

    def scrub(self) -> None:
        """Leave nothing of deleted rows behind them: in SQLite's files no byte, in PostgreSQL's tables no dead row.

        Writers wait meanwhile on SQLite (about a second for each 100 MB).

        Raises:
            DatabaseError: a reader held on to the old pages; what it read is still there, try again later.
        """
        if not self.embedded:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM"))
            return
        with self.engine.connect() as connection:
            # Within a transaction it can't be done; the turn among this program's writers lasts beyond one.
            connection.begin().rollback()
            cursor = connection.connection.cursor()
            cursor.execute("VACUUM")
            # Until it is cut, the log beside the file holds the pages as they were.
            if cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise DatabaseError("What was deleted is not yet gone from the database's log: somebody is reading it.")

    def migrate(self) -> None:
        """Bring the schema up to date.

        Raises:
            DatabaseError: the server does not answer, or its database can't hold Vietnamese.
        """
        self._check_server()
        command.upgrade(self._migrations(), "head")

    def is_migrated(self) -> bool:
        """Whether the schema is the one of this version.

        Raises:
            DatabaseError: the server does not answer, or its database can't hold Vietnamese.
        """
        self._check_server()
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
        return set(current) == set(ScriptDirectory.from_config(self._migrations()).get_heads())

    def _migrations(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
        config.attributes["engine"] = self.engine
        return config

    def _check_server(self) -> None:
        if self.embedded:
            return
        try:
            with self.engine.connect() as connection:
                encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        except OperationalError as error:
            raise DatabaseError(f"The database of MOTCUA_DATABASE_URL does not answer: {error.orig}".strip()) from error
        if encoding != "UTF8":
            raise DatabaseError(
                f"The database of MOTCUA_DATABASE_URL has the encoding {encoding}; make one with ENCODING 'UTF8'."
            )

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """The database of these settings; makes its folder when it is a file.

    Raises:
        DatabaseError: its address is not understood.
    """
    try:
        url = make_url(settings.database_url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseError(_ADDRESS) from error
    if url.drivername not in _DRIVERS:
        raise DatabaseError(_ADDRESS)
    if url.drivername.startswith("sqlite") and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(settings.database_url, settings.secret_keys)


def cipher_of(session: Session) -> Cipher:
    """The cipher a session was made with."""
    cipher: Cipher = session.info["cipher"]
    return cipher


def once_kept(session: Session, work: Callable[[], None]) -> None:
    """Do something when the transaction of `Database.transaction` is committed; nothing when it is rolled back."""
    session.info.setdefault(_ONCE_KEPT, []).append(work)


def by_value(column: Any) -> Any:
    """A column to sort or group few rows by; SQLite would rather read the whole table in the order of its index."""
    return func.coalesce(column, column)


def take_turn(session: Session | Connection, about: str) -> None:
    """Let transactions about the same thing go one after the other, each to its end: later ids are then later commits.

    SQLite's writers take turns in any case.
    """
    bind = session.get_bind() if isinstance(session, Session) else session
    if bind.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(about.encode()).digest()[:8], "big", signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def _make_engine(url: str) -> Engine:
    engine = _make_sqlite(url) if make_url(url).drivername.startswith("sqlite") else _make_postgresql(url)
    event.listen(engine, "handle_error", _hide_values)
    return engine


def _make_sqlite(url: str) -> Engine:
    arguments = {"timeout": _WRITER_SECONDS, "check_same_thread": False}
    # Opening a file anew for each transaction would take longer than most of them; closing it, far longer.
    kept = {
        "poolclass": QueuePool,
        "pool_size": _KEPT_CONNECTIONS,
        "max_overflow": _MOST_CONNECTIONS - _KEPT_CONNECTIONS,
    }
    engine = create_engine(url, future=True, hide_parameters=True, connect_args=arguments, **kept)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _make_postgresql(url: str) -> Engine:
    engine = create_engine(
        url,
        future=True,
        hide_parameters=True,
        # What claims and unique keys rest on, whatever the server's default is.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=_KEPT_CONNECTIONS,
        max_overflow=_MOST_CONNECTIONS - _KEPT_CONNECTIONS,
        connect_args={"connect_timeout": 10, "client_encoding": "utf8", "application_name": "motcua"},
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return engine


def _reading(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reading=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _hide_values(context: ExceptionContext) -> None:
    """Take out of an error what the server adds to it: the values of the row that it did not take."""
    original, shown = context.original_exception, context.sqlalchemy_exception
    if isinstance(original, ValueError):
        # NUL (PostgreSQL) and half a letter (both) are met by the driver, before the database sees them.
        statement = context.statement or ""
        raise DataError(statement, None, ValueError("a character that no database takes"), hide_parameters=True)
    said = getattr(getattr(original, "diag", None), "message_primary", None)
    if said and shown is not None:
        kind = f"{type(original).__module__}.{type(original).__name__}"
        original.args, shown.args = (said,), (f"({kind}) {said}",)


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    # A message answered 202 must survive a power cut, also on a server that is set up otherwise.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        # Statements are short here: compiling one takes longer than running it.
        cursor.execute("SELECT set_config('jit', 'off', false)")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite's own transaction handling starts writes too late for "read, then update".
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A message answered 200 must survive a power cut (WAL's default NORMAL does not promise that).
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # Deleted values are overwritten; what pages leave behind when they are split, `Database.scrub` removes.
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


class _Writers:
    """Lets SQLite's writers of this program go one after the other, each to the end of its transaction."""

    def __init__(self, engine: Engine) -> None:
        self._turnstile = Turnstile(_WRITER_SECONDS)
        self._embedded = engine.dialect.name == "sqlite"
        self._here = threading.local()
        if self._embedded:
            event.listen(engine, "begin", self._begin)
            event.listen(engine, "checkin", self._end)

    @contextmanager
    def turn(self, urgent: bool) -> Iterator[None]:
        """The turn of a transaction, taken before its connection: who waits keeps none from those that read."""
        if not self._embedded:
            yield
            return
        self._enter(urgent)
        self._here.taken = True
        try:
            yield
        finally:
            self._here.taken = False
            self._turnstile.leave()

    def _enter(self, urgent: bool = False) -> None:
        try:
            self._turnstile.enter(urgent)
        except NoTurnError as error:
            raise NotInTimeError(f"database is locked: {error}") from error

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get("reading"):
            connection.exec_driver_sql("BEGIN")
            return
        # Of migrations and their like, which begin without `turn`.
        if not getattr(self._here, "taken", False) and _TURN not in connection.info:
            self._enter()
            connection.info[_TURN] = True
        # Taking the write lock first makes SQLite wait its turn instead of failing in the middle.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _end(self, _connection: Any, record: Any) -> None:
        if record.info.pop(_TURN, False):
            self._turnstile.leave()
