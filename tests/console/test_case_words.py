"""Answers from templates, as the citizen will see them; what officers tell each other; who has the case open."""

import html
import re
from urllib.parse import quote

import pytest
from sqlalchemy import update

from bot.accounts import audit
from bot.accounts.filters import MOST, list_filters
from bot.channels.zalo_oa import ZaloAdapter
from bot.complaints import naming, queues
from bot.complaints.lifecycle import ACCEPTED, IN_PROGRESS
from bot.complaints.model import ComplaintOpening
from bot.complaints.visibility import viewer_of
from bot.console.log import PAGE
from bot.console.showing import show
from bot.database import now
from bot.delivery.model import HELD, OutboxMessage
from bot.delivery.outbox import Button, Reply
from tests.complaints.conftest import AN
from tests.console.conftest import HOA, JUSTICE, LAN, LAND, MINH, NAM, THU, TODAY, text_of
from tests.factories import accept

FIELDS = ["đã kiểm tra gì, thấy gì", "ngày trả", "nơi trả", "tên giấy tờ"]
VALUES = ["hồ sơ nằm ở phòng đo đạc 12 ngày", "20/11/2026", "UBND xã An Hòa", "giấy chứng nhận"]


@pytest.fixture
def centre(office):
    return office.centre


def textarea(response, name="answer-text"):
    return html.unescape(re.search(rf'<textarea id="{name}"[^>]*>(.*?)</textarea>', response.text, re.DOTALL).group(1))


def test_an_answer_begins_with_a_template_of_its_kind(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    assert "Đã trả kết quả" in browser.get(f"/phan-anh/{code}").text
    assert "Đã hoàn khoản thu sai" not in browser.get(f"/phan-anh/{code}").text
    response = browser.act(code, "answer/mau", template="late_returned", text="")
    assert textarea(response).startswith("Trung tâm xin lỗi")
    assert all(f'name="field" value="{field}"' in response.text for field in FIELDS)
    assert '<option value="solved" selected>' in response.text


def test_what_was_typed_before_a_template_was_chosen_stays(centre, office):
    code = centre.file_in(ACCEPTED)
    response = office.browser(HOA).act(code, "answer/mau", template="late_returned", text="Chào bà Tư,")
    assert textarea(response).startswith("Chào bà Tư,\nTrung tâm")


@pytest.mark.parametrize("template", ["", "nothing", "ask_dossier", "{{7*7}}"])
def test_a_template_that_is_none_of_the_forms_changes_nothing(centre, office, template):
    code = centre.file_in(ACCEPTED)
    response = office.browser(HOA).act(code, "answer/mau", template=template, text="Chào bà")
    assert (response.status_code, textarea(response)) == (200, "Chào bà")


def test_fields_are_filled_in_and_sent_with_one_button(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    text = textarea(browser.act(code, "answer/mau", template="late_returned"))
    assert browser.act(code, "answer", text=text, reason="solved", field=FIELDS, value=VALUES).status_code == 303
    assert "20/11/2026, UBND xã An Hòa đã trả kết quả giấy chứng nhận" in centre.told(AN)[-1]


def test_an_answer_with_a_field_left_in_is_never_sent(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    text = textarea(browser.act(code, "answer/mau", template="late_returned"))
    told = len(centre.told(AN))
    some = [*VALUES[:2], "", ""]
    response = browser.act(code, "answer", text=text, reason="solved", field=FIELDS, value=some, sure="yes")
    assert response.status_code == 422
    assert "ngoặc vuông" in text_of(response)
    assert "20/11/2026" in textarea(response)
    assert 'name="sure"' not in response.text
    assert browser.act(code, "ask", text="Nộp [ngày nào]?").status_code == 422
    assert len(centre.told(AN)) == told


def test_an_answer_near_its_template_has_to_be_looked_at_again(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    text = textarea(browser.act(code, "answer/mau", template="late_returned"))
    hollow = {"text": text, "reason": "solved", "field": FIELDS, "value": ["xong", "20/11", "xã", "giấy"]}
    response = browser.act(code, "answer", **hollow)
    assert "gần như nguyên mẫu" in text_of(response)
    assert browser.act(code, "answer", **hollow, sure="yes").status_code == 303


def test_a_script_in_a_field_stays_text(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    nasty = "</textarea><script>alert(1)</script>"
    response = browser.act(
        code, "answer", text="Trả ngày [ngày]", reason="solved", field=["ngày", nasty], value=[nasty, "x"], preview="1"
    )
    assert nasty not in response.text
    assert html.escape(nasty) in response.text


def test_a_message_is_shown_as_its_channel_cuts_it():
    adapter = ZaloAdapter(None, None, None, "")
    reply = Reply("a" * 2500, (Button("Đã ổn", "/x", "1"), Button("Chưa", "/y", "2")))
    shown = show({"zalo_oa": adapter.render}, "zalo_oa", reply)
    assert [len(one.text) <= 2000 for one in shown] == [True, True]
    assert shown[-1].buttons == ("Đã ổn", "Chưa")
    assert "1. Đã ổn" in shown[-1].text
    assert show({}, "web", reply)[0].buttons == ("Đã ổn", "Chưa")


def test_a_question_is_shown_before_it_is_asked(centre, office):
    code = centre.file().code
    response = office.browser(HOA).act(code, "ask", text="Nộp ngày nào ạ?", preview="1")
    assert response.status_code == 200
    assert "Bổ sung thông tin" in text_of(response)
    assert centre.row(code).state == "received"


def test_what_became_of_a_notice_is_told_with_its_channel(centre, office):
    code = centre.file_in(ACCEPTED)
    assert "qua trang web: chưa tới" in text_of(office.browser(HOA).get(f"/phan-anh/{code}"))
    with centre.database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=HELD, reason="window_closed_template_sent"))
    assert "chờ người dân nhắn lại (người dân chưa nhắn lại" in text_of(office.browser(HOA).get(f"/phan-anh/{code}"))


def waiting(office, name):
    viewer = viewer_of(office.desk.accounts.find(name))
    return queues.count_queues(office.centre.database, viewer, TODAY)[queues.MENTIONED]


@pytest.mark.parametrize("how", [{"mention": THU}, {"text": "nhờ @trần thu xem giúp, gấp"}])
def test_who_is_mentioned_finds_the_case_until_they_have_looked(centre, office, how):
    code = centre.file().code
    office.browser(HOA).act(code, "remark", **{"text": "xem giúp", **how})
    assert (waiting(office, THU), waiting(office, HOA), waiting(office, NAM)) == (1, 0, 0)
    browser = office.browser(THU)
    assert code in browser.get("/phan-anh?hang=mentioned").text
    browser.get(f"/phan-anh/{code}")
    assert waiting(office, THU) == 0
    assert code not in browser.get("/phan-anh?hang=mentioned").text


def test_who_must_not_learn_of_a_case_is_never_called_to_it(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer_of(office.desk.accounts.find(MINH)))
    office.browser(MINH).act(code, "remark", text=f"@{HOA} @{NAM} @{THU}", mention=HOA)
    assert [waiting(office, name) for name in (HOA, NAM, THU)] == [0, 0, 1]


def test_a_mention_opens_nothing_that_is_not_ones_own_to_see(centre, office):
    code = centre.file().code
    office.browser(HOA).act(code, "remark", text=f"@{THU}")
    office.browser(HOA).act(code, "assign", unit=LAND)
    assert waiting(office, THU) == 0
    assert office.browser(THU).get(f"/phan-anh/{code}").status_code == 404


def test_only_who_may_see_a_case_is_offered_to_be_called(centre, office):
    code = centre.file().code
    office.browser(HOA).act(code, "assign", unit=LAND)
    offered = office.browser(HOA).get(f"/phan-anh/{code}").text.split('name="mention"')[1].split("</select>")[0]
    assert [f"<option>{name}</option>" in offered for name in (NAM, MINH, THU)] == [True, True, False]


def test_both_officers_on_a_case_see_each_other(centre, office):
    code = centre.file().code
    hoa, thu = office.browser(HOA), office.browser(THU)
    hoa.get(f"/phan-anh/{code}")
    assert HOA in thu.get(f"/phan-anh/{code}").text
    page = text_of(hoa.get(f"/phan-anh/{code}/ai"))
    assert f"{THU} cũng đang mở" in page
    assert "mở gần nhất lúc" in page


def test_an_open_page_keeps_no_session_alive(centre, office):
    code, browser = centre.file().code, office.browser(HOA)
    for _ in range(5):
        office.desk.clock.pass_by(minutes=13)
        last = browser.get(f"/phan-anh/{code}/ai").status_code
    assert last == 303


def test_the_conversation_around_a_case_is_opened_with_a_reason_that_is_kept(centre, office):
    accept(centre.database, conversation=AN, text="gọi tôi 0912345678 nhé, hồ sơ trễ quá")
    accept(centre.database, conversation="web:binh", text="chuyện của người khác")
    code, browser = centre.file().code, office.browser(HOA)
    assert "hồ sơ trễ quá" not in browser.get(f"/phan-anh/{code}").text
    assert browser.post(f"/phan-anh/{code}/tro-chuyen", why=" ").status_code == 422
    page = text_of(browser.post(f"/phan-anh/{code}/tro-chuyen", why="hiểu đầu đuôi"))
    assert "gọi tôi [số điện thoại] nhé, hồ sơ trễ quá" in page
    assert "người khác" not in page.split("Cuộc trò chuyện")[1].split("Ai đã mở")[0]
    assert centre.count(ComplaintOpening) == 1


@pytest.mark.parametrize("asked", ["hang=mine&nguoi=Tr%E1%BA%A7n+Thu", "hang=unit&don-vi=Ph%C3%B2ng+T%C6%B0+ph%C3%A1p"])
def test_a_queue_stays_what_it_is_whatever_is_asked_besides(centre, office, asked):
    theirs, mine = centre.file().code, centre.file().code
    office.browser(MINH).act(theirs, "assign", assignee=THU, unit=JUSTICE)
    office.browser(MINH).act(mine, "assign", assignee=LAN, unit=LAND)
    page = office.browser(LAN).get(f"/phan-anh?{asked}").text
    assert f'/phan-anh/{theirs}"' not in page
    assert f'/phan-anh/{mine}"' in page


def test_the_log_of_one_officer_goes_on_with_them_on_its_next_page(centre, office):
    with centre.database.transaction() as session:
        for number in range(PAGE + 2):
            audit.record(session, THU, "logout", moment=now())
            audit.record(session, HOA, "login.code_failed", detail=f"số {number}", moment=now())
    browser = office.browser(MINH)
    assert 'name="ai"' in browser.get("/nhat-ky").text
    first = browser.get(f"/nhat-ky?ai={quote(THU)}").text
    older = html.unescape(first.split('class="pages"')[1].split('href="')[1].split('"')[0])
    assert HOA not in first.split("<tbody>")[1]
    assert HOA not in browser.get(older.removeprefix("/can-bo")).text.split("<tbody>")[1]


def test_a_mention_that_reaches_nobody_says_so(centre, office):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    centre.change(code, unit=LAND)
    told = {text: browser.act(code, "remark", text=text).headers["location"] for text in ("@Ngô Văn Nam", "@Trần Thu")}
    assert {text: where.partition("=")[2] for text, where in told.items()} == {
        "@Ngô Văn Nam": "remark",
        "@Trần Thu": "in-vain",
    }
    assert "chưa được báo" in browser.get(told["@Trần Thu"].removeprefix("/can-bo")).text


@pytest.mark.parametrize(("act", "fields"), [("answer", {"preview": "1"}), ("answer", {}), ("answer/mau", {})])
def test_a_form_shown_again_says_that_somebody_changed_the_case(centre, office, act, fields):
    code, browser = centre.file_in(ACCEPTED), office.browser(HOA)
    seen = centre.row(code).version
    centre.move(code, IN_PROGRESS)
    fields = {"text": "Chào bà", "reason": "solved", **fields}
    response = browser.act(code, act, version=str(seen), **fields)
    assert "Vừa có người khác thay đổi" in text_of(response)
    assert textarea(response) == "Chào bà"
    assert "Vừa có người khác thay đổi" not in text_of(browser.act(code, act, **fields))


def test_enter_in_a_field_of_a_template_looks_and_does_not_begin_anew(centre, office):
    page = office.browser(HOA).get(f"/phan-anh/{centre.file_in(ACCEPTED)}").text
    form = page.split('/answer"')[1].split("</form>")[0]
    first = re.findall(r"<button[^>]*>", form)[0]
    assert 'name="preview"' in first
    assert "formaction" not in first


def test_a_search_is_kept_found_again_and_deleted(office):
    browser = office.browser(HOA)
    query = "q=giấy+khai+sinh&loai=late"
    assert browser.post("/bo-loc", name="Khai sinh trễ", query=f"{query}&csrf=x&la=1").status_code == 303
    assert "Khai sinh trễ" in browser.get("").text
    assert "Khai sinh trễ" not in office.browser(THU).get("").text
    (kept,) = list_filters(office.centre.database, office.desk.accounts.find(HOA).id)
    assert "csrf" not in kept.query
    assert "la=" not in kept.query
    assert office.browser(THU).post(f"/bo-loc/{kept.id}/xoa").status_code == 404
    assert browser.post(f"/bo-loc/{kept.id}/xoa").status_code == 303
    assert browser.post(f"/bo-loc/{kept.id}/xoa").status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "query": "q=a"},
        {"name": "x" * 61, "query": "q=a"},
        {"name": "của tôi", "query": ""},
        {"name": "số", "query": "q=0912+345+678"},
        {"name": "0912345678", "query": "q=a"},
        {"name": "dài", "query": "q=" + "ă" * 900},
    ],
)
def test_a_search_that_can_not_be_kept_says_so(office, fields):
    assert office.browser(HOA).post("/bo-loc", **fields).status_code == 422
    assert list_filters(office.centre.database, office.desk.accounts.find(HOA).id) == []


def test_nobody_keeps_searches_without_end(office):
    browser = office.browser(HOA)
    answers = [browser.post("/bo-loc", name=f"lọc {number}", query="q=a").status_code for number in range(MOST + 1)]
    assert answers == [303] * MOST + [422]
    assert browser.post("/bo-loc", name="lọc 0", query="q=b").status_code == 303
