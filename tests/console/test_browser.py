"""The console in a real browser, without JavaScript, on a desktop and on a phone; its accessibility, too."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bot.complaints.lifecycle import ACCEPTED
from tests.accounts.conftest import PASSWORD
from tests.console.conftest import HOA, MINH
from tests.site.conftest import PHONE_SIZE, serving

pytestmark = pytest.mark.browser
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
DESK_SIZE = {"width": 1280, "height": 900}
ANSWER = "Ngày 20/11/2026 bộ phận một cửa xã An Hòa đã trả kết quả cho anh/chị."


@pytest.fixture
def address(office):
    with serving(lambda _: office.app()) as address:
        yield address


@pytest.fixture(params=["plain", "phone"])
def page(request, browser, address):
    plain = request.param == "plain"
    size = DESK_SIZE if plain else PHONE_SIZE
    context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, java_script_enabled=not plain)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


def log_in(page, name):
    page.goto("/can-bo")
    page.get_by_label("Họ tên").fill(name)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hàng việc")


def test_an_officer_works_a_case_to_its_answer_and_leaves(office, page):
    code = office.centre.file().code
    log_in(page, HOA)
    page.get_by_role("link", name=re.compile("Mới nhận")).click()
    page.get_by_role("link", name=code).click()
    page.get_by_text("Chuyển bước", exact=True).click()
    page.get_by_label("Bước").select_option(ACCEPTED)
    page.get_by_role("button", name="Chuyển", exact=True).first.click()
    expect(page.get_by_role("status")).to_contain_text("Đã chuyển bước")
    page.get_by_label("Câu trả lời cho người dân").fill(ANSWER)
    page.get_by_label("Kết quả").select_option("solved")
    page.get_by_role("button", name="Trả lời").click()
    expect(page.get_by_text(ANSWER)).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")


def test_every_page_is_accessible_and_as_wide_as_the_screen(office, browser, address):
    code = office.centre.file(kind="attitude", person="chị Hoa").code
    office.centre.file()
    for size, scheme in ((DESK_SIZE, "light"), (PHONE_SIZE, "dark")):
        context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
        page = context.new_page()
        page.goto("/can-bo/dang-nhap")
        check(page)
        log_in(page, MINH)
        paths = (
            "",
            "/phan-anh",
            "/phan-anh?hang=naming",
            f"/phan-anh/{code}",
            "/nhat-ky",
            "/mat-khau",
            "/xac-thuc",
            "/khong-co",
        )
        for path in paths:
            page.goto(f"/can-bo{path}")
            check(page)
        context.close()


def check(page):
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


def test_a_script_in_a_complaint_does_not_run(office, browser, address):
    code = office.centre.file(
        description="<img src=x onerror=document.title='lỗi'><script>document.title='lỗi'</script>"
    ).code
    context = browser.new_context(base_url=address)
    page = context.new_page()
    log_in(page, HOA)
    page.goto(f"/can-bo/phan-anh/{code}")
    expect(page).to_have_title(re.compile(code))
    context.close()
