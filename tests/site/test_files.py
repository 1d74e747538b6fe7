"""Photos and documents on the chat page: a real browser against the real routes and a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect
from starlette.applications import Starlette

from bot.channels.web import web_routes
from bot.channels.web_files import file_routes
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.filing import file_complaint
from bot.complaints.model import Evidence
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.delivery import inbox, outbox
from bot.delivery.outbox import Reply
from bot.settings import ROOT
from bot.site.pages import page_routes
from tests.channels.conftest import IdleWorker
from tests.complaints import files
from tests.complaints.conftest import DRAFT
from tests.factories import make_database, make_settings
from tests.site.conftest import serving

WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
RULES = load_file_rules(ROOT / "knowledge")
ATTACH = "Gửi kèm ảnh, tài liệu"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def address(store: Database, tmp_path: Path) -> Iterator[str]:
    settings = make_settings(tmp_path)
    routes = [*web_routes(store, IdleWorker(), settings), *file_routes(store, settings, RULES), *page_routes()]
    with serving(lambda _: Starlette(routes=routes)) as address:
        yield address


@pytest.fixture
def page(blank_page: Page) -> Page:
    open_chat(blank_page)
    return blank_page


@pytest.fixture
def named(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Writes a file for the browser to choose."""

    def named(name: str, content: bytes) -> str:
        path = tmp_path / "chosen" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return named


def open_chat(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("button", name=ATTACH)).to_be_visible()


def agree_and_choose(page: Page, *paths: str) -> None:
    page.get_by_role("button", name=ATTACH).click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Đồng ý và chọn tệp").click()
    chooser.value.set_files(list(paths))


def choose(page: Page, *paths: str) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=ATTACH).click()
    chooser.value.set_files(list(paths))


def kept(page: Page) -> Locator:
    return page.locator(".file").filter(has_text="Đã nhận")


def violations(page: Page) -> list[str]:
    results = Axe().run(page, options=WCAG).response["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in results for node in rule["nodes"]]


def rows(store: Database) -> list[Evidence]:
    with store.reading() as session:
        return list(session.query(Evidence).order_by(Evidence.id))


def test_before_the_first_file_the_page_warns_and_asks(page: Page, named: Callable[[str, bytes], str]) -> None:
    page.get_by_role("button", name=ATTACH).click()
    expect(page.locator("#files")).to_be_focused()
    expect(page.locator("#files")).to_contain_text("Xin đừng gửi ảnh căn cước, CCCD")
    expect(page.locator("#files")).to_contain_text("Tôi đồng ý để Trung tâm lưu tệp (có mã hóa)")
    expect(page.locator("#files")).to_contain_text("mỗi tệp không quá 10 MB")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#files")).to_be_hidden()
    expect(page.locator("#attach")).to_be_focused()


def test_a_file_is_sent_shown_and_still_there_after_a_reload(
    page: Page, store: Database, named: Callable[[str, bytes], str]
) -> None:
    agree_and_choose(page, named("biên nhận.jpg", files.photo()))
    expect(kept(page)).to_contain_text("biên nhận.jpg")
    expect(page.locator("#files-said")).to_have_text("Đã nhận biên nhận.jpg.")
    assert violations(page) == []
    open_chat(page)
    expect(kept(page)).to_contain_text("biên nhận.jpg")
    choose(page, named("hai.png", files.photo("PNG")))
    expect(kept(page)).to_have_count(2)
    assert len(rows(store)) == 2


def test_ten_files_at_once_are_kept_and_the_eleventh_says_why(
    page: Page, store: Database, named: Callable[[str, bytes], str]
) -> None:
    agree_and_choose(page, *(named(f"{n}.jpg", files.photo(colour=(20 * n, 0, 0))) for n in range(11)))
    expect(kept(page)).to_have_count(10, timeout=60_000)
    expect(page.locator(".file.failed")).to_contain_text("Mỗi lần gửi nhận tối đa 10 tệp")
    assert len(rows(store)) == 10


def test_files_that_are_not_taken_say_why_beside_those_that_are(page: Page, named: Callable[[str, bytes], str]) -> None:
    video = b"\x00\x00\x00\x18ftypmp42" + bytes(30 * 1024 * 1024)
    wrong = {"a.jpg": files.archive(), "b.svg": b"<svg><script/></svg>", "c.mp4": video, "d.jpg": b""}
    agree_and_choose(page, *(named(name, content) for name, content in wrong.items()), named("e.jpg", files.photo()))
    for name, reason in (("a.jpg", "archive"), ("b.svg", "svg"), ("c.mp4", "video"), ("d.jpg", "empty")):
        shown = page.locator(".file.failed").filter(has_text=name)
        expect(shown).to_contain_text(RULES.refusals[reason])
    expect(kept(page)).to_have_count(1)
    assert violations(page) == []


def test_where_nothing_was_taken_nothing_is_said_to_go_along(page: Page, named: Callable[[str, bytes], str]) -> None:
    agree_and_choose(page, named("a.jpg", files.archive()))
    expect(page.locator(".file.failed")).to_have_count(1)
    expect(page.locator("#files-note")).to_be_hidden()


def test_a_file_is_taken_back_by_keyboard(page: Page, store: Database, named: Callable[[str, bytes], str]) -> None:
    agree_and_choose(page, named("một.jpg", files.photo()), named("hai.jpg", files.photo(colour=(1, 1, 99))))
    expect(kept(page)).to_have_count(2)
    page.get_by_role("button", name="Gỡ một.jpg").focus()
    page.keyboard.press("Enter")
    expect(kept(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Gỡ hai.jpg")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#files")).to_be_hidden()
    expect(page.locator("#attach")).to_be_focused()
    assert [row.removed_by for row in rows(store)] == ["citizen", "citizen"]


def test_the_button_is_there_when_its_script_comes_last(blank_page: Page) -> None:
    held: list[Route] = []
    blank_page.route("**/static/files.js", lambda route: held.append(route))
    blank_page.goto("/", wait_until="commit")
    expect(blank_page.locator("#log[aria-busy=false]")).to_be_visible()
    held[0].continue_()
    expect(blank_page.get_by_role("button", name=ATTACH)).to_be_visible()


@pytest.mark.parametrize("status", [503, 429])
def test_the_button_comes_when_the_server_is_less_busy(blank_page: Page, status: int) -> None:
    busy = [status]
    blank_page.route("**/api/web/files", lambda route: route.fulfill(status=busy.pop()) if busy else route.continue_())
    open_chat(blank_page)


def test_a_lost_network_is_said_and_the_file_sent_again(
    page: Page, context: BrowserContext, named: Callable[[str, bytes], str]
) -> None:
    page.route("**/api/web/files", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    agree_and_choose(page, named("một.jpg", files.photo()))
    expect(page.locator(".file.failed")).to_contain_text("chưa gửi được")
    page.unroute("**/api/web/files")
    page.get_by_role("button", name="Gửi lại một.jpg").click()
    expect(kept(page)).to_have_count(1)


def test_files_that_went_with_the_feedback_leave_the_list(
    page: Page, store: Database, named: Callable[[str, bytes], str]
) -> None:
    agree_and_choose(page, named("một.jpg", files.photo()), named("hai.jpg", files.archive()))
    expect(kept(page)).to_have_count(1)
    expect(page.locator(".file.failed")).to_have_count(1)
    page.fill("#text", "gửi phản ánh")
    page.press("#text", "Enter")
    expect(page.locator(".message.citizen:not(.pending)")).to_have_count(1)
    claim = inbox.claim_next(store)
    assert claim
    file_complaint(store, load_rules(ROOT / "knowledge", "demo"), claim.conversation, claim.id, DRAFT)
    with store.transaction() as session:
        inbox.finish(session, claim)
        outbox.enqueue(session, claim.conversation, [Reply("Đã nhận phản ánh")], claim.id, rate=True)
    expect(page.locator("#files")).to_be_hidden()
    expect(page.locator("#files-said")).to_have_text("Các tệp đã được gửi cùng phản ánh.")


def test_a_name_of_code_is_shown_as_text(page: Page, named: Callable[[str, bytes], str]) -> None:
    agree_and_choose(page, named("<img src=x onerror=document.title='x'>.jpg", files.photo()))
    expect(kept(page)).to_contain_text("<img src=x onerror=")
    expect(page).not_to_have_title("x")


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (1280, "dark")])
def test_nothing_overflows_in_any_width_and_colours(
    browser: Browser, address: str, named: Callable[[str, bytes], str], width: int, scheme: str
) -> None:
    context = browser.new_context(
        base_url=address, locale="vi-VN", viewport={"width": width, "height": 720}, color_scheme=scheme
    )
    page = context.new_page()
    open_chat(page)
    agree_and_choose(page, named(f"{'rất dài ' * 12}.jpg", files.photo()), named("b.jpg", files.archive()))
    expect(kept(page)).to_have_count(1)
    expect(page.locator(".file.failed")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    context.close()
