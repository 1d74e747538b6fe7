"""A complaint from its arrival to its answer, and what must not happen on the way."""

import html
import re

import pytest
from sqlalchemy import delete

from bot.accounts.model import OfficerSession
from bot.complaints import casework, naming
from bot.complaints.lifecycle import ACCEPTED, ANSWERED, FORWARDED, IN_PROGRESS, NEEDS_INFORMATION
from bot.complaints.model import ComplaintMove, ComplaintOpening
from bot.complaints.visibility import viewer_of
from bot.text.codes import new_receipt_code
from tests.complaints.conftest import AN
from tests.console.conftest import (
    ADMIN,
    HOA,
    JUSTICE,
    LAN,
    LAND,
    MINH,
    NAM,
    ROLE_OF,
    THU,
    has_own_script_alone,
    text_of,
)

PHONE = "0912345678"
ANSWER = "Ngày 20/11/2026 bộ phận một cửa đã trả kết quả; anh/chị mang giấy hẹn đến nhận."


@pytest.fixture
def centre(office):
    return office.centre


def with_phone(centre):
    return centre.file(contact=centre.hide(PHONE), description=centre.hide(f"gọi {PHONE}")).code


def named(office, *names, **told):
    code = office.centre.file(kind="attitude", **told).code
    viewer = viewer_of(office.desk.accounts.find(MINH))
    naming.confirm(office.centre.database, code, names, viewer)
    return code


def test_a_case_goes_from_the_queue_to_its_answer(office, centre):
    code, browser = centre.file().code, office.browser(HOA)
    assert code in browser.get("/phan-anh?hang=new").text
    assert browser.act(code, "assign", assignee=HOA).status_code == 303
    assert browser.act(code, "move", state=ACCEPTED).status_code == 303
    response = browser.act(code, "answer", text=ANSWER, reason="solved")
    assert response.headers["location"] == f"/can-bo/phan-anh/{code}?xong=answer"
    assert ANSWER in text_of(browser.get(f"/phan-anh/{code}"))
    assert any(ANSWER in line for line in centre.told(AN))
    assert code in browser.get("/phan-anh?hang=answered").text


@pytest.mark.parametrize(
    ("act", "fields", "state"),
    [
        ("ask", {"text": "Anh/chị nộp ngày nào?"}, NEEDS_INFORMATION),
        ("forward", {"unit": LAND, "note": "đúng nơi"}, FORWARDED),
        ("move", {"state": ACCEPTED, "note": ""}, ACCEPTED),
        ("remark", {"text": "đã gọi cho xã"}, "received"),
    ],
)
def test_every_form_does_what_it_says(office, centre, act, fields, state):
    code = centre.file().code
    assert office.browser(HOA).act(code, act, **fields).status_code == 303
    assert centre.row(code).state == state


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("move", {"state": "rubbish"}),
        ("move", {"state": ANSWERED}),
        ("answer", {"text": ANSWER, "reason": "solved"}),
        ("ask", {"text": "   "}),
        ("forward", {"unit": ""}),
        ("assign", {"assignee": "Không Ai"}),
        ("merge", {"into": "PA-0000-0000-0001", "text": "trùng"}),
        ("remark", {"text": ""}),
    ],
)
def test_what_the_service_does_not_allow_is_said_and_the_words_stay(office, centre, act, fields):
    code = centre.file().code
    response = office.browser(HOA).act(code, act, **fields)
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert centre.row(code).state == "received"


def test_an_answer_is_shown_as_the_citizen_will_read_it_before_it_is_sent(office, centre):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    response = browser.act(code, "answer", text=ANSWER, reason="solved", preview="1")
    assert centre.row(code).state == ACCEPTED
    shown = html.unescape(response.text.split('id="preview"')[1].split("</blockquote>")[0])
    browser.act(code, "answer", text=ANSWER, reason="solved")
    assert centre.told(AN)[-1] in shown


def test_an_answer_that_says_nothing_is_sent_only_when_the_officer_is_sure(office, centre):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    empty = {"text": "Trung tâm đã tiếp nhận và sẽ xử lý theo quy định, xin cảm ơn.", "reason": "explained"}
    response = browser.act(code, "answer", **empty)
    assert response.status_code == 422
    assert "chưa nêu ngày, nơi" in response.text
    assert empty["text"] in html.unescape(response.text)
    assert centre.row(code).state == ACCEPTED
    assert browser.act(code, "answer", **empty, sure="yes").status_code == 303
    assert centre.row(code).state == ANSWERED


def test_two_officers_on_the_same_case_see_each_other(office, centre):
    code, other = centre.file().code, centre.file().code
    first, second = office.browser(HOA), office.browser(MINH)
    assert "cũng đang mở" not in first.get(f"/phan-anh/{code}").text
    assert f"{HOA} cũng đang mở" in text_of(second.get(f"/phan-anh/{code}"))
    assert "cũng đang mở" not in second.get(f"/phan-anh/{other}").text
    assert "cũng đang mở" not in first.get(f"/phan-anh/{code}").text
    office.desk.clock.pass_by(minutes=11)
    assert "cũng đang mở" not in second.get(f"/phan-anh/{code}").text


def test_two_tabs_lose_nothing(office, centre):
    code = centre.file_in(ACCEPTED)
    first, second = office.browser(HOA), office.browser(MINH)
    seen = centre.row(code).version
    assert first.act(code, "move", state=IN_PROGRESS).status_code == 303
    response = second.post(f"/phan-anh/{code}/answer", version=str(seen), text=ANSWER, reason="solved")
    assert response.status_code == 409
    assert "Vừa có người khác thay đổi" in text_of(response)
    assert ANSWER in html.unescape(response.text)
    assert centre.row(code).state == IN_PROGRESS
    assert f'name="version" value="{centre.row(code).version}"' in response.text


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "１"])
def test_a_form_that_does_not_say_what_was_seen_changes_nothing(office, centre, version):
    code = centre.file().code
    assert office.browser(HOA).act(code, "move", state=ACCEPTED, version=version).status_code == 409
    assert centre.row(code).state == "received"


def test_contacts_are_masked_until_they_are_opened_with_a_reason(office, centre):
    code, browser = with_phone(centre), office.browser(HOA)
    assert PHONE not in browser.get(f"/phan-anh/{code}").text
    assert browser.post(f"/phan-anh/{code}/lien-he", why=" ").status_code == 422
    assert centre.count(ComplaintOpening) == 0
    assert PHONE in browser.post(f"/phan-anh/{code}/lien-he", why="gọi lại cho người dân").text
    assert centre.count(ComplaintOpening) == 1
    assert "gọi lại cho người dân" in text_of(browser.get(f"/phan-anh/{code}"))


def test_a_number_in_a_remark_is_hidden_too(office, centre):
    code, browser = centre.file().code, office.browser(HOA)
    browser.act(code, "remark", text=f"đã gọi {PHONE}")
    page = browser.get(f"/phan-anh/{code}").text
    assert PHONE not in page
    assert "[số điện thoại]" in page


def test_a_number_in_an_answer_is_hidden_too_until_it_is_opened_with_a_reason(office, centre):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    text = f"{ANSWER} Gọi {PHONE} khi đến."
    browser.act(code, "answer", text=text, reason="solved", sure="yes")
    assert PHONE in centre.told(AN)[-1]
    page = browser.get(f"/phan-anh/{code}").text
    assert PHONE not in page
    assert "Gọi [số điện thoại] khi đến" in page
    assert PHONE in browser.post(f"/phan-anh/{code}/lien-he", why="xem lại câu trả lời").text


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("ask", {"text": f"Có phải {PHONE} là số của bà?"}),
        ("move", {"state": IN_PROGRESS, "note": f"đã gọi {PHONE}"}),
        ("forward", {"unit": LAND, "note": f"đã gọi {PHONE}"}),
        ("merge", {"text": f"trùng với phản ánh của {PHONE}"}),
    ],
)
def test_a_number_goes_to_the_citizen_only_when_the_officer_is_sure(office, centre, act, fields):
    into, code, browser = centre.file_in(ACCEPTED), centre.file_in(ACCEPTED), office.browser(HOA)
    told, fields = len(centre.told(AN)), {"into": into, **fields}
    response = browser.act(code, act, **fields)
    assert response.status_code == 422
    assert "Trong lời này có số điện thoại" in text_of(response)
    assert html.escape(fields.get("text", fields.get("note"))) in response.text
    assert 'name="sure"' in response.text
    assert (centre.row(code).state, len(centre.told(AN))) == (ACCEPTED, told)
    assert browser.act(code, act, **fields, sure="yes").status_code == 303
    assert centre.row(code).state != ACCEPTED


def test_who_was_chosen_as_named_stays_chosen_when_somebody_was_quicker(office, centre):
    code = centre.file(kind="attitude").code
    response = office.browser(MINH).act(code, "name", officer=[HOA, THU], version="0")
    assert response.status_code == 409
    assert [f"<option selected>{name}</option>" in response.text for name in (HOA, THU, NAM)] == [True, True, False]
    assert "checked" in office.browser(MINH).act(code, "name", nobody="yes", version="0").text


NASTY = "<script>alert(1)</script> \"><img src=x onerror=alert(2)> {{ 7*7 }} ' & </textarea>"


def test_what_citizens_and_officers_write_stays_text(office, centre):
    code = centre.file(description=NASTY, office=NASTY, words=(("description", NASTY),)).code
    browser = office.browser(HOA)
    browser.act(code, "remark", text=NASTY)
    browser.act(code, "assign", unit=LAND, note=NASTY)
    failed = browser.post(f"/phan-anh/{code}/answer", version="0", text=NASTY, reason=NASTY, sure="yes")
    for page in (browser.get(f"/phan-anh/{code}"), browser.get("/phan-anh"), failed):
        assert has_own_script_alone(page.text)
        assert "<img src=x" not in page.text
        assert "49" not in page.text.split("&lt;script&gt;")[1][:150]


@pytest.mark.parametrize("name", [HOA, NAM])
def test_who_is_named_and_their_head_find_no_trace(office, centre, name):
    code, other = named(office, HOA, description="quát tháo người dân"), centre.file().code
    browser = office.browser(name)
    unknown = browser.get(f"/phan-anh/{new_receipt_code()}")
    for path in (f"/phan-anh/{code}", f"/phan-anh/{code.lower()}", f"/phan-anh/{code.replace('-', '')}"):
        assert browser.get(path).text == unknown.text
        assert browser.get(path).status_code == 404
    for path in (
        "/phan-anh",
        f"/phan-anh?q={code}",
        "/phan-anh?q=quat+thao",
        "/phan-anh?hang=new",
        "/phan-anh?hang=unit",
    ):
        assert f'/phan-anh/{code}"' not in browser.get(path).text
    assert other in browser.get("/phan-anh").text
    assert ">1</span> <span>Mới nhận" in browser.get("").text


@pytest.mark.parametrize("act", ["move", "ask", "forward", "answer", "merge", "remark", "assign", "lien-he", "tep/1"])
def test_no_form_reaches_what_is_not_to_be_known(office, centre, act):
    code, browser = named(office, HOA), office.browser(HOA)
    fields = {"state": ACCEPTED, "text": "x", "unit": LAND, "reason": "solved", "into": code, "why": "x"}
    before = centre.count(ComplaintMove)
    assert browser.act(code, act, **fields).status_code == 404
    assert (centre.count(ComplaintMove), centre.count(ComplaintOpening)) == (before, 0)


def test_a_merge_does_not_tell_that_a_hidden_complaint_exists(office, centre):
    hidden, code, browser = named(office, HOA), centre.file_in(ACCEPTED), office.browser(HOA)
    unknown = new_receipt_code()
    told = [browser.act(code, "merge", into=into, text="trùng").text for into in (hidden, unknown)]
    assert told[0].replace(hidden, "…") == told[1].replace(unknown, "…")
    assert centre.row(code).state == ACCEPTED


def test_what_is_hidden_from_others_is_not_merged_with_what_they_see(office, centre):
    hidden, seen, browser = named(office, LAN), centre.file_in(ACCEPTED), office.browser(MINH)
    centre.move(hidden, ACCEPTED)
    for code, into in ((hidden, seen), (seen, hidden)):
        assert browser.act(code, "merge", into=into, text="Trùng.").status_code == 422
    alike = named(office, LAN)
    centre.move(alike, ACCEPTED)
    assert browser.act(alike, "merge", into=hidden, text="Trùng.").status_code == 303


@pytest.mark.parametrize("form", ["assign", "forward"])
def test_nobody_gives_away_what_waits_for_who_is_named(office, centre, form):
    code, browser = centre.file(kind="attitude").code, office.browser(MINH)
    assert f"/{code}/{form}" not in browser.get(f"/phan-anh/{code}").text
    response = browser.act(code, form, assignee=MINH, unit=JUSTICE)
    assert response.status_code == 422
    assert "Chưa xác nhận ai bị nêu tên" in text_of(response)
    assert (centre.row(code).assignee, centre.row(code).unit) == (None, None)


@pytest.mark.parametrize("form", ["assign", "forward"])
def test_a_unit_without_accounts_has_to_be_meant(office, centre, form):
    code, browser = centre.file().code, office.browser(MINH)
    response = browser.act(code, form, unit="Phòng Đất đi")
    assert (response.status_code, centre.row(code).unit) == (422, None)
    assert 'name="unit-sure"' in response.text
    assert browser.act(code, form, **{"unit": "Phòng Đất đi", "unit-sure": "yes"}).status_code == 303


def ticks(response):
    """The boxes of the forward form that are shown, and whether each is ticked."""
    form = response.text.split('/forward">')[1].split("</form>")[0]
    return {name: bool(ticked) for name, ticked in re.findall(r'name="([a-z-]+)" value="yes"( checked)?', form)}


def test_the_forward_form_asks_for_the_ticks_that_matter_and_keeps_them(office, centre):
    code, browser = centre.file_in(ACCEPTED), office.browser(MINH)
    known, unknown, note = {"unit": LAND}, {"unit": "Phòng Đất đi"}, {"note": f"đã gọi {PHONE}"}
    assert ticks(browser.act(code, "forward", **known, version="0")) == {}
    assert ticks(browser.act(code, "forward", **known, **note)) == {"sure": False}
    assert ticks(browser.act(code, "forward", **unknown)) == {"unit-sure": False}
    assert ticks(browser.act(code, "forward", **unknown, **note)) == {"unit-sure": False, "sure": False}
    half = browser.act(code, "forward", **unknown, **note, sure="yes")
    assert ticks(half) == {"unit-sure": False, "sure": True}
    assert ticks(browser.act(code, "forward", **{**unknown, **note, "unit-sure": "yes"})) == {
        "unit-sure": True,
        "sure": False,
    }
    assert centre.row(code).state == ACCEPTED
    assert browser.act(code, "forward", **{**unknown, **note, "unit-sure": "yes", "sure": "yes"}).status_code == 303


@pytest.mark.parametrize("role", ["administrator", "content_editor"])
def test_nobody_is_given_what_they_cannot_read(office, centre, role):
    code, browser = centre.file().code, office.browser(MINH)
    assert browser.act(code, "assign", assignee=ROLE_OF[role]).status_code == 422
    ticked = f"{code}:{centre.row(code).version}"
    assert browser.post("/nhieu/giao", case=ticked, assignee=ROLE_OF[role]).status_code == 422
    assert centre.row(code).assignee is None


def test_denunciations_are_not_in_the_console(office, centre):
    code, browser = file_denunciation(centre), office.browser(MINH)
    assert browser.get(f"/phan-anh/{code}").status_code == 404
    assert code not in browser.get("/phan-anh").text
    assert browser.act(code, "move", state=ACCEPTED).status_code == 404
    assert browser.act(code, "remark", text="x").status_code == 404


def file_denunciation(centre):
    code = centre.file(route="to_cao").code
    assert centre.row(code).restricted
    return code


def test_another_units_complaint_is_not_found(office, centre):
    code = centre.file().code
    casework.assign(centre.database, code, MINH, unit=JUSTICE)
    assert office.browser(HOA).get(f"/phan-anh/{code}").status_code == 404
    assert office.browser(THU).get(f"/phan-anh/{code}").status_code == 200


def test_a_supervisor_confirms_who_is_named(office, centre):
    code, browser = centre.file(kind="attitude", person="chị Hoa quầy 3").code, office.browser(MINH)
    assert code in browser.get("/phan-anh?hang=naming").text
    assert "đánh dấu “Không phải cán bộ nào" in text_of(browser.act(code, "name"))
    assert browser.act(code, "name", officer=HOA).status_code == 303
    assert f"Đã xác nhận: {HOA}" in text_of(browser.get(f"/phan-anh/{code}"))
    assert office.browser(HOA).get(f"/phan-anh/{code}").status_code == 404
    assert office.browser(THU).get(f"/phan-anh/{code}").status_code == 200


def test_who_is_named_cannot_be_given_the_case(office, centre):
    code, browser = named(office, HOA), office.browser(MINH)
    assert browser.act(code, "assign", assignee=HOA).status_code == 422
    assert f"<option>{HOA}</option>" not in browser.get(f"/phan-anh/{code}").text.split('id="assignee"')[1]


def test_handing_a_case_to_another_unit_leads_back_to_ones_own_work(office, centre):
    code = centre.file().code
    response = office.browser(HOA).act(code, "forward", unit=JUSTICE)
    assert response.headers["location"] == "/can-bo/phan-anh?hang=mine"


def test_the_log_leaves_out_what_a_supervisor_must_not_know_of(office, centre):
    code, other = named(office, LAN), centre.file().code
    casework.assign(centre.database, other, MINH, unit=LAND)
    assert code in office.browser(MINH).get("/nhat-ky").text
    page = office.browser(LAN).get("/nhat-ky").text
    assert code not in page
    assert other in page


def test_an_administrator_sees_that_there_were_acts_and_not_on_which_complaint(office, centre):
    code = named(office, LAN)
    page = office.browser(ROLE_OF["administrator"]).get("/nhat-ky").text
    assert code not in page
    assert "(phản ánh)" in page
    assert ADMIN in page


@pytest.mark.parametrize(
    "query",
    [
        "hang=rubbish",
        "sau=abc",
        "sau=99999999999999999999999",
        "tu=2026-99-99&den=x",
        "tu=0001-01-01&den=9999-12-31",
        "q=%00%ff",
        "q=" + "x" * 5000,
        "q=%25_'%22%5C",
        "loai=<script>",
        "buoc=king",
    ],
)
def test_no_address_breaks_the_list(office, centre, query):
    centre.file()
    assert office.browser(HOA).get(f"/phan-anh?{query}").status_code == 200


@pytest.mark.parametrize("path", ["PA-1", "%00", "..%2f..", "' or 1=1 --", "x" * 3000, "%ff"])
def test_no_address_breaks_a_case(office, path):
    browser = office.browser(HOA)
    assert browser.get(f"/phan-anh/{path}").status_code == 404
    assert browser.post(f"/phan-anh/{path}/answer", text="x", version="1").status_code == 404


@pytest.mark.parametrize("file", ["0", "1", "99999999999999", "9" * 30, "x", "-1", "١"])
def test_a_file_that_is_not_there_is_not_found(office, centre, file):
    response = office.browser(HOA).post(f"/phan-anh/{centre.file().code}/tep/{file}", why="xem")
    assert response.status_code == 404


def test_a_list_goes_on_page_by_page(office, centre):
    codes = [centre.file().code for _ in range(53)]
    browser = office.browser(HOA)
    first = browser.get("/phan-anh?hang=new")
    assert codes[49] in first.text
    assert codes[50] not in first.text
    after = html.unescape(first.text.split('href="/can-bo/phan-anh?')[-1].split('"')[0])
    second = browser.get(f"/phan-anh?{after}")
    assert all(code in second.text for code in codes[50:])
    assert codes[49] not in second.text


def test_words_are_found_with_tones_or_without(office, centre):
    code = centre.file(description="Cấp sổ đỏ chậm").code
    browser = office.browser(HOA)
    for words in ("so do cham", "sổ đỏ", code, code.lower().replace("-", "")):
        assert code in browser.get(f"/phan-anh?q={words}").text
    assert code not in browser.get("/phan-anh?q=khai+sinh").text


def test_a_session_that_was_taken_away_ends_before_the_act(office, centre):
    code, browser = centre.file().code, office.browser(HOA)
    with centre.database.transaction() as session:
        session.execute(delete(OfficerSession))
    assert browser.act(code, "move", state=ACCEPTED).status_code == 401
    assert centre.row(code).state == "received"
