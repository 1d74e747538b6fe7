"""The console in a real browser, without JavaScript, on a desktop and on a phone; its accessibility, too."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from bot.complaints.lifecycle import ACCEPTED
from tests.accounts.conftest import PASSWORD
from tests.console.conftest import HOA, MINH, THU
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
    page.get_by_role("link", name=re.compile(r"^\d+ Mới nhận")).click()
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
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Đăng nhập")


SCREENS = [(size, scheme) for size in (DESK_SIZE, PHONE_SIZE) for scheme in ("light", "dark")]
RARER = ("/phan-anh?hang=naming", "/nhat-ky", "/mat-khau", "/xac-thuc", "/khong-co")


def test_every_page_is_accessible_and_as_wide_as_the_screen(office, browser, address):
    code = office.centre.file(kind="attitude", person="chị Hoa").code
    begun = office.centre.file_in(ACCEPTED)
    office.browser(MINH).post("/bo-loc", name="Thái độ", query="loai=attitude")
    for number, (size, scheme) in enumerate(SCREENS):
        context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
        page = context.new_page()
        page.goto("/can-bo/dang-nhap")
        check(page)
        log_in(page, MINH)
        for path in ("", "/phan-anh", f"/phan-anh/{code}", *(RARER if number in (0, 3) else ())):
            page.goto(f"/can-bo{path}")
            check(page)
        page.goto(f"/can-bo/phan-anh/{begun}")
        page.get_by_label("Bắt đầu từ mẫu").first.select_option("late_returned")
        page.get_by_role("button", name="Dùng mẫu").first.click()
        page.get_by_role("button", name="Xem trước").first.click()
        expect(page.get_by_text("Người dân sẽ đọc")).to_be_visible()
        check(page)
        context.close()


def test_keys_lead_through_the_list_and_can_be_turned_off(office, browser, address):
    first, second = office.centre.file().code, office.centre.file(description="việc khác").code
    context = browser.new_context(base_url=address, locale="vi-VN")
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    log_in(page, HOA)
    page.goto("/can-bo/phan-anh")
    page.keyboard.press("/")
    expect(page.get_by_label("Chữ trong phản ánh, hoặc mã")).to_be_focused()
    page.keyboard.type("jk?")
    expect(page.get_by_label("Chữ trong phản ánh, hoặc mã")).to_have_value("jk?")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=first)).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_label(f"Chọn {first}")).to_be_checked()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile(second))
    # The title is there before the script that knows the keys.
    page.wait_for_load_state()
    page.keyboard.press("n")
    expect(page.get_by_label("Thêm ghi chú")).to_be_focused()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    check(page)
    page.get_by_label("Bật phím tắt").uncheck()
    page.get_by_role("button", name="Đóng").click()
    page.reload()
    page.keyboard.press("n")
    expect(page.get_by_label("Thêm ghi chú")).not_to_be_focused()
    assert errors == []
    context.close()


def test_two_officers_on_a_case_see_each_other_come_and_go_without_loading_the_page_again(office, browser, address):
    code, other = office.centre.file().code, office.centre.file().code
    contexts = [browser.new_context(base_url=address, locale="vi-VN") for _ in range(2)]
    hoa, thu = (context.new_page() for context in contexts)
    hoa.clock.install()
    for page, name in ((hoa, HOA), (thu, THU)):
        log_in(page, name)
    hoa.goto(f"/can-bo/phan-anh/{code}")
    hoa.get_by_label("Thêm ghi chú").fill("đang viết dở")
    expect(hoa.locator("#present p")).to_have_count(0)
    thu.goto(f"/can-bo/phan-anh/{code}")
    expect(thu.locator("#present")).to_contain_text(f"{HOA} cũng đang mở")
    hoa.clock.fast_forward("00:16")
    expect(hoa.locator("#present")).to_contain_text(f"{THU} cũng đang mở")
    thu.goto(f"/can-bo/phan-anh/{other}")
    hoa.clock.fast_forward("00:16")
    expect(hoa.locator("#present p")).to_have_count(0)
    expect(hoa.get_by_label("Thêm ghi chú")).to_have_value("đang viết dở")
    for context in contexts:
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
