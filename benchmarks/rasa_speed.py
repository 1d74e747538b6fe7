"""Rasa's server beside a stock one: same model, same actions, one run (part of `make bench-gateway`).

Closed loop on loopback: so many senders at a time, each with conversations of ten turns, each turn sent when the last
one is answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import end
from benchmarks.report import replace_section
from bot.database import open_database
from bot.operations.programs import list_programs
from bot.settings import ROOT, Settings, child_environment, load_settings
from bot.training.train import current_model
from tests.factories import free_port

PAGE = ROOT / "docs" / "benchmarks.md"
TOKEN = "for-this-comparison-0nly-Zq7xK2mW9t"
# What people ask at a one-stop desk: a greeting, topics, procedures, follow-ups, what the bot does not know.
MESSAGES = (
    "chào ad",
    "làm giấy khai sinh cho con cần những giấy tờ gì",
    "còn lệ phí thì sao",
    "bao lâu thì có kết quả",
    "giờ làm việc của bộ phận một cửa",
    "nop ho so o dau vay ban",
    "đăng ký kết hôn cần gì",
    "hôm nay ăn gì ngon",
    "chứng thực bản sao điện tử là gì",
    "cảm ơn nhé",
)
# What the answers of both are compared by, besides: a form with its asides, the citizen's own data, a place, a tap.
SCRIPTS = tuple(
    told.split(" | ")
    for told in (
        "tôi muốn phản ánh | cán bộ phường bắt tôi đi lại ba lần | phường Bến Thủy | giấy khai sinh cần gì | hôm qua | "
        "chị Lan | không có mã | không để lại | sửa | nơi xảy ra | phường Trường Thi | thôi không gửi nữa",
        "tôi muốn phản ánh | hủy | xóa dữ liệu của tôi | thôi | tra cứu phản ánh | mã XXXX | cảm ơn",
        "tôi ở Tây Ninh | trung tâm hành chính công ở đâu | /ask_hotline | không phải ý tôi | /reject_answer | ờ",
        "làm khai sinh trễ hạn có bị phạt không và nộp ở đâu | lam sao | đăng ký kết hôn với người nước ngoài | phí? | "
        "How do I register a birth? | gặp người thật",
    )
)
# Seconds for a start; the first one of an action server learns.
PATIENCE = 300
LONG = 400
AROUND = 10
EARLY, MIDDLE, LATE = 5, 200, 400


class RunError(Exception):
    """A server did not start or gave no answer; the message says which."""


@dataclass(frozen=True)
class Server:
    """A Rasa server that is up.

    Attributes:
        headers: what its REST channel wants to see.
        ready: seconds from its start to its first answer 200 with a model.
    """

    url: str
    headers: dict[str, str]
    pid: int
    ready: float

    @property
    def memory(self) -> int:
        """Resident memory in MiB."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20


@dataclass(frozen=True)
class Load:
    """What so many senders at a time got: requests per second, milliseconds of the middle and of 99 of 100."""

    senders: int
    rate: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Measured:
    """One server's figures.

    Attributes:
        ready: seconds until it could answer.
        memory: MiB, before and after all of this.
        turns: the number of a turn of one long conversation → milliseconds.
        answers: a fingerprint of all that was said.
    """

    ready: float
    memory: int
    memory_after: int
    loads: list[Load]
    turns: dict[int, float]
    answers: str


def make_settings(home: Path, **more: str) -> Settings:
    """Settings of a bot of its own in a folder, on free ports, with the trained model of this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    environment["MOTCUA_MODELS"] = os.environ.get("MOTCUA_MODELS", str(ROOT / "models"))
    ports = {name: str(free_port()) for name in ("MOTCUA_PORT", "MOTCUA_RASA_PORT", "MOTCUA_ACTIONS_PORT")}
    settings = load_settings({**environment, **ports, "MOTCUA_HOME": str(home), "MOTCUA_RASA_TOKEN": TOKEN, **more})
    database = open_database(settings)
    database.migrate()
    database.close()
    return settings


@contextlib.contextmanager
def our_rasa(settings: Settings) -> Iterator[Server]:
    """Rasa as `motcua run` starts it."""
    rasa = next(program for program in list_programs(settings, _model(settings)) if program.name == "rasa")
    headers = {"Authorization": f"Bearer {settings.rasa_token}"}
    with _running(rasa.command, rasa.health, settings) as (pid, ready):
        yield Server(settings.rasa_url, headers, pid, ready)


@contextlib.contextmanager
def stock_rasa(settings: Settings) -> Iterator[Server]:
    """Rasa as it comes: `rasa run`, its REST channel, its SQL tracker store in an SQLite file, its lock store.

    Needs an action server at `settings.actions_url` (`action_server`).
    """
    folder = settings.home / "stock"
    folder.mkdir(parents=True, exist_ok=True)
    endpoints, credentials = folder / "endpoints.yml", folder / "credentials.yml"
    store = {"type": "SQL", "dialect": "sqlite", "db": str(folder / "tracker.db")}
    # JSON is YAML, too.
    content = {"action_endpoint": {"url": f"{settings.actions_url}/webhook"}, "tracker_store": store}
    endpoints.write_text(json.dumps(content), encoding="utf-8")
    credentials.write_text('{"rest": {}}', encoding="utf-8")
    command = [sys.executable, "-m", "rasa", "run", "--enable-api", "-i", "127.0.0.1", "-p", str(settings.rasa_port)]
    command += ["-m", str(_model(settings)), "--endpoints", str(endpoints), "--credentials", str(credentials)]
    with _running(command, f"{settings.rasa_url}/status", settings) as (pid, ready):
        yield Server(settings.rasa_url, {}, pid, ready)


@contextlib.contextmanager
def action_server(settings: Settings) -> Iterator[float]:
    """The action server; gives the seconds until it was ready."""
    actions = next(program for program in list_programs(settings, _model(settings)) if program.name == "actions")
    with _running(actions.command, actions.health, settings) as (_, ready):
        yield ready


def _model(settings: Settings) -> Path:
    model = current_model(settings.models)
    if model is None:
        raise RunError("there is no trained model; 'motcua train' makes one")
    return model.path


@contextlib.contextmanager
def _running(command: Sequence[str], health: str, settings: Settings) -> Iterator[tuple[int, float]]:
    log_path = settings.home / f"{'-'.join(command[2:4])}.log"
    with log_path.open("ab") as log:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=child_environment(settings), stdout=log, stderr=log)
    try:
        yield process.pid, _wait(process, health, begun)
    finally:
        end(process, 20)


def _wait(process: subprocess.Popen[bytes], health: str, begun: float) -> float:
    while time.perf_counter() - begun < PATIENCE:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(health, timeout=5, trust_env=False).status_code == 200:
                return time.perf_counter() - begun
        if process.poll() is not None:
            break
        time.sleep(0.05)
    how = "is not ready yet" if process.poll() is None else f"ended (code {process.returncode})"
    raise RunError(f"{process.args!r} {how} after {time.perf_counter() - begun:.0f} s")


class Talk:
    """Sends turns and keeps what is said; `answers` is one fingerprint of all of it, whoever was asked first."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._said: dict[tuple[str, int], str] = {}
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, headers=server.headers, limits=limits)

    async def turn(self, sender: str, number: int, message: str = "") -> float:
        """One turn; returns its milliseconds. Without a message it is the next of `MESSAGES`."""
        message = message or MESSAGES[number % len(MESSAGES)]
        body = {"sender": sender, "message": message, "metadata": {"inbox_id": number + 1, "channel": "web"}}
        begun = time.perf_counter()
        response = await self._client.post(f"{self._server.url}/webhooks/rest/webhook", json=body)
        took = (time.perf_counter() - begun) * 1000
        messages: list[dict[str, Any]] = response.json()
        if response.status_code != 200 or not messages:
            raise RunError(f"no answer to turn {number} of {sender} ({response.status_code})")
        # A random name of a sender stands in the answer.
        said = [{k: v for k, v in part.items() if k != "recipient_id"} for part in messages]
        self._said[(sender, number)] = json.dumps(said, sort_keys=True)
        return took

    async def load(self, senders: int, turns: int, name: str) -> Load:
        """`senders` at a time until `turns` turns are answered."""
        conversations = iter(range(-(-turns // len(MESSAGES))))
        times: list[float] = []

        async def one() -> None:
            for conversation in conversations:
                for number in range(len(MESSAGES)):
                    times.append(await self.turn(f"web:{name}-{senders}-{conversation}", number))

        begun = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(senders)))
        rate = len(times) / (time.perf_counter() - begun)
        return Load(senders, rate, statistics.median(times), sorted(times)[int(len(times) * 0.99) - 1])

    async def long(self, turns: int) -> dict[int, float]:
        """One conversation of many turns; the middle of the times around three of them."""
        times = [await self.turn("web:long", number) for number in range(turns + AROUND)]
        places = [place for place in (EARLY, MIDDLE, LATE) if place <= turns]
        return {place: statistics.median(times[max(0, place - AROUND) : place + AROUND]) for place in places}

    async def scripts(self, rounds: int) -> None:
        """The conversations that answers are compared by, each so many times on end."""
        for place, script in enumerate(SCRIPTS):
            for number, message in enumerate(script * rounds):
                await self.turn(f"web:script-{place}", number, message)

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    @property
    def answers(self) -> str:
        """A fingerprint of every answer."""
        said = json.dumps(sorted((str(key), value) for key, value in self._said.items()))
        return hashlib.sha256(said.encode()).hexdigest()[:16]


async def measure(server: Server, turns: int, long: int, rounds: int = 3) -> Measured:
    """All figures of one server; `turns` for each number of senders, `rounds` of each script."""
    talk, memory = Talk(server), server.memory
    try:
        await talk.load(1, len(MESSAGES), "warm")
        loads = [await talk.load(senders, turns, "load") for senders in (1, 8, 32)]
        slow = await talk.long(long)
        await talk.scripts(rounds)
    finally:
        await talk.close()
    return Measured(server.ready, memory, server.memory, loads, slow, talk.answers)


def compare(folder: Path, turns: int, long: int, rounds: int = 3) -> tuple[Measured, Measured]:
    """Stock first, then ours, on the same action server."""
    settings = make_settings(folder)
    with action_server(settings):
        with stock_rasa(settings) as server:
            stock = asyncio.run(measure(server, turns, long, rounds))
        with our_rasa(settings) as server:
            ours = asyncio.run(measure(server, turns, long, rounds))
    return stock, ours


def table(stock: Measured, ours: Measured, turns: int) -> list[str]:
    """The figures as a page shows them."""
    lines = [f"{turns} turns for each number of senders, {len(MESSAGES)} turns a conversation.", ""]
    lines += ["| | stock Rasa 3.6 | ours | ratio |", "|---|---|---|---|"]
    for one, other in zip(stock.loads, ours.loads, strict=True):
        who = f"{one.senders} sender{'s' if one.senders > 1 else ''} at a time"
        lines.append(f"| {who}: turns/s | {one.rate:.0f} | {other.rate:.0f} | {other.rate / one.rate:.1f} |")
        quick, slow = f"{one.p50:.0f} / {one.p99:.0f}", f"{other.p50:.0f} / {other.p99:.0f}"
        lines.append(f"| … p50 / p99, ms | {quick} | {slow} | {one.p50 / other.p50:.1f} |")
    for place in stock.turns:
        one_turn, other_turn = stock.turns[place], ours.turns[place]
        lines.append(f"| turn {place}, ms | {one_turn:.0f} | {other_turn:.0f} | {one_turn / other_turn:.1f} |")
    if LATE in ours.turns:
        growth = [measured.turns[LATE] / measured.turns[EARLY] for measured in (stock, ours)]
        lines.append(f"| turn {LATE} over turn {EARLY} | {growth[0]:.1f} | {growth[1]:.1f} | |")
    lines.append(f"| ready after, s | {stock.ready:.1f} | {ours.ready:.1f} | {stock.ready / ours.ready:.1f} |")
    lines.append(f"| memory, MiB | {stock.memory} | {ours.memory} | {stock.memory / ours.memory:.1f} |")
    lines.append(f"| … after all of this | {stock.memory_after} | {ours.memory_after} | |")
    same = "the same, word for word" if stock.answers == ours.answers else "NOT the same"
    return [*lines, "", f"The answers of both are {same}."]


def main() -> None:
    """Compare and write the section of the page."""
    turns = int(os.environ.get("BENCH_TURNS") or 600)
    with tempfile.TemporaryDirectory() as folder:
        stock, ours = compare(Path(folder), turns, LONG)
    lines = table(stock, ours, turns)
    print("\n".join(lines))
    replace_section(PAGE, "gateway: rasa", lines)


if __name__ == "__main__":
    main()
