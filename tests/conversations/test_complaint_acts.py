import itertools

import pytest

from bot.complaints.casework import answer, move
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.queries import find_status
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.delivery import outbox
from bot.delivery.outbox import Button
from bot.settings import ROOT
from tests.conftest import Conversation
from tests.factories import open_complaint

pytestmark = pytest.mark.server

RULES = load_rules(ROOT / "knowledge", "demo")
INBOX_IDS = itertools.count(10_000_000)


@pytest.fixture
def code(citizen: Conversation, bot_database: Database) -> str:
    draft = Draft("fee", "Thu phí không có biên lai", words=(("description", "Thu phí không có biên lai"),))
    return file_complaint(bot_database, RULES, citizen.name, next(INBOX_IDS), draft).code


def act(name: str, code: str) -> Button:
    return Button(name, f'/complaint_act{{"act": "{name}", "complaint_code": "{code}"}}')


def give_answer(database: Database, code: str, reason: str = "solved") -> None:
    if find_status(database, code).state == "received":
        move(database, RULES, code, "accepted", "officer")
    answer(database, RULES, code, "Đã xem và trả lại tiền.", reason, "officer")


def shown(citizen: Conversation) -> list[str]:
    assert citizen.last
    return [button.title for reply in citizen.last.replies for button in reply.buttons]


def words_of(database: Database, code: str) -> list[tuple[str, str]]:
    return [(question, text) for question, text, _ in open_complaint(database, code).words]


def test_a_notice_carries_buttons_that_work(citizen: Conversation, bot_database: Database, code) -> None:
    move(bot_database, RULES, code, "needs_information", "officer", "Xin số biên lai")
    with bot_database.reading() as session:
        notice = outbox.read_lines(session, citizen.name, None).lines[-1]
    citizen.press(notice.buttons[0])
    assert f"bổ sung cho phản ánh {code}" in citizen.text
    citizen.say("biên lai số 123")
    assert find_status(bot_database, code).state == "received"
    assert words_of(bot_database, code)[-1] == ("added", "biên lai số 123")


def test_adding_twice_asks_twice_and_keeps_the_same_words_once(
    citizen: Conversation, bot_database: Database, code
) -> None:
    for _ in range(2):
        citizen.press(act("add", code))
        citizen.say("lúc đó khoảng 9 giờ sáng")
        assert "Đã bổ sung" in citizen.text
    assert [text for question, text in words_of(bot_database, code) if question == "added"] == [
        "lúc đó khoảng 9 giờ sáng"
    ]


def test_adding_nothing_changes_nothing(citizen: Conversation, bot_database: Database, code) -> None:
    citizen.press(act("add", code))
    citizen.tap("Thôi")
    assert "không thêm gì" in citizen.text
    assert len(words_of(bot_database, code)) == 1
    assert citizen.say("làm giấy khai sinh cần gì").log.outcome == "answer"


def test_withdrawing_asks_first_and_a_second_tap_says_the_same(
    citizen: Conversation, bot_database: Database, code
) -> None:
    citizen.say(code)
    citizen.tap("Rút phản ánh")
    assert find_status(bot_database, code).state == "received"
    sure = citizen.button("Đúng, rút phản ánh này")
    for _ in range(2):
        citizen.press(sure)
        assert "đã được rút" in citizen.text
    assert find_status(bot_database, code).end_reason == "withdrawn"


def test_a_yes_under_an_older_question_is_asked_for_anew(citizen: Conversation, bot_database: Database, code) -> None:
    citizen.press(act("withdraw", code))
    citizen.say("giờ làm việc của bộ phận một cửa")
    citizen.press(act("withdraw_sure", code))
    assert "Anh/chị chắc chứ ạ?" in citizen.text
    assert find_status(bot_database, code).state == "received"


def test_keeping_it_keeps_it(citizen: Conversation, bot_database: Database, code) -> None:
    citizen.press(act("withdraw", code))
    citizen.tap("Giữ lại")
    assert find_status(bot_database, code).state == "received"


def test_not_solved_asks_why_and_opens_once(citizen: Conversation, bot_database: Database, code) -> None:
    give_answer(bot_database, code, "explained")
    citizen.press(act("not_solved", code))
    citizen.say("vẫn chưa trả lại tiền cho tôi")
    assert "đã được mở lại" in citizen.text
    assert find_status(bot_database, code).state == "in_progress"
    give_answer(bot_database, code, "solved")
    citizen.press(act("not_solved", code))
    assert "không làm được" in citizen.text


def test_settled_is_rated_with_a_word(citizen: Conversation, bot_database: Database, code) -> None:
    give_answer(bot_database, code, "solved")
    citizen.press(act("solved", code))
    citizen.tap("4 ★")
    assert "4/5" in citizen.text
    citizen.say("trả lời rõ ràng, cảm ơn")
    complaint = open_complaint(bot_database, code, "officer").complaint
    assert (complaint.state, complaint.rating, complaint.rating_words) == ("closed", 4, "trả lời rõ ràng, cảm ơn")


def test_a_number_typed_under_the_stars_is_so_many_of_them(citizen: Conversation, bot_database: Database, code) -> None:
    give_answer(bot_database, code, "solved")
    citizen.press(act("solved", code))
    citizen.say("5")
    assert "5/5" in citizen.text
    assert open_complaint(bot_database, code, "officer").complaint.rating == 5


def test_a_second_tap_on_solved_changes_nothing(citizen: Conversation, bot_database: Database, code) -> None:
    give_answer(bot_database, code, "solved")
    for _ in range(2):
        citizen.press(act("solved", code))
        assert "đã kết thúc" in citizen.text
    closed = [m for m in open_complaint(bot_database, code, "officer").complaint.moves if m.to_state == "closed"]
    assert len(closed) == 1


@pytest.mark.parametrize("name", ["solved", "not_solved", "rate_5"])
def test_what_its_state_does_not_allow_is_a_sentence(citizen: Conversation, bot_database, code, name) -> None:
    citizen.press(act(name, code))
    assert "không làm được" in citizen.text
    assert find_status(bot_database, code).state == "received"


def test_nobody_else_may_do_anything(bot_database: Database, code) -> None:
    somebody_else = Conversation(bot_database)
    for name in ("add", "withdraw_sure", "solved"):
        somebody_else.press(act(name, code))
        assert "trong cuộc trò chuyện đã gửi" in somebody_else.text
    assert find_status(bot_database, code).state == "received"


def test_the_status_shows_date_and_acts_to_whoever_filed_only(
    citizen: Conversation, bot_database: Database, code
) -> None:
    citizen.say(code)
    assert "Dự kiến trả lời" in citizen.text
    assert shown(citizen) == ["Bổ sung thông tin", "Rút phản ánh"]
    somebody_else = Conversation(bot_database)
    somebody_else.say(code)
    assert "Dự kiến trả lời" in somebody_else.text
    assert shown(somebody_else) == []


def test_the_status_says_that_the_clock_stands_still_and_how_it_ended(
    citizen: Conversation, bot_database: Database, code
) -> None:
    move(bot_database, RULES, code, "needs_information", "officer", "Xin số biên lai")
    citizen.say(code)
    assert "thời hạn tạm dừng" in citizen.text
    citizen.press(act("withdraw", code))
    citizen.press(act("withdraw_sure", code))
    citizen.say(code)
    assert "Kết thúc: Người gửi đã rút" in citizen.text
    assert shown(citizen) == []


def test_a_question_about_ones_feedback_offers_ones_own(citizen: Conversation, code) -> None:
    citizen.say("phản ánh tôi gửi tới đâu rồi")
    citizen.tap(f"{code} (Thu phí, lệ phí không đúng)")
    assert f"Phản ánh {code}" in citizen.text


def test_a_code_read_out_with_o_and_i_is_found(citizen: Conversation, code) -> None:
    citizen.say(f"xem giúp mã {code.replace('0', 'O').replace('1', 'I').lower()}")
    assert f"Phản ánh {code}" in citizen.text


def test_wrong_codes_are_limited(citizen: Conversation, code) -> None:
    for _ in range(5):
        citizen.say("PA-0000-0000-0000")
    citizen.say(code)
    assert "tạm dừng tra mã" in citizen.text


def test_an_act_in_the_middle_of_the_form_waits(citizen: Conversation, bot_database: Database, code) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    question = citizen.last.replies[-1].text
    citizen.press(act("add", code))
    assert "rồi bấm lại" in citizen.text
    assert citizen.last.replies[-1].text == question


def test_danger_while_adding_gets_the_numbers(citizen: Conversation, code) -> None:
    citizen.press(act("add", code))
    citizen.say("có người đang đánh tôi")
    assert "113" in citizen.last.replies[0].text
