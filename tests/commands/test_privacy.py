import re

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.complaints import privacy
from tests.complaints.conftest import AN
from tests.factories import KEY, OTHER_KEY, TOKEN, accept, free_port


@pytest.fixture
def motcua(tmp_path, monkeypatch):
    def run(*arguments, key=KEY):
        settings = {"HOME": str(tmp_path), "SECRET_KEY": key, "RASA_TOKEN": TOKEN, "RASA_PORT": str(free_port())}
        for name, value in settings.items():
            monkeypatch.setenv(f"MOTCUA_{name}", value)
        result = CliRunner().invoke(cli, ["privacy", *arguments])
        return result.output if result.exit_code == 0 else result.exception

    return run


def test_requests_are_listed_until_they_are_done(motcua, database):
    wish = privacy.ask(database, AN, privacy.CORRECT)
    assert re.search(rf"{wish.id} .* correct +{AN}  due {wish.due_on}", motcua("requests"))
    assert motcua("done", str(wish.id), "--result", "đã sửa") == f"Request {wish.id} is done.\n"
    assert motcua("requests") == "0 requests.\n"
    assert "đã sửa" in motcua("requests", "--all")


def test_an_erasure_waits_while_rasa_is_away(motcua, database):
    privacy.ask(database, AN, privacy.DELETE)
    assert motcua("erase").splitlines()[-1] == "0 erased, 1 wait for the end of a turn, or for Rasa."


def test_a_dry_run_says_what_would_go_of_each_store_and_changes_nothing(motcua, database):
    accept(database)
    told = motcua("retention", "--dry-run")
    assert re.search(r"^inbox +180 days +0$", told, re.MULTILINE)
    assert "Rasa does not answer" in told
    assert told.endswith("Nothing was changed.\n")


def test_keys_are_rotated_and_the_old_one_can_go(motcua, database):
    accept(database)
    assert motcua("rotate-keys", key=f"{OTHER_KEY},{KEY}").startswith("1 fields")
    assert motcua("rotate-keys", key=OTHER_KEY).startswith("0 fields")
