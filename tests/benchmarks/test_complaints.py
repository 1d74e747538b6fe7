"""The figures of feedback, small: a smoke test of what `make bench-complaints` measures at length."""

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from benchmarks import complaints
from benchmarks.complaints import LISTS, SEARCHES, time_lists, time_others, try_edits, write_at_once
from benchmarks.complaints_data import fill, rows
from bot.complaints.lifecycle import OPEN
from bot.complaints.model import ChainLink, Complaint, ComplaintMove
from bot.complaints.queries import Wanted, list_complaints
from bot.complaints.texts import plain

MANY = 1500


def test_writers_at_once_lose_and_double_nothing(database):
    found = write_at_once(database.url, messages=60, writers=4)
    assert (found.whole, found.calls, found.kept, found.flaws) == (True, 63, 60, 0)
    with database.transaction() as session:
        session.delete(session.get(ChainLink, 30))
    assert complaints.verify(database).flaws


def test_every_page_that_is_measured_is_there_and_right(database):
    fill(database, MANY)
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(Complaint)).scalar_one() == MANY
        assert session.execute(select(func.count()).select_from(ComplaintMove)).scalar_one() > 2 * MANY
    times = time_lists(database, {**LISTS, **SEARCHES}, MANY, repeats=1)
    assert all(len(found) == len(complaints.DEPTHS) for found in times.values())
    assert len(time_others(database, MANY, repeats=1)) == 3
    frequent = list_complaints(database, SEARCHES["very frequent word"], limit=MANY)
    assert MANY / 3 < len(frequent) < MANY
    assert all(plain("không") in row.folded.split() for row in frequent)
    assert list_complaints(database, SEARCHES["two words of every second one that never meet"]) == []
    rare = list_complaints(database, Wanted(words=f"H29.4-{250_000 + MANY // 3}"), limit=MANY)
    assert len(rare) <= 1


def test_the_invented_feedback_is_skewed_and_the_same_each_time():
    found = list(rows(MANY))
    assert [row["folded"] for row in rows(MANY)] == [row["folded"] for row in found]
    assert 0.03 < sum(row["state"] in OPEN for row in found) / MANY < 0.06
    assert all(row["folded"].startswith(plain(row["description"])) for row in found[:50])


def test_every_edit_is_noticed(database):
    assert try_edits(database, trials=20) == 0


def test_all_of_it_runs_and_writes_its_page(tmp_path, postgres, monkeypatch):
    page = tmp_path / "benchmarks.md"
    marks = "".join(f"<!-- complaints: {part} -->\n<!-- /complaints: {part} -->\n" for part in complaints.PARTS)
    page.write_text(f"# B\n\n{marks}", encoding="utf-8")
    monkeypatch.setenv("MOTCUA_TEST_POSTGRES_URL", postgres.url.render_as_string(hide_password=False))
    sizes = {"messages": 20, "writers": 2, "complaints": 600, "repeats": 2, "trials": 5, "page": page}
    ran = CliRunner().invoke(
        complaints.main, [part for name, size in sizes.items() for part in (f"--{name}", str(size))]
    )
    assert ran.exit_code == 0, ran.output
    assert "| PostgreSQL | 20 | 21 | 20 | 0 | whole |" in page.read_text(encoding="utf-8")
    assert "PostgreSQL 5 of 5, SQLite 5 of 5" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [1, 20])
def test_a_time_that_95_of_100_take_is_near_the_top(number):
    assert complaints.p95([float(n * number) for n in range(100)]) == pytest.approx(95 * number, rel=0.02)
