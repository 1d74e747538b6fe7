import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.settings import ROOT
from tests.catalogue.importing.samples import detail, list_row, write
from tests.factories import KEY, TOKEN, wait_until
from tests.fakes.portal import FakePortal, Fault

PERMISSION = "Trung tâm dữ liệu cho phép ngày 01/11/2026"


@pytest.fixture
def environment(tmp_path):
    return {
        "MOTCUA_HOME": str(tmp_path / "home"),
        "MOTCUA_SECRET_KEY": KEY,
        "MOTCUA_RASA_TOKEN": TOKEN,
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def motcua(environment):
    def motcua(*words, **more):
        return CliRunner().invoke(cli, [str(word) for word in words], env={**environment, **more})

    return motcua


def test_files_are_imported_and_the_report_printed(motcua, tmp_path):
    write(tmp_path, "in/a.json", detail())
    write(tmp_path, "in/b.json", "{")
    result = motcua("import", "procedures", tmp_path / "in")
    assert result.exit_code == 0
    assert "Procedures: 1 new, 0 changed, 0 unchanged." in result.output
    assert "  b.json: it is not whole JSON" in result.output
    assert "1 unchanged" in motcua("import", "procedures", tmp_path / "in").output


def test_the_whole_report_is_written_to_a_file(motcua, tmp_path):
    write(tmp_path, "in/a.json", detail())
    motcua("import", "procedures", tmp_path / "in", "--report", tmp_path / "report.json")
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert told["procedures"] == {"new": 1, "changed": 0, "unchanged": 0}


def test_without_files_the_command_says_what_it_needs(motcua, tmp_path):
    assert "Missing argument 'PATHS...'" in motcua("import", "procedures").output
    assert "does not exist" in motcua("import", "procedures", tmp_path / "gone").output


@pytest.fixture
def portal():
    with FakePortal([detail()], [list_row()]).serving() as portal:
        yield portal


def test_the_portal_is_read_with_permission(motcua, portal):
    given = {"MOTCUA_PORTAL_PERMISSION": PERMISSION, "MOTCUA_PORTAL_CONTACT": "it@example.vn"}
    result = motcua("import", "portal", MOTCUA_PORTAL_URL=portal.url, MOTCUA_PORTAL_PAUSE="1", **given)
    assert result.exit_code == 0, result.output
    assert "Procedures: 1 new" in result.output


def run(environment, *words):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    command = [sys.executable, "-m", "bot.cli", *words]
    return subprocess.run(command, cwd=ROOT, env={**clean, **environment}, capture_output=True, text=True)


def test_without_permission_the_command_stops_with_one_sentence(environment, portal):
    result = run({**environment, "MOTCUA_PORTAL_URL": portal.url}, "import", "portal")
    assert (result.returncode, result.stdout, portal.requests) == (1, "", [])
    assert result.stderr.startswith("motcua: Reading the portal is off: its interface is not official.")


def test_a_portal_that_refuses_ends_the_command_with_an_error(motcua, portal):
    given = {"MOTCUA_PORTAL_PERMISSION": PERMISSION, "MOTCUA_PORTAL_CONTACT": "it@example.vn"}
    portal.faults.append(Fault.FORBIDDEN)
    result = motcua("import", "portal", MOTCUA_PORTAL_URL=portal.url, **given)
    assert result.exit_code == 1
    assert "Stopped: The portal refuses this machine (status 403)" in result.output


def test_ctrl_c_ends_an_import_and_keeps_what_was_stored(environment, tmp_path):
    for number in range(3000):
        row = list_row(code=f"9.{number:06}", id=f"01900000-0000-7000-8000-{number:012}")
        write(tmp_path, f"in/{number:04}.json", row)
    command = [sys.executable, "-m", "bot.cli", "import", "procedures", str(tmp_path / "in")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    # Where the tests run in the background Ctrl-C is ignored, and a child would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=ROOT, env={**clean, **environment}, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: stored(tmp_path / "home" / "motcua.db") >= 200)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 130
    assert "Stopped: interrupted" in output
    assert f"Procedures: {stored(tmp_path / 'home' / 'motcua.db')} new" in output


def stored(path):
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        with contextlib.suppress(sqlite3.OperationalError):
            return connection.execute("SELECT count(*) FROM imported_procedures").fetchone()[0]
        return 0
