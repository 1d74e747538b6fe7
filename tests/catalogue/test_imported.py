import dataclasses

import pytest

from bot.catalogue.imported import imported_names, load_imported, shadowed_codes
from bot.catalogue.importing.run import import_files
from bot.catalogue.model import Knowledge, Name
from tests.catalogue.importing.samples import (
    CODE,
    NAME,
    OTHER_CODE,
    OTHER_UUID,
    PROVINCE,
    UUID,
    defence,
    detail,
    list_row,
    write,
)

THIRD = "9.000003"


@pytest.fixture
def fill(database, tmp_path):
    def fill(*contents, aliases=()):
        for number, content in enumerate(contents):
            write(tmp_path, f"in/{number}.json", content)
        write(tmp_path, "in/a.csv", "old_code,new_code,name\n" + "".join(f"{line}\n" for line in aliases))
        import_files(database, (tmp_path / "in",))

    return fill


OWN = detail(id=OTHER_UUID, departmentPromulgateName=PROVINCE, name="Bản của tỉnh", type="SPECIFIC")


def test_every_record_is_a_name_for_the_search(database, fill):
    fill(detail(), list_row(code=OTHER_CODE, id=OTHER_UUID), aliases=[f"{THIRD},{CODE},"])
    first, second = imported_names(database)
    assert isinstance(first, Name)
    assert (first.key, first.name, first.codes, first.old_codes) == (CODE, NAME, (CODE,), (THIRD,))
    assert (first.synonyms, first.fields, first.steps) == (
        ("trống", "mượn trống"),
        ("Nhạc cụ",),
        "Bước 1 Người mượn nộp đơn.",
    )
    assert (second.key, second.detail, second.steps) == (OTHER_CODE, "name_only", "")


def test_a_provinces_own_record_has_a_key_of_its_own(database, fill):
    fill(detail(), OWN)
    assert [(name.key, name.province) for name in imported_names(database)] == [
        (CODE, ""),
        (f"{CODE}/Gia Lai", "Gia Lai"),
    ]


def test_keys_are_unique_also_when_a_code_has_two_ids(database, fill):
    fill(detail(), detail(id=OTHER_UUID, departmentPromulgateName="Bộ Chiêng"))
    assert len({name.key for name in imported_names(database)}) == 2


def test_many_records_come_in_the_order_of_their_codes(database, fill):
    fill([list_row(code=f"9.{n:06}", id=f"{UUID[:-6]}{n:06}") for n in reversed(range(1100))])
    assert [name.key for name in imported_names(database)] == [f"9.{n:06}" for n in range(1100)]


def test_a_whole_record_is_loaded_by_its_code(database, fill):
    fill(detail())
    found = load_imported(database, CODE)
    assert (found.record.name, found.record.papers[0].name) == (NAME, "Đơn mượn trống")
    assert (found.asked, found.province, found.file, found.notes) == (CODE, "", "0.json", ())


def test_a_code_that_nobody_has_loads_nothing(database, fill):
    fill(detail())
    assert load_imported(database, "9.999999") is None
    assert load_imported(database, "") is None


def test_the_citizens_province_comes_first_and_the_ministrys_record_is_the_frame(database, fill):
    fill(detail(), OWN)
    assert load_imported(database, CODE, "gia lai").record.name == "Bản của tỉnh"
    for province in ("", "Cà Mau"):
        assert (load_imported(database, CODE, province).record.name, load_imported(database, CODE).province) == (
            NAME,
            "",
        )


def test_a_code_with_a_provinces_record_only_says_whose_it_is(database, fill):
    fill(OWN)
    assert load_imported(database, CODE, "Cà Mau").province == "Gia Lai"


def test_a_replaced_code_loads_the_new_one(database, fill):
    fill(detail(), aliases=[f"{THIRD},{CODE},"])
    found = load_imported(database, THIRD)
    assert (found.asked, found.record.code) == (THIRD, CODE)


def test_a_replaced_code_whose_new_one_is_unknown_is_found_by_the_new_name(database, fill):
    fill(detail(), aliases=[f"{THIRD},,{NAME}", f"{OTHER_CODE},,Tên chưa có"])
    assert load_imported(database, THIRD).record.code == CODE
    assert load_imported(database, OTHER_CODE) is None


def test_parts_from_another_source_say_so(database, fill):
    fill(defence(), list_row())
    found = load_imported(database, CODE)
    assert (found.record.shape, found.record.type, found.origins["type"]) == ("defence", "STANDARD", "list")
    assert {"steps", "channels", "papers"}.isdisjoint(found.origins)


def test_reviewed_content_shadows_imported_records_of_its_codes(database, fill, small):
    birth = dataclasses.replace(next(iter(small.procedures.values())), codes=(CODE,), old_codes=(THIRD,))
    knowledge = Knowledge({birth.key: birth})
    fill(detail(), aliases=[f"{CODE},{OTHER_CODE},"])
    assert shadowed_codes(database, knowledge) == dict.fromkeys((CODE, THIRD, OTHER_CODE), birth.key)


def test_the_code_that_an_old_one_became_shadows_the_old_one(database, fill, small):
    birth = dataclasses.replace(next(iter(small.procedures.values())), codes=(OTHER_CODE,), old_codes=())
    fill(detail(), aliases=[f"{CODE},{OTHER_CODE},"])
    assert shadowed_codes(database, Knowledge({birth.key: birth}))[CODE] == birth.key
