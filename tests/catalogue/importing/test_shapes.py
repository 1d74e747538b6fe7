"""The structured shapes, each read whole, and what none of them may do."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.record import Channel, Fee, Law, Paper, Record, Step, from_json
from bot.catalogue.importing.shapes import LARGEST_RECORD, read_value
from tests.catalogue.importing.samples import (
    CODE,
    MINISTRY,
    NAME,
    OTHER_CODE,
    UUID,
    defence,
    detail,
    detail_with_channel,
    flat,
    list_row,
    normalised,
    police,
    read,
    record_of,
    wrapped,
)

SHAPES = {
    "detail": detail,
    "normalised": normalised,
    "list": list_row,
    "flat": flat,
    "defence": defence,
    "police": police,
}


def test_the_portals_own_answer_is_read_whole():
    assert record_of(wrapped(detail())) == Record(
        code=CODE,
        name=NAME,
        shape="detail",
        uuid=UUID,
        publisher=MINISTRY,
        url=f"https://dichvucong.gov.vn/thu-tuc-hanh-chinh/{UUID}",
        updated_at=record_of(detail()).updated_at,
        levels=("ward",),
        fields=("Nhạc cụ",),
        agencies=("Nhà văn hóa xã",),
        subjects=("Công dân Việt Nam",),
        steps=(Step("Bước 1", "Người mượn nộp đơn."),),
        channels=(
            Channel(
                "DIRECT",
                "5 ngày làm việc",
                5,
                "WORKING_DAY",
                fees=(Fee("amount", "mỗi chiếc trống", 20000, "VND", "lệ phí"),),
            ),
        ),
        papers=(Paper("Đơn mượn trống", "Giấy tờ phải nộp", 1, 0, ("don.docx",)),),
        results=("Giấy phép mượn trống",),
        laws=(Law("Nghị định về trống", "12/2025/NĐ-CP"),),
        requirements="Trống phải còn mặt.",
        keywords=("trống", "mượn trống"),
        decision="34/QĐ-BT",
        type="STANDARD",
        state="ACTIVE",
    )


def test_the_moment_of_an_update_is_in_utc():
    assert f"{record_of(detail(updatedAt=1783600000000)).updated_at:%Y-%m-%d %H:%M %Z}" == "2026-07-09 12:26 UTC"


def test_a_flag_that_is_false_is_unknown():
    assert record_of(detail(isFullProcess=False, isOfflineOnly=False)).flags == ()
    assert record_of(detail(isFullProcess=True)).flags == ("full_process",)


def test_no_original_and_no_copy_means_that_no_number_was_given():
    component = {"name": "Lưu ý", "originalQty": 0, "copyQty": 0}
    paper = record_of(detail(executionCases=[{"name": "", "profileComponents": [component]}])).papers[0]
    assert (paper.originals, paper.copies) == (None, None)


def test_one_channel_may_stand_there_several_times():
    methods = detail_with_channel(submissionMethod="ONLINE")["executionMethods"] * 2
    assert [channel.method for channel in record_of(detail(executionMethods=methods)).channels] == ["ONLINE"] * 2


def test_an_answer_that_tells_of_an_error_is_refused():
    assert read(wrapped(detail(), "NOT_FOUND", "không có")).refusal == "the portal answered 'NOT_FOUND': không có"


def test_a_page_of_the_list_is_read_row_by_row():
    answer = wrapped({"items": [list_row(), list_row(code=OTHER_CODE), list_row(code="")], "lastId": "x", "total": 3})
    found = list(read_value(answer))
    assert [one.record.code if one.record else one.refusal for one in found] == [CODE, OTHER_CODE, "it has no code"]
    assert found[2].place == "item 3"


def test_a_row_of_the_list_knows_only_names():
    record = record_of(list_row())
    assert (record.detail, record.publisher, record.type) == ("name_only", MINISTRY, "STANDARD")


def test_a_normalised_record_is_read_whole():
    record = record_of(normalised())
    assert (record.shape, record.uuid, record.detail) == ("normalised", UUID, "details")
    assert f"{record.updated_at:%Y-%m-%d} {record.data_date}" == "2026-07-01 2026-07-18"
    assert record.channels[0].fees == (Fee("local", "HĐND tỉnh quyết định", name="lệ phí"),)
    assert record.papers == (Paper("Đơn mượn trống", "", 1, 0),)


def test_a_record_of_the_defence_ministry_is_read_whole():
    record = record_of(defence())
    assert (record.publisher, record.levels, record.decision) == (
        "Bộ Quốc phòng",
        ("ministry", "ward", "other"),
        "34/QĐ-BT",
    )
    assert record.channels == (Channel("DIRECT", "7 ngày làm việc", 7, "WORKING_DAY"),)
    assert record.papers == (Paper("Đơn", "", 1, 2, ("don.docx",)),)
    assert record.keywords == ()


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("Phí : 0 Đồng", ["zero"]),
        ("Phí : Không Đồng", ["zero"]),
        ("Phí : Đồng (Theo quy định của Bộ Tài chính)\nFile đính kèm: a.pdf", ["local"]),
        ("Lệ phí : 05 USD (một đêm)\nPhí : 2.000.000 Đồng (một năm)", ["foreign", "amount"]),
        ("Thu tại chỗ", ["text"]),
        ("", []),
    ],
)
def test_fees_of_the_defence_ministry_are_told_apart(cell, kinds):
    row = {"hinh_thuc": "Trực tiếp", "thoi_han_giai_quyet": "", "phi_le_phi": cell, "mo_ta": ""}
    assert [fee.kind for fee in record_of(defence(hinh_thuc_nop=[row])).channels[0].fees] == kinds


def test_a_police_record_is_read_without_the_menu_of_its_site():
    record = record_of(police())
    assert (record.code, record.publisher, record.levels) == ("", "Công an tỉnh Phú Thọ", ("ward",))
    assert (record.requirements, record.papers) == ("Biết gõ.", (Paper("Đơn mượn trống.", forms=("don.docx",)),))
    assert record.channels[0].note == "Trong 03 ngày"
    assert (record.flags, record.laws[0].code) == (("full_process",), "12/2025/NĐ-CP")


def test_a_police_field_that_holds_only_the_menu_is_empty():
    record = record_of(police(requirements="Nộp hồ sơ trực tuyến\n\nThủ tục hành chính\n\nLiên kết", documents=""))
    assert (record.requirements, record.papers) == ("", ())


def test_what_is_no_record_is_refused_with_what_it_holds():
    assert read({"current": [], "defunct": []}).refusal == "it is no known kind of record; it holds current, defunct"
    assert read("x").refusal == "the file is a text, not an object"


@pytest.mark.parametrize("code", ["1.014955-Xoa", "1.0133611", "9", "９.000001"])
def test_a_code_that_is_none_is_refused(code):
    assert read(list_row(code=code)).refusal == f"its code '{code}' is not of the form 1.000000"


def test_spaces_around_a_code_are_taken_off():
    assert record_of(list_row(code=f" {CODE}")).code == CODE


@pytest.mark.parametrize("make", [detail, normalised, list_row])
def test_a_record_without_code_or_name_is_refused(make):
    assert read(make(code=None)).refusal == "it has no code"
    assert read(make(name=" ")).refusal == "it has no name"


def test_a_record_that_is_too_large_is_refused_with_its_size():
    large = detail(requirementsAndConditions="x" * 2 * LARGEST_RECORD)
    assert read(large).refusal == "the record has 2.0 MB, more than 1 MB"


def test_markup_is_taken_out_and_noted():
    found = read(detail(requirementsAndConditions="<b>Biết</b>&nbsp;gõ"))
    assert found.record.requirements == "Biết gõ"
    assert found.notes == (("markup", "requirementsAndConditions: <b>Biết</b>&nbsp;gõ"),)


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_a_record_comes_back_from_the_store_as_it_was(make):
    record = record_of(make())
    assert from_json(record.to_json()) == record


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
def test_what_it_says_decides_the_fingerprint(make):
    record = record_of(make())
    assert record.content_hash() == record_of(make()).content_hash()
    assert record.content_hash() != record.with_code(OTHER_CODE).content_hash()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=5,
)


def places(value, path=()):
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def put(value, path, new):
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return changed


@pytest.mark.parametrize("make", SHAPES.values(), ids=SHAPES)
@given(data=st.data())
def test_whatever_stands_in_a_field_the_record_is_read_or_refused(make, data):
    sample = make()
    path = data.draw(st.sampled_from(list(places(sample))))
    for found in read_value(put(sample, path, data.draw(ANYTHING))):
        assert bool(found.record) != bool(found.refusal)
        if found.record:
            assert from_json(found.record.to_json()) == found.record
            assert found.record.to_json().encode()


@given(ANYTHING)
def test_any_json_is_read_or_refused(value):
    for found in read_value(json.loads(json.dumps(value))):
        assert bool(found.record) != bool(found.refusal)
