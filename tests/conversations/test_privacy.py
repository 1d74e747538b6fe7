from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import or_, select, update

from bot.channels.web_session import COOKIE
from bot.complaints import consents, privacy
from bot.complaints.consents import IMPROVE
from bot.complaints.model import Consent
from bot.database import Database, now
from bot.delivery import outbox
from bot.delivery.outbox import Reply
from bot.operations.model import JobRun
from tests.conftest import Conversation, RunningBot
from tests.factories import accept, wait_until

pytestmark = pytest.mark.server

CHOICES = ["Đang lưu gì của tôi", "Sửa thông tin", "Rút lại đồng ý", "Xóa dữ liệu của tôi"]


def titles(citizen: Conversation) -> list[str]:
    return [button.title for button in citizen.last.replies[-1].buttons]


def wishes(citizen: Conversation) -> list[str]:
    return [one.wish for one in privacy.list_wishes(citizen.database) if one.conversation == citizen.name]


@contextmanager
def nothing_erased(database: Database) -> Iterator[None]:
    """The job that erases is held meanwhile, as another program that runs it would hold it."""
    job = update(JobRun).where(JobRun.name == "erasures").execution_options(synchronize_session=False)
    held = {"lease": "test", "lease_until": now() + timedelta(minutes=5)}

    def hold() -> bool:
        free = or_(JobRun.lease_until.is_(None), JobRun.lease_until < now())
        with database.transaction() as session:
            return session.execute(job.where(free).values(**held)).rowcount == 1

    wait_until(hold, 60)
    yield
    with database.transaction() as session:
        session.execute(job.values(lease=None, lease_until=None))


def test_who_asks_about_their_data_is_told_and_offered_what_can_be_done(citizen: Conversation) -> None:
    answer = citizen.say("tôi muốn xóa dữ liệu cá nhân của tôi ở đây")
    assert (answer.log.intent, answer.log.topic) == ("privacy_request", "privacy")
    assert titles(citizen) == CHOICES


def test_what_is_kept_is_counted_and_never_quoted(citizen: Conversation) -> None:
    citizen.say("số tôi là 0912345678, làm giấy khai sinh cần gì")
    citizen.say("bot lưu gì về tôi")
    citizen.tap("Đang lưu gì của tôi")
    assert "3 tin nhắn của anh/chị; giữ 180 ngày" in citizen.text
    assert "1 số điện thoại; giữ 90 ngày" in citizen.text
    assert "0912345678" not in citizen.text
    assert wishes(citizen) == []


def test_a_wish_to_correct_waits_for_the_centre_with_its_date(citizen: Conversation) -> None:
    for _ in range(2):
        citizen.say("bot lưu gì về tôi")
        citizen.tap("Sửa thông tin")
    assert "đã ghi nhận yêu cầu sửa thông tin (hạn xử lý" in citizen.text
    assert wishes(citizen) == ["correct"]


def test_an_agreement_is_taken_back(citizen: Conversation) -> None:
    with citizen.database.transaction() as session:
        consents.give(session, citizen.name, IMPROVE)
    citizen.say("rút lại đồng ý")
    citizen.tap("Rút lại đồng ý")
    assert "Đã rút 1 đồng ý" in citizen.text
    citizen.say("rút lại đồng ý")
    citizen.tap("Rút lại đồng ý")
    assert "không có gì phải rút" in citizen.text


def test_deleting_says_what_goes_asks_once_more_and_can_be_stopped(citizen: Conversation) -> None:
    citizen.say("xóa dữ liệu của tôi")
    citizen.tap("Xóa dữ liệu của tôi")
    assert "không lấy lại được" in citizen.text
    assert wishes(citizen) == []
    citizen.tap("Không xóa")
    assert "không xóa gì" in citizen.text
    assert wishes(citizen) == []


def test_deleting_is_asked_for_once_however_often_it_is_tapped(citizen: Conversation, bot: RunningBot) -> None:
    citizen.say("xóa dữ liệu của tôi")
    citizen.tap("Xóa dữ liệu của tôi")
    sure = citizen.last
    citizen.tap("Xóa hết")
    assert "đã nhận yêu cầu xóa" in citizen.text
    citizen.last = sure
    citizen.tap("Xóa hết")
    assert len([one for one in privacy.list_wishes(citizen.database) if one.conversation == citizen.name]) <= 1
    bot.motcua("privacy", "erase")
    wait_until(lambda: wishes(citizen) == [], 60)


def test_a_yes_under_an_older_question_deletes_nothing_and_is_asked_for_anew(citizen: Conversation) -> None:
    citizen.say("xóa dữ liệu của tôi")
    citizen.tap("Xóa dữ liệu của tôi")
    sure = citizen.button("Xóa hết")
    citizen.say("giờ làm việc của bộ phận một cửa")
    citizen.press(sure)
    assert "không lấy lại được" in citizen.text
    assert wishes(citizen) == []
    citizen.tap("Không xóa")
    citizen.press(sure)
    assert "không lấy lại được" in citizen.text
    assert wishes(citizen) == []


def test_what_is_on_its_way_is_not_said_to_be_stopped(citizen: Conversation) -> None:
    citizen.say("xóa dữ liệu của tôi")
    citizen.tap("Xóa dữ liệu của tôi")
    stop = citizen.button("Không xóa")
    with nothing_erased(citizen.database):
        citizen.tap("Xóa hết")
        citizen.press(stop)
        assert "đã nhận yêu cầu xóa" in citizen.text
        assert "không xóa gì" not in citizen.text
        assert wishes(citizen) == ["delete"]
    wait_until(lambda: wishes(citizen) == [], 60)


class Browser:
    """A citizen on the web page, where a conversation can be come back to."""

    def __init__(self, bot: RunningBot) -> None:
        self._client = httpx.Client(base_url=bot.settings.web_url, trust_env=False, timeout=60)
        self._client.cookies.set(COOKIE, uuid4().hex)
        self._cursor, self._sent = "0", 0

    def say(self, **body: str) -> list[dict]:
        self._sent += 1
        sent = self._client.post("/api/web/messages", json={"client_id": f"message-{self._sent}", **body})
        assert sent.status_code == 202, sent.text
        read = self._client.get("/api/web/messages", params={"after": self._cursor, "wait": "25"}).json()
        self._cursor = read["cursor"]
        return read["messages"]

    def tap(self, messages: list[dict], title: str) -> list[dict]:
        return self.say(button=next(b["id"] for m in messages for b in m["buttons"] if b["title"] == title))


@pytest.mark.parametrize(("tapped", "agrees"), [("Đồng ý", True), ("Không", False)])
def test_after_a_first_useful_answer_it_is_asked_once_whether_questions_may_be_used(
    bot: RunningBot, bot_database: Database, tapped: str, agrees: bool
) -> None:
    browser = Browser(bot)
    answer, question = browser.say(text="giờ làm việc của bộ phận một cửa")
    assert "để trợ lý hiểu tốt hơn" in question["text"]
    assert (answer["rate"], question["rate"]) == (True, False)
    browser.tap([question], tapped)
    with bot_database.reading() as session:
        whose = session.execute(select(Consent).order_by(Consent.id.desc())).scalars().first()
        assert consents.has_consent(session, whose.conversation, IMPROVE) is agrees
    assert not any("hiểu tốt hơn" in line["text"] for line in browser.say(text="lệ phí khai sinh"))


@pytest.mark.parametrize("channel", ["telegram", "zalo_oa"])
def test_on_every_channel_it_is_asked_once_and_one_tap_agrees(bot_database: Database, channel: str) -> None:
    name = f"{channel}:{uuid4().hex[:8]}"

    def ask(text: str, **more: str) -> list[Reply]:
        number = accept(bot_database, text, name, channel=channel, **more)
        return wait_until(lambda: replies(bot_database, number), 60)

    question = ask("giờ làm việc của bộ phận một cửa")[-1]
    assert "để trợ lý hiểu tốt hơn" in question.text
    assert [button.title for button in question.buttons] == ["Đồng ý", "Không"]
    ask("Đồng ý", payload=question.buttons[0].payload)
    with bot_database.reading() as session:
        assert consents.has_consent(session, name, IMPROVE)
    assert not any("hiểu tốt hơn" in reply.text for reply in ask("lệ phí khai sinh"))


def replies(database: Database, number: int) -> list[Reply]:
    with database.reading() as session:
        return list(outbox.replies_to(session, number))


def test_nobody_is_asked_after_danger(bot: RunningBot) -> None:
    assert not any("hiểu tốt hơn" in line["text"] for line in Browser(bot).say(text="cháy nhà rồi cứu với"))
