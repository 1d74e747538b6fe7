"""The only reader of the environment: where things are kept, ports, secrets, limits."""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
SECRETS_FILE = "secrets.env"
LAST_PORT = 65535
PLACEHOLDERS = ("change", "secret", "example", "placeholder", "password", "your-")


# What keeps Rasa and the libraries under it from calling home and from talking about themselves.
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


class SettingsError(Exception):
    """A setting is missing or wrong; the message says which and what to set."""


@dataclass(frozen=True)
class Settings:
    """Everything the programs need to know about their surroundings.

    Attributes:
        home: folder of database, logs and Rasa's tracker store.
        models: folder of trained models.
        database_url: SQLAlchemy URL.
        secret_keys: Fernet-sized secrets, newest first; older ones only decrypt.
        rasa_token: guards Rasa's HTTP API on loopback.
        public_url: address citizens use, without a trailing slash.
        turn_timeout: seconds the bot may think about one message.
        give_up_after: seconds after which an unanswerable message is set aside.
        province: whose centre this is (the key of its profile); "demo" when the bot is only tried out.
        today: the day by which content is judged current, and dates of feedback overdue; None is the clock's.
        portal_permission: who permitted reading the national portal, and when; empty keeps it off.
        portal_contact: where the portal's operator reaches whoever runs this.
        portal_pause: seconds between two requests to the portal.
        restricted_readers: names of those who may read denunciations; empty is nobody.
        open311_key: what other systems show to read the Open311 endpoint; empty keeps it off.
    """

    home: Path
    models: Path
    database_url: str
    host: str
    port: int
    rasa_port: int
    actions_port: int
    public_url: str
    secret_keys: tuple[str, ...]
    rasa_token: str
    turn_timeout: float
    give_up_after: float
    messages_per_10s: int
    messages_per_10s_per_address: int
    today: date | None
    province: str
    portal_url: str
    portal_permission: str
    portal_contact: str
    portal_pause: int
    restricted_readers: tuple[str, ...]
    open311_key: str

    @property
    def rasa_url(self) -> str:
        """Where Rasa listens (loopback only)."""
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def actions_url(self) -> str:
        """Where the action server listens (loopback only)."""
        return f"http://127.0.0.1:{self.actions_port}"

    @property
    def web_url(self) -> str:
        """Where the web program is reached from this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        """Folder of the programs' logs."""
        return self.home / "logs"

    @property
    def evidence(self) -> Path:
        """Folder of citizens' photos and documents, encrypted."""
        return self.home / "evidence"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from the environment, `.env` and the generated secrets of a demo.

    Raises:
        SettingsError: a value is missing, a placeholder or not understood.
    """
    given = dict(os.environ if environ is None else environ)
    values = {**_file_values(ROOT / ".env"), **given} if environ is None else given
    home = Path(values.get("MOTCUA_HOME") or ROOT / "var").resolve()
    production = _choice(values, "MOTCUA_MODE", ("demo", "production")) == "production"
    if not production:
        values = {**_demo_secrets(home), **values}
    port = _port(values, "MOTCUA_PORT", 8080)
    public_url = (values.get("MOTCUA_PUBLIC_URL") or f"http://127.0.0.1:{port}").rstrip("/")
    if production and not public_url.startswith("https://"):
        raise SettingsError("MOTCUA_PUBLIC_URL must be the https:// address that citizens use.")
    return Settings(
        home=home,
        models=Path(values.get("MOTCUA_MODELS") or ROOT / "models").resolve(),
        database_url=values.get("MOTCUA_DATABASE_URL") or f"sqlite:///{home / 'motcua.db'}",
        host=values.get("MOTCUA_HOST") or "127.0.0.1",
        port=port,
        rasa_port=_port(values, "MOTCUA_RASA_PORT", 5005),
        actions_port=_port(values, "MOTCUA_ACTIONS_PORT", 5055),
        public_url=public_url,
        secret_keys=_secrets(values, "MOTCUA_SECRET_KEY"),
        rasa_token=_secret(values, "MOTCUA_RASA_TOKEN"),
        turn_timeout=_number(values, "MOTCUA_TURN_TIMEOUT", 30),
        give_up_after=_number(values, "MOTCUA_GIVE_UP_AFTER", 120),
        messages_per_10s=_number(values, "MOTCUA_MESSAGES_PER_10S", 10),
        messages_per_10s_per_address=_number(values, "MOTCUA_MESSAGES_PER_10S_PER_ADDRESS", 100),
        today=_day(values, "MOTCUA_TODAY"),
        province=values.get("MOTCUA_PROVINCE") or ("" if production else "demo"),
        portal_url=_address(values, "MOTCUA_PORTAL_URL", "https://dichvucong.gov.vn/api/v1"),
        portal_permission=values.get("MOTCUA_PORTAL_PERMISSION", "").strip(),
        portal_contact=_one_line(values, "MOTCUA_PORTAL_CONTACT"),
        portal_pause=_number(values, "MOTCUA_PORTAL_PAUSE", 2),
        restricted_readers=_names(values, "MOTCUA_RESTRICTED_READERS"),
        open311_key=_secret(values, "MOTCUA_OPEN311_KEY") if values.get("MOTCUA_OPEN311_KEY") else "",
    )


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment for the programs the supervisor starts, so that all agree on one set of settings."""
    return {
        **os.environ,
        "MOTCUA_HOME": str(settings.home),
        "MOTCUA_MODELS": str(settings.models),
        "MOTCUA_PROVINCE": settings.province,
        "MOTCUA_DATABASE_URL": settings.database_url,
        "MOTCUA_PORT": str(settings.port),
        "MOTCUA_RASA_PORT": str(settings.rasa_port),
        "MOTCUA_ACTIONS_PORT": str(settings.actions_port),
        "MOTCUA_RASA_TOKEN": settings.rasa_token,
        "MOTCUA_SECRET_KEY": ",".join(settings.secret_keys),
        # Names used inside endpoints.yml, which Rasa expands itself.
        "MOTCUA_ACTIONS_URL": settings.actions_url,
        "MOTCUA_TRACKER_FILE": str(settings.home / "rasa-tracker.db"),
        **QUIET,
        "SANIC_HOST": "127.0.0.1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def quieten() -> None:
    """Give this program the settings of `QUIET`, before it imports Rasa."""
    os.environ.update(QUIET)
    # Some libraries reset the filters when they are imported, so that a filter alone does not hold.
    warnings.showwarning = lambda *_, **__: None


def _file_values(path: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


def _demo_secrets(home: Path) -> dict[str, str]:
    """Random secrets of a demo, made at first use and readable by their owner only."""
    path = home / SECRETS_FILE
    home.mkdir(parents=True, exist_ok=True)
    # Of two programs that start at once, one makes the file and the other reads it.
    with contextlib.suppress(FileExistsError):
        lines = [f"{name}={secrets.token_urlsafe(32)}\n" for name in ("MOTCUA_SECRET_KEY", "MOTCUA_RASA_TOKEN")]
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(lines)
    return _file_values(path)


def _secrets(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Secrets separated by commas, each of which must be good."""
    return tuple(_secret({name: value}, name) for value in values.get(name, "").split(","))


def _secret(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        raise SettingsError(f"{name} is not set. Set it to a random text of at least 32 characters.")
    if len(value) < 32 or len(set(value)) < 10 or value.lower().startswith(PLACEHOLDERS):
        raise SettingsError(f"{name} is too short or a placeholder. Set it to a random text of at least 32 characters.")
    return value


def _port(values: Mapping[str, str], name: str, default: int) -> int:
    port = _number(values, name, default)
    if port > LAST_PORT:
        raise SettingsError(f"{name} must be a port, 1 to {LAST_PORT}, not '{port}'.")
    return port


def _number(values: Mapping[str, str], name: str, default: int) -> int:
    value = values.get(name) or str(default)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise SettingsError(f"{name} must be a whole number above 0, not '{value}'.")
    return int(value)


def _day(values: Mapping[str, str], name: str) -> date | None:
    value = values.get(name)
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise SettingsError(f"{name} must be a day like 2026-11-22, not '{value}'.") from error


def _address(values: Mapping[str, str], name: str, default: str) -> str:
    value = (values.get(name) or default).rstrip("/")
    if not value.startswith(("https://", "http://")):
        raise SettingsError(f"{name} must be an address that begins with https:// or http://, not '{value}'.")
    return value


def _one_line(values: Mapping[str, str], name: str) -> str:
    """A text that goes into a header: printable ASCII."""
    value = values.get(name, "").strip()
    if not (value.isascii() and (value.isprintable() or not value)):
        raise SettingsError(f"{name} must be plain letters, figures and signs in one line.")
    return value


def _names(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Names separated by commas, letters composed as keyboards write them."""
    given = unicodedata.normalize("NFC", values.get(name, "")).split(",")
    return tuple(one.strip() for one in given if one.strip())


def _choice(values: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = values.get(name) or allowed[0]
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not '{value}'.")
    return value
