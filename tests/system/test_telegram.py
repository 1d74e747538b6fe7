"""All programs running, and a citizen who has only Telegram: asks, taps, files with a photo, blocks the bot."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from bot.complaints.casework import move
from bot.complaints.evidence import list_files
from bot.complaints.queries import list_complaints
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.delivery import sentences
from bot.delivery.model import CLAIMED, PENDING, InboxMessage, OutboxMessage
from bot.settings import ROOT
from tests.complaints.files import photo
from tests.conftest import RunningBot, make_bot
from tests.factories import wait_until
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_people import Citizen

pytestmark = pytest.mark.server

STORY = "Cán bộ ở phường bắt tôi đi lại 3 lần"
ANSWERS = ("phường Bến Thủy", "tuần trước", "không có", "không để lại", "gửi")
CHAT, NAME = 7001900100, "Nguyễn Thị Mai"


@pytest.fixture(scope="module")
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram().serving() as fake:
        yield fake


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, telegram: FakeTelegram) -> Iterator[RunningBot]:
    settings = {"MOTCUA_TELEGRAM_TOKEN": TOKEN, "MOTCUA_TELEGRAM_API_URL": telegram.url}
    running = make_bot(tmp_path_factory.mktemp("telegram"), **settings)
    running.start()
    yield running
    running.stop()


@dataclass
class Chat:
    """A citizen's chat with the running bot; each act waits until everything about it is said."""

    database: Database
    citizen: Citizen

    def say(self, text: str) -> str:
        return self._act(lambda: self.citizen.write(text))

    def tap(self, title: str) -> str:
        return self._act(lambda: self.citizen.tap(title))

    def send_photo(self, content: bytes, **more: object) -> str:
        return self._act(lambda: self.citizen.send_photo(content, **more))

    def _act(self, act) -> str:
        before, shown = self._count(), len(self.citizen.texts)
        act()
        wait_until(lambda: self._count() > before and self.is_quiet(), 60)
        return "\n".join(self.citizen.texts[shown:])

    def _count(self) -> int:
        with self.database.reading() as session:
            return int(session.execute(select(func.count()).select_from(InboxMessage)).scalar_one())

    def is_quiet(self) -> bool:
        """Whether nothing waits to be answered or to be sent."""
        with self.database.reading() as session:
            waiting = [
                select(table.id).where(table.state.in_((PENDING, CLAIMED))).limit(1)
                for table in (InboxMessage, OutboxMessage)
            ]
            return not any(session.execute(one).first() for one in waiting)


@pytest.fixture(scope="module")
def mai(telegram: FakeTelegram) -> Citizen:
    return telegram.citizen(CHAT, NAME)


@pytest.fixture
def chat(database: Database, mai: Citizen) -> Chat:
    return Chat(database, mai)


def test_a_question_is_answered_and_its_buttons_work(chat: Chat) -> None:
    assert "trợ lý" in chat.say("/start").lower()
    assert "khai sinh" in chat.say("làm giấy khai sinh cần gì").lower()
    shown = [button["text"] for button in chat.citizen.last.buttons]
    assert chat.tap(shown[0]).strip()


def test_words_behind_the_command_are_heard_and_a_counters_number_cancels_nothing(chat: Chat) -> None:
    assert "Ở cơ quan, quầy nào" in chat.say(f"/phananh {STORY}")
    chat.say("phường Bến Thủy")
    assert "Việc liên quan tới ai" in chat.say("tuần trước")
    assert "điện thoại hoặc email" in chat.say("2")
    assert "Đã hủy" in chat.say("hủy")


def test_feedback_with_a_photo_gets_its_receipt_and_the_file_reaches_staff(
    bot: RunningBot, chat: Chat, database: Database
) -> None:
    assert sentences.KEEP_FILES in chat.send_photo(photo())
    assert sentences.FILES_KEPT.format(count=1) in chat.tap(sentences.KEEP_FILES)
    chat.say(STORY)
    said = [chat.say(answer) for answer in ANSWERS]
    code = re.search(r"PA-\w{4}-\w{4}-\w{4}", said[-1])
    assert code
    assert [complaint.description for complaint in list_complaints(database)] == [STORY]
    assert len(list_files(database, code.group())) == 1


def test_a_notice_to_somebody_who_blocked_the_bot_ends_as_failed_and_says_why(chat: Chat, database: Database) -> None:
    code = list_complaints(database)[0].code
    chat._act(chat.citizen.block)
    move(database, load_rules(ROOT / "knowledge", "demo"), code, "accepted", "Nguyễn Văn An", "")
    wait_until(chat.is_quiet, 30)
    with database.reading() as session:
        last = session.execute(select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)).scalar_one()
    assert (last.state, last.reason) == ("failed", "left")


def test_whoever_comes_back_is_answered_again(chat: Chat) -> None:
    chat.citizen.unblock()
    assert "trợ lý" in chat.say("/start").lower()


def test_no_log_shows_the_token_or_who_wrote(bot: RunningBot) -> None:
    logs = [bot.log, *bot.settings.logs.glob("*")]
    written = "\n".join(path.read_text(errors="replace") for path in logs if path.is_file())
    assert "bot.web" in written or "dispatcher" in written or "inbox" in written
    assert TOKEN.split(":")[1] not in written
    assert str(CHAT) not in written
    assert NAME not in written
