"""The chat in a frame of another site's page, in a real browser: a strict policy, and pages that mean harm."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Page, expect
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.channels.web import web_routes
from bot.channels.web_files import file_routes
from bot.complaints.evidence_checks import load_file_rules
from bot.database import Database
from bot.delivery import inbox, outbox, turns
from bot.delivery.model import InboxMessage, OutboxMessage
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog
from bot.serving import SafeHeaders
from bot.settings import ROOT
from bot.site.pages import page_routes
from tests.factories import make_database, make_settings
from tests.site.conftest import MILLISECONDS, serving

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
DESKTOP, PHONE, NARROW = {"width": 1280, "height": 800}, {"width": 390, "height": 844}, {"width": 320, "height": 568}
RULES = load_file_rules(ROOT / "knowledge")
FEE = Button("Lệ phí", "/ask_procedure_fee")
LAUNCHER = "Hỏi thủ tục"
CLOSE = "Đóng cửa sổ trò chuyện"


class Answering:
    """Answers what is in the inbox whenever somebody waits for it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def notify(self) -> None:
        claim = inbox.claim_next(self.database)
        assert claim
        with self.database.transaction() as session:
            inbox.finish(session, claim)
            outbox.enqueue(session, claim.conversation, [Reply(f"Trả lời: {claim.text}", (FEE,))], claim.id, rate=True)
            turns.record(session, claim.conversation, claim.id, TurnLog(outcome="answer"))

    async def wait_for_news(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class NoCookies:
    """What a browser that keeps no cookies in frames comes to: ours never arrive."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def without(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [pair for pair in message["headers"] if pair[0] != b"set-cookie"]
            await send(message)

        await self.app(scope, receive, without)


@dataclass
class Portal:
    """A site that shows the widget, with a strict policy; other pages by name."""

    pages: dict[str, str] = field(default_factory=dict)
    policy: str = ""

    def app(self) -> Starlette:
        async def page(request: Request) -> Response:
            headers = {"Content-Security-Policy": self.policy} if self.policy else {}
            return HTMLResponse(self.pages.get(request.path_params["name"], ""), headers=headers)

        return Starlette(routes=[Route("/{name}", page)])


@dataclass
class World:
    """Our web program at `ours`, a page that may show it, and one that may not, each a site of its own."""

    database: Database
    ours: str
    portal: str
    stranger: str
    portal_site: Portal
    stranger_site: Portal

    def arrived(self) -> list[str]:
        with self.database.reading() as session:
            rows = session.execute(select(InboxMessage.body).order_by(InboxMessage.id)).scalars()
            return [self.database.cipher.unseal(body) for body in rows]


HOST = """<!doctype html><html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Cổng tỉnh</title><script src="{ours}/widget.js" defer {more}></script></head>
<body><main><h1>Cổng thông tin tỉnh</h1><p>Chào anh/chị. <a href="#tin">Tin tức</a></p></main></body></html>"""


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:
        database = make_database(tmp_path)
        stack.callback(database.close)

        def make(*around: type, more: str = "") -> World:
            portal, stranger = Portal(), Portal()
            # By name our address is another site than theirs by number.
            at_portal = stack.enter_context(serving(lambda _: portal.app()))
            at_stranger = stack.enter_context(serving(lambda _: stranger.app()))

            def app(address: str) -> Starlette:
                settings = make_settings(
                    tmp_path,
                    WIDGET_ORIGINS=f"{at_portal},{at_portal.replace('127.0.0.1', 'localhost')}",
                    PUBLIC_URL=address.replace("127.0.0.1", "localhost"),
                )
                routes = [
                    *web_routes(database, Answering(database), settings),
                    *file_routes(database, settings, RULES),
                    *page_routes(widget_origins=settings.widget_origins),
                ]
                return Starlette(routes=routes, middleware=[Middleware(SafeHeaders), *map(Middleware, around)])

            ours = stack.enter_context(serving(app)).replace("127.0.0.1", "localhost")
            page = HOST.format(ours=ours, more=more)
            portal.pages["trang-chu"] = stranger.pages["trang-chu"] = page
            portal.policy = (
                f"default-src 'none'; script-src {ours}; frame-src {ours}; require-trusted-types-for 'script'"
            )
            return World(database, ours, at_portal, at_stranger, portal, stranger)

        yield make


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def make_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages in whose scripts nothing may go wrong, and nothing against a policy."""
    wrong: list[str] = []
    contexts = []

    def make(size: dict[str, int] = DESKTOP, **options: Any) -> Page:
        context = browser.new_context(locale="vi-VN", viewport=size, reduced_motion="reduce", **options)
        context.set_default_timeout(MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert wrong == []


def chat_in(page: Page) -> FrameLocator:
    return page.frame_locator("[data-motcua] iframe")


def open_widget(page: Page, world: World) -> FrameLocator:
    page.goto(f"{world.portal}/trang-chu")
    page.get_by_role("button", name=LAUNCHER).click()
    chat = chat_in(page)
    expect(chat.locator("#log")).to_have_attribute("aria-busy", "false")
    return chat


def ask(chat: FrameLocator, text: str) -> None:
    chat.locator("#text").fill(text)
    chat.locator("#text").press("Enter")
    expect(chat.locator(".message.bot .words").last).to_contain_text(f"Trả lời: {text}")


def look(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to see it."""
    folder = os.environ.get("MOTCUA_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png")


def test_the_script_is_small_and_any_page_may_load_it(tmp_path: Path) -> None:
    client = TestClient(
        Starlette(routes=page_routes(widget_origins=["https://tayninh.gov.vn"]), middleware=[Middleware(SafeHeaders)])
    )
    response = client.get("/widget.js")
    assert len(response.content) < 8000
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"


def test_only_the_allowed_pages_may_show_the_frame() -> None:
    client = TestClient(
        Starlette(routes=page_routes(widget_origins=["https://tayninh.gov.vn", "https://gialai.gov.vn"]))
    )
    policy = client.get("/widget").headers["content-security-policy"]
    assert policy.endswith("; frame-ancestors https://tayninh.gov.vn https://gialai.gov.vn")
    assert client.get("/").headers["content-security-policy"].endswith("; frame-ancestors 'none'")


def test_without_allowed_pages_there_is_no_widget() -> None:
    client = TestClient(Starlette(routes=page_routes()))
    assert [client.get(path).status_code for path in ("/widget", "/widget.js")] == [404, 404]


def test_the_frame_opened_by_itself_leads_to_the_page() -> None:
    client = TestClient(Starlette(routes=page_routes(widget_origins=["https://tayninh.gov.vn"])))
    response = client.get("/widget", headers={"Sec-Fetch-Dest": "document"}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/")


@pytest.mark.browser
class TestWidget:
    def test_a_question_is_answered_on_a_page_with_a_strict_policy(
        self, world: World, make_page: Callable[..., Page]
    ) -> None:
        page = make_page()
        chat = open_widget(page, world)
        ask(chat, "làm khai sinh")
        chat.get_by_role("button", name=FEE.title).click()
        expect(chat.locator(".message.bot")).to_have_count(2)
        assert world.arrived() == ["làm khai sinh", FEE.title]

    def test_nothing_is_left_in_the_page_around_it(self, world: World, make_page: Callable[..., Page]) -> None:
        page = make_page()
        page.goto(f"{world.portal}/trang-chu")
        # A page without the widget, for what every page has.
        world.portal_site.pages["trong"] = "<!doctype html><title>Trống</title>"
        other = page.context.new_page()
        other.goto(f"{world.portal}/trong")
        assert page.evaluate("Object.keys(window)") == other.evaluate("Object.keys(window)")
        assert page.evaluate("document.cookie + localStorage.length + sessionStorage.length") == "00"
        assert page.locator("body > *").count() == 2
        assert page.locator("iframe").count() == 0

    def test_a_script_that_comes_last_tells_of_the_chat(self, world: World, make_page: Callable[..., Page]) -> None:
        page, held = make_page(), []
        page.route("**/static/frame.js", lambda route: held.append(route))
        page.on(
            "domcontentloaded", lambda _: page.evaluate("onmessage = (event) => (document.title = event.data.motcua)")
        )
        open_widget(page, world)
        held[0].continue_()
        expect(page).to_have_title("open")

    def test_it_is_opened_worked_and_closed_by_keyboard(self, world: World, make_page: Callable[..., Page]) -> None:
        page = make_page()
        page.goto(f"{world.portal}/trang-chu")
        launcher = page.get_by_role("button", name=LAUNCHER)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(launcher).to_be_focused()
        expect(launcher).to_have_attribute("aria-expanded", "false")
        page.keyboard.press("Enter")
        chat = chat_in(page)
        expect(page.get_by_role("dialog")).to_be_visible()
        expect(chat.locator("#text")).to_be_focused()
        expect(chat.locator(".notice h2")).to_be_in_viewport()
        page.keyboard.type("hộ chiếu")
        page.keyboard.press("Enter")
        expect(chat.locator(".message.bot")).to_have_count(1)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(launcher).to_be_focused()
        page.keyboard.press("Enter")
        expect(chat.locator(".message.bot")).to_have_count(1)

    def test_escape_in_its_bar_closes_it_too(self, world: World, make_page: Callable[..., Page]) -> None:
        page = make_page()
        open_widget(page, world)
        page.get_by_role("button", name=CLOSE).focus()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()

    def test_the_conversation_goes_on_when_the_page_is_loaded_again(
        self, world: World, make_page: Callable[..., Page]
    ) -> None:
        page = make_page()
        ask(open_widget(page, world), "hộ chiếu")
        chat = open_widget(page, world)
        expect(chat.locator(".message.bot .words")).to_contain_text("Trả lời: hộ chiếu")
        cookie = next(one for one in page.context.cookies() if one["name"] == "motcua_frame")
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "None")
        assert cookie.get("partitionKey")

    def test_where_frames_may_keep_nothing_the_conversation_lasts_as_long_as_the_frame(
        self, make_world: Callable[..., World], make_page: Callable[..., Page]
    ) -> None:
        world, page = make_world(NoCookies), make_page()
        chat = open_widget(page, world)
        ask(chat, "hộ chiếu")
        page.get_by_role("button", name=CLOSE).click()
        page.get_by_role("button", name=LAUNCHER).click()
        ask(chat, "còn lệ phí")
        expect(chat.locator(".message.bot")).to_have_count(2)
        assert page.context.cookies() == []
        expect(open_widget(page, world).locator(".message")).to_have_count(0)

    def test_where_frames_may_keep_all_but_cookies_the_conversation_lasts_as_long_as_the_tab(
        self, make_world: Callable[..., World], make_page: Callable[..., Page]
    ) -> None:
        world, page = make_world(NoCookies), make_page()
        # Another port is another origin of the same site.
        world.portal = world.portal.replace("127.0.0.1", "localhost")
        ask(open_widget(page, world), "hộ chiếu")
        chat = open_widget(page, world)
        expect(chat.locator(".message.bot .words")).to_contain_text("Trả lời: hộ chiếu")
        assert page.context.cookies() == []

    def test_a_frame_has_a_conversation_of_its_own(self, world: World, make_page: Callable[..., Page]) -> None:
        page = make_page()
        page.goto(world.ours)
        page.fill("#text", "chuyện riêng")
        page.press("#text", "Enter")
        expect(page.locator(".message.bot")).to_have_count(1)
        chat = open_widget(page, world)
        ask(chat, "khai sinh")
        expect(chat.locator(".message.bot")).to_have_count(1)

    def test_an_answer_behind_a_closed_widget_is_announced_on_its_button(
        self, world: World, make_page: Callable[..., Page]
    ) -> None:
        page = make_page()
        chat = open_widget(page, world)
        ask(chat, "khai sinh")
        page.get_by_role("button", name=CLOSE).click()
        with world.database.transaction() as session:
            conversation = session.execute(select(InboxMessage.conversation)).scalar_one()
            outbox.enqueue(session, conversation, [Reply("Phản ánh đã được trả lời")])
        marked = page.get_by_role("button", name=f"{LAUNCHER}: có tin mới")
        expect(marked).to_be_visible()
        marked.click()
        expect(chat.get_by_text("Phản ánh đã được trả lời")).to_be_in_viewport()

    def test_a_phone_shows_it_on_the_whole_screen_and_the_page_stays(
        self, world: World, make_page: Callable[..., Page]
    ) -> None:
        page = make_page(PHONE)
        open_widget(page, world)
        box = page.get_by_role("dialog").bounding_box()
        assert box == {"x": 0, "y": 0, **PHONE}
        expect(page.get_by_role("dialog")).to_have_attribute("aria-modal", "true")
        assert page.evaluate("document.documentElement.style.overflow") == "hidden"
        page.get_by_role("button", name=CLOSE).click()
        assert page.evaluate("document.documentElement.style.overflow") == ""
        expect(page.get_by_role("button", name=LAUNCHER)).to_be_focused()

    @pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP])
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_no_accessibility_rule_is_broken_and_nothing_scrolls_sideways(
        self, world: World, make_page: Callable[..., Page], size: dict[str, int], scheme: Literal["light", "dark"]
    ) -> None:
        page = make_page(size, color_scheme=scheme)
        page.goto(f"{world.portal}/trang-chu")
        name = f"{size['width']}-{scheme}"
        look(page, f"{name}-closed")
        assert violations(page) == []
        chat = open_widget(page, world)
        look(page, f"{name}-open")
        ask(chat, "https://" + "dai" * 60)
        look(page, f"{name}-answered")
        assert violations(page) == []
        assert chat.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") == 0

    def test_a_page_whose_policy_forbids_the_frame_offers_the_page_itself(self, world: World, browser: Browser) -> None:
        world.portal_site.policy = f"default-src 'none'; script-src {world.ours}"
        page = browser.new_context(locale="vi-VN").new_page()
        page.clock.install()
        page.goto(f"{world.portal}/trang-chu")
        page.get_by_role("button", name=LAUNCHER).click()
        page.clock.run_for(13_000)
        link = page.get_by_role("link", name="Mở trang trò chuyện riêng")
        expect(link).to_have_attribute("href", f"{world.ours}/")
        page.context.close()

    def test_words_and_side_of_the_button_can_be_chosen(
        self, make_world: Callable[..., World], make_page: Callable[..., Page]
    ) -> None:
        world, page = make_world(more='data-label="Cần giúp?" data-side="left"'), make_page()
        page.goto(f"{world.portal}/trang-chu")
        box = page.get_by_role("button", name="Cần giúp?").bounding_box()
        assert box
        assert box["x"] == 16


def violations(page: Page) -> list[str]:
    results = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in results for node in rule["nodes"]]


@pytest.mark.browser
class TestOtherSites:
    """Another site's page, opened by a citizen who has a conversation with us and one in a frame."""

    @pytest.fixture
    def victim(self, world: World, browser: Browser) -> Iterator[Page]:
        context = browser.new_context(locale="vi-VN")
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        page.goto(world.ours)
        page.fill("#text", "chuyện riêng")
        page.press("#text", "Enter")
        expect(page.locator(".message.bot")).to_have_count(1)
        ask(open_widget(page, world), "chuyện riêng trong khung")
        yield page
        context.close()

    def show(self, page: Page, world: World, html: str) -> None:
        world.stranger_site.pages["bay"] = f"<!doctype html><title>Bẫy</title>{html}"
        page.goto(f"{world.stranger}/bay")

    def test_a_form_says_nothing_in_the_citizens_name(self, victim: Page, world: World) -> None:
        before = world.arrived()
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            field = """<input name='{"client_id":"0c9f6a52-1","text":"giả","x":"' value='"}'>"""
            form = f"<form method=post action={world.ours}/api/web/messages enctype={kind}>{field}</form>"
            self.show(victim, world, form)
            with victim.expect_navigation() as answer:
                victim.evaluate("document.forms[0].submit()")
            assert answer.value.status == 403
        assert world.arrived() == before

    @pytest.mark.parametrize("mode", ["no-cors", "cors"])
    @pytest.mark.parametrize("headers", ["{}", "{'Content-Type':'application/json'}", "{'X-Motcua-Frame':'cookie'}"])
    def test_a_script_says_nothing_and_reads_nothing(self, victim: Page, world: World, mode: str, headers: str) -> None:
        before = world.arrived()
        self.show(victim, world, "")
        read = victim.evaluate(
            f"""async () => {{
                const told = [];
                for (const [method, path] of [
                        ["POST", "messages"], ["POST", "feedback"], ["POST", "frame"], ["GET", "messages?after=1"],
                        ["GET", "stream"], ["POST", "files/agreement"], ["DELETE", "files/1"]]) {{
                    const body = method === "POST" ? '{{"client_id":"0c9f6a52-1","text":"giả"}}' : undefined;
                    const options = {{ method, body, mode: "{mode}", credentials: "include", headers: {headers} }};
                    told.push(await fetch("{world.ours}/api/web/" + path, options).then((r) => r.text(), () => ""));
                }}
                return told.join("");
            }}"""
        )
        assert read == ""
        assert world.arrived() == before
        assert states(world) == {"delivered"}

    def test_its_frames_show_nothing_of_ours(self, victim: Page, world: World) -> None:
        for path in ("/widget", "/", "/api/web/messages"):
            self.show(victim, world, f"<iframe src='{world.ours}{path}'></iframe>")
            frame = victim.frames[1]
            frame.wait_for_load_state()
            assert "chuyện riêng" not in frame.content()
            assert "Câu hỏi của anh/chị" not in frame.content()

    def test_a_frame_on_an_allowed_page_of_another_site_is_another_conversation(
        self, victim: Page, world: World
    ) -> None:
        # The same portal under another name is another site.
        world.portal = world.portal.replace("127.0.0.1", "localhost")
        expect(open_widget(victim, world).locator(".message")).to_have_count(0)
        assert [one["name"] for one in victim.context.cookies()].count("motcua_frame") == 2

    def test_messages_that_are_not_the_frames_do_not_work_the_widget(self, victim: Page, world: World) -> None:
        chat = open_widget(victim, world)
        before = world.arrived()
        victim.evaluate(
            """() => {
                const { contentWindow } = document.querySelector("[data-motcua]").shadowRoot.querySelector("iframe");
                contentWindow.postMessage({ motcua: "say", text: "giả" }, "*");
                postMessage({ motcua: "close" }, "*");
            }"""
        )
        ask(chat, "thật")
        expect(victim.get_by_role("dialog")).to_be_visible()
        assert world.arrived() == [*before, "thật"]


def states(world: World) -> set[str]:
    with world.database.reading() as session:
        return set(session.execute(select(OutboxMessage.state)).scalars())
