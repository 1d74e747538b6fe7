import re

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.complaints import evidence
from bot.complaints.errors import ComplaintError
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.filing import file_complaint
from bot.complaints.rules import load_rules
from bot.settings import ROOT
from tests.complaints import files
from tests.complaints.conftest import AN, DRAFT
from tests.factories import KEY, TOKEN, make_database

KNOWLEDGE = ROOT / "knowledge"


@pytest.fixture
def motcua(tmp_path):
    environment = {"MOTCUA_HOME": str(tmp_path), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}

    def motcua(*words):
        return CliRunner().invoke(cli, ["complaints", *map(str, words)], env=environment)

    return motcua


@pytest.fixture
def code(tmp_path):
    """A complaint with one photo."""
    database = make_database(tmp_path)
    evidence.agree(database, AN)
    rules = load_file_rules(KNOWLEDGE)
    evidence.keep(database, tmp_path / "evidence", rules, AN, "biên nhận.jpg", files.photo())
    receipt = file_complaint(database, load_rules(KNOWLEDGE, "demo"), AN, 7, DRAFT)
    database.close()
    return receipt.code


def number_of(listed):
    return re.match(r" *(\d+) ", listed).group(1)


def test_a_file_is_listed_written_and_removed(motcua, code, tmp_path):
    listed = motcua("files", code).output
    assert "image/jpeg  biên nhận.jpg" in listed
    out = tmp_path / "photo.jpg"
    assert motcua("file", code, number_of(listed), "--out", out, "--why", "xem").exit_code == 0
    assert (out.read_bytes()[:3], out.stat().st_mode & 0o077) == (b"\xff\xd8\xff", 0)
    assert motcua("remove-file", code, number_of(listed), "--why", "ảnh căn cước").exit_code == 0
    assert re.search(r"removed by \w+: ảnh căn cước", motcua("files", code).output)


def test_nothing_is_written_over_and_nothing_without_a_reason(motcua, code, tmp_path):
    out = tmp_path / "photo.jpg"
    out.write_bytes(b"mine")
    number = number_of(motcua("files", code).output)
    assert motcua("file", code, number, "--out", out, "--why", "xem").exit_code == 2
    assert isinstance(motcua("file", code, number, "--out", tmp_path / "new.jpg").exception, ComplaintError)
    assert not (tmp_path / "new.jpg").exists()
    assert isinstance(motcua("remove-file", code, number, "--why", " ").exception, ComplaintError)
    assert out.read_bytes() == b"mine"


def test_a_code_or_number_that_is_none_is_one_sentence(motcua, code):
    for words in (("files", "PA-0000-0000-0000"), ("remove-file", code, 99, "--why", "x")):
        assert isinstance(motcua(*words).exception, ComplaintError)
