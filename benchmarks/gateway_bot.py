"""The whole bot of the storm: in a home of its own, under its supervisor, with programs that can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select

from benchmarks.gateway_fakes import Neighbour
from benchmarks.gateway_posts import SECRET
from benchmarks.processes import end
from bot.channels.zalo_oauth import Pair
from bot.channels.zalo_tokens import keep_pair
from bot.database import Database, now, open_database
from bot.delivery.model import CLAIMED, PENDING, InboxMessage, OutboxMessage
from bot.settings import ROOT, Settings, load_settings
from tests.factories import free_port
from tests.fakes import telegram, zalo_oa
from tests.fakes.zalo_events import APP_ID, OA_ID, SECRET_KEY

TOKEN = "for-the-st0rm-0nly-Zq7xK2mW9t-l0ng-en0ugh"
KEY = "st0rm-k3Y-that-is-l0ng-en0ugh-AbCdEfGh"
LOG = "run.log"
_UNFINISHED = (PENDING, CLAIMED)


class RunError(Exception):
    """The bot did not start, or stopped moving; the message says which."""


class Web:
    """A web program beside the supervisor's, on a port of its own; started again at once when it is killed."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._environment = {**environment, "MOTCUA_PORT": str(self.port)}
        self._log = log
        self.process = _start([sys.executable, "-m", "bot.web"], self._environment, log)

    def kill(self) -> None:
        """Kill it without a warning, and start it again."""
        self.process.kill()
        self.process.wait()
        self.process = _start([sys.executable, "-m", "bot.web"], self._environment, self._log)


@dataclass
class Bot:
    """A running bot; or only its web program, when `run` is that.

    Attributes:
        webs: more web programs on the same database.
    """

    settings: Settings
    environment: dict[str, str]
    database: Database
    process: subprocess.Popen[bytes]
    webs: Sequence[Web] = ()
    kills: int = 0

    @property
    def ports(self) -> list[int]:
        """Where the web programs listen."""
        return [self.settings.port, *(web.port for web in self.webs)]

    def pid_of(self, program: str) -> int | None:
        """The process of "rasa", "actions" or "web", None while it is away."""
        marks = {"rasa": str(self.settings.rasa_port), "actions": str(self.settings.actions_port), "web": "bot.web"}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if parent == self.process.pid and marks[program] in (folder / "cmdline").read_text().split("\0"):
                    return int(folder.name)
        return None

    def processor_seconds(self, program: str) -> float:
        """What a program has cost the processor since its start; the whole process when only the web program runs."""
        pid = self.pid_of(program) or self.process.pid
        spent = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")

    def kept(self, channel: str) -> dict[float, float]:
        """By how many seconds how many messages were on disk since the web program's start, by its own word."""
        text = httpx.get(f"{self.settings.web_url}/metrics", timeout=10, trust_env=False).text
        samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
        return {
            float(one.labels["le"]): one.value
            for one in samples
            if one.name == "motcua_keep_seconds_bucket" and one.labels["channel"] == channel
        }

    def kill(self, program: str) -> bool:
        """Kill a program without a warning, of several web programs each in its turn; False when it was away."""
        if program == "web":
            self.kills += 1
            place = self.kills % (len(self.webs) + 1)
            if place:
                self.webs[place - 1].kill()
                return True
        pid = self.pid_of(program)
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return True

    def unfinished(self) -> tuple[int, int]:
        """How many messages wait in the inbox and in the outbox."""
        with self.database.reading() as session:
            inbox = select(func.count()).select_from(InboxMessage).where(InboxMessage.state.in_(_UNFINISHED))
            outbox = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.state.in_(_UNFINISHED))
            return session.execute(inbox).scalar_one(), session.execute(outbox).scalar_one()

    def wait_until_done(self, patience: float = 180.0) -> None:
        """Wait until nothing is in the inbox nor in the outbox.

        Raises:
            RunError: for so many seconds nothing got less.
        """
        least, since = None, time.monotonic()
        while (left := sum(self.unfinished())) > 0:
            if least is None or left < least:
                least, since = left, time.monotonic()
            if time.monotonic() - since > patience:
                raise RunError(f"{self.unfinished()} messages of inbox and outbox are stuck")
            time.sleep(0.2)


@contextlib.contextmanager
def running(
    home: Path, telegram_at: Neighbour, zalo_at: Neighbour, web_only: bool = False, webs: int = 1, **more: str
) -> Iterator[Bot]:
    """Start the bot with both channels, and so many web programs; more settings by name.

    Raises:
        RunError: it did not get ready.
    """
    environment = make_environment(home, telegram_at, zalo_at, **more)
    settings = load_settings(environment)
    database = open_database(settings)
    database.migrate()
    keep_pair(database, Pair(zalo_oa.FIRST_ACCESS, zalo_oa.FIRST_REFRESH, zalo_oa.LIFETIME), now())
    command = [sys.executable, "-m", "bot.web" if web_only else "bot.cli", *([] if web_only else ["run"])]
    process = _start(command, environment, home / LOG)
    others: list[Web] = []
    try:
        _wait_until_ready(f"{settings.web_url}/{'healthz' if web_only else 'readyz'}", process, home)
        others += [Web(environment, home / LOG) for _ in range(webs - 1)]
        for web in others:
            _wait_until_ready(f"http://127.0.0.1:{web.port}/healthz", web.process, home)
        yield Bot(settings, environment, database, process, others)
    finally:
        for web in others:
            end(web.process, 40)
        end(process, 40)
        database.close()


def _start(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as written:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=written, stderr=written)


def make_environment(home: Path, telegram_at: Neighbour, zalo_at: Neighbour, **more: str) -> dict[str, str]:
    """The environment of a bot of its own, on free ports, with the trained model of this checkout."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    ports = {name: str(free_port()) for name in ("MOTCUA_PORT", "MOTCUA_RASA_PORT", "MOTCUA_ACTIONS_PORT")}
    own = {
        "MOTCUA_HOME": str(home),
        "MOTCUA_MODELS": os.environ.get("MOTCUA_MODELS", str(ROOT / "models")),
        "MOTCUA_SECRET_KEY": KEY,
        "MOTCUA_RASA_TOKEN": TOKEN,
        # Webhooks are asked for only where the world can call; the storm calls from this machine.
        "MOTCUA_PUBLIC_URL": "https://storm.example",
        "MOTCUA_TELEGRAM_TOKEN": telegram.TOKEN,
        "MOTCUA_TELEGRAM_SECRET": SECRET,
        "MOTCUA_TELEGRAM_API_URL": telegram_at.url,
        # Telegram's own 30 would be what is measured.
        "MOTCUA_TELEGRAM_PER_SECOND": "1000",
        "MOTCUA_ZALO_APP_ID": APP_ID,
        "MOTCUA_ZALO_OA_ID": OA_ID,
        "MOTCUA_ZALO_APP_SECRET": zalo_oa.APP_SECRET,
        "MOTCUA_ZALO_OA_SECRET_KEY": SECRET_KEY,
        "MOTCUA_ZALO_API_URL": zalo_at.url,
        "MOTCUA_ZALO_OAUTH_URL": zalo_at.url,
    }
    return {**environment, **ports, **own, **more}


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], home: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        if process.poll() is not None:
            raise RunError(f"the bot did not start: {(home / 'run.log').read_text()[-2000:]}")
        time.sleep(0.1)
    raise RunError("the bot was not ready in time")
