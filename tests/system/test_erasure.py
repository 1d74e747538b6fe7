"""A person tells the whole bot everything, asks to be forgotten, and every byte that is kept is searched."""

import base64
import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image
from sqlalchemy import select

from bot.complaints import evidence
from bot.complaints.casework import move
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.evidence_files import path_of
from bot.complaints.model import Complaint, Evidence
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.operations.keys import SEALED
from bot.settings import ROOT
from tests.conftest import Conversation, RunningBot, make_bot
from tests.factories import open_complaint, wait_until

pytestmark = pytest.mark.server

NAME, STORY = "Đàm Thị Ngọc Lựu", "cán bộ tên Quách Văn Tèo quát tôi giữa chợ"
PHONE, MAIL, CARD = "0987600123", "luu.dam@vidu.vn", "038190007654"
FILE = "giay-hen-luu.jpg"
PLANTED = (NAME, STORY, "Quách Văn Tèo", PHONE, MAIL, CARD, FILE, "dam thi ngoc luu")


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBot]:
    running = make_bot(tmp_path_factory.mktemp("forgotten"))
    running.start()
    yield running
    running.stop()


def spellings(text: str) -> list[bytes]:
    """A text as files may hold it: plain, and as JSON with every tone written out."""
    return [text.encode(), json.dumps(text)[1:-1].encode(), base64.b64encode(text.encode())]


def kept_bytes(bot: RunningBot, database: Database) -> bytes:
    """Every file of the bot, and everything that its key opens."""
    files = [path.read_bytes() for path in sorted(bot.settings.home.rglob("*")) if path.is_file()]
    with database.reading() as session:
        rows = [value for column in SEALED for value in session.execute(select(column)).scalars() if value]
    return b"\n".join([*files, *(database.cipher.unseal(value).encode() for value in rows)])


def found(bot: RunningBot, database: Database) -> set[str]:
    kept = kept_bytes(bot, database)
    return {text for text in PLANTED if any(spelled in kept for spelled in spellings(text))}


def send_photo(bot: RunningBot, database: Database, conversation: str) -> str:
    """Send a photo as the web page does; returns the fingerprint it lies under."""
    evidence.agree(database, conversation)
    photo = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(photo, "JPEG")
    rules = load_file_rules(ROOT / "knowledge")
    evidence.keep(database, bot.settings.evidence, rules, conversation, FILE, photo.getvalue())
    with database.reading() as session:
        found = session.execute(select(Evidence.digest).where(Evidence.conversation == conversation)).scalar_one()
    assert path_of(bot.settings.evidence, found).exists()
    return str(found)


def file_everything(bot: RunningBot, database: Database, citizen: Conversation) -> tuple[str, str]:
    citizen.say(f"Tôi là {NAME}, căn cước {CARD}, {MAIL}, {STORY}, bắt đi lại 3 lần")
    digest = send_photo(bot, database, citizen.name)
    for _ in range(12):
        asked = [button.title for reply in citizen.last.replies for button in reply.buttons]
        if "Gửi" in asked:
            citizen.tap("Gửi")
            break
        citizen.say(PHONE if "Không để lại" in asked else f"thái độ của {NAME}" if "Thái độ" in asked else f"xã {NAME}")
    with database.reading() as session:
        filed = session.execute(select(Complaint).where(Complaint.conversation == citizen.name)).scalar_one()
    move(database, load_rules(ROOT / "knowledge"), filed.code, "accepted", "Lê Hoa", f"Chào {NAME}, {PHONE}")
    open_complaint(database, filed.code, "Lê Hoa", f"gọi {NAME}")
    return str(filed.code), digest


def test_a_person_who_told_everything_is_found_nowhere_afterwards(bot: RunningBot, database: Database) -> None:
    citizen = Conversation(database)
    code, photo = file_everything(bot, database, citizen)
    assert found(bot, database) == set(PLANTED)
    citizen.say("xóa dữ liệu của tôi")
    citizen.tap("Xóa dữ liệu của tôi")
    citizen.tap("Xóa hết")
    bot.motcua("privacy", "erase")
    wait_until(lambda: found(bot, database) == set(), 60)
    kept = kept_bytes(bot, database)
    assert not path_of(bot.settings.evidence, photo).exists()
    assert photo.encode() not in kept
    assert code.encode() in kept
    assert citizen.say("giờ làm việc của bộ phận một cửa").log.outcome == "answer"
