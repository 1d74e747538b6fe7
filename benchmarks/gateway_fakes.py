"""The neighbours of the storm, each a program of its own: the fakes of the tests, failing by a dice, with a log."""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from bot.settings import ROOT
from tests.fakes import telegram, telegram_faults, zalo_oa
from tests.fakes.server import FakeServer, Quiet
from tests.fakes.zalo_oa import Fault as ZaloFault

TELEGRAM, ZALO = "telegram", "zalo_oa"
# The kinds of failure in equal shares: refused for now, an error, broken or silent before, broken or silent after.
TELEGRAM_FAULTS = (
    telegram_faults.too_many(1),
    telegram_faults.ERROR,
    telegram_faults.AWAY,
    telegram_faults.Fault(hang=True),
    telegram_faults.BROKEN_AFTER_DELIVERY,
    telegram_faults.TIMEOUT_AFTER_DELIVERY,
)
# "Too many, next minute" stops the whole account for a minute; a few of them are enough.
ZALO_FAULTS = (-200, ZaloFault.DOWN, ZaloFault.BROKEN, ZaloFault.LOST, ZaloFault.LATE)
NEXT_MINUTE, NEXT_MINUTE_SHARE = -32, 0.0001


@dataclass(frozen=True)
class Said:
    """A message that a citizen sees.

    Attributes:
        doubtful: whether the sender was kept from knowing that it arrived.
        at: the moment, by this machine's monotonic clock.
    """

    conversation: str
    text: str
    doubtful: bool
    at: float


class StormTelegram(telegram.FakeTelegram):
    """Telegram that fails and remembers what nobody was told of."""

    def __init__(self, port: int, failing: float, seed: int) -> None:
        self.log: list[Said] = []
        self.share, self._dice, self._meeting = failing, random.Random(seed), threading.local()
        # All together what a bot that pays for more may send, as the storm's is set to.
        super().__init__(port=port, limits=telegram_faults.Limits(everybody=1000.0))

    def fail(self, share: float) -> None:
        """Let so many calls fail from now on."""
        self.share = share

    def _next_fault(self, method: str) -> Any:
        fault = super()._next_fault(method)
        if fault is None and method in telegram.SENDING and self._dice.random() < self.share:
            fault = self._dice.choice(TELEGRAM_FAULTS)
        self._meeting.fault = fault
        return fault

    def _check_chat(self, chat: int) -> None:
        # Whoever writes to the webhook has a chat.
        self.chats.add(chat)

    def answer_send_message(self, given: Any) -> Any:
        """Deliver, and remember."""
        answer = super().answer_send_message(given)
        name = f"{TELEGRAM}:{given['chat_id']}"
        self.log.append(Said(name, given["text"], self._meeting.fault is not None, time.monotonic()))
        return answer

    def report(self) -> dict[str, Any]:
        """What else is worth telling."""
        return {"calls": len(self.calls), "too many": self.too_many}


class StormZalo(zalo_oa.FakeZaloOA):
    """The Official Account that fails."""

    def __init__(self, port: int, failing: float, seed: int) -> None:
        self.times: dict[int, float] = {}
        super().__init__(port, seed)
        self.fail(failing)

    def fail(self, share: float) -> None:
        """Let so many messages fail from now on."""
        shares = dict.fromkeys(ZALO_FAULTS, share / len(ZALO_FAULTS))
        self.rules.shares = {**shares, NEXT_MINUTE: NEXT_MINUTE_SHARE} if share else {}

    def message(self, body: Any) -> Any:
        """Deliver, and remember when."""
        answer, fault = super().message(body)
        if answer and not answer.get("error"):
            self.times[int(answer["data"]["message_id"][1:])] = time.monotonic()
        return answer, fault

    @property
    def log(self) -> list[Said]:
        """What citizens see."""
        known = list(self.sent)
        return [Said(f"{ZALO}:{s.user_id}", s.text, s.fault is not None, self.times.get(s.number, 0.0)) for s in known]


class _Control(Quiet, BaseHTTPRequestHandler):
    wbufsize = -1

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        neighbour = self.fake.neighbour
        if url.path == "/fail":
            neighbour.fail(float(asked["share"]))
        if url.path == "/expire":
            neighbour.expire()
        found = neighbour.report() if url.path == "/report" else []
        if url.path == "/log":
            log = neighbour.log[int(asked["after"]) :]
            found = [[said.conversation, said.text, said.doubtful, said.at] for said in log]
        raw = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _ControlServer(FakeServer):
    def __init__(self, neighbour: Any) -> None:
        self.neighbour = neighbour
        super().__init__(_Control)


@dataclass
class Neighbour:
    """A fake that runs as a program of its own."""

    name: str
    url: str
    control: str
    process: subprocess.Popen[str]

    def said(self, after: int = 0) -> list[Said]:
        """What citizens were sent, from this one on."""
        return [Said(*row) for row in self._ask("/log", after=after)]

    def report(self) -> dict[str, Any]:
        """What it counted."""
        return dict(self._ask("/report"))

    def fail(self, share: float) -> None:
        """Let so many messages fail from now on."""
        self._ask("/fail", share=share)

    def expire(self) -> None:
        """End every access token."""
        self._ask("/expire")

    def _ask(self, path: str, **parameters: Any) -> Any:
        return httpx.get(f"{self.control}{path}", params=parameters, timeout=60, trust_env=False).json()


@contextlib.contextmanager
def neighbour(name: str, seed: int) -> Iterator[Neighbour]:
    """Start a fake, not failing yet."""
    command = [sys.executable, "-m", "benchmarks.gateway_fakes", name, "--seed", str(seed)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        url, control = process.stdout.readline().split()
        yield Neighbour(name, url, control, process)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Run one until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=(TELEGRAM, ZALO))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--failing", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    made = {TELEGRAM: StormTelegram, ZALO: StormZalo}[given.name](given.port, given.failing, given.seed)
    control = _ControlServer(made)
    with made.serving(), control.serving():
        print(made.url, control.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
