"""Logging in as people do: over HTTP, with cookies."""

import re

import pytest

from bot.accounts import audit
from bot.accounts.attempts import FREE_TRIES
from tests.accounts.conftest import ADMIN, PASSWORD
from tests.console.conftest import HOA, MINH, text_of

NEW = "chiều nay trời nắng to"


@pytest.fixture
def browser(office):
    return office.stranger()


def token_on(response):
    return re.search(r'name="csrf" value="([0-9a-f]{64})"', response.text).group(1)


def log_in(browser, name=HOA, password=PASSWORD):
    csrf = token_on(browser.get("/dang-nhap"))
    return browser.post("/dang-nhap", csrf, name=name, password=password)


def follow(browser, response):
    assert response.status_code == 303, text_of(response)
    return browser.client.get(response.headers["location"])


def test_an_officer_logs_in_and_sees_what_there_is_to_do(browser):
    page = follow(browser, log_in(browser))
    assert "Việc của tôi" in text_of(page)
    assert HOA in text_of(page)


@pytest.mark.parametrize(
    ("name", "password"), [(HOA, "sai"), ("Không Ai", PASSWORD), ("", ""), ('"><script>', "x" * 5000)]
)
def test_a_wrong_log_in_is_told_alike_and_shows_no_password(browser, name, password):
    response = log_in(browser, name, password)
    assert response.status_code == 422
    assert "Tên hoặc mật khẩu không đúng" in response.text
    assert "<script>" not in response.text
    assert not password or f'value="{password}"' not in response.text
    assert "motcua_can_bo" not in browser.client.cookies


def test_after_too_many_wrong_tries_one_has_to_wait(browser):
    for _ in range(FREE_TRIES):
        log_in(browser, HOA, "sai")
    response = log_in(browser)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) <= 61


def test_after_the_log_out_the_old_cookie_opens_nothing(browser):
    page = follow(browser, log_in(browser))
    old = browser.client.cookies["motcua_can_bo"]
    response = browser.post("/dang-xuat", token_on(page))
    assert response.headers["clear-site-data"] == '"cache"'
    browser.client.cookies.set("motcua_can_bo", old, path="/can-bo")
    assert browser.get("").headers["location"] == "/can-bo/dang-nhap"


def test_a_log_out_is_no_link(browser):
    follow(browser, log_in(browser))
    assert browser.get("/dang-xuat").status_code == 404
    assert browser.get("").status_code == 200


def test_a_session_cookie_of_before_the_log_in_is_not_taken_over(browser):
    csrf = token_on(browser.get("/dang-nhap"))
    browser.client.cookies.set("motcua_can_bo", "chosen-by-somebody-else", path="/can-bo")
    response = browser.post("/dang-nhap", csrf, name=HOA, password=PASSWORD)
    assert response.status_code == 303
    assert "chosen-by-somebody-else" not in response.headers["set-cookie"]
    assert browser.office.desk.sessions.of("chosen-by-somebody-else") is None


def test_the_first_administrator_chooses_a_password_and_sets_up_the_second_step(office, browser):
    once = office.desk.accounts.reset(ADMIN, ADMIN)
    page = follow(browser, log_in(browser, ADMIN, once))
    assert "Đổi mật khẩu" in text_of(page)
    response = browser.post("/mat-khau", token_on(page), old=once, new=NEW, again=NEW)
    page = follow(browser, response)
    assert "Xác thực bước hai" in text_of(page)
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text).group(1).replace(" ", "")
    page = browser.post("/xac-thuc", token_on(page), code=office.desk.code(secret))
    assert len(re.findall(r"<li><code>", page.text)) == 8
    assert "Nhật ký" in text_of(browser.get(""))


def test_an_administrator_without_the_second_step_reaches_nothing_else(office, browser):
    follow(browser, log_in(browser, "Bùi Quân"))
    for path in ("", "/nhat-ky", "/phan-anh", "/ma"):
        assert browser.get(path).headers["location"] == "/can-bo/xac-thuc"


def test_with_a_second_step_a_code_is_asked_for(office, browser):
    secret, *_ = office.desk.enrol(office.desk.log_in(HOA).token)
    office.desk.clock.pass_by(minutes=1)
    page = follow(browser, log_in(browser))
    assert browser.get("").headers["location"] == "/can-bo/ma"
    assert browser.post("/ma", token_on(page), code="000000").status_code == 422
    page = follow(browser, browser.post("/ma", token_on(page), code=office.desk.code(secret)))
    assert "Việc của tôi" in text_of(page)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"old": PASSWORD, "new": NEW, "again": "khác"}, "không giống nhau"),
        ({"old": "sai", "new": NEW, "again": NEW}, "không đúng"),
        ({"old": PASSWORD, "new": "ngắn", "again": "ngắn"}, "ít nhất 12"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "phải khác"),
        ({}, "ít nhất 12"),
    ],
)
def test_a_password_that_cannot_be_taken_says_why(browser, fields, told):
    page = follow(browser, log_in(browser))
    response = browser.post("/mat-khau", token_on(page), **fields)
    assert response.status_code == 422
    assert told in text_of(response)


def test_a_new_password_keeps_this_browser_logged_in_and_no_other(office, browser):
    other = office.browser(HOA)
    page = follow(browser, log_in(browser))
    page = follow(browser, browser.post("/mat-khau", token_on(page), old=PASSWORD, new=NEW, again=NEW))
    assert "Đã đổi mật khẩu" in text_of(page)
    assert other.get("").status_code == 303


@pytest.mark.parametrize("act", ["disable", "reset"])
def test_the_session_of_an_officer_who_was_removed_ends_at_once(office, act):
    browser = office.browser(HOA)
    assert browser.get("").status_code == 200
    getattr(office.desk.accounts, act)(HOA, ADMIN)
    assert browser.get("").status_code == 303
    assert browser.post("/dang-xuat").status_code == 401


def test_wrong_and_right_log_ins_are_in_the_log_without_what_was_typed(office, browser):
    log_in(browser, "mật khẩu gõ nhầm ô", "x")
    log_in(browser, HOA, "sai")
    log_in(browser)
    told = [(one.by, one.act) for one in audit.list_entries(office.centre.database, limit=3)]
    assert told == [(HOA, "login"), (HOA, "login.failed"), ("-", "login.failed")]


def test_a_supervisor_reads_the_log_and_checks_it(office):
    browser = office.browser(MINH)
    assert "đăng nhập" in text_of(browser.get("/nhat-ky"))
    assert "Nhật ký nguyên vẹn" in text_of(browser.post("/nhat-ky"))
