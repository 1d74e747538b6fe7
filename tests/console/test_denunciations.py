"""Denunciations: for named readers, each opening with its reason; to everybody else they do not exist."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import update

from bot.accounts.permissions import ROLES
from bot.complaints import evidence, naming
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.lifecycle import ACCEPTED, ANSWERED, FORWARDED, NEEDS_INFORMATION
from bot.complaints.model import ComplaintOpening
from bot.complaints.visibility import named_in, viewer_of
from bot.console.doors import READERS
from bot.database import now
from bot.settings import ROOT
from bot.text.codes import new_receipt_code
from tests.accounts.conftest import ADMIN
from tests.complaints import files
from tests.complaints.conftest import AN
from tests.console.conftest import EDITOR, HOA, LAN, LAND, MINH, NAM, ROLE_OF, THU, text_of
from tests.console.test_doors import path_of
from tests.factories import accept

PHONE, WHY = "0912345678", "phân công xử lý"
TOLD = "ông ấy đòi năm triệu mới ký"
ANSWER = "Ngày 20/11/2026 Thanh tra tỉnh đã thụ lý tố cáo và sẽ báo kết quả bằng văn bản."


@pytest.fixture
def centre(office):
    office.console = replace(office.console, readers=frozenset({THU, NAM, EDITOR}))
    return office.centre


def denounce(centre, **told):
    return centre.file(**{"kind": "bribery", "route": "to_cao", "description": TOLD, "words": (), **told}).code


def opened(office, code, name=THU):
    """The browser of a reader who has opened it."""
    browser = office.browser(name)
    response = browser.post(f"/to-cao/{code}", why=WHY)
    assert response.status_code == 200, text_of(response)
    return browser


def act(browser, code, name, **fields):
    version = browser.office.centre.row(code).version
    return browser.post(f"/to-cao/{code}/{name}", **{"version": str(version), **fields})


def openings(office):
    with office.centre.database.reading() as session:
        rows = session.query(ComplaintOpening).order_by(ComplaintOpening.id)
        return [(row.opened_by, row.what, row.why) for row in rows]


def test_a_reader_sees_which_there_are_and_opens_one_with_a_reason(office, centre):
    code, browser = denounce(centre), office.browser(THU)
    page = browser.get("/to-cao").text
    assert code in page
    assert TOLD not in page
    ask = browser.get(f"/to-cao/{code}").text
    assert TOLD not in ask
    assert "người tố cáo xem được ai mở, lúc nào" in ask
    assert browser.post(f"/to-cao/{code}", why=" ").status_code == 422
    assert openings(office) == []
    assert TOLD in browser.post(f"/to-cao/{code}", why=WHY).text
    assert openings(office) == [(THU, "restricted", WHY)]


def test_a_reason_opens_the_same_one_for_a_quarter_of_an_hour(office, centre):
    code, other = denounce(centre), denounce(centre, description="chuyện khác hẳn")
    browser = opened(office, code)
    assert TOLD in browser.get(f"/to-cao/{code}").text
    assert openings(office) == [(THU, "restricted", WHY), (THU, "restricted again", WHY)]
    assert "Mở để làm gì" in text_of(browser.get(f"/to-cao/{other}"))
    with centre.database.transaction() as session:
        session.execute(update(ComplaintOpening).values(opened_at=now() - timedelta(minutes=16)))
    assert "Mở để làm gì" in text_of(browser.get(f"/to-cao/{code}"))


def test_pages_that_are_shown_do_not_prolong_the_reason(office, centre):
    code = denounce(centre, contact=centre.hide(PHONE))
    browser = opened(office, code)
    browser.post(f"/to-cao/{code}/lien-he", why="mời làm việc")
    assert TOLD in browser.get(f"/to-cao/{code}").text
    assert openings(office)[-1] == (THU, "restricted again", WHY)
    given = ComplaintOpening.what == "restricted"
    with centre.database.transaction() as session:
        session.execute(update(ComplaintOpening).where(given).values(opened_at=now() - timedelta(minutes=16)))
    assert "Mở để làm gì" in text_of(browser.get(f"/to-cao/{code}"))
    response = act(browser, code, "remark", text="đã xem biên bản")
    assert response.status_code == 422
    assert TOLD not in response.text
    assert "đã xem biên bản" in response.text


def test_the_reason_of_one_reader_opens_nothing_to_another(office, centre):
    office.console = replace(office.console, readers=frozenset({THU, MINH}))
    code = denounce(centre)
    opened(office, code)
    browser = office.browser(MINH)
    assert TOLD not in browser.get(f"/to-cao/{code}").text
    assert act(browser, code, "move", state=ACCEPTED).headers["location"] == f"/can-bo/to-cao/{code}"
    assert centre.row(code).state == "received"


def reader_paths(office, code):
    return [(door.method, path_of(door, code)) for door in office.console.doors() if door.needs == READERS]


@pytest.mark.parametrize("role", ROLES)
def test_to_everybody_else_not_even_the_page_exists(office, centre, role):
    office.console = replace(office.console, readers=frozenset({THU}))
    code, browser = denounce(centre), office.browser(ROLE_OF[role])
    unknown = {"GET": browser.get("/khong-co"), "POST": browser.post("/khong-co")}
    for method, path in reader_paths(office, code):
        response = browser.get(path) if method == "GET" else browser.post(path, why=WHY, state=ACCEPTED, text="x")
        told = unknown[method]
        assert (response.status_code, response.text) == (told.status_code, told.text), path
        assert set(response.headers) == set(told.headers)
    assert openings(office) == []
    assert centre.row(code).state == "received"
    assert all("to-cao" not in browser.get(path).text for path in ("", "/phan-anh", "/tai-khoan"))


def test_without_a_session_it_looks_like_a_page_that_does_not_exist(office, centre):
    code = denounce(centre)
    for method, path in reader_paths(office, code):
        browser = office.stranger()
        ask = browser.get if method == "GET" else browser.post
        response, unknown = ask(path), ask("/khong-co")
        assert response.status_code == unknown.status_code
        assert len(response.text) == len(unknown.text)


def test_a_reader_who_is_not_through_the_log_in_is_nobody(office, centre):
    code, (secret, *_) = denounce(centre), office.desk.enrol(office.desk.log_in(THU).token)
    assert secret
    assert office.browser(THU).get(f"/to-cao/{code}").status_code == 404


def test_a_name_alone_is_no_role(office, centre):
    """Named, and an account, and a role that reads feedback."""
    assert office.browser(EDITOR).get("/to-cao").status_code == 404
    reader = office.browser(THU)
    assert reader.get("/to-cao").status_code == 200
    office.desk.accounts.disable(THU, ADMIN)
    assert reader.get("/to-cao").status_code == 404


@pytest.mark.parametrize("name", [HOA, MINH, LAN, THU])
def test_no_list_count_or_search_tells_of_one(office, centre, name):
    before = text_of(office.browser(name).get(""))
    code, browser = denounce(centre), office.browser(name)
    assert text_of(browser.get("")) == before
    for path in ("/phan-anh", f"/phan-anh?q={code}", "/phan-anh?q=nam+trieu", "/phan-anh?hang=new"):
        assert f'/phan-anh/{code}"' not in browser.get(path).text
    assert browser.get(f"/phan-anh/{code}").status_code == 404
    version = centre.row(code).version
    assert "Không có phản ánh" in text_of(browser.post("/nhieu/giao", case=f"{code}:{version}", assignee=HOA))


@pytest.mark.parametrize("name", [MINH, "Bùi Quân"])
def test_the_log_does_not_tell_others_that_one_was_opened(office, centre, name):
    code = denounce(centre)
    opened(office, code).get("/to-cao")
    page = office.browser(name).get("/nhat-ky").text
    assert code not in page
    assert "restricted" not in page


def test_what_is_no_denunciation_is_not_opened_here(office, centre):
    code, browser = centre.file().code, office.browser(THU)
    assert code not in browser.get("/to-cao").text
    for path in (f"/to-cao/{code}", f"/to-cao/{new_receipt_code()}", "/to-cao/x", "/to-cao/%00"):
        assert browser.get(path).status_code == 404
        assert browser.post(path, why=WHY).status_code == 404
    assert act(browser, code, "move", state=ACCEPTED).status_code == 404
    assert openings(office) == []


def test_one_about_a_reader_or_their_unit_is_not_theirs_to_know(office, centre):
    code = denounce(centre, person=centre.hide(HOA))
    third = replace(viewer_of(office.desk.accounts.find(MINH)), restricted=True)
    naming.confirm(centre.database, code, [THU], third)
    assert office.browser(THU).get(f"/to-cao/{code}").status_code == 404
    assert code not in office.browser(THU).get("/to-cao").text
    assert code in office.browser(NAM).get("/to-cao").text
    naming.confirm(centre.database, code, [HOA], third)
    assert code not in office.browser(NAM).get("/to-cao").text
    assert code in office.browser(THU).get("/to-cao").text


def test_readers_see_them_whatever_their_unit_and_say_who_is_named(office, centre):
    """A supervisor who is no reader can't, so without the readers nobody would ever see one about a person."""
    code = denounce(centre, person="ông Nam")
    centre.change(code, unit=LAND)
    browser = opened(office, code)
    assert act(browser, code, "name", officer=[HOA]).status_code == 303
    with centre.database.reading() as session:
        assert named_in(session, centre.row(code).id) == (HOA,)
    assert act(browser, code, "name").status_code == 422


@pytest.mark.parametrize(
    ("name", "fields", "state"),
    [
        ("move", {"state": ACCEPTED}, ACCEPTED),
        ("ask", {"text": "Việc xảy ra ngày nào?"}, NEEDS_INFORMATION),
        ("forward", {"unit": "Thanh tra tỉnh", "note": "đúng thẩm quyền"}, FORWARDED),
        ("remark", {"text": f"đã gọi {PHONE}"}, "received"),
        ("name", {"nobody": "yes"}, "received"),
    ],
)
def test_every_form_does_what_it_says(office, centre, name, fields, state):
    code = denounce(centre)
    browser = opened(office, code)
    response = act(browser, code, name, **fields)
    assert response.headers["location"] == f"/can-bo/to-cao/{code}?xong={name}"
    assert centre.row(code).state == state
    page = browser.get(f"/to-cao/{code}")
    assert page.status_code == 200
    assert PHONE not in page.text


def test_it_is_given_to_a_reader_when_it_is_said_who_is_named(office, centre):
    code = denounce(centre)
    browser = opened(office, code)
    assert act(browser, code, "assign", assignee=NAM).status_code == 422
    act(browser, code, "name", officer=[HOA])
    assert act(browser, code, "assign", assignee=NAM).status_code == 422
    act(browser, code, "name", nobody="yes")
    for wrong in (HOA, EDITOR, ""):
        assert act(browser, code, "assign", assignee=wrong).status_code == 422
    assert act(browser, code, "assign", assignee=NAM).status_code == 303
    assert centre.row(code).assignee == NAM


def test_a_denunciation_is_answered(office, centre):
    code = denounce(centre)
    browser = opened(office, code)
    act(browser, code, "move", state=ACCEPTED)
    assert act(browser, code, "answer", text=ANSWER, reason="solved").status_code == 303
    assert centre.row(code).state == ANSWERED
    assert ANSWER in text_of(browser.get(f"/to-cao/{code}"))


def test_an_answer_begins_with_a_template_for_denunciations(office, centre):
    code = denounce(centre)
    browser = opened(office, code)
    act(browser, code, "move", state=ACCEPTED)
    page = browser.get(f"/to-cao/{code}").text
    assert ("Đã thụ lý tố cáo" in page, "Đã làm việc với cán bộ" in page) == (True, False)
    page = act(browser, code, "answer/mau", template="denunciation_passed_on", text="").text
    assert "Tố cáo này do [cơ quan có thẩm quyền] giải quyết." in page
    fields = re.findall(r'name="field" value="([^"]+)"', page)
    text = unescape(re.search(r'<textarea id="answer-text"[^>]*>(.*?)</textarea>', page, re.DOTALL).group(1))
    values = ["Thanh tra tỉnh", "20/11/2026", "công văn 12/CV", "12 Lê Lợi"]
    sent = act(browser, code, "answer", text=text, reason="not_responsible", field=fields, value=values)
    assert sent.status_code == 303
    assert "Tố cáo này do Thanh tra tỉnh giải quyết. Ngày 20/11/2026" in centre.told(AN)[-1]


def test_a_template_is_begun_with_only_while_the_reason_holds(office, centre):
    code, browser = denounce(centre), office.browser(THU)
    centre.change(code, state=ACCEPTED)
    response = act(browser, code, "answer/mau", template="denunciation_passed_on", text="Chào anh,")
    assert response.status_code == 422
    assert "Chào anh," in response.text
    assert "có thẩm quyền" not in response.text


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("answer", {"text": f"{ANSWER} Gọi {PHONE}.", "reason": "solved"}),
        ("answer", {"text": "Cơ quan đã tiếp nhận và sẽ xử lý theo quy định, xin cảm ơn.", "reason": "solved"}),
        ("ask", {"text": f"Có phải số {PHONE}?"}),
        ("forward", {"unit": "Thanh tra tỉnh", "note": f"người tố cáo: {PHONE}"}),
    ],
)
def test_words_are_looked_at_again_before_they_go_out(office, centre, name, fields):
    code = denounce(centre)
    browser = opened(office, code)
    act(browser, code, "move", state=ACCEPTED)
    response = act(browser, code, name, **fields)
    assert response.status_code == 422
    assert "Chưa gửi" in response.text
    assert centre.row(code).state == ACCEPTED
    assert act(browser, code, name, **fields, sure="yes").status_code == 303


def test_an_answer_is_shown_before_it_goes_out_and_then_what_became_of_it(office, centre):
    code = denounce(centre)
    browser = opened(office, code)
    act(browser, code, "move", state=ACCEPTED)
    told = len(centre.told(AN))
    page = act(browser, code, "answer", text=ANSWER, reason="solved", preview="1").text
    shown = page.split('id="preview"')[1].split("</blockquote>")[0]
    assert len(centre.told(AN)) == told
    act(browser, code, "answer", text=ANSWER, reason="solved")
    assert centre.told(AN)[-1] in unescape(shown)
    assert "Đã trả lời qua trang web" in text_of(browser.get(f"/to-cao/{code}")).split("Tin đã nhắn người tố cáo")[1]


def test_the_conversation_around_one_is_opened_for_a_reason_of_its_own(office, centre):
    accept(centre.database, conversation=AN, text=f"gọi tôi {PHONE} nhé, ông ấy đòi tiền")
    code = denounce(centre)
    browser = opened(office, code)
    assert act(browser, code, "tro-chuyen", why=" ").status_code == 422
    assert "ông ấy đòi tiền" not in browser.get(f"/to-cao/{code}").text
    page = text_of(act(browser, code, "tro-chuyen", why="hiểu đầu đuôi"))
    assert "gọi tôi [số điện thoại] nhé, ông ấy đòi tiền" in page
    assert (THU, "talk", "hiểu đầu đuôi") in openings(office)


@pytest.mark.parametrize(
    ("name", "fields", "status"),
    [
        ("assign", {"assignee": HOA}, 422),
        ("assign", {"assignee": EDITOR}, 422),
        ("assign", {"assignee": ""}, 422),
        ("move", {"state": "rubbish"}, 422),
        ("ask", {"text": " "}, 422),
        ("answer", {"text": ANSWER, "reason": "rubbish"}, 422),
        ("move", {"state": ACCEPTED, "version": "0"}, 409),
        ("move", {"state": ACCEPTED, "version": ""}, 409),
        ("lien-he", {"why": ""}, 422),
        ("tep/1", {"why": "xem"}, 404),
        ("tep/x", {"why": "xem"}, 404),
        ("merge", {"into": "PA-0000-0000-0001", "text": "trùng"}, 404),
    ],
)
def test_what_must_not_be_is_refused(office, centre, name, fields, status):
    code = denounce(centre)
    browser = opened(office, code)
    assert act(browser, code, name, **fields).status_code == status
    row = centre.row(code)
    assert (row.state, row.assignee) == ("received", None)


def test_who_denounces_stays_masked_until_that_is_opened_for_a_reason_of_its_own(office, centre):
    code = denounce(centre, contact=centre.hide(PHONE), description=centre.hide(f"gọi {PHONE}"))
    browser = opened(office, code)
    assert PHONE not in browser.get(f"/to-cao/{code}").text
    assert PHONE in browser.post(f"/to-cao/{code}/lien-he", why="mời làm việc").text
    assert (THU, "contact", "mời làm việc") in openings(office)


def test_a_file_is_downloaded_for_a_reason(office, centre):
    folder = office.console.folder
    evidence.agree(centre.database, AN)
    kept = evidence.keep(centre.database, folder, load_file_rules(ROOT / "knowledge"), AN, "ảnh.jpg", files.photo())
    code = denounce(centre)
    browser = opened(office, code)
    assert "ảnh.jpg" in browser.get(f"/to-cao/{code}").text
    assert act(browser, code, f"tep/{kept.id}", why=" ").status_code == 422
    response = act(browser, code, f"tep/{kept.id}", why="xem biên lai")
    assert response.content[:3] == b"\xff\xd8\xff"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert openings(office)[-1][2] == "xem biên lai"


NASTY = '<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7*7 }}'


def test_what_people_write_stays_text(office, centre):
    code = denounce(centre, description=NASTY, office=NASTY, person=NASTY, words=(("description", NASTY),))
    browser = office.browser(THU)
    page = browser.post(f"/to-cao/{code}", why=NASTY).text + act(browser, code, "answer", text=NASTY).text
    for harm in ("<script>", "<img src=x", " 49"):
        assert harm not in page
    assert browser.get("/to-cao/<script>").status_code == 404


def test_many_come_a_page_at_a_time(office, centre):
    codes = [denounce(centre) for _ in range(52)]
    browser = office.browser(THU)
    first = browser.get("/to-cao").text
    assert codes[49] in first
    assert codes[50] not in first
    last = first.split('href="/can-bo/to-cao?sau=')[1].split('"')[0]
    assert codes[51] in browser.get(f"/to-cao?sau={last}").text
