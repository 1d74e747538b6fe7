"""A model goes live and back, again and again, while citizens write: no message is lost, doubled or answered late."""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import func, select

from bot.channels import terminal
from bot.database import Database, open_database
from bot.delivery.model import DONE, InboxMessage, OutboxMessage, Turn
from bot.operations.promotion import RasaModels
from bot.settings import ROOT, Settings, load_settings
from bot.training import ledger, starting
from bot.training.train import TrainedModel, sha256_of
from tests.factories import free_port

RATE, CONVERSATIONS = 20, 60
TOKEN = "for-the-dr1ll-0nly-Zq7xK2mW9t-l0ng-en0ugh"
TEXTS = ("làm khai sinh cần giấy gì", "lệ phí bao nhiêu", "mấy giờ trung tâm mở cửa", "xin chào", "số đường dây nóng")
MOST_SECONDS = 10.0


class DrillError(Exception):
    """The bot did not start, or did not get through; the message says why."""


@dataclass
class Course:
    """What happened: seconds each change took, when each message was sent, what was found wrong."""

    promotions: list[float] = field(default_factory=list)
    rollbacks: list[float] = field(default_factory=list)
    sent: dict[int, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)


def drill(folder: Path, models: Path, seconds: float, changes: int) -> Course:
    """Send messages for so many seconds, and change the model so often meanwhile, forth and back in turns.

    Args:
        models: folder of a trained model of today's version.

    Raises:
        DrillError: the bot did not start, or is stuck.
    """
    with _running(folder, models) as (settings, environment, database):
        other = _another_model(database, settings)
        course, over = Course(), threading.Event()
        sender = threading.Thread(target=_send, args=(database, course, over))
        sender.start()
        try:
            _change_again_and_again(environment, course, other, seconds, changes)
        finally:
            over.set()
            sender.join()
        _wait_until_done(database)
        _check(database, course)
        with database.reading() as session:
            live = ledger.live(session)
        if live is None or RasaModels(settings.rasa_url, settings.rasa_token).loaded() != live.name:
            course.wrong["Rasa has another model than the ledger says"] += 1
        return course


def show(course: Course) -> list[str]:
    """The table of docs/benchmarks.md."""
    waits = sorted(course.waits)
    wrong = ", ".join(f"{what} ({count})" for what, count in course.wrong.items()) or "none"
    return [
        "| | |",
        "|---|---|",
        f"| messages, at {RATE} a second, in {CONVERSATIONS} conversations | {len(course.sent)} |",
        f"| promotions, the command from start to end, s (median, most) | {_times(course.promotions)} |",
        f"| rollbacks, the same | {_times(course.rollbacks)} |",
        f"| lost, doubled, unanswered, wrong | {wrong} |",
        f"| wait for an answer, s (median, 99 of 100, most) | {statistics.median(waits):.2f}, "
        f"{waits[int(len(waits) * 0.99)]:.2f}, {waits[-1]:.2f} |",
    ]


def holds(course: Course) -> bool:
    """Whether nothing was lost or wrong, and each rollback took less than ten seconds."""
    return not course.wrong and max(course.rollbacks) < MOST_SECONDS


def _change_again_and_again(
    environment: dict[str, str], course: Course, other: str, seconds: float, changes: int
) -> None:
    for number in range(changes):
        time.sleep(seconds / (changes + 1))
        forth = number % 2 == 0
        arguments = ["promote", other, "--because", "drill"] if forth else ["rollback"]
        began = time.monotonic()
        command = [sys.executable, "-W", "ignore", "-m", "bot.cli", "models", *arguments, "--by", "drill"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        (course.promotions if forth else course.rollbacks).append(time.monotonic() - began)
        if done.returncode:
            course.wrong[f"{arguments[0]}: {done.stderr.strip()[-200:]}"] += 1
    time.sleep(seconds / (changes + 1))


def _send(database: Database, course: Course, over: threading.Event) -> None:
    conversations = [terminal.new_conversation() for _ in range(CONVERSATIONS)]
    began = time.monotonic()
    number = 0
    while not over.is_set():
        text = TEXTS[number % len(TEXTS)]
        course.sent[terminal.send(database, conversations[number % CONVERSATIONS], text)] = text
        number += 1
        over.wait(max(0.0, began + number / RATE - time.monotonic()))


def _check(database: Database, course: Course) -> None:
    """Every message is done, was worked on once, and answered as the same words are always answered."""
    with database.reading() as session:
        rows = {row.id: row for row in session.execute(select(InboxMessage)).scalars()}
        turns = Counter(session.execute(select(Turn.inbox_id)).scalars())
        intents = dict(session.execute(select(Turn.inbox_id, Turn.intent)).all())
        answers = {
            number: (count, last)
            for number, count, last in session.execute(
                select(OutboxMessage.inbox_id, func.count(), func.max(OutboxMessage.created_at)).group_by(
                    OutboxMessage.inbox_id
                )
            )
        }
    usual = {text: Counter(intents.get(n) for n, said in course.sent.items() if said == text) for text in TEXTS}
    for number, text in course.sent.items():
        row = rows.get(number)
        if row is None or row.state != DONE:
            course.wrong["not done"] += 1
        elif turns[number] != 1:
            course.wrong[f"{turns[number]} turns"] += 1
        elif number not in answers:
            course.wrong["unanswered"] += 1
        elif intents[number] != usual[text].most_common(1)[0][0]:
            course.wrong["read otherwise"] += 1
        if row is not None and number in answers:
            course.waits.append((answers[number][1] - row.received_at).total_seconds())


def _another_model(database: Database, settings: Settings) -> str:
    """The same model under another name, as a candidate; what differs is only which of them Rasa has."""
    path = starting.choose(database, settings.models, None, print)
    copy = path.with_name("motcua-drill.tar.gz")
    shutil.copy(path, copy)
    number = ledger.begin(database)
    with database.reading() as session:
        inputs = ledger.find(session, str(number)).inputs
    ledger.finish(database, number, TrainedModel(copy, inputs, sha256_of(copy)), 0.0)
    return str(number)


@contextlib.contextmanager
def _running(folder: Path, trained: Path) -> Iterator[tuple[Settings, dict[str, str], Database]]:
    models = folder / "models"
    shutil.copytree(trained, models, ignore=shutil.ignore_patterns(".*"))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    ports = {name: str(free_port()) for name in ("MOTCUA_PORT", "MOTCUA_RASA_PORT", "MOTCUA_ACTIONS_PORT")}
    own = {"MOTCUA_HOME": str(folder / "home"), "MOTCUA_MODELS": str(models), "MOTCUA_RASA_TOKEN": TOKEN}
    environment = {**environment, **ports, **own}
    settings = load_settings(environment)
    with (folder / "run.log").open("ab") as log:
        command = [sys.executable, "-W", "ignore", "-m", "bot.cli", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _wait_until_ready(settings, process, folder / "run.log")
        database = open_database(settings)
        yield settings, environment, database
        database.close()
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_ready(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{settings.web_url}/readyz", timeout=5, trust_env=False).status_code == 200:
                return
        time.sleep(0.2)
    raise DrillError(f"the bot did not start: {log.read_text()[-2000:]}")


def _wait_until_done(database: Database, patience: float = 120.0) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with database.reading() as session:
            left = session.execute(select(func.count()).where(InboxMessage.state != DONE)).scalar_one()
        if not left:
            return
        time.sleep(0.5)


def _times(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.1f}, {max(seconds):.1f}"
