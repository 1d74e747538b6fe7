"""Lists and search: by what is stored beside the words, by words as citizens and staff write them, page by page."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, update

from bot.complaints.conversations import offers_for
from bot.complaints.model import Complaint
from bot.complaints.queries import Wanted, list_complaints, similar
from bot.complaints.texts import plain
from bot.complaints.word_search import WordSearch
from tests.complaints.conftest import OFFICER

ON_POSTGRES = pytest.mark.parametrize("kind_of_database", ["postgres"])


def listed(centre, after=0, limit=50, **asked):
    return [row.code for row in list_complaints(centre.database, Wanted(**asked), after, limit)]


def spread(centre, step):
    """File some, and set their ids far apart, as if many had been filed between them."""
    codes = [
        centre.file(words=(("description", f"đơn số {number} gọi {word}"),)).code
        for number, word in enumerate("abcabc")
    ]
    with centre.database.transaction() as session:
        for place in range(len(codes), 0, -1):
            row = session.query(Complaint).filter(Complaint.code == codes[place - 1]).one()
            for table in ("complaint_moves", "complaint_words"):
                session.connection().exec_driver_sql(f"DELETE FROM {table} WHERE complaint_id = {row.id}")
            session.execute(update(Complaint).where(Complaint.code == row.code).values(id=place * step))
    return codes


@pytest.mark.parametrize("step", [1000, 4096, 32_768, 300_000])
def test_pages_follow_each_other_however_far_apart_the_ids_are(centre, step):
    codes = spread(centre, step)
    for words, wanted in (("đơn số", codes), ("gọi b", [codes[1], codes[4]]), ("đơn 5", [codes[5]]), ("", codes)):
        found, after = [], 0
        while page := list_complaints(centre.database, Wanted(words=words), after, 2):
            found += [row.code for row in page]
            after = page[-1].id
        assert found == wanted
    assert listed(centre, after=3 * step, words="đơn số") == codes[3:]
    assert listed(centre, after=3 * step - 1, words="DON so") == codes[2:]


@ON_POSTGRES
@pytest.mark.parametrize("few", [1, 4, 100])
def test_how_many_hits_there_are_decides_the_way_and_not_what_is_found(centre, few):
    codes = spread(centre, 40_000)
    with centre.database.reading() as session:
        search = WordSearch(session, ["don", "so"], False, lambda columns: [columns.kind == "late"], near=1, few=few)
        assert search.find(0, 50) == [place * 40_000 for place in range(1, len(codes) + 1)]
        assert search.find(80_000, 3) == [120_000, 160_000, 200_000]
        assert search.find(240_000, 3) == []


def test_words_and_all_else_that_is_asked_must_fit(centre):
    mine, other = centre.file_in("accepted"), centre.file_in("accepted", kind="fee")
    centre.file(kind="fee", route="to_cao")
    for code, name in ((mine, OFFICER), (other, "Trần Văn Bình")):
        centre.change(code, assignee=name, unit="Tổ một cửa, tầng 1", due_on=centre.row(mine).created_at.date())
    tomorrow = centre.row(mine).due_on.replace(year=2099)
    assert listed(centre, words="ba lần", assignee=OFFICER) == [mine]
    assert listed(centre, words="ba lần", kind="fee") == [other]
    assert listed(centre, words="ba lần", unit="Tổ một cửa, tầng 1", state="accepted") == [mine, other]
    assert listed(centre, words="ba lần", unit="Tổ một cửa") == listed(centre, words="ba lần", state="closed") == []
    assert listed(centre, words="ba lần", overdue_on=tomorrow, assignee=OFFICER) == [mine]
    assert len(listed(centre, words="ba lần", kind="fee", restricted=True)) == 2


@pytest.mark.parametrize(
    "words", ["' OR 1=1 --", "a & !b | (c:*)", "%", "_", "\\", "k:late", "#0", "{}", "ARRAY['x']", "\x00"]
)
def test_what_has_a_meaning_in_a_query_language_has_none_here(centre, words):
    code = centre.file().code
    assert listed(centre, words=words) == ([] if plain(words) else [code])


def test_a_word_of_any_length_is_kept_and_found(centre):
    long = "".join(chr(0x4E00 + number * 7 % 9000) for number in range(4000))
    code = centre.file(description=f"mã {long}").code
    centre.file()
    assert listed(centre, words=long) == listed(centre, words=f"{long}x") == [code]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.text(max_size=60), asked=st.text(max_size=20))
def test_whatever_is_typed_search_finds_those_and_only_those_with_all_the_words(centre, told, asked):
    code = centre.file(description=told.replace("\x00", "").encode(errors="ignore").decode()).code
    held = set(centre.row(code).folded.split())
    assert (code in listed(centre, words=asked, limit=1000)) == (set(plain(asked).split()) <= held)
    assert code in listed(centre, words=" ".join(sorted(held)[:3]), limit=1000)


@ON_POSTGRES
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        ({"words": "đơn số"}, "ix_complaints_words"),
        ({"words": "đơn số", "kind": "late"}, "ix_complaints_words"),
        ({"words": "đơn số", "state": "accepted"}, "ix_complaints_open_words"),
        ({"words": "đơn số", "state": "closed"}, "ix_complaints_words"),
    ],
)
def test_words_are_looked_up_in_their_index(centre, asked, index):
    """The migration and the search spell the same expression; were they to differ, every row would be read."""
    spread(centre, 300_000)
    statements = []
    event.listen(centre.database.engine, "before_cursor_execute", lambda *a: statements.append(a[2:4]))
    listed(centre, **asked)
    found = [one for one in statements if "@>" in one[0]]
    assert len(found) == 2
    for statement, values in found:
        assert f"Bitmap Index Scan on {index} " in plan_without_others(centre.database, statement, values)


def plan_without_others(database, statement, values):
    """How a statement is run where only the indexes of words are there: what is known of few rows chooses at random."""
    others = (
        "SELECT indexname FROM pg_indexes WHERE tablename = 'complaints'"
        " AND indexname LIKE 'ix_%%' AND indexname NOT LIKE '%%_words'"
    )
    with database.engine.connect() as connection:
        for (name,) in connection.exec_driver_sql(others).all():
            connection.exec_driver_sql(f"DROP INDEX {name}")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
        connection.rollback()
    return "\n".join(plan)


def test_the_nearest_open_one_comes_first(centre):
    far = centre.file(kind="online_system", description="trang web treo lúc thanh toán", office=None, words=()).code
    near = centre.file(
        kind="online_system", description="trang web treo lúc thanh toán lệ phí", office=None, words=()
    ).code
    for other in ({"kind": "fee"}, {"route": "to_cao"}, {"person": "ông Ba"}, {"description": "mất điện"}):
        values = {"kind": "online_system", "description": "trang web treo lúc thanh toán lệ phí", **other}
        centre.file(office=None, happened=None, words=(), **values)
    centre.change(far, happened=None)
    found = similar(centre.database, "online_system", "Trang web treo lúc thanh toán lệ phí")
    assert [row.code for row in found] == [near, far]
    assert len(found[0].moves) == 1


def test_what_is_about_another_province_is_not_offered(centre):
    file = lambda province: centre.file(kind="fee", description="thu thêm lệ phí", province=province).code  # noqa: E731
    here, _, unknown = file("tay-ninh"), file("gia-lai"), file(None)
    kind, found = centre.rules.kinds["fee"], []
    for province in ("tay-ninh", None):
        offers = offers_for(centre.database, "web:binh", kind, "thu thêm lệ phí một cửa xã An Hòa tuần trước", province)
        found.append({offer.code for offer in offers})
    assert found[0] == {here, unknown}
    assert len(found[1]) == 3
