"""`motcua search`: one search over the reviewed content and what was imported."""

import json

import pytest
from click.testing import CliRunner

from bot.cli import cli
from tests.catalogue.importing.samples import CODE, NAME, OTHER_UUID, detail, write
from tests.factories import KEY, TOKEN


@pytest.fixture
def motcua(tmp_path):
    environment = {"MOTCUA_HOME": str(tmp_path / "home"), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}

    def motcua(*words):
        result = CliRunner().invoke(cli, [str(word) for word in words], env=environment)
        assert result.exit_code == 0, result.output
        return result.output

    return motcua


@pytest.fixture
def search(motcua, tmp_path):
    """What is found for each of some texts; one call, because the index is made anew in each."""

    def search(*texts, options=()):
        rows = [{"id": number, "text": text} for number, text in enumerate(texts)]
        (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        motcua("search", "--file", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl", *options)
        found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
        assert [row["id"] for row in found] == list(range(len(texts)))
        return [row["hits"] for row in found]

    return search


def test_a_text_is_answered_by_one_line(motcua):
    first = json.loads(motcua("search", "lam giay khai sinh"))["hits"][0]
    assert (first["code"], first["key"]) == ("1.001193", "khai_sinh")


def test_imported_records_are_found_beside_the_reviewed_procedures(motcua, search, tmp_path):
    write(tmp_path, "in/a.json", detail())
    birth = {"code": "1.001193", "codeNotation": "1.001193", "id": OTHER_UUID, "name": "Thủ tục đăng ký khai sinh"}
    write(tmp_path, "in/b.json", detail(**birth))
    motcua("import", "procedures", tmp_path / "in")
    *named, reviewed, nothing = search(NAME, "muon trong lang", f"thủ tục {CODE}", "làm giấy khai sinh cho con", "")
    for hits in named:
        assert (hits[0]["code"], hits[0]["name"]) == (CODE, NAME)
    # The record of a reviewed procedure is that procedure, and stands there once.
    assert reviewed[0]["key"] == "khai_sinh"
    assert [hit["code"] for hit in reviewed].count("1.001193") == 1
    assert all(len(hits) <= 10 and all(0 <= hit["score"] <= 1 for hit in hits) for hits in (*named, reviewed, nothing))


def test_one_imported_record_is_enough(motcua, search, tmp_path):
    write(tmp_path, "in/a.json", detail())
    motcua("import", "procedures", tmp_path / "in")
    assert search(NAME)[0][0]["code"] == CODE


def test_the_imported_catalogue_can_be_asked_alone(motcua, search, tmp_path):
    assert search("làm giấy khai sinh", options=("--in", "imported")) == [[]]
    write(tmp_path, "in/a.json", detail())
    motcua("import", "procedures", tmp_path / "in")
    drum, birth = search(NAME, "làm giấy khai sinh cho con", options=("--in", "imported"))
    assert drum[0]["code"] == CODE
    assert "khai_sinh" not in [hit["key"] for hit in birth]


def test_a_record_that_replaced_a_reviewed_code_is_the_reviewed_procedure(motcua, search, tmp_path):
    write(tmp_path, "in/a.json", detail())
    write(tmp_path, "in/a.csv", f"old_code,new_code,name\n1.001193,{CODE},\n")
    motcua("import", "procedures", tmp_path / "in")
    by_code, by_name = search(f"thủ tục {CODE}", NAME)
    assert by_code[0]["key"] == "khai_sinh"
    assert CODE not in [hit["key"] for hit in by_name]
