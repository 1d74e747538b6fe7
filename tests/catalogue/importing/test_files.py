"""Files that are wrong in every way: each is refused by its name and with the reason, and the others are read."""

import contextlib
import io
import json
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.encoding import decode
from bot.catalogue.importing.files import Alias, Source, find_files, read_file
from bot.catalogue.importing.record import RefusedError
from bot.catalogue.importing.tables import read_sheet_rows
from tests.catalogue.importing.samples import (
    CODE,
    MINISTRY,
    NAME,
    OTHER_CODE,
    UUID,
    detail,
    land,
    list_row,
    sheet,
    write,
)

TEXT = json.dumps(detail(), ensure_ascii=False)


def entries(folder, content, name="a.json"):
    return list(read_file(Source(write(folder, name, content), name)))


def refusal(folder, content, name="a.json"):
    found = entries(folder, content, name)
    assert [entry.record for entry in found] == [None]
    assert found[0].file == name
    return found[0].refusal


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_unicode_is_read(tmp_path, encoding):
    assert entries(tmp_path, TEXT.encode(encoding))[0].record.name == NAME


def test_a_file_in_windows_1258_is_read(tmp_path):
    # Old programs wrote a letter with its hat in one sign, and the tone in another behind it.
    plain = {"departments": [], "categories": [], "formalityTargetType": []}
    row = list_row(name="Câ\u0301p trô\u0301ng, đô\u0309i trô\u0301ng", departmentPromulgate="", **plain)
    content = json.dumps(row, ensure_ascii=False).encode("cp1258")
    with pytest.raises(UnicodeDecodeError):
        content.decode()
    assert entries(tmp_path, content)[0].record.name == "Cấp trống, đổi trống"


@pytest.mark.parametrize("content", ['{"name": "Cấp"}'.encode()[:-4] + b"\xe9\xff", b"\x81\x82", b"\xff\xfea"])
def test_another_encoding_is_refused(content):
    with pytest.raises(RefusedError, match=r"encoding|UTF-16"):
        decode(content)


@given(st.binary())
def test_any_bytes_are_decoded_or_refused(content):
    with contextlib.suppress(RefusedError):
        assert isinstance(decode(content), str)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1), st.sampled_from(["utf-8", "utf-8-sig"]))
def test_a_text_in_utf_8_comes_out_as_it_was(text, encoding):
    content = text.encode(encoding)
    if content[:4].count(0) != 2 and not text.startswith("\ufeff"):
        assert decode(content) == text


@pytest.mark.parametrize("content", [b"", b"\n \t", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(tmp_path, content):
    assert refusal(tmp_path, content) == "it is empty"


def test_truncated_json_is_refused(tmp_path):
    assert refusal(tmp_path, TEXT[:-20]).startswith("it is not whole JSON")


def test_json_nested_too_deeply_is_refused(tmp_path):
    assert refusal(tmp_path, "[" * 100000) == "it is not whole JSON (nested too deeply)"


def test_a_bad_line_is_refused_alone(tmp_path):
    lines = [json.dumps(list_row()), '{"id": ', "", json.dumps(list_row(code=OTHER_CODE))]
    found = entries(tmp_path, "\n".join(lines), "c.jsonl")
    assert [(entry.file, bool(entry.record)) for entry in found] == [
        ("c.jsonl:1", True),
        ("c.jsonl:2", False),
        ("c.jsonl:4", True),
    ]


def test_a_line_may_hold_the_signs_that_end_lines_elsewhere(tmp_path):
    text = "\n".join(json.dumps(list_row(name=f"Cấp\u2028trống\x85{n}"), ensure_ascii=False) for n in range(2))
    assert len(entries(tmp_path, text, "c.jsonl")) == 2


def test_a_bad_record_in_a_list_is_refused_alone(tmp_path):
    found = entries(tmp_path, [list_row(), 7, list_row(code=None)])
    assert [entry.refusal for entry in found] == ["", "item 2 is a number, not an object", "it has no code"]
    assert found[1].file == "a.json, item 2"


def test_a_file_that_is_no_record_and_no_table_is_refused(tmp_path):
    assert refusal(tmp_path, "Xin chào") == "it is no known kind of table; its first line is Xin chào"


def test_a_sheet_of_a_ministry_is_read(tmp_path):
    content = sheet([CODE, f" {NAME} ", MINISTRY, "Xã\nTỉnh", "Nhạc cụ"], [None] * 5, ["", "Tên", "", "", ""])
    found = entries(tmp_path, content, "list.xlsx")
    record = found[0].record
    assert (record.code, record.name, record.publisher) == (CODE, NAME, MINISTRY)
    assert (record.agencies, record.detail) == (("Xã", "Tỉnh"), "name_only")
    assert (found[1].file, found[1].refusal) == ("list.xlsx:5", "it has no code")


def test_a_sheet_with_other_headings_is_refused(tmp_path):
    reason = refusal(tmp_path, sheet([CODE, NAME], headings=("Mã", "Tên gọi")), "list.xlsx")
    assert reason.startswith("no row holds the headings 'Mã số' and 'Tên'; the first rows hold DANH SÁCH, Mã, Tên gọi")


def archive(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return content.getvalue()


def test_a_renamed_zip_is_refused(tmp_path):
    assert refusal(tmp_path, archive(readme="x"), "list.xlsx") == "it is an archive, not a spreadsheet"


@pytest.mark.parametrize(
    "content", [archive(xl__workbook_xml="<a"), archive(xl__workbook_xml=""), b"PK\x03\x04 nothing"]
)
def test_a_damaged_spreadsheet_is_refused(tmp_path, content):
    assert refusal(tmp_path, content, "list.xlsx").startswith("it can't be read as a spreadsheet")


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused(tmp_path):
    bomb = archive(xl__workbook_xml="<a/>", xl__big_xml="0" * 201_000_000)
    assert refusal(tmp_path, bomb, "list.xlsx") == "it unpacks to more than 200 MB"


@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_spreadsheet_with_one_wrong_byte_is_read_or_refused(place, byte):
    content = bytearray(SHEET)
    content[place % len(content)] = byte
    with contextlib.suppress(RefusedError):
        assert all(row.number > 2 for row in read_sheet_rows(bytes(content)))


SHEET = sheet([CODE, NAME, MINISTRY, "", ""])
ROW = f"tỉnh Gia Lai,cap_lai,{CODE},{NAME},%s,%s,52/2026/QĐ-UBND,Văn phòng đất đai,https://p/{UUID},2026-07-13"


def test_land_by_province_is_read(tmp_path):
    text = land(ROW % ("5 WORKING_DAY: nơi thường || 15 WORKING_DAY: nơi xa", "HĐND tỉnh"))
    record = entries(tmp_path, text, "land.csv")[0].record
    assert (record.publisher, record.uuid, record.decision) == ("UBND tỉnh Gia Lai", UUID, "52/2026/QĐ-UBND")
    assert [channel.note for channel in record.channels] == ["5 WORKING_DAY: nơi thường", "15 WORKING_DAY: nơi xa"]
    assert record.channels[0].fees[0].kind == "local"
    assert (record.channels[0].quantity, record.keywords) == (None, ())


def test_a_text_that_the_table_cut_says_so(tmp_path):
    entry = entries(tmp_path, land(ROW % ("x" * 500, "")), "land.csv")[0]
    assert entry.record.channels[0].note.endswith("x …")
    assert [rule for rule, _ in entry.notes] == ["cut_text"]


@pytest.mark.parametrize("row", ["tỉnh Gia Lai", ",".join(["x"] * 30), '"' + "x" * 200_000])
def test_a_row_of_another_length_is_refused_alone(tmp_path, row):
    found = entries(tmp_path, land(ROW % ("", ""), row), "land.csv")
    assert [bool(entry.record) for entry in found] == [True, False]


def test_replaced_codes_are_read_from_a_table(tmp_path):
    text = f"old_code,new_code,name\n{CODE},{OTHER_CODE},\n{OTHER_CODE},,Đổi thẻ\nx,y,\n"
    found = entries(tmp_path, text, "aliases.csv")
    assert [entry.alias for entry in found] == [Alias(CODE, OTHER_CODE), Alias(OTHER_CODE, "", "Đổi thẻ"), None]
    assert found[2].refusal == "its code 'x' is not of the form 1.000000"


def test_files_are_found_by_their_endings_and_named_without_the_machines_paths(tmp_path):
    for name in ("b/2.json", "b/1.JSON", "a.csv", "README.md", "b/c/d.xlsx"):
        write(tmp_path, name, "x")
    sources, skipped = find_files((tmp_path,))
    assert [source.name for source in sources] == ["a.csv", "b/1.JSON", "b/2.json", "b/c/d.xlsx"]
    assert skipped == 1


def test_a_file_that_is_named_is_taken_whatever_its_ending_and_once(tmp_path):
    path = write(tmp_path, "b/README.md", "x")
    inside = write(tmp_path, "b/1.json", "x")
    assert [source.name for source in find_files((path, inside, tmp_path))[0]] == ["README.md", "1.json"]


def test_a_file_that_went_away_is_refused(tmp_path):
    found = list(read_file(Source(tmp_path / "gone.json", "gone.json")))
    assert [entry.refusal for entry in found] == ["it can't be read (No such file or directory)"]
