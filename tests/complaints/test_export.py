import csv
import os
import stat
import tempfile
import tracemalloc
import zipfile
from datetime import date, datetime, timezone

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy import insert, select

from bot.complaints.cells import CUT, MOST_UNITS, cell_text, csv_text
from bot.complaints.errors import ComplaintError, MissingTextError
from bot.complaints.export import COLUMNS, export_complaints
from bot.complaints.lifecycle import ACCEPTED, ANSWERED
from bot.complaints.model import Complaint, ComplaintMove, ComplaintOpening
from bot.complaints.queries import Wanted
from bot.complaints.reading import Look
from tests.complaints.conftest import AN, OFFICER

TODAY = date(2026, 11, 22)
PHONE = "0912 345 678"
TITLES = [column.title for column in COLUMNS]
ATTACKS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠a",
    " =1",
    "\u00a0=1",
    "\u200b=1",
    "﹦1",
]


def write(centre, path, wanted=None, look=None, **more):
    return export_complaints(
        centre.database, centre.rules, wanted or Wanted(), look or Look(OFFICER), path, TODAY, **more
    )


def read_csv(path, separator=";"):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def read_xlsx(path):
    rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    titles = next(rows)
    return [dict(zip(titles, ("" if value is None else value for value in row), strict=True)) for row in rows]


READ = {"csv": read_csv, "xlsx": read_xlsx}


@pytest.fixture(params=READ)
def ending(request):
    return request.param


@pytest.fixture
def exported(centre, ending, tmp_path):
    def exported(wanted=None, **more):
        path = tmp_path / f"out.{ending}"
        lines = write(centre, path, wanted, **more)
        found = READ[ending](path)
        assert len(found) == lines
        return found

    return exported


def test_a_complaint_is_a_line_that_reads_as_it_was_written(centre, exported):
    code = centre.file_in("answered", happened="tuần trước; hôm qua, “hẹn”\nrồi thôi")
    line = exported()[0]
    assert list(line) == TITLES
    assert (line["Mã"], line["Trạng thái"], line["Kết thúc vì"]) == (code, "Đã trả lời", "Đã giải quyết")
    assert (line["Loại"], line["Ở đâu"]) == ("Hồ sơ trễ hạn", "UBND xã An Hòa")
    assert line["Khi nào"] == "tuần trước; hôm qua, “hẹn”\nrồi thôi"
    assert (line["Câu trả lời"], line["Kênh"], line["Số tệp"]) == ("lý do", "web", "0")


def test_it_has_what_is_asked_for_and_no_denunciation(centre, exported):
    codes = [centre.file().code for _ in range(3)]
    centre.file(route="to_cao")
    centre.change(codes[0], created_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    centre.change(codes[1], kind="fee", due_on=date(2026, 11, 20))
    lines = exported(Wanted(restricted=True), look=Look(OFFICER, restricted=True, readers=(OFFICER,), why="x"))
    assert [line["Mã"] for line in lines] == codes
    assert [line["Quá hạn"] for line in lines] == ["không", "có", "không"]
    assert [line["Mã"] for line in exported(Wanted(before=datetime(2026, 2, 1, tzinfo=timezone.utc)))] == codes[:1]
    assert [line["Mã"] for line in exported(Wanted(since=datetime(2026, 2, 1, tzinfo=timezone.utc)))] == codes[1:]
    assert [line["Mã"] for line in exported(Wanted(kind="fee"))] == codes[1:2]


def test_no_cell_is_a_formula_whoever_wrote_it(centre, exported):
    for attack in ATTACKS:
        code = centre.file_in("in_progress", description=attack, office=attack, person=attack, happened=attack)
        centre.change(code, unit=attack, assignee=attack, rating_words=attack, state="answered")
        with centre.database.transaction() as session:
            row = {"moved_by": OFFICER, "to_state": "answered", "note": attack, "complaint_id": centre.row(code).id}
            session.add(ComplaintMove(**row))
    for line in exported():
        for title in ("Việc gì", "Ở đâu", "Ai", "Khi nào", "Đơn vị", "Người xử lý", "Lời đánh giá", "Câu trả lời"):
            assert line[title].startswith("'"), title


def test_cells_of_a_workbook_are_texts_below_a_head_that_stays(centre, tmp_path):
    centre.file(description="=HYPERLINK(1)", happened="5/11", dossier_code="0001")
    write(centre, tmp_path / "out.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet.freeze_panes == "B2"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}
    assert {cell.number_format for cell in sheet[2] if cell.value} == {"@"}
    assert {title.value: cell.value for title, cell in zip(sheet[1], sheet[2], strict=True)}["Khi nào"] == "5/11"
    assert sheet.column_dimensions["A"].width == COLUMNS[0].width
    assert not any("external" in name or "vba" in name for name in zipfile.ZipFile(tmp_path / "out.xlsx").namelist())


def test_a_csv_begins_as_excel_needs_it(centre, tmp_path):
    centre.file(happened="5/11", dossier_code="0001")
    write(centre, tmp_path / "out.csv")
    raw = (tmp_path / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf" + '"Mã";"Ngày nhận"'.encode())
    line = read_csv(tmp_path / "out.csv")[0]
    assert (line["Khi nào"], line["Mã hồ sơ"]) == ("'5/11", "'0001")
    write(centre, tmp_path / "out.csv", separator=",")
    assert read_csv(tmp_path / "out.csv", ",")[0]["Ở đâu"] == "UBND xã An Hòa"


def test_a_long_text_is_cut_and_says_so(centre, exported):
    centre.file(description="dài 😀 " * 20_000)
    told = exported()[0]["Việc gì"]
    assert told.endswith(CUT)
    assert len(told.encode("utf-16-le")) // 2 <= MOST_UNITS


def test_control_characters_and_halves_of_letters_do_not_reach_the_file(centre, exported):
    centre.file(description="a\x01b\x0bc\x1b[2J\u202ed\ufffe")
    assert exported()[0]["Việc gì"] == "ab\nc[2Jd"


def test_personal_values_are_masked_unless_opened_for_a_reason(centre, exported):
    centre.file()
    code = centre.file(contact=centre.hide(PHONE), description=f"gọi {centre.hide(PHONE)} nhé").code
    line = exported()[1]
    assert (line["Liên hệ"], line["Việc gì"]) == ("•••678", "gọi [số điện thoại] nhé")
    with pytest.raises(MissingTextError):
        exported(look=Look(OFFICER, contact=True))
    assert centre.count(ComplaintOpening) == 0
    line = exported(look=Look(OFFICER, contact=True, why="gọi hỏi"))[1]
    assert (line["Liên hệ"].removeprefix("'"), line["Việc gì"]) == (PHONE, f"gọi {PHONE} nhé")
    with centre.database.reading() as session:
        opening = session.execute(select(ComplaintOpening)).scalar_one()
    assert (opening.complaint_id, opening.opened_by, opening.why) == (centre.row(code).id, OFFICER, "gọi hỏi")


def test_a_number_in_an_answer_is_masked_unless_opened_for_a_reason(centre, exported):
    code = centre.file().code
    centre.move(code, ACCEPTED)
    centre.move(code, ANSWERED, note=f"gọi {PHONE} khi đến")
    assert exported()[0]["Câu trả lời"] == "gọi [số điện thoại] khi đến"
    assert centre.count(ComplaintOpening) == 0
    assert exported(look=Look(OFFICER, contact=True, why="gọi hỏi"))[0]["Câu trả lời"] == f"gọi {PHONE} khi đến"
    assert centre.count(ComplaintOpening) == 1


def test_an_erased_complaint_says_only_that(centre, exported):
    code = centre.file().code
    gone = dict.fromkeys(("description", "office", "happened", "person", "dossier_code", "contact", "folded", "salt"))
    centre.change(code, erased_at=datetime.now(timezone.utc), **gone)
    line = exported()[0]
    assert (line["Việc gì"], line["Ở đâu"], line["Liên hệ"]) == ("(đã xóa theo yêu cầu)", "", "")


def test_only_its_owner_can_read_the_file(centre, ending, tmp_path):
    path = tmp_path / f"out.{ending}"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write(centre, path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert READ[ending](path) == []


def test_a_file_that_was_not_finished_replaces_nothing(centre, ending, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    centre.file()
    path = tmp_path / f"out.{ending}"
    path.write_text("old")

    def stop(lines):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(centre, path, progress=stop)
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir() if not one.name.startswith("motcua.db")] == [path.name]


def test_another_ending_is_a_sentence(centre, tmp_path):
    with pytest.raises(ComplaintError, match=r"out.ods must end in .csv or .xlsx."):
        write(centre, tmp_path / "out.ods")


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_memory_does_not_grow_with_the_lines(centre, ending, tmp_path):
    def fill(lines):
        row = {"conversation": AN, "kind": "late", "description": "chữ " * 200, "state": "received"}
        with centre.database.transaction() as session:
            numbers = range(centre.count(Complaint) + 1, lines + 1)
            session.execute(insert(Complaint), [{**row, "code": f"PA-{n}", "filed_by_inbox_id": n} for n in numbers])

    def peak():
        tracemalloc.start()
        write(centre, tmp_path / f"out.{ending}", batch=40)
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    fill(120)
    peak()
    few = peak()
    fill(600)
    assert peak() < few * 1.3


@given(st.text())
def test_no_text_begins_a_formula_or_holds_what_steers(text):
    for made in (cell_text(text), csv_text(text)):
        first = made.strip()[:1]
        assert first not in tuple("=+-@＝＋－＠")
        assert not made.startswith(("\t", "\r", "\n"))
        assert "\r" not in made
        assert "\t" not in made
        assert not ILLEGAL_CHARACTERS_RE.search(made)
        made.encode()


@given(st.text(alphabet="=+-@＝＋ \t\r\n\x00\u200b\ufeff\u202e1A", min_size=1))
def test_no_way_of_leading_up_to_a_sign_makes_a_formula(text):
    made = cell_text(text)
    assert made.strip()[:1] not in tuple("=+-@＝＋")


@given(st.text(alphabet="aăđẠ1 ,.;\"'\n", max_size=50))
def test_harmless_texts_stay_as_they_are(text):
    if not text.startswith("\n"):
        assert cell_text(text) == text
