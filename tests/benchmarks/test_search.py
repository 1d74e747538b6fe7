"""The comparison of searches, on a handful of records: a smoke test of what `make bench-search` does at length."""

import json
from contextlib import ExitStack

import pytest

from benchmarks import search
from benchmarks.search import (
    TOGETHER,
    Document,
    FullText,
    PostgresText,
    Query,
    compare_national,
    compare_reviewed,
    read_queries,
    table,
)
from bot.catalogue.loader import load_knowledge
from bot.settings import ROOT
from tests.catalogue.importing.samples import CODE, OTHER_CODE, OTHER_UUID, detail, list_row, write
from tests.factories import KEY, TOKEN

SMALL = load_knowledge(ROOT / "tests" / "catalogue" / "fixtures" / "knowledge")[0]
SEARCHES = ["Một Cửa", "SQLite FTS5, BM25", "PostgreSQL full text"]
DOCUMENTS = {
    "drum": Document("muon trong lang", "danh trong", ""),
    "boat": Document("dang ky thuyen thung", "", "nop don"),
}
QUERIES = [
    Query("đổi bằng lái", frozenset(("licence",))),
    Query("bang lai het han", frozenset(("licence",))),
    Query("xin làm trống đồng ở sao Hỏa", frozenset(("nothing",))),
]


@pytest.fixture
def fresh(postgres):
    with ExitStack() as stack:
        yield lambda: stack.enter_context(postgres.fresh())


def test_the_reviewed_content_is_searched_in_three_ways(fresh):
    found = compare_reviewed(SMALL, QUERIES, fresh)
    assert list(found) == SEARCHES
    for seconds, result in found.values():
        assert (result.first, result.first_five, result.toneless) == (pytest.approx(2 / 3),) * 3
        assert seconds > 0
        assert result.p95 > 0
    lines = table("Two of three", found)
    assert [line.split(" | ")[0] for line in lines[4:-1]] == [f"| {name}" for name in SEARCHES]
    assert {line.count("|") for line in lines[2:-1]} == {7}
    assert "| 66.7 | 66.7 | 66.7 |" in lines[4]


def test_imported_records_are_searched_in_three_ways(fresh, tmp_path, monkeypatch):
    write(tmp_path, "in/a.json", detail())
    row = list_row(code=OTHER_CODE, codeNotation=OTHER_CODE, id=OTHER_UUID, name="Đăng ký thuyền thúng")
    write(tmp_path, "in/b.json", row)
    elsewhere = f"sqlite:///{tmp_path / 'the_bots.db'}"
    settings = {"MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN, "MOTCUA_DATABASE_URL": elsewhere}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    names = search.import_records(str(tmp_path / "in"), str(tmp_path / "home"))
    assert [name.codes for name in names] == [(CODE,), (OTHER_CODE,)]
    assert not (tmp_path / "the_bots.db").exists()
    sets = [
        [Query("mượn trống làng", frozenset((CODE,)))] * 2,
        [Query("đăng ký thuyền thúng", frozenset((OTHER_CODE,)))] * 2,
    ]
    for found in compare_national(names, SMALL, sets, fresh):
        assert {name: result.first for name, (_, result) in found.items()} == dict.fromkeys(
            [SEARCHES[0], TOGETHER, *SEARCHES[1:]], 1.0
        )


@pytest.mark.parametrize("text, found", [("thuyền", ["boat"]), ("TRỐNG", ["drum"]), ("", []), ('" OR (', [])])
def test_both_full_texts_take_any_query(fresh, text, found):
    assert FullText(DOCUMENTS).find(text) == found
    peer = PostgresText(DOCUMENTS, fresh())
    assert peer.find(text) == found
    peer.close()


def test_a_set_of_queries_names_keys_or_codes(tmp_path):
    rows = [{"text": "a", "key": "licence", "also": ["birth"]}, {"text": "b", "code": "1.000001"}]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_queries(tmp_path / "set.jsonl") == [
        Query("a", frozenset(("licence", "birth"))),
        Query("b", frozenset(("1.000001",))),
    ]


def test_the_page_has_the_marks():
    assert f"<!-- {'search'} -->" in search.PAGE.read_text(encoding="utf-8")
