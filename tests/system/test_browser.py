import os
import re
import signal
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import RunningBot

pytestmark = [pytest.mark.server, pytest.mark.browser]

CODE = re.compile(r"PA-\w{4}-\w{4}-\w{4}")
SECONDS = 30_000


@pytest.fixture
def page(browser: Browser, bot: RunningBot) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="vi-VN", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(SECONDS)
    page.goto(bot.settings.public_url)
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false", timeout=SECONDS)
    yield page
    context.close()


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")


def shows(page: Page, text: str | re.Pattern[str]) -> Locator:
    found = page.get_by_role("log").get_by_text(text).last
    expect(found).to_be_visible(timeout=SECONDS)
    return found


def test_a_newcomer_reads_first_that_it_is_a_machine_and_what_it_keeps(page: Page) -> None:
    notice = page.get_by_role("log").locator("section").first
    expect(notice).to_contain_text("trợ lý tự động")
    expect(notice).to_contain_text("lưu")


def test_asking_and_following_up_in_the_browser(page: Page) -> None:
    say(page, "lam giay khai sinh can giay to gi")
    shows(page, re.compile("Giấy chứng sinh"))
    say(page, "còn lệ phí?")
    shows(page, re.compile(r"8\.000 đồng"))
    shows(page, re.compile("Kiểm tra ngày"))


def test_the_conversation_survives_a_reload_and_a_restart_of_the_web_program(page: Page, bot: RunningBot) -> None:
    say(page, "hộ chiếu làm mất bao lâu")
    shows(page, re.compile("Kiểm tra ngày"))
    os.kill(bot.pid_of("web"), signal.SIGKILL)
    bot.wait_until_ready()
    page.reload()
    shows(page, "hộ chiếu làm mất bao lâu")
    say(page, "còn lệ phí?")
    shows(page, re.compile("Cấp hộ chiếu.*lệ phí", re.IGNORECASE))


def test_an_answer_can_be_rated_and_rejected(page: Page) -> None:
    say(page, "làm sao nộp hồ sơ trực tuyến")
    shows(page, re.compile("Kiểm tra ngày"))
    page.get_by_role("button", name="Không phải ý tôi").last.click()
    shows(page, re.compile("Ý anh/chị là|gọi 1800 1096"))


def test_complaining_with_buttons_and_looking_the_receipt_up(page: Page, bot: RunningBot) -> None:
    say(page, "Cán bộ ở phường bắt tôi đi lại 3 lần")
    # The story tells the kind and why; what is asked is only what it left out.
    shows(page, re.compile("Theo lời kể"))
    for question, answer in (("cơ quan, quầy nào", "phường Bến Thủy"), ("khi nào", "hôm qua")):
        shows(page, re.compile(question))
        say(page, answer)
    while page.get_by_role("button", name="Không để lại").count() == 0:
        page.get_by_role("log").get_by_role("button", name="Bỏ qua", exact=True).last.click()
        page.wait_for_timeout(500)
    page.get_by_role("button", name="Không để lại").last.click()
    page.get_by_role("log").get_by_role("button", name="Gửi", exact=True).click()
    code = CODE.search(shows(page, re.compile("Mã biên nhận")).inner_text())
    assert code
    say(page, code.group())
    shows(page, re.compile(f"Phản ánh {code.group()}"))
    page.goto(f"{bot.settings.public_url}/phan-anh/{code.group()}")
    expect(page.get_by_role("main")).to_contain_text("Đã nhận")
    expect(page.get_by_role("main")).not_to_contain_text("Bến Thủy")


def test_the_page_with_real_answers_has_no_accessibility_violation(page: Page) -> None:
    say(page, "đăng ký tạm trú cần gì")
    shows(page, re.compile("Kiểm tra ngày"))
    results = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    )
    assert results.violations_count == 0, results.generate_report()


def test_html_in_a_message_is_shown_as_text(page: Page) -> None:
    say(page, "<img src=x onerror=alert(1)> khai sinh cần gì")
    shows(page, "<img src=x onerror=alert(1)> khai sinh cần gì")
    expect(page.get_by_role("log").locator("img")).to_have_count(0)
