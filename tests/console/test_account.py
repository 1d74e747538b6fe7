"""An officer's own account, in the browser."""

import re

import pytest

from bot.accounts import audit
from bot.accounts.attempts import FREE_TRIES
from bot.accounts.errors import WrongCodeError
from tests.accounts.conftest import PASSWORD
from tests.console.conftest import HOA, MINH, text_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


def log_in(office, agent=FIREFOX, name=HOA):
    """A browser that logs in itself, and says what it is."""
    browser = office.stranger()
    browser.client.headers["user-agent"] = agent
    csrf = re.search(r'name="csrf" value="(\w{64})"', browser.get("/dang-nhap").text).group(1)
    assert browser.post("/dang-nhap", csrf, name=name, password=PASSWORD).status_code == 303
    return renewed(browser)


def renewed(browser):
    page = browser.get("/tai-khoan")
    browser.csrf = re.search(r'name="csrf" value="(\w{64})"', page.text).group(1)
    return browser


def marks_on(page):
    return re.findall(r'name="mark" value="(\w+)"', page.text)


def with_second_step(office, name=HOA):
    """(browser, secret, recovery codes)"""
    secret, login, codes = office.desk.enrol(office.desk.log_in(name).token)
    browser = office.stranger()
    browser.client.cookies.set("motcua_can_bo", login.token, path="/can-bo")
    office.desk.clock.pass_by(minutes=1)
    return renewed(browser), secret, codes


def test_the_page_says_who_one_is_and_from_where_one_is_logged_in(office):
    log_in(office, EDGE)
    page = text_of(log_in(office).get("/tai-khoan"))
    assert "Cán bộ xử lý" in page
    assert "Firefox, Linux · 203.0.113.7" in page
    assert "Edge, Windows" in page


def test_a_session_that_is_ended_opens_nothing_from_then_on(office):
    other, browser = log_in(office, EDGE), log_in(office)
    mine, others = marks_on(browser.get("/tai-khoan"))
    assert browser.post("/tai-khoan/phien", mark=others).status_code == 303
    assert other.get("").headers["location"] == "/can-bo/dang-nhap"
    assert marks_on(browser.get("/tai-khoan")) == [mine]


def test_all_other_sessions_end_at_once(office):
    others = [log_in(office), log_in(office, EDGE)]
    colleague, browser = log_in(office, name=MINH), log_in(office)
    assert browser.post("/tai-khoan/phien").status_code == 303
    assert [other.get("").status_code for other in others] == [303, 303]
    assert browser.get("").status_code == colleague.get("").status_code == 200


def test_the_session_of_somebody_else_is_not_found(office):
    colleague = log_in(office, name=MINH)
    (mark,) = marks_on(colleague.get("/tai-khoan"))
    for tried in (mark, "x", "0" * 16):
        assert log_in(office).post("/tai-khoan/phien", mark=tried).status_code == 404
    assert colleague.get("").status_code == 200


def test_a_new_password_ends_the_others_and_leads_back_to_the_account(office):
    other, browser = log_in(office, EDGE), log_in(office)
    new = "chiều nay trời nắng to"
    response = browser.post("/mat-khau", old=PASSWORD, new=new, again=new)
    assert response.headers["location"] == "/can-bo/tai-khoan?xong=password"
    assert "Đã đổi mật khẩu" in text_of(browser.get("/tai-khoan?xong=password"))
    assert other.get("").status_code == 303


def begin_other_telephone(browser, code):
    response = browser.post("/tai-khoan/dien-thoai", code=code)
    assert response.status_code == 200, text_of(response)
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", response.text).group(1).replace(" ", "")
    return secret, re.search(r'name="sealed" value="([^"]+)"', response.text).group(1)


def test_another_telephone_counts_after_a_code_of_the_old_and_one_of_the_new(office):
    browser, old, _ = with_second_step(office)
    new, sealed = begin_other_telephone(browser, office.desk.code(old))
    response = browser.post("/tai-khoan/dien-thoai/moi", sealed=sealed, code=office.desk.code(new))
    assert len(re.findall(r"<li><code>", response.text)) == 8
    assert browser.get("").status_code == 200
    office.desk.clock.pass_by(minutes=1)
    waiting = office.desk.log_in(HOA)
    with pytest.raises(WrongCodeError):
        office.desk.sessions.pass_code(waiting.token, office.desk.code(old), "203.0.113.7")
    assert office.desk.sessions.pass_code(waiting.token, office.desk.code(new), "203.0.113.7").step == "done"


def test_the_old_telephone_counts_until_the_new_one_has_shown_a_code(office):
    browser, old, _ = with_second_step(office)
    _, sealed = begin_other_telephone(browser, office.desk.code(old))
    assert browser.post("/tai-khoan/dien-thoai/moi", sealed=sealed, code="000000").status_code == 422
    office.desk.clock.pass_by(minutes=1)
    waiting = office.desk.log_in(HOA)
    assert office.desk.sessions.pass_code(waiting.token, office.desk.code(old), "203.0.113.7").step == "done"


def test_a_lost_telephone_is_replaced_with_a_recovery_code_that_counts_once(office):
    browser, _, codes = with_second_step(office)
    begin_other_telephone(browser, codes[0])
    assert browser.post("/tai-khoan/dien-thoai", code=codes[0]).status_code == 422
    assert "Mã dự phòng chưa dùng: 7" in text_of(browser.get("/tai-khoan"))


@pytest.mark.parametrize("minutes", [0, 11])
def test_a_new_secret_is_good_in_its_own_session_and_for_ten_minutes(office, minutes):
    browser, old, _ = with_second_step(office)
    new, sealed = begin_other_telephone(browser, office.desk.code(old))
    office.desk.clock.pass_by(minutes=minutes)
    other = browser
    if not minutes:
        other, *_ = with_second_step(office, MINH)
    for kept in (sealed, "", "x", "é"):
        response = other.post("/tai-khoan/dien-thoai/moi", sealed=kept, code=office.desk.code(new))
        assert response.status_code == 422
        assert "<li><code>" not in response.text


def test_new_recovery_codes_end_the_old_ones(office):
    browser, secret, codes = with_second_step(office)
    response = browser.post("/tai-khoan/ma-du-phong", code=office.desk.code(secret))
    fresh = re.findall(r"<li><code>([\w-]+)</code>", response.text)
    assert len(set(fresh) - set(codes)) == 8
    assert browser.post("/tai-khoan/ma-du-phong", code=codes[0]).status_code == 422
    assert [row.act for row in audit.list_entries(office.centre.database)][:2] == [
        "login.code_failed",
        "officer.recovery_codes",
    ]


@pytest.mark.parametrize("path", ["/tai-khoan/dien-thoai", "/tai-khoan/ma-du-phong"])
def test_codes_are_not_guessed_here_either(office, path):
    browser, secret, _ = with_second_step(office)
    for _ in range(FREE_TRIES):
        assert browser.post(path, code="000000").status_code == 422
    assert browser.post(path, code=office.desk.code(secret)).status_code == 429
    assert "<code>" not in browser.post(path, code=office.desk.code(secret)).text


@pytest.mark.parametrize("path", ["/tai-khoan/dien-thoai", "/tai-khoan/ma-du-phong"])
def test_without_a_second_step_there_is_nothing_to_renew(office, path):
    browser = office.browser(HOA)
    browser.get("/xac-thuc")
    assert browser.post(path, code="000000").status_code == 422
    assert "Chưa bật" in text_of(browser.get("/tai-khoan"))


def test_an_expired_code_renews_nothing(office):
    browser, secret, _ = with_second_step(office)
    old = office.desk.code(secret)
    office.desk.clock.pass_by(minutes=3)
    assert browser.post("/tai-khoan/dien-thoai", code=old).status_code == 422


def test_a_code_that_was_used_to_log_in_renews_nothing(office):
    _, secret, _ = with_second_step(office)
    code, waiting = office.desk.code(secret), office.desk.log_in(HOA)
    login = office.desk.sessions.pass_code(waiting.token, code, "203.0.113.7")
    browser = office.stranger()
    browser.client.cookies.set("motcua_can_bo", login.token, path="/can-bo")
    assert renewed(browser).post("/tai-khoan/dien-thoai", code=code).status_code == 422
