import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.laws import clean_code, read_law, read_law_table, without_doubles
from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Law


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12/2025/NĐ-CP", "12/2025/NĐ-CP"),
        ("Luật số 58/2024/QH15 của Quốc hội", "58/2024/QH15"),
        ("35 /2025/NQ-HĐND", "35/2025/NQ-HĐND"),
        ("09./2025/NQ-HĐND", "09/2025/NQ-HĐND"),
        ("105/2025/CP-NĐ", "105/2025/NĐ-CP"),
        ("66.7/2025/NQ-CP.", "66.7/2025/NQ-CP"),
        ("85/2024/TT-BT\u0421", "85/2024/TT-BTC"),
        ("08.a/2010/TT-BTP", "08.a/2010/TT-BTP"),
        ("2628/QĐ-UBND", "2628/QĐ-UBND"),
        ("191/2005/TTLT/BQP-BLĐTBXH-BTC", "191/2005/TTLT/BQP-BLĐTBXH-BTC"),
        ("95/2025/QH1", None),
        ("12", None),
    ],
)
def test_a_dirty_law_code_is_cleaned_or_is_none(typed, code):
    assert clean_code(typed) == code


@pytest.mark.parametrize("typed", ["105/2025/CP-NĐ", "35 /2025/NQ-HĐND", "95/2025/QH1"])
def test_a_dirty_law_code_is_noted(typed):
    notes = Notes()
    read_law("Nghị định về trống", typed, notes)
    assert [rule for rule, _ in notes] == ["law_code"]


@pytest.mark.parametrize("typed", ["12/2025/NĐ-CP", "Thông tư số 12/2025/TT-BCA", "12/2025/NĐ-CP ."])
def test_a_kind_in_front_of_a_code_is_harmless(typed):
    notes = Notes()
    read_law("Nghị định về trống", typed, notes)
    assert list(notes) == []


def test_a_law_without_any_code_keeps_its_name():
    assert read_law("Luật Trống", "", Notes()) == Law("Luật Trống")
    assert read_law("", "", Notes()) is None


def test_legal_bases_that_repeat_stand_there_once():
    laws = [Law("Nghị định về trống", "12/2025/NĐ-CP"), Law("NĐ 12", "12/2025/NĐ-CP"), Law("Luật Trống")]
    assert without_doubles([*laws, Law("Luật Trống")]) == (laws[0], laws[2])


def table(text):
    return [(law.code, law.name) for law in read_law_table(f"Tên văn bản pháp lýMã văn bản{text}", Notes())]


def test_a_glued_table_of_laws_is_taken_apart():
    assert table("Luật về trống47/2014/QH13Nghị định về chiêng12/2025/NĐ-CPThông tư về mõ8/2020/TT-BCA") == [
        ("47/2014/QH13", "Luật về trống"),
        ("12/2025/NĐ-CP", "Nghị định về chiêng"),
        ("8/2020/TT-BCA", "Thông tư về mõ"),
    ]


def test_digits_of_a_neighbour_are_not_part_of_a_law_code():
    assert table("Luật 51/2019/QH1451/2019/QH14Luật ngày 03/06/200813/2008/QH12") == [
        ("51/2019/QH14", "Luật 51/2019/QH14"),
        ("13/2008/QH12", "Luật ngày 03/06/2008"),
    ]


def test_letters_of_a_neighbour_are_not_part_of_a_law_code():
    assert table("Luật về trống60/2014/QH13sửa đổi luật7/2025/NĐ-CPQUY ĐỊNH mới9/2025/TT-BTCThông tư") == [
        ("60/2014/QH13", "Luật về trống"),
        ("7/2025/NĐ-CP", "sửa đổi luật"),
        ("9/2025/TT-BTC", "QUY ĐỊNH mới"),
        (None, "Thông tư"),
    ]


def test_a_code_inside_a_name_does_not_end_its_row():
    assert table("Thông tư số 8/2025/TT-BTP ngày 12/6 về trống8/2025/TT-BTP") == [
        ("8/2025/TT-BTP", "Thông tư số 8/2025/TT-BTP ngày 12/6 về trống")
    ]


@given(st.text(alphabet="Luật số Nghị định/0123456789QH-NĐCPTT BTC.\n"))
def test_any_table_is_read_and_no_document_stands_there_twice(text):
    codes = [law.code for law in read_law_table(text, Notes()) if law.code]
    assert len(codes) == len(set(codes))
