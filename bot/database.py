"""Engine, sessions and encryption of single fields, all made on request."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import MetaData, create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.url import make_url
from sqlalchemy.orm import Session, registry, sessionmaker
from sqlalchemy.types import DateTime, TypeDecorator

from bot.settings import ROOT, Settings

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
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
        self._digest_key = hashlib.sha256(b"motcua-digest:" + secret_keys[-1].encode()).digest()

    def seal(self, text: str) -> bytes:
        """Encrypt a text."""
        return self._fernet.encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Decrypt a text.

        Raises:
            DatabaseError: none of the keys fits.
        """
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise DatabaseError(
                "A field can't be decrypted: MOTCUA_SECRET_KEY is not the one it was stored with."
            ) from error

    def digest(self, text: str) -> str:
        """A keyed fingerprint to look up equal values without storing them (64 hex digits)."""
        return hmac.new(self._digest_key, text.encode(), hashlib.sha256).hexdigest()


class Database:
    """Sessions of one database; each session carries the cipher in `session.info`."""

    def __init__(self, url: str, secret_keys: tuple[str, ...]) -> None:
        self.url = url
        self.cipher = Cipher(secret_keys)
        self.engine = _make_engine(url)
        options = {"future": True, "expire_on_commit": False, "info": {"cipher": self.cipher}}
        self._sessions = sessionmaker(self.engine, **options)
        self._readers = sessionmaker(self.engine.execution_options(reading=True), **options)

    @property
    def embedded(self) -> bool:
        """Whether this is SQLite, which only one web program may work on."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: commits at the end, rolls back when anything raises."""
        with self._sessions() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, and on SQLite keeps no writer waiting."""
        with self._readers() as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Bring the schema up to date."""
        config = Config()
        config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
        config.attributes["engine"] = self.engine
        command.upgrade(config, "head")

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """The database of these settings; makes its folder when it is a file."""
    url = make_url(settings.database_url)
    if url.drivername.startswith("sqlite") and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(settings.database_url, settings.secret_keys)


def cipher_of(session: Session) -> Cipher:
    """The cipher a session was made with."""
    cipher: Cipher = session.info["cipher"]
    return cipher


def _make_engine(url: str) -> Engine:
    if make_url(url).drivername.startswith("sqlite"):
        engine = create_engine(
            url, future=True, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    return create_engine(url, future=True, hide_parameters=True, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # pysqlite's own transaction handling starts writes too late for "read, then update".
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A message answered 200 must survive a power cut (WAL's default NORMAL does not promise that).
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # Taking the write lock first makes SQLite wait its turn instead of failing in the middle.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
