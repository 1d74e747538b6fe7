import itertools
import json
import re
import sqlite3

import pytest

from bot.complaints.filing import Draft, file_complaint
from bot.complaints.queries import list_complaints
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.settings import ROOT
from tests.conftest import Conversation, RunningBot
from tests.factories import open_complaint

pytestmark = pytest.mark.server

RULES = load_rules(ROOT / "knowledge", "demo")
INBOX_IDS = itertools.count(20_000_000)
CODE = re.compile(r"PA-\w{4}-\w{4}-\w{4}")
FULL = "hôm qua ở phường Bến Thủy chị Lan quát tháo tôi, thái độ rất hách dịch"
PORTAL = "tôi bức xúc vì cổng dịch vụ công cứ báo lỗi, treo cả tuần, không ai sửa"
THREE_DAYS = 3 * 24 * 3600


def code_in(citizen: Conversation) -> str:
    found = CODE.search(citizen.text)
    assert found, citizen.text
    return found.group()


def titles(citizen: Conversation) -> list[str]:
    assert citizen.last
    return [button.title for button in citizen.last.replies[-1].buttons]


def leave_for_three_days(bot: RunningBot, conversation: str) -> None:
    """Move what Rasa remembers of a conversation three days into the past."""
    with sqlite3.connect(next(bot.settings.home.glob("rasa-tracker.db")), timeout=10) as tracker:
        rows = tracker.execute("SELECT id, data FROM events WHERE sender_id = ?", (conversation,)).fetchall()
        for number, data in rows:
            event = json.loads(data)
            event["timestamp"] -= THREE_DAYS
            tracker.execute(
                "UPDATE events SET timestamp = ?, data = ? WHERE id = ?",
                (event["timestamp"], json.dumps(event), number),
            )


def test_what_the_story_tells_is_not_asked_and_its_words_are_kept(citizen: Conversation, bot_database) -> None:
    citizen.say(FULL)
    assert "số điện thoại hoặc email" in citizen.last.replies[-1].text
    citizen.tap("Không để lại")
    for told in (f"“{FULL}”", "Nơi: phường Bến Thủy", "Khi nào: hôm qua (", "Người liên quan: chị Lan"):
        assert told in citizen.text
    citizen.tap("Gửi")
    opened = open_complaint(bot_database, code_in(citizen), "officer")
    assert [words[:2] for words in opened.words] == [("description", FULL)]
    assert (opened.told.office, opened.told.person) == ("phường Bến Thủy", "chị Lan")


def test_one_answer_may_settle_several_questions(citizen: Conversation, bot_database: Database) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    answer = "phường Bến Thủy, sáng nay, chị Lan"
    citizen.say(answer)
    assert "số điện thoại hoặc email" in citizen.last.replies[-1].text
    citizen.say("không")
    citizen.say("gửi")
    assert open_complaint(bot_database, code_in(citizen), "officer").words[1][:2] == ("office", answer)


def test_a_story_in_place_of_a_code_is_kept_as_words(citizen: Conversation, bot_database: Database) -> None:
    more = "mà còn một chuyện nữa, họ thu tôi hai mươi nghìn không có biên lai gì cả"
    for said in ("tôi phản ánh phường Bến Thủy trễ hẹn trả hồ sơ của tôi từ tuần trước tới giờ", more, "không để lại"):
        citizen.say(said)
    citizen.tap("Gửi")
    opened = open_complaint(bot_database, code_in(citizen), "officer")
    assert opened.told.dossier_code in (None, "")
    assert any(more in words for words in opened.words)


def test_what_has_no_figure_is_no_code(citizen: Conversation) -> None:
    citizen.say("tôi phản ánh phường Bến Thủy trễ hẹn trả hồ sơ của tôi từ tuần trước tới giờ")
    citizen.say("gửi")
    citizen.say("không để lại")
    assert "Mã hồ sơ: –" in citizen.last.replies[-1].text


@pytest.mark.parametrize("act", [lambda citizen: citizen.say("hủy"), lambda citizen: citizen.tap("Hủy")])
def test_the_question_for_a_code_can_be_cancelled_as_every_other(citizen: Conversation, act) -> None:
    citizen.say("tôi phản ánh phường Bến Thủy trễ hẹn trả hồ sơ của tôi từ tuần trước tới giờ")
    assert "mã hồ sơ" in citizen.text
    act(citizen)
    assert "không lưu phản ánh nào" in citizen.text


def test_each_question_says_why_and_may_be_left_out(citizen: Conversation) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    for why in ("chuyển đúng nơi", "khó xác minh", "xem xét đúng người"):
        assert why in citizen.last.replies[-1].text
        citizen.tap("Bỏ qua")
    assert "chỉ cán bộ xử lý" in citizen.last.replies[0].text


def test_the_receipt_says_what_to_keep(citizen: Conversation) -> None:
    citizen.say(FULL)
    citizen.tap("Không để lại")
    citizen.tap("Gửi")
    for told in (
        "Loại: Thái độ",
        f"Tóm tắt: {FULL}",
        "Dự kiến trả lời: ",
        "/phan-anh/PA-",
        "Giá trị xác nhận: ",
        "lưu mã này",
    ):
        assert told in citizen.text


def test_an_identity_number_is_no_contact_and_is_dropped(citizen: Conversation, bot_database: Database) -> None:
    citizen.say(FULL)
    citizen.say("căn cước của tôi 001099012345")
    assert "Không cần số căn cước" in citizen.text
    citizen.tap("Không để lại")
    citizen.tap("Gửi")
    opened = open_complaint(bot_database, code_in(citizen), "officer")
    assert opened.told.contact is None
    assert "001099012345" not in str(opened)


def test_a_complaint_about_the_centre_itself_names_another_place(citizen: Conversation) -> None:
    citizen.say("hôm qua Trung tâm Phục vụ hành chính công tỉnh Hà Tĩnh thái độ hách dịch, chị Lan quát tôi")
    citizen.tap("Không để lại")
    assert "chính trung tâm nhận nó" in citizen.text
    assert "Gửi" in titles(citizen)


@pytest.fixture
def open_one(bot_database: Database) -> str:
    told = "cổng dịch vụ công cứ báo lỗi, treo cả tuần, tên tôi là Trần Thị Bí Mật"
    draft = Draft("online_system", told, words=(("description", told),))
    return file_complaint(bot_database, RULES, "terminal:other", next(INBOX_IDS), draft).code


def test_an_open_matter_of_many_may_be_joined_without_anybodys_words(
    citizen: Conversation, bot_database: Database, open_one
) -> None:
    before = len(list_complaints(bot_database))
    citizen.say(PORTAL)
    offered = titles(citizen)
    assert "cùng nói về: " in offered[0]
    assert "báo lỗi" in offered[0]
    assert "Bí Mật" not in citizen.text + "".join(offered)
    citizen.tap(offered[0])
    assert "cùng theo dõi phản ánh PA-" in citizen.text
    assert len(list_complaints(bot_database)) == before


def test_one_may_file_ones_own_all_the_same(citizen: Conversation, open_one) -> None:
    citizen.say(PORTAL)
    citizen.tap("Gửi riêng")
    assert "khi nào" in citizen.last.replies[-1].text


def test_about_persons_nothing_is_offered(citizen: Conversation, bot_database: Database) -> None:
    draft = Draft("attitude", FULL, words=(("description", FULL),))
    file_complaint(bot_database, RULES, "terminal:other", next(INBOX_IDS), draft)
    citizen.say(FULL)
    assert "Gửi riêng" not in titles(citizen)


def test_a_form_left_for_three_days_goes_on_when_the_citizen_wants(
    citizen: Conversation, bot: RunningBot, bot_database: Database
) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    citizen.say("phường Bến Thủy")
    leave_for_three_days(bot, citizen.name)
    citizen.say("làm giấy khai sinh cần gì")
    assert "đang ghi dở" in citizen.text
    citizen.tap("Tiếp tục phản ánh dở")
    assert "Chuyện xảy ra khi nào" in citizen.text
    for said in ("hôm qua", "bỏ qua", "không", "gửi"):
        citizen.say(said)
    assert open_complaint(bot_database, code_in(citizen), "officer").told.office == "phường Bến Thủy"


def test_a_new_story_after_three_days_is_asked_about_first(citizen: Conversation, bot: RunningBot) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    leave_for_three_days(bot, citizen.name)
    citizen.say(FULL)
    assert "bỏ nó và làm mới" in citizen.text
    citizen.tap("Làm mới")
    citizen.tap("Không để lại")
    assert f"“{FULL}”" in citizen.text


def test_photos_that_were_named_are_asked_for_whatever_the_kind(bot_database: Database) -> None:
    citizen = Conversation(bot_database, f"web:{next(INBOX_IDS)}")
    citizen.say("gửi phản ánh")
    citizen.say("hồ sơ H44.34-251105-0021 ở phường Bến Thủy trễ hẹn mười ngày chưa trả, tôi có ảnh giấy hẹn")
    citizen.tap("Không để lại")
    assert "nhắc tới ảnh, giấy tờ" in citizen.text


def test_on_the_web_page_photos_and_papers_may_be_sent(bot_database: Database) -> None:
    citizen = Conversation(bot_database, f"web:{next(INBOX_IDS)}")
    citizen.say(f"{FULL}, tôi có ghi âm")
    citizen.tap("Không để lại")
    assert "nhắc tới ảnh, giấy tờ" in citizen.text
