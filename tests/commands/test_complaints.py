import csv
import getpass
import json
import stat

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot.cli import cli
from bot.complaints.model import ComplaintOpening, Evidence
from bot.complaints.rules import load_rules
from bot.settings import ROOT
from bot.text.codes import new_receipt_code
from tests.complaints.conftest import WORDS, Centre
from tests.factories import KEY, TOKEN, make_database

PHONE = "0912 345 678"
READER = "Lê Thị Hoa"


@pytest.fixture
def centre(tmp_path):
    (tmp_path / "home").mkdir()
    database = make_database(tmp_path / "home")
    yield Centre(database, load_rules(ROOT / "knowledge", "demo"))
    database.close()


@pytest.fixture
def motcua(tmp_path):
    def motcua(*words, **more):
        environment = {
            "MOTCUA_HOME": str(tmp_path / "home"),
            "MOTCUA_SECRET_KEY": KEY,
            "MOTCUA_RASA_TOKEN": TOKEN,
            "MOTCUA_RESTRICTED_READERS": f"{READER}, Trần Văn Bình",
            **more,
        }
        return CliRunner().invoke(cli, ["complaints", *(str(word) for word in words)], env=environment)

    return motcua


def records(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def openings(centre):
    with centre.database.reading() as session:
        rows = session.execute(select(ComplaintOpening).order_by(ComplaintOpening.id)).scalars()
        return [(row.opened_by, row.what, row.why) for row in rows]


def told(result):
    """The sentence of an error, however the command ended."""
    return f"{result.output}{result.exception or ''}"


def with_phone(centre, **more):
    return centre.file(contact=centre.hide(PHONE), description=f"Gọi {centre.hide(PHONE)} giúp tôi", **more).code


def test_a_list_is_a_table_that_staff_can_read(motcua, centre):
    code = with_phone(centre)
    result = motcua("list")
    for part in (code, "Hồ sơ trễ hạn", "Đã nhận", "•••678", "[số điện thoại]", "1 phản ánh."):
        assert part in result.output
    assert PHONE not in result.output
    assert openings(centre) == []


def test_a_list_is_narrowed_by_what_is_asked(motcua, centre):
    late, fee, moved = centre.file().code, centre.file(kind="fee").code, centre.file_in("accepted")
    motcua("assign", fee, "--to", "Trần Văn Bình", "--unit", "Tổ một cửa")
    found = lambda *asked: [row["code"] for row in records(motcua("list", "--json", *asked))]  # noqa: E731
    assert found() == [late, fee, moved]
    assert found("--kind", "fee") == found("--unit", "Tổ một cửa") == found("--assignee", "Trần Văn Bình") == [fee]
    assert found("--state", "accepted") == [moved]
    assert found("--words", "BA LAN") == found("--words", "ba lần") == [late, fee, moved]
    assert found("--words", late) == [late]
    assert found("--overdue") == found("--to", "2020-01-01") == []
    assert found("--from", "2020-01-01") == [late, fee, moved]
    assert "There is no kind 'lat'" in told(motcua("list", "--kind", "lat"))


def test_what_is_late_is_marked(motcua, centre):
    code = centre.file().code
    later = {"MOTCUA_TODAY": "2099-01-01"}
    assert "(quá hạn)" in motcua("list", **later).output
    assert [row["code"] for row in records(motcua("list", "--overdue", "--json", **later))] == [code]


def test_a_long_list_has_pages(motcua, centre):
    codes = [centre.file().code for _ in range(53)]
    first, second = (records(motcua("list", "--json", "--page", page)) for page in (1, 2))
    assert [row["code"] for row in first + second] == codes
    assert "50 phản ánh; xem tiếp: --page 2." in motcua("list").output
    assert motcua("list", "--page", 3).output.endswith("0 phản ánh.\n")


def test_what_looks_like_a_formal_complaint_is_marked(motcua, centre):
    code = centre.file(kind="other", route="khieu_nai").code
    assert "Đã nhận [KHIẾU NẠI]" in motcua("list").output
    assert f"{code} [KHIẾU NẠI]" in motcua("show", code).output


def test_nothing_that_citizens_wrote_steers_the_terminal(motcua, centre):
    code = centre.file(description="a\x1b[2Jb\u202ec", words=(("description", "x\x1b]0;y\x07z"),)).code
    for result in (motcua("list"), motcua("show", code)):
        assert not set(result.output) & {"\x1b", "\x07", "\u202e"}


def test_one_complaint_is_shown_with_all_that_is_kept(motcua, centre):
    code = centre.file_in("in_progress", contact=centre.hide(PHONE))
    with centre.database.transaction() as session:
        session.add(
            Evidence(
                complaint_id=centre.row(code).id, conversation="web:an", digest="d", name=b"", media_type="", size=1
            )
        )
    shown = motcua("show", code).output
    for part in (
        "UBND xã An Hòa",
        "ở chỗ xã An Hòa ấy",
        "Lê Thị Hoa → Đang xử lý: lý do",
        "chưa tới",
        "•••678",
        "người dân → Đã nhận",
    ):
        assert part in shown
    record = records(motcua("show", code, "--json"))[0]
    assert (record["files"], record["joined"], record["contact"]) == (1, 0, "•••678")
    assert record["words"][0]["text"] == WORDS
    assert [move["to"] for move in record["moves"]] == ["received", "needs_information", "in_progress"]
    assert {notice["state"] for notice in record["notices"]} == {"pending"}


def test_the_contact_is_opened_for_a_reason_that_is_kept(motcua, centre):
    code = with_phone(centre)
    assert PHONE not in motcua("show", code, "--by", READER).output
    assert "Say why it is opened" in told(motcua("show", code, "--contact"))
    assert openings(centre) == []
    shown = motcua("show", code, "--contact", "--why", "gọi hỏi số hồ sơ", "--by", READER).output
    assert shown.count(PHONE) == 2
    assert openings(centre) == [(READER, "contact", f"gọi hỏi số hồ sơ (tài khoản máy: {getpass.getuser()})")]
    assert "gọi hỏi số hồ sơ" in motcua("show", code).output


@pytest.mark.parametrize("command", ["show", "move", "ask", "answer", "forward", "assign", "merge"])
def test_a_denunciation_does_not_exist_for_others(motcua, centre, command):
    code, other = centre.file(route="to_cao").code, centre.file().code
    more = {
        "move": ["accepted"],
        "ask": ["gì?"],
        "answer": ["x", "--reason", "solved"],
        "forward": ["B"],
        "assign": ["--to", "B"],
        "merge": [other, "x"],
    }
    given = [command, code, *more.get(command, [])]
    assert f"There is no complaint {code}." in told(motcua(*given, "--by", READER))
    assert "is not among the readers" in told(motcua(*given, "--restricted", "--why", "xem", "--by", "Ai đó"))
    assert "Say why" in told(motcua(*given, "--restricted", "--by", READER))
    assert (centre.row(code).state, centre.row(code).version) == ("received", 1)
    assert code not in motcua("list").output
    assert openings(centre) == []


def test_its_readers_see_a_denunciation_and_leave_a_trace(motcua, centre):
    code, plain = centre.file(route="to_cao").code, centre.file().code
    look = ("--restricted", "--why", "phân công", "--by", READER)
    listed = motcua("list", *look).output
    assert "[TỐ CÁO]" in listed
    assert plain in listed
    assert WORDS in motcua("show", code, *look).output
    assert [what for _, what, _ in openings(centre)] == ["restricted", "restricted"]
    assert motcua("move", code, "accepted", *look).exit_code == 0
    assert centre.row(code).state == "accepted"
    assert motcua("merge", code, plain, "trùng", *look).exit_code == 1


def test_without_readers_nobody_sees_a_denunciation(motcua, centre):
    centre.file(route="to_cao")
    given = ("list", "--restricted", "--why", "x", "--by", READER)
    assert "is not among the readers" in told(motcua(*given, MOTCUA_RESTRICTED_READERS=""))


def test_each_act_is_kept_with_its_officer_and_told(motcua, centre):
    code, other = centre.file().code, centre.file().code
    by = ("--by", "Trần Văn Bình")
    for given in (
        ("ask", code, "Số hồ sơ là gì ạ?"),
        ("move", code, "accepted", "--note", "Đang xác minh"),
        ("forward", code, "Phòng Kinh tế"),
        ("assign", code, "--to", "Lê Thị Hoa"),
        ("answer", code, "Giấy đã ký ngày 20/11.", "--reason", "solved"),
        ("move", other, "accepted"),
        ("merge", other, code, "Trùng với phản ánh trước."),
    ):
        result = motcua(*given, *by)
        assert (result.exit_code, result.output) == (0, f"{given[1]}: xong.\n"), told(result)
    assert {move.moved_by for move in centre.row(code).moves[1:]} == {"Trần Văn Bình"}
    assert any("Số hồ sơ là gì ạ?" in text for text in centre.told())
    assert (centre.row(code).assignee, centre.row(code).end_reason) == ("Lê Thị Hoa", "solved")
    assert centre.row(other).joined_to_id == centre.row(code).id
    shown = motcua("show", code).output
    assert all(f"[{reason}]" in shown for reason in ("Đổi người xử lý", "Đã giải quyết"))


def test_without_a_name_the_log_in_name_is_kept(motcua, centre):
    code = centre.file().code
    motcua("move", code, "accepted")
    assert centre.row(code).moves[-1].moved_by == getpass.getuser()


@pytest.mark.parametrize("name", ["citizen", "System", " ", "x" * 101, "\x1b\x07"])
def test_a_name_that_is_none_is_refused(motcua, centre, name):
    code = centre.file().code
    assert motcua("move", code, "accepted", "--by", name).exit_code == 2
    assert motcua("assign", code, "--to", "x" * 101).exit_code == 2
    assert len(centre.row(code).moves) == 1


def test_one_bad_code_harms_no_other(motcua, centre):
    good, done, gone = centre.file().code, centre.file_in("accepted"), new_receipt_code()
    result = motcua("move", good, done, gone, good, "accepted")
    assert result.exit_code == 1
    assert centre.row(good).state == "accepted"
    assert f"There is no complaint {gone}." in result.output
    assert f"{done} is 'accepted' and can go to" in result.output
    assert "1 xong, 2 không làm được." in result.output
    assert motcua("assign", good, done, "--unit", "Tổ một cửa").exit_code == 0
    assert {centre.row(code).unit for code in (good, done)} == {"Tổ một cửa"}


def test_a_code_is_understood_however_it_is_typed(motcua, centre):
    code = centre.file().code
    assert motcua("move", code.lower().replace("0", "o").replace("1", "i"), "accepted").exit_code == 0
    assert centre.row(code).state == "accepted"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("answer", "CODE", "  ", "--reason", "solved"), "needs words"),
        (("answer", "CODE", "x", "--reason", "withdrawn"), "Invalid value for '--reason'"),
        (("answer", "CODE", "--reason", "solved"), "Give the answer as TEXT or as --file"),
        (("ask", "CODE", " "), "needs words"),
        (("assign", "CODE"), "Say who works on it"),
        (("move", "CODE", "answered"), "Invalid value"),
        (("move", "CODE", "closed"), "can go to"),
        (("merge", "CODE", "CODE", "x"), "can't be merged"),
        (("show", "PA-1"), "There is no complaint PA-1."),
    ],
)
def test_what_cannot_be_done_is_a_sentence(motcua, centre, given, sentence):
    code = centre.file_in("in_progress")
    result = motcua(*(code if word == "CODE" else word for word in given))
    assert result.exit_code != 0
    assert sentence in told(result)
    assert centre.row(code).state == "in_progress"


def test_a_long_answer_comes_from_a_file(motcua, centre, tmp_path):
    code = centre.file_in("in_progress")
    letter = tmp_path / "letter.txt"
    letter.write_bytes("Thưa bà,\ngiấy đã ký.\n".encode("utf-16"))
    assert "is not a text in UTF-8" in told(motcua("answer", code, "--file", letter, "--reason", "solved"))
    letter.write_text("\ufeffThưa bà,\ngiấy đã ký.\n", encoding="utf-8")
    assert motcua("answer", code, "--file", letter, "--reason", "solved").exit_code == 0
    assert centre.row(code).moves[-1].note == "Thưa bà,\ngiấy đã ký."


def test_an_export_is_for_its_owner_and_masked(motcua, centre, tmp_path):
    code = with_phone(centre)
    centre.file(route="to_cao")
    out = tmp_path / "out.csv"
    assert "1 phản ánh" in motcua("export", out, "--state", "received").output
    text = out.read_text(encoding="utf-8-sig")
    line = next(csv.DictReader(text.splitlines(), delimiter=";"))
    assert (line["Mã"], line["Liên hệ"]) == (code, "•••678")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert openings(centre) == []


def test_an_export_with_contacts_needs_a_reason(motcua, centre, tmp_path):
    with_phone(centre)
    out = tmp_path / "out.xlsx"
    assert "Say why" in told(motcua("export", out, "--contact"))
    assert not out.exists()
    assert motcua("export", out, "--contact", "--why", "báo cáo", "--by", READER).exit_code == 0
    assert [(who, what) for who, what, _ in openings(centre)] == [(READER, "contact")]
    assert "must end in .csv or .xlsx" in told(motcua("export", tmp_path / "out.ods"))
    assert "can't be written" in told(motcua("export", tmp_path / "gone" / "out.csv"))
