"""The only reader of the environment: where things are kept, ports, secrets, limits."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import os
import re
import secrets
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
SECRETS_FILE = "secrets.env"
LAST_PORT = 65535
# They go into a header that browsers read word by word.
_ORIGIN = re.compile(r"https?://[0-9A-Za-z.-]+(:[0-9]{1,5})?")
# It becomes part of an address.
_TELEGRAM_TOKEN = re.compile("[0-9]{1,19}:[0-9A-Za-z_-]+")
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])([:/]|$)")
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
class TelegramSettings:
    """How the bot is reached on Telegram; off without a token.

    Attributes:
        secret: what Telegram shows at the webhook; without one, messages are fetched by long poll.
        name: the bot's user name without "@", for links that open it; empty is no links.
        per_second: messages that Telegram takes from one bot in a second, all chats together.
    """

    token: str
    secret: str
    api_url: str
    name: str
    per_second: int


@dataclass(frozen=True)
class ZaloSettings:
    """How the bot is reached through a Zalo Official Account; off without `app_id`.

    Attributes:
        secret_key: the account's own key, which signs webhooks.
        app_secret: the application's key, which tokens are renewed with; never taken from the other one.
        proof: whether the application asks for `appsecret_proof` with every call.
        template: the approved template for notices outside the time in which one may write; empty is none.
        pays: whether notices go out when 48 hours are over, from the package or for money, or wait.
        human_minutes: how long the bot keeps still after a person wrote in Zalo's own desk.
        buttons: whether messages carry buttons besides their numbered lines.
        signed_with: whose number begins what webhooks are signed over, "app_id" or "oa_id".
        nested: whether a template names its reader within `recipient`, as messages do.
        night: the zone by which no template goes out at night.
    """

    app_id: str
    oa_id: str
    app_secret: str
    secret_key: str
    proof: bool
    template: str
    pays: bool
    human_minutes: int
    buttons: bool
    signed_with: str
    nested: bool
    night: ZoneInfo
    api_url: str
    oauth_url: str


@dataclass(frozen=True)
class ZaloBotSettings:
    """How the bot is reached on the Zalo Bot Platform; off without a token.

    Attributes:
        secret: what Zalo shows at the webhook; without one, messages are fetched by long poll.
        pause: seconds from one message to the next for one person.
        per_second: messages in a second, all people together.
    """

    token: str
    secret: str
    api_url: str
    pause: int
    per_second: int


@dataclass(frozen=True)
class OidcSettings:
    """How officers log in with accounts that are kept elsewhere (OpenID Connect); off without an issuer.

    Attributes:
        issuer: the provider's address, letter by letter as it names itself.
        label: what the button is called.
        amr, acr: the provider's words for a log-in that asked for more than a password.
    """

    issuer: str
    client_id: str
    client_secret: str
    scopes: str
    label: str
    amr: tuple[str, ...]
    acr: tuple[str, ...]


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
        widget_origins: addresses of other pages that may show the chat, such as https://tayninh.gov.vn.
        trusted_proxies: addresses of the servers in front, whose word on who asks is believed.
        metrics_key: what a monitoring system shows to read `/metrics` from elsewhere than this machine.
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
    widget_origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    metrics_key: str
    telegram: TelegramSettings
    zalo: ZaloSettings
    zalo_bot: ZaloBotSettings
    oidc: OidcSettings

    @property
    def push_channels(self) -> tuple[str, ...]:
        """Channels of this installation that are sent to, by the names that their conversations begin with."""
        on = {"telegram": self.telegram.token, "zalo_oa": self.zalo.app_id, "zalo_bot": self.zalo_bot.token}
        return tuple(name for name, value in on.items() if value)

    @property
    def secure(self) -> bool:
        """Whether citizens and staff reach the bot by https."""
        return self.public_url.startswith("https://")

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
        give_up_after=_number(values, "MOTCUA_GIVE_UP_AFTER", 300),
        messages_per_10s=_number(values, "MOTCUA_MESSAGES_PER_10S", 10),
        messages_per_10s_per_address=_number(values, "MOTCUA_MESSAGES_PER_10S_PER_ADDRESS", 100),
        today=_day(values, "MOTCUA_TODAY"),
        province=values.get("MOTCUA_PROVINCE") or ("" if production else "demo"),
        portal_url=_address(values, "MOTCUA_PORTAL_URL", "https://dichvucong.gov.vn/api/v1"),
        portal_permission=values.get("MOTCUA_PORTAL_PERMISSION", "").strip(),
        portal_contact=_one_line(values, "MOTCUA_PORTAL_CONTACT"),
        portal_pause=_number(values, "MOTCUA_PORTAL_PAUSE", 2),
        restricted_readers=_names(values, "MOTCUA_RESTRICTED_READERS"),
        open311_key=_secret_if_set(values, "MOTCUA_OPEN311_KEY"),
        widget_origins=_origins(values, "MOTCUA_WIDGET_ORIGINS"),
        trusted_proxies=_networks(values, "MOTCUA_TRUSTED_PROXIES", "127.0.0.1,::1"),
        metrics_key=_secret_if_set(values, "MOTCUA_METRICS_KEY"),
        telegram=_telegram(values),
        zalo=_zalo(values),
        zalo_bot=_zalo_bot(values),
        oidc=_oidc(values),
    )


def _telegram(values: Mapping[str, str]) -> TelegramSettings:
    token = _one_line(values, "MOTCUA_TELEGRAM_TOKEN")
    if token and not _TELEGRAM_TOKEN.fullmatch(token):
        raise SettingsError("MOTCUA_TELEGRAM_TOKEN must be the token as BotFather gives it: figures, a colon, letters.")
    secret = _secret_if_set(values, "MOTCUA_TELEGRAM_SECRET")
    if not re.fullmatch("[0-9A-Za-z_-]{0,256}", secret):
        raise SettingsError(
            "MOTCUA_TELEGRAM_SECRET must be made of A-Z, a-z, 0-9, _ and -; Telegram takes nothing else."
        )
    return TelegramSettings(
        token=token,
        secret=secret,
        api_url=_address(values, "MOTCUA_TELEGRAM_API_URL", "https://api.telegram.org"),
        name=_one_line(values, "MOTCUA_TELEGRAM_NAME").lstrip("@"),
        per_second=_number(values, "MOTCUA_TELEGRAM_PER_SECOND", 30),
    )


def _zalo(values: Mapping[str, str]) -> ZaloSettings:
    names = {
        "app_id": "MOTCUA_ZALO_APP_ID",
        "oa_id": "MOTCUA_ZALO_OA_ID",
        "app_secret": "MOTCUA_ZALO_APP_SECRET",
        "secret_key": "MOTCUA_ZALO_OA_SECRET_KEY",
    }
    given = {field: _one_line(values, name) for field, name in names.items()}
    missing = [name for field, name in names.items() if not given[field]]
    if any(given.values()) and missing:
        raise SettingsError(f"{missing[0]} is not set; the Official Account needs all of the four settings.")
    return ZaloSettings(
        **given,
        proof=_choice(values, "MOTCUA_ZALO_PROOF", ("off", "on")) == "on",
        template=_one_line(values, "MOTCUA_ZALO_TEMPLATE"),
        pays=_choice(values, "MOTCUA_ZALO_AFTER_48_HOURS", ("send", "hold")) == "send",
        human_minutes=_number(values, "MOTCUA_ZALO_HUMAN_MINUTES", 30),
        buttons=_choice(values, "MOTCUA_ZALO_BUTTONS", ("on", "off")) == "on",
        signed_with=_choice(values, "MOTCUA_ZALO_SIGNED_WITH", ("app_id", "oa_id")),
        nested=_choice(values, "MOTCUA_ZALO_TEMPLATE_SHAPE", ("flat", "nested")) == "nested",
        night=_zone(values, "MOTCUA_ZALO_NIGHT_ZONE", "Asia/Ho_Chi_Minh"),
        api_url=_address(values, "MOTCUA_ZALO_API_URL", "https://openapi.zalo.me"),
        oauth_url=_address(values, "MOTCUA_ZALO_OAUTH_URL", "https://oauth.zaloapp.com"),
    )


def _zalo_bot(values: Mapping[str, str]) -> ZaloBotSettings:
    return ZaloBotSettings(
        token=_one_line(values, "MOTCUA_ZALO_BOT_TOKEN"),
        secret=_secret_if_set(values, "MOTCUA_ZALO_BOT_SECRET"),
        api_url=_address(values, "MOTCUA_ZALO_BOT_API_URL", "https://bot-api.zaloplatforms.com"),
        pause=_number(values, "MOTCUA_ZALO_BOT_PAUSE", 1),
        per_second=_number(values, "MOTCUA_ZALO_BOT_PER_SECOND", 20),
    )


def _oidc(values: Mapping[str, str]) -> OidcSettings:
    names = ("MOTCUA_OIDC_ISSUER", "MOTCUA_OIDC_CLIENT_ID", "MOTCUA_OIDC_CLIENT_SECRET")
    issuer, client_id, client_secret = (_one_line(values, name) for name in names)
    missing = [name for name in names if not _one_line(values, name)]
    if len(missing) not in (0, len(names)):
        raise SettingsError(f"{missing[0]} is not set; a log-in by OpenID Connect needs all of the three settings.")
    if issuer and not issuer.startswith("https://") and not _LOOPBACK.match(issuer):
        raise SettingsError(f"MOTCUA_OIDC_ISSUER must be the https:// address of the provider, not '{issuer}'.")
    return OidcSettings(
        issuer=issuer,
        client_id=client_id,
        client_secret=client_secret,
        scopes=_one_line(values, "MOTCUA_OIDC_SCOPES") or "openid email",
        label=values.get("MOTCUA_OIDC_LABEL", "").strip() or "tài khoản của cơ quan",
        amr=_names(values, "MOTCUA_OIDC_AMR"),
        acr=_names(values, "MOTCUA_OIDC_ACR"),
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


def collect_rarely() -> None:
    """Let this program look for cyclic garbage less often: looking at all that was loaded costs more than it finds.

    To be called when everything is loaded; what is there by then is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


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


def _secret_if_set(values: Mapping[str, str], name: str) -> str:
    return _secret(values, name) if values.get(name) else ""


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


def _zone(values: Mapping[str, str], name: str, default: str) -> ZoneInfo:
    value = values.get(name) or default
    try:
        return ZoneInfo(value)
    except (ValueError, OSError, KeyError) as error:
        raise SettingsError(f"{name} must be a zone like {default}, not '{value}'.") from error


def _address(values: Mapping[str, str], name: str, default: str) -> str:
    value = (values.get(name) or default).rstrip("/")
    if not value.startswith(("https://", "http://")):
        raise SettingsError(f"{name} must be an address that begins with https:// or http://, not '{value}'.")
    return value


def _origins(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Addresses of pages without a path, separated by commas."""
    given = tuple(one.strip().rstrip("/") for one in values.get(name, "").split(",") if one.strip())
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(f"{name} must be addresses like https://tayninh.gov.vn, with commas, not '{origin}'.")
    return given


def _networks(values: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    """Addresses or networks of machines, separated by commas."""
    given = tuple(one.strip() for one in (values.get(name) or default).split(",") if one.strip())
    for one in given:
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise SettingsError(f"{name} must be addresses like 10.0.0.5 or 10.0.0.0/24, not '{one}'.") from error
    return given


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
