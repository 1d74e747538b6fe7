"""`make bench-console`: how long the console's pages take among a million complaints, beside the same among a thousand.

Pages are asked for as a browser does, through the whole program but the network, by officers of every scope.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from benchmarks.complaints_data import NEW_WORD, TODAY, UNITS, fill
from benchmarks.report import replace_section
from bot.accounts.officers import Accounts
from bot.accounts.passwords import Cost, Passwords
from bot.accounts.permissions import OFFICER, SUPERVISOR, UNIT_HEAD
from bot.accounts.sessions import Sessions
from bot.complaints.lifecycle import OPEN
from bot.complaints.model import CONFIRMED, WAITING, Complaint, ComplaintNamed
from bot.complaints.rules import load_rules
from bot.console.console import Console
from bot.database import Database
from bot.settings import ROOT
from tests.factories import KEY
from tests.postgres import NoServerError, postgres_server

DOCUMENT = ROOT / "docs" / "benchmarks.md"
CHEAP = Passwords(Cost(passes=1, kibibytes=8))
# One of this many open complaints about persons still waits for a supervisor.
UNCONFIRMED = 5
LIST = "/can-bo/phan-anh"
QUEUES = ("new", "mine", "asked", "today", "overdue", "answered", "reopened", "naming", "mentioned")


@dataclass(frozen=True)
class Page:
    """One page and how long it took, in milliseconds."""

    name: str
    median: float
    p95: float


def add_staff(database: Database) -> dict[str, str]:
    """Officers of the units that the complaints have; role → somebody's name, the officer of a small unit."""
    accounts = Accounts(database, CHEAP)
    accounts.add_first_administrator("Quản trị")
    for number in range(1, 121):
        role = UNIT_HEAD if number <= UNITS else OFFICER
        accounts.add(f"Cán bộ {number}", f"Đơn vị {(number - 1) % UNITS + 1}", (role,), (), "bench")
    accounts.add("Giám sát", "", (SUPERVISOR,), (), "bench")
    return {OFFICER: "Cán bộ 79", UNIT_HEAD: "Cán bộ 1", SUPERVISOR: "Giám sát"}


def add_named(database: Database) -> None:
    """Complaints about persons: most are confirmed and name somebody, some still wait."""
    chance = random.Random(3)
    about = select(Complaint.id).where(Complaint.kind.in_(("attitude", "bribery")))
    with database.transaction() as session:
        ids = session.execute(about.where(Complaint.state.in_(OPEN))).scalars().all()
        waiting = [one for one in ids if chance.randrange(UNCONFIRMED) == 0]
        every = session.execute(about).scalars().all()
        everything = {"synchronize_session": False}
        for value, those in ((CONFIRMED, every), (WAITING, waiting)):
            for start in range(0, len(those), 5_000):
                part = update(Complaint).where(Complaint.id.in_(those[start : start + 5_000])).values(naming=value)
                session.execute(part.execution_options(**everything))
        rows = []
        for one in set(every) - set(waiting):
            number = chance.randint(1, 120)
            of = {"complaint_id": one, "officer": f"Cán bộ {number}", "unit": f"Đơn vị {(number - 1) % UNITS + 1}"}
            rows.append({**of, "confirmed_by": "Giám sát"})
        session.bulk_insert_mappings(ComplaintNamed, rows)
    if not database.embedded:
        # As a server does by itself within a minute.
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def measure(database: Database, folder: Path, people: dict[str, str], times: int) -> list[Page]:
    """How long each page takes, for every officer of `people`."""
    sessions = Sessions(database, CHEAP)
    console = Console(sessions, load_rules(ROOT / "knowledge", "demo"), folder, lambda: TODAY, secure=False)
    app = Starlette(routes=console.routes())
    found: dict[str, list[float]] = {}
    for role, name in people.items():
        client = TestClient(app, follow_redirects=False)
        client.cookies.set("motcua_can_bo", _log_in(sessions, name), path="/can-bo")
        for page, path in _paths(client, role):
            for _ in range(times):
                start = time.perf_counter()
                assert client.get(path).status_code == 200, path
                found.setdefault(page, []).append((time.perf_counter() - start) * 1000)
    return [Page(name, statistics.median(all_), _p95(all_)) for name, all_ in found.items()]


def _log_in(sessions: Sessions, name: str) -> str:
    once = Accounts(sessions.database, CHEAP).reset(name, "bench")
    first = sessions.log_in(name, once, "bench").token
    return sessions.change_password(first, once, "a sentence that is long enough", "bench").token


def _paths(client: TestClient, role: str) -> Iterator[tuple[str, str]]:
    yield "queues with counts", "/can-bo"
    for queue in QUEUES:
        yield f"list: {queue}", f"{LIST}?hang={queue}"
    yield "list: all", LIST
    yield "list: one kind", f"{LIST}?loai=bribery"
    yield "search: frequent words", f"{LIST}?q=ho+so"
    yield "search: a rare word", f"{LIST}?q={NEW_WORD}"
    yield "search: words that never meet", f"{LIST}?q=kiosk+taxi"
    code = client.get(f"{LIST}?hang=new").text.split(f'href="{LIST}/PA-')
    if len(code) > 1:
        yield "a complaint", f"{LIST}/PA-{code[1][:14]}"
    if role == SUPERVISOR:
        yield "the log", "/can-bo/nhat-ky"


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, round(len(times) * 0.95) - 1)]


@contextmanager
def filled(count: int) -> Iterator[Database]:
    """A PostgreSQL database of that many complaints, named in `MOTCUA_TEST_POSTGRES_URL` or started for this."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server(dict(os.environ)))
        database = Database(stack.enter_context(server.fresh()), (KEY,))
        database.migrate()
        fill(database, count)
        stack.callback(database.close)
        yield database


def report(sizes: dict[int, list[Page]]) -> list[str]:
    """The lines of the table."""
    few, many = sizes.values()
    lines = ["| page | " + " | ".join(f"{size:,}: median / p95 ms" for size in sizes) + " |", "|---|---|---|"]
    by_name = {one.name: one for one in few}
    for page in many:
        small = by_name.get(page.name)
        first = f"{small.median:.0f} / {small.p95:.0f}" if small else "–"
        lines.append(f"| {page.name} | {first} | {page.median:.0f} / {page.p95:.0f} |")
    return lines


@click.command(help=__doc__)
@click.option("--few", default=1_000, show_default=True, help="Complaints of the small database.")
@click.option("--many", default=1_000_000, show_default=True, help="Complaints of the large one.")
@click.option("--times", default=20, show_default=True, help="How often each page is asked for by each officer.")
@click.option("--write/--no-write", default=True, help="Whether the section of docs/benchmarks.md is replaced.")
def main(few: int, many: int, times: int, write: bool) -> None:
    """Measure, and write the page."""
    sizes: dict[int, list[Page]] = {}
    try:
        for size in (few, many):
            with filled(size) as database, tempfile.TemporaryDirectory() as folder:
                add_named(database)
                sizes[size] = measure(database, Path(folder), add_staff(database), times)
    except NoServerError as error:
        raise click.ClickException(str(error)) from error
    lines = [f"`make bench-console`, {date.today()}, {os.cpu_count()} cores, PostgreSQL.", "", *report(sizes)]
    click.echo("\n".join(lines))
    if write:
        replace_section(DOCUMENT, "console", lines)


if __name__ == "__main__":
    main()
