import shutil
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from bot.cli import cli
from bot.complaints.casework import move
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.rules import load_rules
from bot.database import now, open_database
from bot.delivery import correspondents
from bot.delivery.model import OutboxMessage
from bot.operations.jobs import JobError
from bot.settings import ROOT, load_settings
from tests.factories import KEY, TOKEN

# Everything before the training, which would take a minute.
START = """
import sys
from bot.operations.programs import prepare
from bot.settings import load_settings

def tell(text):
    print(text, flush=True)
    if text.startswith("Training"):
        sys.exit()

prepare(load_settings(), tell)
"""


@pytest.fixture
def environment(tmp_path):
    return {"MOTCUA_HOME": str(tmp_path / "home"), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}


@pytest.fixture
def motcua(environment):
    def motcua(*words):
        return CliRunner().invoke(cli, [*words], env=environment)

    return motcua


@pytest.fixture
def unread(environment):
    """The code of a complaint whose notice nobody fetched for five days."""
    database, rules = open_database(load_settings(environment)), load_rules(ROOT / "knowledge", "demo")
    database.migrate()
    code = file_complaint(database, rules, "web:an", 7, Draft("late", "Chưa trả kết quả")).code
    move(database, rules, code, "accepted", "Lê Thị Hoa")
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(created_at=now() - timedelta(days=5)))
    database.close()
    return code


def test_jobs_are_listed_with_their_last_and_next_run(motcua):
    before = motcua("jobs", "list")
    assert before.exit_code == 0
    assert "overdue         at 07:30" in before.output
    assert "never run; next at once" in before.output
    assert motcua("jobs", "run", "overdue").output == "overdue: 0\n"
    after = motcua("jobs", "list").output.splitlines()
    line = after[next(place for place, text in enumerate(after) if text.startswith("overdue")) + 1]
    assert line.strip().startswith("last 20")
    assert line.endswith("07:30")


def test_an_unknown_job_is_refused(motcua):
    refused = motcua("jobs", "run", "nothing")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, JobError)


def test_notices_that_nobody_fetched_are_listed(motcua, unread):
    listed = motcua("complaints", "undelivered")
    assert unread in listed.output
    assert "unread  accepted" in listed.output
    assert "web, sender\n1 notices." in listed.output
    assert "Chưa trả" not in listed.output
    assert motcua("complaints", "undelivered", "--days", "6").output == "0 notices.\n"


@pytest.mark.parametrize(
    ("state", "reason", "told"),
    [
        ("held", "window_closed", "because they have not written for seven days\n"),
        ("held", "window_closed_template_sent", "for seven days; a template told them so\n"),
        ("held", "window_closed_template_unsure", "for seven days; a template may have told them so\n"),
        ("held", "not_following_out_of_money", "the account; no template could tell them: out_of_money\n"),
        ("held", "out_of_quota", "because the account may send them nothing more now\n"),
        ("held", "something_new", "because something_new\n"),
        ("failed", "blocked", "given up: blocked; 'motcua delivery resend 1' tries it again\n"),
    ],
)
def test_notices_that_can_not_arrive_are_listed_at_once_with_why(motcua, unread, environment, state, reason, told):
    database = open_database(load_settings(environment))
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=state, reason=reason, created_at=now()))
    database.close()
    listed = motcua("complaints", "undelivered").output
    assert unread in listed
    assert f"{state:7} accepted" in listed
    assert told in listed
    assert ("cannot be reached now, because" in listed) is (state == "held")


def test_who_is_still_out_of_reach_is_told_beside_what_failed(motcua, unread, environment):
    database = open_database(load_settings(environment))
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(state="failed", reason="left"))
        correspondents.gone(session, "web:an", "left")
    database.close()
    assert "'motcua delivery resend 1' when they are back" in motcua("complaints", "undelivered").output


@pytest.fixture
def checkout(tmp_path, environment):
    """A copy of program and content in which rows of the calendar and of the deadlines are wrong."""
    for part in ("bot", "knowledge", "data/lookups"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "knowledge" / "complaint_deadlines.yml").write_text("working_days:\n  demo:\n    lat: 5\n")
    (tmp_path / "knowledge" / "calendar" / "days.yml").write_text("off:\n- {day: 24/11}\n")

    def run(*words):
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return run


def test_wrong_rows_of_the_calendar_and_the_deadlines_fail_the_check(checkout):
    checked = checkout("-m", "bot.cli", "knowledge", "check")
    assert checked.returncode == 1
    assert "error: complaint_deadlines.yml:3: demo: there is no kind 'lat'" in checked.stderr
    assert "error: calendar/days.yml:2: 'checked_on' is missing" in checked.stderr
    assert "2 errors" in checked.stdout


def test_wrong_rows_are_named_at_the_start_and_do_not_stop_it(checkout):
    told = checkout("-c", START).stdout
    assert "knowledge/complaint_deadlines.yml:3: demo: there is no kind 'lat'; this row was left out" in told
    assert "knowledge/calendar/days.yml:2: 'checked_on' is missing; this row was left out" in told
    assert "Training the model" in told
