"""All programs running: an officer answers an overdue complaint in a browser, the citizen hears of it at Zalo, objects
there, and hears the second answer, too."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from bot.accounts.officers import Accounts
from bot.accounts.permissions import OFFICER
from bot.complaints.casework import move
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.lifecycle import ACCEPTED
from bot.complaints.model import Complaint
from bot.complaints.rules import load_rules
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now
from bot.settings import ROOT
from tests.channels.zalo import AN, AN_TALKS, log_in
from tests.conftest import RunningBot, make_bot
from tests.factories import wait_until
from tests.fakes.zalo_events import APP_ID, OA_ID, SECRET_KEY, Webhook, make_event
from tests.fakes.zalo_oa import APP_SECRET, FakeZaloOA

pytestmark = [pytest.mark.server, pytest.mark.browser]

HOA, SECRET = "Lê Thị Hoa", "một câu đủ dài và dễ nhớ"
FOUND, PLACE = "giấy nằm ở phòng đo đạc 12 ngày", "UBND xã An Hòa"
SECOND = "Ngày 25/11/2026 cán bộ xã An Hòa đã mang giấy chứng nhận tới tận nhà; trung tâm xin lỗi anh/chị."
OBJECTION = "Tôi tới rồi mà chưa có giấy"
SECONDS = 30_000


@pytest.fixture(scope="module")
def zalo() -> Iterator[FakeZaloOA]:
    with FakeZaloOA().serving() as fake:
        yield fake


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, zalo: FakeZaloOA) -> Iterator[RunningBot]:
    given = {"APP_ID": APP_ID, "OA_ID": OA_ID, "APP_SECRET": APP_SECRET, "OA_SECRET_KEY": SECRET_KEY}
    given |= {"API_URL": zalo.url, "OAUTH_URL": zalo.url}
    running = make_bot(
        tmp_path_factory.mktemp("console"), **{f"MOTCUA_ZALO_{name}": value for name, value in given.items()}
    )
    running.motcua("users", "first-admin", "Bùi Quân")
    with_database = Database(running.settings.database_url, running.settings.secret_keys)
    log_in(with_database)
    with_database.close()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def page(browser: Browser, bot: RunningBot) -> Iterator[Page]:
    context = browser.new_context(base_url=bot.settings.web_url, locale="vi-VN")
    context.set_default_timeout(SECONDS)
    yield context.new_page()
    context.close()


def overdue_complaint(database: Database) -> str:
    rules = load_rules(ROOT / "knowledge", "demo")
    told = Draft("late", "Hẹn ba lần vẫn chưa trả giấy chứng nhận", office="UBND xã An Hòa")
    code = file_complaint(database, rules, AN_TALKS, 7_000_001, told).code
    move(database, rules, code, ACCEPTED, HOA)
    with database.transaction() as session:
        past = day_in_viet_nam(now()) - timedelta(days=3)
        session.execute(update(Complaint).where(Complaint.code == code).values(due_on=past))
    return code


class Citizen:
    """Somebody at Zalo."""

    def __init__(self, bot: RunningBot, zalo: FakeZaloOA) -> None:
        self.webhook, self.zalo = Webhook(f"{bot.settings.web_url}/webhooks/zalo"), zalo

    def say(self, text: str) -> None:
        assert self.webhook.push(make_event(user_id=AN, message={"text": text}))[-1] == 200

    def tap(self, title: str) -> None:
        buttons = [one for sent in self.zalo.sent if sent.user_id == AN for one in sent.buttons]
        self.say(next(one["payload"] for one in reversed(buttons) if one["title"].startswith(title[:10])))

    def hears(self, words: str) -> None:
        wait_until(lambda: any(words in text for text in self.zalo.texts(AN)), 60)


def test_an_overdue_complaint_is_answered_reopened_and_answered_again(
    page: Page, bot: RunningBot, zalo: FakeZaloOA, database: Database
) -> None:
    citizen = Citizen(bot, zalo)
    citizen.say("xin chào")
    wait_until(lambda: zalo.texts(AN), 60)
    once = Accounts(database).add(HOA, "Phòng Đất đai", (OFFICER,), (), "Bùi Quân")
    code = overdue_complaint(database)
    log_in_first_time(page, once)
    open_from(page, "Quá hạn", code)
    answer_by_template(page)
    citizen.hears(FOUND)
    expect_delivered(page, code)
    citizen.tap("Chưa giải quyết được")
    citizen.hears(code)
    wait_until(lambda: "vì sao" in zalo.texts(AN)[-1].lower() or "chưa" in zalo.texts(AN)[-1].lower(), 60)
    citizen.say(OBJECTION)
    wait_until(lambda: reopened(database, code), 60)
    open_from(page, "Mở lại", code)
    expect(page.get_by_text(OBJECTION).first).to_be_visible()
    page.get_by_label("Câu trả lời cho người dân").fill(SECOND)
    page.get_by_label("Kết quả").select_option("solved")
    page.get_by_role("button", name="Trả lời", exact=True).click()
    citizen.hears("mang giấy chứng nhận tới tận nhà")
    history = page.locator("section", has=page.get_by_role("heading", name="Quá trình"))
    for words in (FOUND, SECOND):
        expect(history.get_by_text(words)).to_be_visible()


def log_in_first_time(page: Page, once: str) -> None:
    page.goto("/can-bo")
    page.get_by_label("Họ tên").fill(HOA)
    page.get_by_label("Mật khẩu").fill(once)
    page.get_by_role("button", name="Đăng nhập").click()
    old, new, again = page.locator('input[type="password"]').all()
    old.fill(once)
    new.fill(SECRET)
    again.fill(SECRET)
    page.locator("main").get_by_role("button").click()


def open_from(page: Page, queue: str, code: str) -> None:
    page.goto("/can-bo")
    page.get_by_role("link", name=re.compile(rf"^\d+ {queue}")).click()
    page.get_by_role("link", name=code).click()


def answer_by_template(page: Page) -> None:
    form = page.locator("section", has=page.get_by_role("heading", name="Trả lời", exact=True))
    form.get_by_label("Bắt đầu từ mẫu").select_option("late_returned")
    form.get_by_role("button", name="Dùng mẫu").click()
    for label, value in (
        ("Đã kiểm tra gì, thấy gì", FOUND),
        ("Ngày trả", "20/11/2026"),
        ("Nơi trả", PLACE),
        ("Tên giấy tờ", "giấy chứng nhận"),
    ):
        form.get_by_label(label, exact=True).fill(value)
    form.get_by_role("button", name="Xem trước").click()
    expect(form.get_by_text("qua Zalo")).to_be_visible()
    form.get_by_role("button", name="Trả lời", exact=True).click()
    expect(page.get_by_text("Đã trả lời. Người dân được nhắn.")).to_be_visible()


def expect_delivered(page: Page, code: str) -> None:
    notices = page.locator("section", has=page.get_by_role("heading", name="Tin đã nhắn người dân"))

    def arrived() -> bool:
        # The page shows how it stood when it was asked for, and the citizen may hear a moment before the bot knows.
        page.goto(f"/can-bo/phan-anh/{code}")
        return notices.get_by_text(re.compile("Đã trả lời qua Zalo: đã tới lúc")).is_visible()

    wait_until(arrived, 30)


def reopened(database: Database, code: str) -> bool:
    with database.reading() as session:
        return bool(session.execute(select(Complaint.reopened).where(Complaint.code == code)).scalar_one())
