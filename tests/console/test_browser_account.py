"""Accounts and denunciations in a real browser, without JavaScript; their accessibility, too."""

import contextlib
import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, expect

from tests.console.conftest import HOA, THU
from tests.console.test_browser import DESK_SIZE, check, log_in
from tests.console.test_denunciations import TOLD, WHY, denounce
from tests.console.test_provider_pages import there as there
from tests.site.conftest import PHONE_SIZE, serving

pytestmark = pytest.mark.browser
QUAN, NEW, CHOSEN = "Bùi Quân", "Cao Thị Mới", "chiều nay trời nắng to"


@pytest.fixture
def address(office, there):
    office.console = replace(office.console, readers=frozenset({THU}))
    with serving(lambda _: office.app()) as address:
        yield address


@pytest.fixture
def plain(browser, address):
    """A browser without JavaScript."""
    context = browser.new_context(base_url=address, locale="vi-VN", viewport=DESK_SIZE, java_script_enabled=False)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def carry_session(context, office, name, address):
    """Log an officer in beside the pages."""
    token = office.browser(name).client.cookies["motcua_can_bo"]
    host = urlsplit(address).hostname
    cookie = {"name": "motcua_can_bo", "value": token, "domain": host, "path": "/can-bo", "sameSite": "Strict"}
    context.add_cookies([{**cookie, "httpOnly": True}])


def leave(page):
    """Log out and go back to what was the answer to a form: kept nowhere, so that there is nothing to be shown."""
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
    with contextlib.suppress(Error):
        page.go_back()


def test_an_administrator_makes_an_account_and_its_owner_chooses_a_password(office, plain, address):
    carry_session(plain.context, office, QUAN, address)
    plain.goto("/can-bo")
    plain.get_by_role("link", name="Nhân sự").click()
    plain.get_by_label("Họ tên").fill(NEW)
    plain.get_by_label("Cán bộ xử lý").check()
    plain.get_by_role("button", name="Thêm và cấp").click()
    once = plain.locator("code").inner_text()
    leave(plain)
    expect(plain.get_by_text(once)).to_have_count(0)
    plain.goto("/can-bo/dang-nhap")
    plain.get_by_label("Họ tên").fill(NEW)
    plain.get_by_label("Mật khẩu").fill(once)
    plain.get_by_role("button", name="Đăng nhập").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Đổi mật khẩu")
    plain.get_by_label("Mật khẩu đang dùng").fill(once)
    for field in plain.get_by_label(re.compile("^Mật khẩu mới")).all():
        field.fill(CHOSEN)
    plain.get_by_role("button", name="Đổi mật khẩu").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("Hàng việc")


def test_a_reader_opens_a_denunciation_and_after_the_log_out_nothing_of_it_is_left(office, plain):
    code = denounce(office.centre)
    log_in(plain, THU)
    plain.get_by_role("link", name="Tố cáo").click()
    plain.get_by_role("link", name=code).click()
    plain.get_by_label("Mở để làm gì").fill(WHY)
    plain.get_by_role("button", name="Mở").click()
    expect(plain.get_by_text(TOLD).first).to_be_visible()
    leave(plain)
    expect(plain.get_by_text(TOLD)).to_have_count(0)


def test_another_session_is_ended(office, browser, plain, address):
    other = browser.new_context(base_url=address)
    page = other.new_page()
    log_in(page, HOA)
    log_in(plain, HOA)
    plain.get_by_role("link", name="Tài khoản").click()
    plain.get_by_role("button", name="Kết thúc mọi phiên khác").click()
    expect(plain.get_by_role("status")).to_contain_text("Đã kết thúc")
    page.goto("/can-bo")
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
    other.close()


@pytest.mark.parametrize(("size", "scheme"), [(DESK_SIZE, "light"), (PHONE_SIZE, "dark")])
def test_every_page_is_accessible_and_as_wide_as_the_screen(office, browser, address, size, scheme):
    code, number = denounce(office.centre), office.desk.accounts.find(HOA).id
    ways = {
        QUAN: ("/nhan-su", f"/nhan-su/{number}", "/tai-khoan"),
        THU: ("/to-cao", f"/to-cao/{code}", "/tai-khoan", "/dang-nhap"),
    }
    for name, paths in ways.items():
        context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
        page = context.new_page()
        page.goto("/can-bo/dang-nhap")
        check(page)
        carry_session(context, office, name, address)
        for path in paths:
            page.goto(f"/can-bo{path}")
            check(page)
        if name == THU:
            page.goto(f"/can-bo/to-cao/{code}")
            page.get_by_label("Mở để làm gì").fill(WHY)
            page.get_by_role("button", name="Mở").click()
            check(page)
        context.close()
