"""`make bench-complaints`: many writers at once, lists and search among a million, edits that the chain must find.

The sizes are options, so that a machine with less time can take smaller ones; the page says which were taken.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import click
from sqlalchemy import func, select

from benchmarks.complaints_data import EITHER, NEW_WORD, TODAY, fill
from benchmarks.report import replace_section
from bot.complaints.chain import close_days
from bot.complaints.filing import Draft, Receipt, file_complaint
from bot.complaints.lifecycle import ANSWERED, CLOSED, IN_PROGRESS, RECEIVED
from bot.complaints.model import Complaint
from bot.complaints.queries import PAGE, Wanted, find_status, list_complaints, similar
from bot.complaints.rules import load_rules
from bot.complaints.verification import verify
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now
from bot.settings import ROOT
from tests.complaints.tampering import find_undetected
from tests.factories import KEY
from tests.postgres import NoServerError, postgres_server

DOCUMENT = ROOT / "docs" / "benchmarks.md"
# Every twentieth message comes twice, as a turn does that was run again.
AGAIN = 20
STORY = "Bộ phận một cửa xã hẹn ba lần vẫn chưa trả kết quả, lần nào cũng bảo chờ ký"
Milliseconds = list[float]


@dataclass(frozen=True)
class Written:
    """What many writers did to an empty database.

    Attributes:
        calls: how often something was filed, repeated messages included.
        receipts: different receipts that were handed out.
        flaws: what the check of the chain found; nothing when it is whole.
    """

    messages: int
    calls: int
    kept: int
    receipts: int
    flaws: int
    seconds: float
    times: Milliseconds

    @property
    def whole(self) -> bool:
        """Whether nothing was lost or doubled, and the chain holds."""
        return self.messages == self.kept == self.receipts and not self.flaws


def write_at_once(url: str, messages: int, writers: int) -> Written:
    """File that many messages, and some of them a second time, by processes that share a migrated database."""
    numbers = [n for n in range(1, messages + 1) for _ in range(1 + (n % AGAIN == 0))]
    # The same message twice goes to two writers at about the same time.
    shares = [numbers[place::writers] for place in range(writers)]
    start = time.perf_counter()
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(partial(_write, url), shares))
    seconds = time.perf_counter() - start
    receipts = {message: receipt for share in done for message, receipt, _ in share}
    told = {(message, receipt.code, receipt.link) for share in done for message, receipt, _ in share}
    assert len(told) == len({code for _, code, _ in told}) == len({link for *_, link in told}), "two receipts for one"
    database = Database(url, (KEY,))
    with database.reading() as session:
        kept = session.execute(select(func.count()).select_from(Complaint)).scalar_one()
    report = verify(database)
    database.close()
    flaws = len(report.flaws) + (report.links != messages)
    return Written(messages, len(numbers), kept, len(receipts), flaws, seconds, [ms for d in done for *_, ms in d])


def _write(url: str, messages: Sequence[int]) -> list[tuple[int, Receipt, float]]:
    database, rules, done = Database(url, (KEY,)), load_rules(ROOT / "knowledge", "demo"), []
    for message in messages:
        words = (("description", STORY), ("office", f"xã An Hòa {message}"))
        draft = Draft("late", STORY, f"UBND xã An Hòa {message}", dossier_code=f"H29.4-261122-{message}", words=words)
        start = time.perf_counter()
        receipt = file_complaint(database, rules, f"web:{message}", message, draft)
        done.append((message, receipt, (time.perf_counter() - start) * 1000))
    database.close()
    return done


# What staff ask for. A page is measured at the start and deep inside.
LISTS = {
    "everything": Wanted(),
    "state: received": Wanted(state=RECEIVED),
    "state: in progress": Wanted(state=IN_PROGRESS),
    "state: answered": Wanted(state=ANSWERED),
    "state: closed": Wanted(state=CLOSED),
    "kind: frequent": Wanted(kind="late"),
    "kind: rare": Wanted(kind="regulation"),
    "kind: rare, still received": Wanted(kind="regulation", state=RECEIVED),
    "kind: frequent, in progress": Wanted(kind="late", state=IN_PROGRESS),
    "unit: large": Wanted(unit="Đơn vị 1"),
    "unit: small, in progress": Wanted(unit="Đơn vị 40", state=IN_PROGRESS),
    "unit and kind": Wanted(unit="Đơn vị 3", kind="papers", state=CLOSED),
    "officer": Wanted(assignee="Cán bộ 7"),
    "officer, in progress": Wanted(assignee="Cán bộ 7", state=IN_PROGRESS),
    "overdue": Wanted(overdue_on=TODAY),
    "overdue, of an officer": Wanted(overdue_on=TODAY, assignee="Cán bộ 100"),
    "overdue, of a unit and kind": Wanted(overdue_on=TODAY, unit="Đơn vị 9", kind="bribery"),
}
SEARCHES = {
    "very frequent word": Wanted(words="không"),
    "two frequent words, with tones": Wanted(words="hồ sơ"),
    "the same without tones": Wanted(words="ho so"),
    "five frequent words": Wanted(words="tôi không có hồ sơ"),
    "a phrase": Wanted(words="đòi tiền bồi dưỡng"),
    "rare word": Wanted(words="H29.4-{dossier}"),
    "a word that is nowhere": Wanted(words="khôngcóchữnày"),
    "a name": Wanted(words="ngọc phước bình"),
    "a word of the newest fifth only": Wanted(words=NEW_WORD),
    "frequent words, still received": Wanted(words="hồ sơ", state=RECEIVED),
    "frequent word, overdue": Wanted(words="chậm", overdue_on=TODAY),
    "frequent word, of an officer, in progress": Wanted(words="phí", assignee="Cán bộ 7", state=IN_PROGRESS),
    "frequent words, rare kind": Wanted(words="hồ sơ", kind="regulation"),
    "rare word, frequent kind": Wanted(words="{dossier}", kind="late"),
    "frequent word, closed, of a unit": Wanted(words="cán bộ", state=CLOSED, unit="Đơn vị 5"),
    "two words of every second one that never meet": Wanted(words=" ".join(EITHER)),
    "code": Wanted(words="{code}"),
}
DEPTHS = (0.0, 0.4, 0.97)


def time_lists(database: Database, asked: dict[str, Wanted], count: int, repeats: int) -> dict[str, Milliseconds]:
    """How long each page takes, once unmeasured and then `repeats` times, at each depth."""
    with database.reading() as session:
        code = session.execute(select(Complaint.code).where(Complaint.id == count // 2)).scalar_one()
    times = {}
    for name, wanted in asked.items():
        words = wanted.words.format(dossier=250_000 + count // 3, code=code)
        spelled = Wanted(**{**vars(wanted), "words": words})
        for depth in DEPTHS:
            page = partial(list_complaints, database, spelled, int(count * depth), PAGE)
            times.setdefault(name, []).extend(_times(page, repeats))
    return times


def time_others(database: Database, count: int, repeats: int) -> dict[str, Milliseconds]:
    """The status by code, and open feedback that is like a text."""
    with database.reading() as session:
        code = session.execute(select(Complaint.code).where(Complaint.id == count // 2)).scalar_one()
    return {
        "status by code": _times(lambda: find_status(database, code), repeats),
        "similar open ones, frequent kind": _times(lambda: similar(database, "late", STORY), repeats),
        "similar open ones, rare kind": _times(lambda: similar(database, "regulation", STORY), repeats),
    }


def _times(run: Callable[[], object], repeats: int) -> Milliseconds:
    run()
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        found.append((time.perf_counter() - start) * 1000)
    return found


def try_edits(database: Database, trials: int) -> int:
    """File a few complaints on two days, the first of them closed, and count the single-byte edits nobody notices."""
    rules = load_rules(ROOT / "knowledge", "demo")
    for message in range(1, 7):
        draft = Draft("late", STORY, "UBND xã An Hòa", words=(("description", STORY), ("office", "An Hòa")))
        file_complaint(database, rules, f"web:{message}", message, draft)
        if message == 3:
            close_days(database, day_in_viet_nam(now()) + timedelta(days=1))
    return len(find_undetected(database, trials, seed=20261122))


def p95(times: Milliseconds) -> float:
    """The time that 95 of 100 take at most."""
    return statistics.quantiles(times, n=20)[18]


def table_of_writers(found: dict[str, Written], writers: int) -> list[str]:
    """What the writers did, as lines of Markdown."""
    lines = [f"**{writers} processes file at once**", ""]
    lines.append(
        "| | messages | filed, with repeats | kept | lost or doubled | chain | a second | median ms | p95 ms |"
    )
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for name, one in found.items():
        wrong = abs(one.messages - one.kept) + abs(one.messages - one.receipts)
        chain = "whole" if not one.flaws else f"{one.flaws} flaws"
        speed = f"{one.calls / one.seconds:.0f} | {statistics.median(one.times):.1f} | {p95(one.times):.1f}"
        lines.append(f"| {name} | {one.messages} | {one.calls} | {one.kept} | {wrong} | {chain} | {speed} |")
    return [*lines, ""]


def table_of_times(title: str, found: dict[str, Milliseconds]) -> list[str]:
    """Times by what was asked, and of all together, as lines of Markdown."""
    lines = [f"**{title}**", "", "| | median ms | p95 ms |", "|---|---|---|"]
    rows = {**found, "all": [one for times in found.values() for one in times]}
    lines += [f"| {name} | {statistics.median(times):.1f} | {p95(times):.1f} |" for name, times in rows.items()]
    return [*lines, ""]


@dataclass(frozen=True)
class Bench:
    """The sizes, and where databases come from: name → a way to make an empty one."""

    makers: dict[str, Callable[[], Database]]
    messages: int
    writers: int
    complaints: int
    repeats: int
    trials: int

    def edits(self) -> list[str]:
        """How many edits the check of the chain finds."""
        missed = {name: try_edits(make(), self.trials) for name, make in self.makers.items()}
        if any(missed.values()):
            raise click.ClickException(f"Edits that nobody noticed: {missed}")
        found = ", ".join(f"{name} {self.trials - count} of {self.trials}" for name, count in missed.items())
        return [f"**Single-byte edits that the check of the chain finds**: {found}.", ""]

    def pages(self) -> list[str]:
        """How long lists, searches and the rest take."""
        database, many = self.makers["PostgreSQL"](), self.complaints
        fill(database, many)
        lines = []
        for title, asked in (("Lists of", LISTS), ("Search among", SEARCHES)):
            times = time_lists(database, asked, many, self.repeats)
            lines += table_of_times(f"{title} {many} complaints on PostgreSQL, pages of {PAGE}", times)
        lines += table_of_times("Others, there", time_others(database, many, self.repeats))
        database.close()
        database, many = self.makers["SQLite"](), self.complaints // 10
        fill(database, many)
        both = {**time_lists(database, {**LISTS, **SEARCHES}, many, self.repeats)}
        everything = {"all": [one for times in both.values() for one in times]}
        lines += table_of_times(f"The same lists and searches among {many} complaints on SQLite", everything)
        database.close()
        return lines

    def writing(self) -> list[str]:
        """What many writers at once leave."""
        found = {}
        for name, make in self.makers.items():
            found[name] = write_at_once(make().url, self.messages, self.writers)
            click.echo("\n".join(lines := table_of_writers(found, self.writers)))
        if not all(one.whole for one in found.values()):
            raise click.ClickException("\n".join(["Something was lost or doubled.", *lines]))
        return lines


PARTS = ("edits", "pages", "writing")


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), default=PARTS, help="Only this one.")
@click.option("--messages", default=100_000, show_default=True, help="Complaints that the writers file.")
@click.option("--writers", default=8, show_default=True, help="Processes that file at once.")
@click.option("--complaints", default=1_000_000, show_default=True, help="Complaints to search among.")
@click.option("--repeats", default=20, show_default=True, help="How often each page is asked for.")
@click.option("--trials", default=1000, show_default=True, help="Single-byte edits on each database.")
@click.option("--page", default=DOCUMENT, type=Path, help="The page the tables are written into.")
def main(parts: tuple[str, ...], page: Path, **sizes: int) -> None:
    """Measure, print, and write the page, part by part."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server(dict(os.environ), ()))
        except NoServerError as error:
            raise click.ClickException(str(error)) from error
        makers = {
            "PostgreSQL": lambda: _migrated(stack.enter_context(server.fresh())),
            "SQLite": lambda: _migrated(f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/motcua.db"),
        }
        bench = Bench(makers, **sizes)
        for part in parts:
            start = time.perf_counter()
            lines = getattr(bench, part)()
            minutes = (time.perf_counter() - start) / 60
            lines = [f"{date.today()}, {os.cpu_count()} cores, {minutes:.0f} minutes.", "", *lines]
            click.echo("\n".join(lines))
            replace_section(page, f"complaints: {part}", lines)


def _migrated(url: str) -> Database:
    database = Database(url, (KEY,))
    database.migrate()
    return database


if __name__ == "__main__":
    main()
