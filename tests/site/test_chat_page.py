"""The citizens' pages: headers and words of the server's side, then the chat in a real browser against the stub."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Route, expect
from starlette.testclient import TestClient

from tests.site.conftest import serving
from tests.site.stub import Stub

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
QUICK_STARTS = [
    "Làm giấy khai sinh",
    "Nộp hồ sơ ở đâu?",
    "Nộp hồ sơ trực tuyến thế nào?",
    "Tra cứu hồ sơ",
    "Gửi phản ánh",
    "Số đường dây nóng",
]


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def address(stub: Stub) -> Iterator[str]:
    with serving(lambda _: stub.app()) as address:
        yield address


@pytest.fixture
def page(blank_page: Page) -> Page:
    open_chat(blank_page)
    return blank_page


@pytest.fixture
def client() -> TestClient:
    return TestClient(Stub().app())


def open_chat(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#log")).to_have_attribute("aria-busy", "false")


def ask(page: Page, text: str = "làm khai sinh cho con") -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


def ask_and_wait(page: Page, text: str = "làm khai sinh cho con") -> None:
    answers = page.locator(".message.bot")
    number = answers.count()
    ask(page, text)
    expect(answers).to_have_count(number + 1)


def violations(page: Page) -> list[str]:
    results = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in results for node in rule["nodes"]]


def test_the_page_forbids_inline_code_and_framing(client: TestClient) -> None:
    headers = client.get("/").headers

    policy = headers["content-security-policy"].split("; ")
    assert policy == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_page_loads_nothing_from_elsewhere_and_holds_no_inline_code(client: TestClient) -> None:
    html = client.get("/").text

    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", html) == []
    assert all(
        target.startswith(("/static/", "data:"))
        for target in re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="([^"]+)', html)
    )


@pytest.mark.parametrize("name", ["chat.css", "chat.js"])
def test_static_files_are_checked_for_a_newer_version(client: TestClient, name: str) -> None:
    response = client.get(f"/static/{name}")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_reader_without_script_is_given_the_hotline(client: TestClient) -> None:
    html = client.get("/").text

    assert "1800 1096" in html[html.index("<noscript>") : html.index("</noscript>")]


@pytest.mark.browser
class TestChat:
    def test_notice_and_quick_starts_come_before_any_message(self, page: Page) -> None:
        first = page.locator("#log > *").first
        expect(first).to_have_class("notice")
        for words in ("trợ lý tự động", "không phải người thật", "dichvucong.gov.vn", "mã hóa", "mã OTP", "113", "111"):
            expect(first).to_contain_text(words)
        expect(first.locator("h2")).to_be_in_viewport()
        assert page.locator("[data-say]").all_inner_texts() == QUICK_STARTS
        assert page.title() == "Một Cửa – trợ lý thủ tục hành chính"

    def test_question_is_answered_and_the_assistant_is_seen_typing(self, page: Page, stub: Stub) -> None:
        stub.answer_delay = 1.2
        ask(page)

        expect(page.locator("#typing")).to_have_text("Trợ lý đang trả lời…")
        expect(page.locator(".message.bot .words")).to_contain_text("Tờ khai đăng ký khai sinh")
        expect(page.locator("#typing")).to_be_empty()
        expect(page.locator(".message.citizen")).to_have_count(1)
        expect(page.locator(".pending")).to_have_count(0)
        expect(page.locator("#text")).to_be_focused()

    def test_an_answer_that_never_comes_is_not_said_to_be_coming_for_long(self, blank_page: Page, stub: Stub) -> None:
        stub.silent = True
        blank_page.clock.install()
        open_chat(blank_page)
        ask(blank_page)

        expect(blank_page.locator("#typing")).to_have_text("Trợ lý đang trả lời…")
        blank_page.clock.run_for(25_000)
        expect(blank_page.locator("#typing")).to_be_empty()

    def test_quick_start_sends_its_words(self, page: Page, stub: Stub) -> None:
        page.get_by_role("button", name="Tra cứu hồ sơ").click()

        expect(page.locator(".message.citizen .words")).to_contain_text("Tra cứu hồ sơ")
        expect(page.locator(".message.bot")).to_have_count(1)
        assert stub.posted[0]["text"] == "Tra cứu hồ sơ"

    def test_button_sends_its_id_and_shows_its_title_once(self, page: Page, stub: Stub) -> None:
        ask_and_wait(page)
        page.get_by_role("button", name="Lệ phí").click()

        expect(page.locator(".message.bot")).to_have_count(2)
        assert set(stub.posted[1]) == {"client_id", "button"}
        assert stub.posted[1]["button"] == "b7f3a1"
        expect(page.locator(".message.citizen")).to_have_count(2)
        expect(page.locator(".message.citizen").nth(1)).to_contain_text("Lệ phí")

    def test_button_of_an_older_answer_still_works(self, page: Page, stub: Stub) -> None:
        ask_and_wait(page)
        ask_and_wait(page, "còn gì nữa không")
        page.locator(".message.bot").first.get_by_role("button", name="Nộp ở đâu?").click()

        expect(page.locator(".message.bot")).to_have_count(3)
        assert stub.posted[2]["button"] == "b7f3a2"

    def test_reload_keeps_the_history_in_order_and_nothing_in_local_storage(self, page: Page) -> None:
        ask_and_wait(page, "câu thứ nhất")
        ask_and_wait(page, "câu thứ hai")
        before = page.locator(".message .words").all_inner_texts()
        page.reload()

        expect(page.locator(".message")).to_have_count(4)
        assert page.locator(".message .words").all_inner_texts() == before
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    def test_who_has_said_more_than_is_shown_is_told(self, page: Page, stub: Stub) -> None:
        told = page.get_by_text("Các tin cũ hơn không hiện ở đây")
        ask(page)
        expect(page.locator(".message.bot")).to_have_count(1)
        expect(told).to_have_count(0)
        stub.more = True
        page.reload()
        expect(told.locator("~ .message")).to_have_count(2)
        ask(page)
        expect(page.locator(".message.bot")).to_have_count(2)
        expect(told).to_have_count(1)

    def test_long_history_opens_at_its_end(self, page: Page) -> None:
        for number in range(4):
            ask_and_wait(page, f"câu {number}")
        page.reload()

        expect(page.locator(".message.bot").last.locator(".words")).to_be_in_viewport()

    def test_feedback_is_posted_once_and_remembered(self, page: Page, stub: Stub) -> None:
        ask_and_wait(page)
        useful = page.get_by_role("button", name="Hữu ích", exact=True)
        useful.dblclick()
        expect(page.locator(".rate-note")).to_contain_text("đã ghi nhận")
        useful.click(force=True)

        assert stub.feedback == [{"turn": 1, "value": "up"}]
        page.reload()
        expect(useful).to_have_attribute("aria-pressed", "true")

    def test_not_what_i_meant_brings_another_message(self, page: Page, stub: Stub) -> None:
        ask_and_wait(page)
        page.get_by_role("button", name="Không phải ý tôi").click()

        expect(page.locator(".message.bot")).to_have_count(2)
        assert stub.feedback == [{"turn": 1, "value": "not_mine"}]

    def test_message_lost_on_the_way_is_sent_again(self, page: Page, stub: Stub) -> None:
        failures = iter([True, True])

        def lose(route: Route) -> None:
            route.abort() if route.request.method == "POST" and next(failures, False) else route.continue_()

        page.route("**/api/web/messages", lose)
        ask(page)
        expect(page.locator(".note")).to_contain_text("Đang gửi lại…")
        expect(page.locator(".message.bot")).to_have_count(1)
        expect(page.locator(".note")).to_have_count(0)
        assert len(stub.client_ids) == 1

    def test_message_whose_receipt_was_lost_is_not_doubled(self, page: Page, stub: Stub) -> None:
        answers = iter([True])

        def lose_answer(route: Route) -> None:
            if next(answers, False):
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.route("**/api/web/messages", lose_answer)
        ask_and_wait(page)
        page.wait_for_timeout(1800)
        expect(page.locator(".message.citizen")).to_have_count(1)
        expect(page.locator(".pending")).to_have_count(0)
        assert len({body["client_id"] for body in stub.posted}) == 1
        assert len(stub.client_ids) == 1

    def test_answer_stands_below_its_question_when_only_the_receipt_was_lost(self, page: Page, stub: Stub) -> None:
        answers = iter([True])

        def lose_answer(route: Route) -> None:
            if route.request.method == "POST" and next(answers, False):
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.route("**/api/web/messages", lose_answer)
        ask(page, "một")
        ask(page, "hai")

        expect(page.locator(".message.bot")).to_have_count(2)
        said = page.locator(".message").evaluate_all("all => all.map((one) => one.classList[1])")
        assert said == ["citizen", "bot", "citizen", "bot"]
        assert [body["text"] for body in stub.posted] == ["một", "hai"]

    def test_two_quick_messages_arrive_in_order_after_a_failure(self, page: Page, stub: Stub) -> None:
        stub.refusals = [(503, {"error": "Hệ thống đang bận."})]
        ask(page, "một")
        ask(page, "hai")

        expect(page.locator(".message.bot")).to_have_count(2)
        assert [body["text"] for body in stub.posted] == ["một", "một", "hai"]

    def test_sentence_of_the_server_is_shown_when_too_fast_and_the_message_follows(
        self, page: Page, stub: Stub
    ) -> None:
        stub.refusals = [(429, {"error": "Anh/chị gửi hơi nhanh, chờ em một chút nhé.", "retry_after": 1})]
        ask(page)

        expect(page.locator(".note")).to_contain_text("Anh/chị gửi hơi nhanh, chờ em một chút nhé.")
        expect(page.locator(".message.bot")).to_have_count(1)
        expect(page.locator(".note")).to_have_count(0)

    def test_impatient_reader_may_send_again_at_once(self, page: Page, stub: Stub) -> None:
        stub.refusals = [(503, {"error": "Hệ thống đang bận.", "retry_after": 600})]
        ask(page)
        page.get_by_role("button", name="Gửi lại ngay").click()

        expect(page.locator(".message.bot")).to_have_count(1)

    def test_refused_message_can_be_mended(self, page: Page, stub: Stub) -> None:
        stub.refusals = [(413, {"error": "Tin dài quá, anh/chị viết ngắn lại giúp em."})]
        ask(page, "một câu rất dài")
        expect(page.locator(".refused .note")).to_contain_text("Tin dài quá")
        page.get_by_role("button", name="Sửa lại").click()

        expect(page.locator("#text")).to_have_value("một câu rất dài")
        expect(page.locator(".refused")).to_have_count(0)
        assert len(stub.posted) == 1

    def test_lost_connection_is_told_and_taken_back(self, page: Page, context: BrowserContext) -> None:
        context.set_offline(True)
        expect(page.get_by_text("Mất kết nối")).to_be_visible()
        ask(page)
        expect(page.locator(".note")).to_contain_text("Đang gửi lại…")
        context.set_offline(False)

        expect(page.locator("#connection")).to_be_empty()
        expect(page.locator(".message.bot")).to_have_count(1)

    def test_html_in_a_message_is_shown_as_text(self, page: Page, stub: Stub) -> None:
        stub.answer_text = "<img src=x onerror=\"document.title='hỏng'\"><b>đậm</b> &amp;"
        ask_and_wait(page, "<script>document.title='hỏng'</script>")

        expect(page.locator(".message.citizen .words")).to_contain_text("<script>document.title='hỏng'</script>")
        expect(page.locator(".message.bot .words")).to_contain_text(stub.answer_text)
        assert page.locator("#log img, #log .words b, #log script").count() == 0
        assert "hỏng" not in page.title()

    def test_only_safe_addresses_of_the_assistant_become_links(self, page: Page, stub: Stub, address: str) -> None:
        stub.answer_text = (
            f"Xem https://dichvucong.gov.vn/a?b=1&c=2, (/phan-anh/PA-7K2M-9QXD), {address}/thu-tuc/1.\n"
            "Không phải: http://a.vn javascript:alert(1) https://dichvucong.gov.vn@b.vn http://c.vn/phan-anh/PA-1 /etc"
        )
        ask_and_wait(page, "https://lua-dao.example")

        links = page.locator(".message a")
        shown = ["https://dichvucong.gov.vn/a?b=1&c=2", "/phan-anh/PA-7K2M-9QXD", f"{address}/thu-tuc/1"]
        assert links.all_inner_texts() == shown
        assert links.nth(0).get_attribute("href") == "https://dichvucong.gov.vn/a?b=1&c=2"
        assert links.nth(1).get_attribute("href") == f"{address}/phan-anh/PA-7K2M-9QXD"
        assert {link.get_attribute("rel") for link in links.all()} == {"noopener noreferrer"}
        expect(page.locator(".message.bot .words")).to_contain_text(stub.answer_text.splitlines()[1])

    def test_everything_is_reached_and_worked_by_keyboard(self, page: Page, stub: Stub) -> None:
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#text")).to_be_focused()
        page.keyboard.type("dòng một")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("dòng hai")
        page.keyboard.press("Enter")
        expect(page.locator(".message.bot")).to_have_count(1)
        while page.evaluate("document.activeElement.textContent") != "Lệ phí":
            page.keyboard.press("Shift+Tab")
        page.keyboard.press("Enter")
        expect(page.locator(".message.bot")).to_have_count(2)
        assert (stub.posted[0]["text"], stub.posted[1]["button"]) == ("dòng một\ndòng hai", "b7f3a1")

    def test_enter_of_an_input_method_does_not_send(self, page: Page, stub: Stub) -> None:
        page.fill("#text", "khai sinh")
        page.locator("#text").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
        page.wait_for_timeout(200)

        expect(page.locator("#text")).to_have_value("khai sinh")
        assert stub.posted == []

    def test_counter_appears_near_the_limit(self, page: Page) -> None:
        page.fill("#text", "a" * 1799)
        expect(page.locator("#counter")).to_be_empty()
        page.fill("#text", "a" * 1990)
        expect(page.locator("#counter")).to_have_text("Còn 10 ký tự")
        expect(page.locator("#announcer")).to_have_text("Còn không quá 20 ký tự")
        assert page.get_attribute("#text", "maxlength") == "2000"

    def test_reader_of_older_messages_is_not_pulled_down(self, page: Page, stub: Stub) -> None:
        stub.answer_delay = 0.8
        ask(page)
        page.evaluate("window.scrollTo(0, 0)")
        expect(page.locator(".message.bot")).to_have_count(1)

        assert page.evaluate("window.scrollY") == 0
        page.get_by_role("button", name="Có tin mới").click()
        expect(page.locator(".message.bot .words")).to_be_in_viewport()
        expect(page.locator("#text")).to_be_focused()

    def test_long_answer_is_shown_from_its_beginning(self, page: Page, stub: Stub) -> None:
        stub.answer_text = "\n".join(f"Dòng {number}" for number in range(80))
        ask_and_wait(page)

        top = page.locator(".message.bot .words").bounding_box()
        assert top is not None
        assert 0 < top["y"] < 200

    @pytest.mark.parametrize("size", [(320, 568), (640, 400), (1280, 800)])
    def test_nothing_scrolls_sideways(self, page: Page, size: tuple[int, int]) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto("/")
        ask_and_wait(page, "https://" + "dai" * 60)

        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0

    @pytest.mark.parametrize("size", [(320, 568), (390, 844)])
    def test_targets_are_big_enough_for_a_thumb(self, page: Page, size: tuple[int, int]) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        ask_and_wait(page)

        for target in page.locator("button:visible, .top a:visible, .numbers a:visible, textarea:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, target.inner_text()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_accessibility_rule_is_broken(self, page: Page, stub: Stub, scheme: Literal["light", "dark"]) -> None:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto("/")
        ask_and_wait(page)
        page.get_by_role("button", name="Chưa hữu ích").click()
        ask_and_wait(page, "a")
        stub.refusals = [(400, {"error": "Em chưa đọc được tin này."})]
        ask(page, "b")
        expect(page.locator(".refused")).to_have_count(1)

        assert violations(page) == []

    def test_wide_screen_has_no_accessibility_fault_while_the_connection_is_lost(
        self, page: Page, context: BrowserContext
    ) -> None:
        page.set_viewport_size({"width": 1280, "height": 800})
        ask_and_wait(page)
        context.set_offline(True)
        expect(page.locator("#connection")).not_to_be_empty()
        ask(page, "còn lệ phí?")
        expect(page.locator(".note")).to_have_count(1)

        assert violations(page) == []

    def test_idle_page_holds_one_request_and_does_not_hammer_the_server(self, page: Page) -> None:
        polls: list[float] = []
        page.on("request", lambda request: polls.append(time.monotonic()) if "after=" in request.url else None)
        page.wait_for_timeout(1500)

        assert len(polls) <= 2
