"""Administrators and the accounts of the others."""

import re

import pytest

from bot.accounts import audit
from bot.accounts.errors import WaitError, WrongLoginError
from bot.accounts.identities import Entered
from bot.accounts.model import Officer
from bot.accounts.permissions import ADMINISTRATOR, OFFICER, SUPERVISOR, UNIT_HEAD
from tests.accounts.conftest import ADMIN, PASSWORD
from tests.console.conftest import HOA, LAN, LAND, MINH, text_of
from tests.console.test_provider_pages import there as there

QUAN = "Bùi Quân"


@pytest.fixture
def browser(office):
    return office.browser(QUAN)


def id_of(office, name):
    return office.desk.accounts.find(name).id


def seen_on(page):
    return re.search(r'name="seen" value="(\w+)"', page.text).group(1)


def change(office, browser, name=HOA, **fields):
    path = f"/nhan-su/{id_of(office, name)}"
    given = {"seen": seen_on(browser.get(path)), "unit": LAND, "role": [OFFICER], **fields}
    return browser.post(f"{path}/vai-tro", **given)


def acts(office):
    return [(row.by, row.act, row.subject) for row in audit.list_entries(office.centre.database)]


def test_an_account_is_made_and_its_password_shown_once(office, browser):
    page = browser.post("/nhan-su", name="Cao Thị Mới", unit=LAND, role=[OFFICER, UNIT_HEAD], kind=["late"])
    once = re.search(r"<code>([\w-]{23})</code>", page.text).group(1)
    person = office.desk.accounts.find("Cao Thị Mới")
    assert (person.unit, person.roles, person.kinds) == (LAND, {OFFICER, UNIT_HEAD}, {"late"})
    assert office.desk.log_in("Cao Thị Mới", once).step == "password"
    assert once not in browser.get(f"/nhan-su/{person.id}").text
    assert (QUAN, "officer.add", "Cao Thị Mới") in acts(office)
    assert "Cao Thị Mới" in browser.get("/nhan-su").text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": HOA, "role": [OFFICER]}, "đã là của một cán bộ khác"),
        ({"name": "le thi hoa", "role": [OFFICER]}, "đã là của một cán bộ khác"),
        ({"name": "", "role": [OFFICER]}, "Tên cần có chữ"),
        ({"name": "system", "role": [OFFICER]}, "Tên cần có chữ"),
        ({"name": "Mới"}, "Chọn ít nhất một vai trò"),
        ({"name": "Mới", "role": ["king"]}, "Chọn ít nhất một vai trò"),
    ],
)
def test_an_account_that_cannot_be_made_says_why_and_keeps_what_was_typed(office, browser, fields, told):
    before = office.centre.count(Officer)
    page = browser.post("/nhan-su", unit="<b>Phòng", **fields)
    assert page.status_code == 422
    assert told in text_of(page)
    assert 'value="&lt;b&gt;Phòng"' in page.text
    assert office.centre.count(Officer) == before


def test_roles_unit_and_kinds_are_changed_and_the_officer_logged_out(office, browser):
    officer = office.browser(HOA)
    assert change(office, browser, role=[SUPERVISOR], unit="", kind=["late", "rubbish"]).status_code == 303
    person = office.desk.accounts.find(HOA)
    assert (person.roles, person.unit, person.kinds) == ({SUPERVISOR}, "", {"late"})
    assert officer.get("").status_code == 303


def test_two_administrators_lose_nothing_of_each_other(office, browser):
    path = f"/nhan-su/{id_of(office, HOA)}"
    seen = seen_on(browser.get(path))
    office.desk.accounts.change(HOA, ADMIN, unit="Phòng Khác")
    response = browser.post(f"{path}/vai-tro", seen=seen, unit=LAND, role=[SUPERVISOR])
    assert response.status_code == 409
    assert office.desk.accounts.find(HOA).roles == {OFFICER}
    assert 'value="Phòng Khác"' in response.text


def test_a_disabled_officer_is_out_at_once_and_may_come_back(office, browser):
    officer, path = office.browser(HOA), f"/nhan-su/{id_of(office, HOA)}"
    assert browser.post(f"{path}/khoa").status_code == 303
    assert officer.get("").headers["location"] == "/can-bo/dang-nhap"
    assert officer.post("/mat-khau").status_code == 401
    assert "đã khóa" in text_of(browser.get("/nhan-su"))
    browser.post(f"{path}/mo")
    assert officer.get("").status_code == 303
    assert office.desk.log_in(HOA).step == "done"


def test_a_reset_ends_password_second_step_and_sessions(office, browser):
    _, login, _ = office.desk.enrol(office.desk.log_in(HOA).token)
    page = browser.post(f"/nhan-su/{id_of(office, HOA)}/cap-lai")
    once = re.search(r"<code>([\w-]{23})</code>", page.text).group(1)
    assert office.desk.sessions.of(login.token) is None
    assert office.desk.log_in(HOA, once).step == "password"
    with pytest.raises(WrongLoginError):
        office.desk.log_in(HOA, PASSWORD)


def test_whoever_has_to_wait_is_let_in(office, browser):
    for _ in range(6):
        with pytest.raises((WrongLoginError, WaitError)):
            office.desk.log_in(HOA, "sai")
    browser.post(f"/nhan-su/{id_of(office, HOA)}/bo-cho")
    assert office.desk.log_in(HOA).step == "done"


def test_one_administrator_is_always_left(office, browser):
    assert change(office, browser, ADMIN).status_code == 303
    for response in (browser.post(f"/nhan-su/{id_of(office, QUAN)}/khoa"), change(office, browser, QUAN)):
        assert response.status_code == 422
        assert "ít nhất một quản trị" in text_of(response)
    assert office.desk.accounts.find(QUAN).roles == {ADMINISTRATOR}


@pytest.mark.parametrize("number", ["0", "99999", "x", "-1", "1e3", "9" * 30, "%00", "١"])
@pytest.mark.parametrize("path", ["", "/khoa", "/cap-lai", "/vai-tro"])
def test_an_account_that_does_not_exist_is_not_found(browser, number, path):
    whole = f"/nhan-su/{number}{path}"
    assert (browser.post(whole) if path else browser.get(whole)).status_code == 404


def test_no_page_of_accounts_tells_of_complaints_or_passwords(office, browser):
    code = office.centre.file().code
    hashed = office.desk.accounts.passwords.make_hash("x")[:10]
    for path in ("/nhan-su", f"/nhan-su/{id_of(office, HOA)}"):
        page = browser.get(path).text
        assert code not in page
        assert hashed not in page


def test_without_a_supervisor_the_page_warns(office, browser):
    assert "Chưa có giám sát" not in text_of(browser.get("/nhan-su"))
    for name in (MINH, LAN):
        office.desk.accounts.disable(name, ADMIN)
    assert "Chưa có giám sát" in text_of(browser.get("/nhan-su"))


def test_without_a_provider_nothing_is_asked_about_it(office, browser):
    path = f"/nhan-su/{id_of(office, HOA)}"
    assert "subject" not in browser.get(path).text
    assert browser.post(f"{path}/co-quan", email="hoa@tayninh.example").status_code == 404


def test_whom_the_provider_vouches_for_is_entered(there, office):
    browser, path = office.browser(QUAN), f"/nhan-su/{id_of(office, HOA)}"
    officer = office.browser(HOA)
    assert browser.post(f"{path}/co-quan", email="Hoa@tayninh.example").status_code == 303
    assert officer.get("").status_code == 303
    there.log_in(office.stranger())
    page = browser.get(path).text
    assert 'value="hoa@tayninh.example"' in page
    assert 'value="u-1"' in page
    browser.post(f"{path}/co-quan", email="moi@tayninh.example", subject="u-1")
    assert office.desk.accounts.identity_of(HOA) == Entered("moi@tayninh.example")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"email": "không phải"}, "không đúng dạng"),
        ({"email": "x@" + "y" * 300}, "không đúng dạng"),
        ({"email": "<script>@x.vn"}, "đã là của"),
        ({"subject": "é"}, "không đúng dạng"),
        ({"email": "lan@tayninh.example"}, "đã là của"),
        ({"subject": "u-5"}, "đã là của"),
    ],
)
def test_what_nobody_could_be_known_by_is_refused(there, office, fields, told):
    there.enter(LAN, email="lan@tayninh.example", issuer=there.fake.issuer, subject="u-5")
    there.enter(MINH, email="<script>@x.vn")
    browser = office.browser(QUAN)
    page = browser.post(f"/nhan-su/{id_of(office, HOA)}/co-quan", **fields)
    assert page.status_code == 422
    assert told in text_of(page)
    assert office.desk.accounts.identity_of(HOA) == Entered()


def test_a_subject_of_the_provider_before_is_not_taken_for_todays(there, office):
    there.enter(HOA, email="hoa@tayninh.example", issuer="https://before.example", subject="u-1")
    browser, path = office.browser(QUAN), f"/nhan-su/{id_of(office, HOA)}"
    assert "u-1" not in browser.get(path).text
    browser.post(f"{path}/co-quan", email="hoa@tayninh.example", subject="")
    assert office.desk.accounts.identity_of(HOA).subject == ""
