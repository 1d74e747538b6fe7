"""Fixtures of whole-bot tests: one trained model, one running bot, conversations with it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from bot.channels import terminal
from bot.channels.terminal import Answer
from bot.channels.web import REJECT_ANSWER
from bot.database import Database, open_database
from bot.delivery.outbox import Button
from bot.delivery.sentences import NOT_MINE
from bot.settings import ROOT, Settings, load_settings
from tests.factories import free_port, make_database
from tests.postgres import NoServerError, PostgresServer, postgres_server

PATIENCE = 120
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes have no name, and some of them say when they were packed: it would be another test with every run."""
    return argname if isinstance(val, bytes) else None


@dataclass
class RunningBot:
    """The whole bot as `motcua run` starts it, in a folder of its own."""

    settings: Settings
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log, one_at_a_time():
            command = [sys.executable, "-m", "bot.cli", "run"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
            self.wait_until_ready()

    def motcua(self, *arguments: str) -> None:
        """Run the command with this bot's settings."""
        command = [sys.executable, "-m", "bot.cli", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True)

    def stop(self) -> int:
        assert self.process
        self.process.terminate()
        return self.process.wait(timeout=40)

    def wait_until_ready(self) -> None:
        until = time.monotonic() + 400
        while time.monotonic() < until:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.settings.web_url}/readyz", timeout=5, trust_env=False).status_code == 200:
                    return
            assert self.process
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        raise AssertionError(f"not ready: {self.log.read_text()}")

    def pid_of(self, program: str) -> int:
        """The process id of "rasa", "actions" or "web" of this bot, found by the port it was given."""
        marks = {"rasa": str(self.settings.rasa_port), "actions": str(self.settings.actions_port), "web": "bot.web"}
        assert self.process
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                words = (folder / "cmdline").read_text().split("\0")
                if parent == self.process.pid and marks[program] in words:
                    return int(folder.name)
        raise AssertionError(f"{program} is not running")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """The first bot trains the checkout's model; those that other workers start meanwhile wait for it."""
    with Path(tempfile.gettempdir(), f"motcua-tests-{os.getuid()}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass
class Conversation:
    """One citizen talking to the running bot through the terminal channel."""

    database: Database
    name: str = field(default_factory=terminal.new_conversation)
    last: Answer | None = None

    def say(self, text: str) -> Answer:
        return self._wait(terminal.send(self.database, self.name, text))

    def tap(self, title: str) -> Answer:
        return self._wait(terminal.send(self.database, self.name, title, self.button(title)))

    def press(self, shown: Button) -> Answer:
        """A tap on a button of an earlier answer."""
        return self._wait(terminal.send(self.database, self.name, shown.title, shown))

    def reject(self) -> Answer:
        """What "không phải ý tôi" under an answer sends."""
        return self._wait(terminal.send(self.database, self.name, "", Button(NOT_MINE, REJECT_ANSWER)))

    def button(self, title: str) -> Button:
        assert self.last
        shown = [button for reply in self.last.replies for button in reply.buttons]
        return next(button for button in shown if button.title == title)

    @property
    def text(self) -> str:
        assert self.last
        return "\n".join(reply.text for reply in self.last.replies)

    def _wait(self, inbox_id: int) -> Answer:
        self.last = terminal.wait_for_answer(self.database, inbox_id, PATIENCE)
        return self.last


def make_bot(folder: Path, **more: str) -> RunningBot:
    """A bot that is not started yet; it shares the checkout's trained model."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    environment["MOTCUA_MODELS"] = os.environ.get("MOTCUA_MODELS", str(ROOT / "models"))
    ports = {"MOTCUA_PORT": free_port(), "MOTCUA_RASA_PORT": free_port(), "MOTCUA_ACTIONS_PORT": free_port()}
    environment |= {name: str(port) for name, port in ports.items()}
    # A token that a command line would take for an option: one in sixty-four begins so.
    more = {"MOTCUA_RASA_TOKEN": "-k3Yf0r-T3sts-0nly-and-l0ng-en0ugh-XyZ", **more}
    environment |= {"MOTCUA_HOME": str(folder), **more}
    return RunningBot(load_settings(environment), environment, folder / "run.log")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server; only tests that ask for it start one."""
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server(dict(os.environ)))
        except NoServerError as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def kind_of_database(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database(kind_of_database: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty, migrated database; every test that takes it runs on SQLite and on PostgreSQL."""
    if kind_of_database == "postgres":
        with request.getfixturevalue("postgres").database() as database:
            yield database
        return
    database = make_database(request.getfixturevalue("tmp_path"))
    yield database
    database.close()


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBot]:
    running = make_bot(tmp_path_factory.mktemp("bot"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def bot_database(bot: RunningBot) -> Iterator[Database]:
    database = open_database(bot.settings)
    yield database
    database.close()


@pytest.fixture
def citizen(bot_database: Database) -> Conversation:
    return Conversation(bot_database)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. While it is open its event loop runs in this thread: no later module could begin one of its own."""
    if not Path(CHROMIUM).exists() and os.environ.get("CI") != "true":
        pytest.skip(f"no Chromium at {CHROMIUM}; set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()
