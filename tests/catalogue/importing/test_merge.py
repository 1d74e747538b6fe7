from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.merge import Contribution, merge_code, province_of
from bot.catalogue.importing.record import Channel, Fee, Paper, Step
from tests.catalogue.importing.samples import MINISTRY, OTHER_UUID, PROVINCE, make_record

JULY, JUNE = (datetime(2026, month, 1, tzinfo=timezone.utc) for month in (7, 6))


def merged(*records):
    return merge_code(Contribution(record, (("bare_time", record.shape),), record.shape) for record in records)


def only(*records):
    found = merged(*records)
    assert len(found) == 1
    return found[0]


def test_the_richer_shape_has_the_last_word_and_others_fill_its_gaps():
    detail = make_record(requirements="mới", state="ACTIVE", publisher="")
    flat = make_record("flat", requirements="cũ", note="chỉ trong hội làng")
    found = only(flat, detail, make_record("list", type="STANDARD"))
    assert (found.main.record.shape, found.record.requirements, found.record.state) == ("detail", "mới", "ACTIVE")
    assert (found.record.note, found.record.type, found.record.publisher) == (
        "chỉ trong hội làng",
        "STANDARD",
        MINISTRY,
    )
    assert found.origins == {"note": "flat", "type": "list"}


def test_the_newer_of_two_structured_records_counts():
    newer = make_record("normalised", name="Mới", updated_at=JULY)
    assert only(make_record("detail", name="Cũ", updated_at=JUNE), newer).record.name == "Mới"


def test_of_two_equally_new_records_the_portals_own_counts():
    twin = make_record("normalised", name="Chép", updated_at=JULY)
    assert only(twin, make_record("detail", name="Gốc", updated_at=JULY)).record.name == "Gốc"


@pytest.mark.parametrize("shape", ["list", "sheet"])
def test_a_row_that_knows_only_names_never_overwrites_details(shape):
    row = make_record(shape, name="Tên trong danh sách", updated_at=JULY, uuid="")
    found = only(make_record("flat", name="Tên đủ", updated_at=None), row)
    assert (found.record.name, found.record.detail, len(found.record.steps)) == ("Tên đủ", "details", 1)


def test_an_empty_detail_does_not_take_the_place_of_a_full_text():
    bare = make_record("detail", steps=(), channels=(), papers=())
    assert only(bare, make_record("flat")).main.record.shape == "flat"


def test_a_ministrys_record_and_a_provinces_own_stay_apart():
    own = make_record(uuid=OTHER_UUID, publisher=PROVINCE, type="SPECIFIC", channels=(Channel("DIRECT", "3 ngày"),))
    found = merged(make_record(), own, make_record("sheet", uuid=""))
    assert [(one.record.publisher, len(one.fillers)) for one in found] == [(MINISTRY, 0), (PROVINCE, 0)]
    assert [one.record.channels[0].time for one in found] == ["", "3 ngày"]


def test_a_provinces_record_without_id_never_joins_a_ministrys():
    found = merged(make_record(), make_record("police", uuid="", publisher="Công an tỉnh Phú Thọ"))
    assert sorted(one.identity.split(":")[0] for one in found) == ["publisher", "uuid"]


def test_a_ministry_written_in_another_way_is_still_the_same_procedure():
    row = make_record("sheet", uuid="", publisher=f"{MINISTRY} (Bộ Chiêng cũ)")
    assert only(make_record(), row).record.publisher == MINISTRY


def test_a_record_without_id_joins_that_of_its_publisher():
    row = make_record("land", uuid="", publisher=PROVINCE.upper(), note="đất")
    own = make_record("list", uuid=OTHER_UUID, publisher=PROVINCE)
    assert {one.record.publisher: one.record.note for one in merged(make_record(), own, row)} == {
        MINISTRY: "",
        PROVINCE.upper(): "đất",
    }


def test_doubtful_places_come_only_with_what_was_used():
    shadowed = make_record("flat")
    assert only(make_record(), shadowed).notes == (("bare_time", "detail"),)
    filling = make_record("flat", results=("Giấy phép",))
    assert ("bare_time", "flat") in only(make_record(), filling).notes


@pytest.mark.parametrize(
    ("publisher", "province"),
    [
        ("UBND tỉnh Gia Lai", "Gia Lai"),
        ("UBND Thành phố Hải Phòng", "Hải Phòng"),
        ("Công an tỉnh Phú Thọ", "Phú Thọ"),
        ("Bộ Công an", ""),
        ("", ""),
    ],
)
def test_a_provinces_publisher_names_its_province(publisher, province):
    assert province_of(publisher) == province


RECORDS = st.builds(
    make_record,
    st.sampled_from(["detail", "normalised", "flat", "defence", "police", "land", "list", "sheet"]),
    uuid=st.sampled_from(["", "a", "b"]),
    publisher=st.sampled_from(["", MINISTRY, PROVINCE, "Bộ Chiêng"]),
    updated_at=st.sampled_from([None, JUNE, JULY]),
    steps=st.sampled_from([(), (Step("", "Nộp đơn."),)]),
    papers=st.sampled_from([(), (Paper("Đơn"),)]),
    channels=st.sampled_from([(), (Channel("DIRECT", fees=(Fee("zero"),)),)]),
    note=st.sampled_from(["", "một", "hai"]),
)
SOURCES = st.lists(RECORDS, max_size=6, unique_by=lambda record: (record.shape, record.uuid, record.publisher))


@given(SOURCES, st.randoms(use_true_random=False))
def test_the_order_in_which_sources_come_decides_nothing(records, random):
    mixed = list(records)
    random.shuffle(mixed)
    assert merged(*mixed) == merged(*records)


@given(SOURCES)
def test_every_source_belongs_to_one_procedure_and_ids_never_mix(records):
    found = merged(*records)
    assert {one.uuid for one in records if one.uuid} == {one.record.uuid for one in found if one.record.uuid}
    assert len({one.identity for one in found}) == len(found) <= max(len(records), 0)
