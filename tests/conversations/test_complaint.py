import re

import pytest

from bot.complaints.queries import list_complaints
from bot.database import Database
from bot.delivery.outbox import Button
from tests.conftest import Conversation
from tests.factories import open_complaint

pytestmark = pytest.mark.server

STORY = "Cán bộ ở phường bắt tôi đi lại 3 lần"
# Where, when, who; the kind is clear from the story.
ANSWERS = ("phường Bến Thủy", "tuần trước", "không rõ")
CODE = re.compile(r"PA-\w{4}-\w{4}-\w{4}")


def fill_in(citizen: Conversation, contact: str = "không để lại") -> None:
    citizen.say(STORY)
    for answer in (*ANSWERS, contact):
        citizen.say(answer)


def receipt_of(citizen: Conversation) -> str:
    found = CODE.search(citizen.text)
    assert found, citizen.text
    return found.group()


def test_a_story_that_never_says_complaint_starts_the_form_and_is_kept(citizen: Conversation) -> None:
    answer = citizen.say(STORY)
    assert answer.log.intent == "submit_complaint"
    assert answer.log.outcome == "form"
    assert "không phải đơn khiếu nại hay tố cáo" in answer.replies[0].text
    assert "có vẻ là phản ánh (loại: Thái độ phục vụ, bắt đi lại nhiều lần)" in answer.replies[1].text
    assert "Ở cơ quan, quầy nào" in answer.replies[-1].text


def test_the_summary_shows_what_was_told_before_anything_is_sent(citizen: Conversation, bot_database: Database) -> None:
    before = len(list_complaints(bot_database))
    fill_in(citizen)
    for told in (STORY, "phường Bến Thủy", "tuần trước"):
        assert told in citizen.text
    assert [b.title for b in citizen.last.replies[-1].buttons] == ["Gửi", "Sửa lại", "Hủy"]
    assert len(list_complaints(bot_database)) == before


def test_a_confirmed_complaint_gets_a_receipt_that_says_what_it_is_not(citizen: Conversation) -> None:
    fill_in(citizen)
    citizen.tap("Gửi")
    assert CODE.search(citizen.text)
    assert "không phải đơn khiếu nại hay tố cáo" in citizen.text
    assert "không làm dừng thời hạn" in citizen.text
    assert "https://dichvucong.gov.vn/nop-phan-anh-kien-nghi" in citizen.text


def test_the_code_shows_the_status_to_anybody_and_nothing_personal(
    citizen: Conversation, bot_database: Database
) -> None:
    fill_in(citizen, contact="số tôi là 0900000123")
    citizen.tap("Gửi")
    code = receipt_of(citizen)
    somebody_else = Conversation(bot_database)
    somebody_else.say(f"xem giúp {code.lower().replace('0', 'o')}")
    assert "Đã nhận" in somebody_else.text
    for private in ("0900000123", "Bến Thủy", STORY):
        assert private not in somebody_else.text


def test_the_contact_reaches_staff_but_never_rasa(citizen: Conversation, bot_database: Database, bot) -> None:
    fill_in(citizen, contact="0900 000 456")
    assert "0900 000 456" in citizen.text
    citizen.tap("Gửi")
    assert open_complaint(bot_database, receipt_of(citizen), "officer").told.contact == "0900 000 456"
    tracker = b"".join(path.read_bytes() for path in bot.settings.home.glob("rasa-tracker.db*"))
    assert b"<sodienthoai:" in tracker
    assert b"0900 000 456" not in tracker


@pytest.mark.parametrize("answers", [[], ["phường X"], ["phường X", "hôm qua", "không có", "không"]])
def test_cancelling_at_any_point_keeps_nothing(citizen: Conversation, bot_database: Database, answers) -> None:
    before = len(list_complaints(bot_database))
    for said in (STORY, *answers):
        citizen.say(said)
    citizen.say("thôi hủy đi")
    assert "không lưu phản ánh nào" in citizen.text
    assert len(list_complaints(bot_database)) == before
    assert citizen.say("làm giấy khai sinh cần gì").log.outcome == "answer"


def test_an_answer_can_be_corrected_before_sending(citizen: Conversation, bot_database: Database) -> None:
    fill_in(citizen)
    citizen.tap("Sửa lại")
    citizen.tap("Nơi")
    citizen.say("phường Trường Vinh")
    assert "phường Trường Vinh" in citizen.text
    assert STORY in citizen.text
    citizen.say("đúng rồi, gửi đi ạ")
    citizen.say("gửi")
    assert open_complaint(bot_database, receipt_of(citizen), "officer").told.office == "phường Trường Vinh"


@pytest.mark.parametrize("words", [STORY, "đèn hỏng"])
def test_words_behind_the_command_are_the_story_and_kept(citizen: Conversation, bot_database: Database, words) -> None:
    citizen.press(Button(f"/phananh {words}", "/submit_complaint"))
    assert "chuyện gì đã xảy ra" not in citizen.text
    for _ in range(9):
        if "Gửi tới trung tâm chứ ạ?" in citizen.text:
            break
        citizen.say("khác" if "loại nào" in citizen.text else "không có")
    citizen.tap("Gửi")
    complaint = open_complaint(bot_database, receipt_of(citizen), "officer")
    assert complaint.told.description == words
    assert ("description", words) in [(question, text) for question, text, _ in complaint.words]


def test_words_behind_the_command_answer_the_question_of_an_open_form(citizen: Conversation) -> None:
    citizen.press(Button("/phananh", "/submit_complaint"))
    assert "chuyện gì đã xảy ra" in citizen.text
    citizen.press(Button(f"/phananh {STORY}", "/submit_complaint"))
    assert "Ở cơ quan, quầy nào" in citizen.text


def test_a_code_behind_the_command_is_looked_up_in_a_form_too(citizen: Conversation, bot_database: Database) -> None:
    fill_in(citizen)
    citizen.tap("Gửi")
    look = Button(f"/trangthai {receipt_of(citizen)}", "/check_complaint_status")
    somebody_else = Conversation(bot_database)
    somebody_else.press(look)
    assert "Đã nhận" in somebody_else.text
    somebody_else.say(STORY)
    somebody_else.press(look)
    assert "Đã nhận" in somebody_else.text
    assert "Ở cơ quan, quầy nào" in somebody_else.text


def test_a_wish_without_a_matter_is_asked_what_happened(citizen: Conversation) -> None:
    citizen.say("tôi muốn phản ánh")
    assert "chuyện gì đã xảy ra" in citizen.text


def test_a_contact_that_is_none_is_asked_again_kindly(citizen: Conversation) -> None:
    citizen.say(STORY)
    for said in (*ANSWERS, "gọi cho tôi nhé"):
        citizen.say(said)
    assert "không thấy số điện thoại hay email" in citizen.text
    assert citizen.last.replies[-1].buttons[0].title == "Không để lại"


@pytest.mark.parametrize("code", ["PA-0000-0000-0000", "PA-QMMM-FFPD-TZVE"])
def test_an_unknown_code_is_said_to_be_unknown(citizen: Conversation, code: str) -> None:
    citizen.say(code)
    assert "Không tìm thấy" in citizen.text


def test_a_suggestion_needs_fewer_questions(citizen: Conversation) -> None:
    citizen.say("tôi đề nghị trung tâm nên mở thêm quầy vào sáng thứ bảy cho người đi làm")
    assert "Ở cơ quan, quầy nào" in citizen.text
    citizen.say("bỏ qua")
    assert "số điện thoại hoặc email" in citizen.text


@pytest.mark.parametrize("told", [0, 1, 2, 3, 4])
def test_danger_in_the_middle_of_the_form_gets_the_numbers_and_the_question_again(citizen: Conversation, told) -> None:
    answers = (*ANSWERS, "không để lại")
    for said in (STORY, *answers[:told]):
        citizen.say(said)
    question = citizen.last.replies[-1].text
    citizen.say("có người đang đánh tôi")
    assert "113" in citizen.last.replies[0].text
    assert citizen.last.replies[-1].text == question


def test_a_question_in_the_middle_of_the_form_is_answered_and_the_form_goes_on(citizen: Conversation) -> None:
    citizen.say(STORY)
    citizen.say("cho hỏi số hotline là bao nhiêu?")
    assert "1800 1096" in citizen.text
    assert "Ở cơ quan, quầy nào" in citizen.last.replies[-1].text


def test_a_button_of_an_earlier_question_answers_no_other(citizen: Conversation) -> None:
    citizen.say(STORY)
    first = citizen.last
    citizen.say("phường X")
    citizen.last = first
    citizen.tap("Bỏ qua")
    assert "Chuyện xảy ra khi nào" in citizen.text


def test_sending_twice_files_once_and_says_so(citizen: Conversation, bot_database: Database) -> None:
    fill_in(citizen)
    summary, before = citizen.last, len(list_complaints(bot_database))
    citizen.tap("Gửi")
    citizen.last = summary
    citizen.tap("Gửi")
    assert "đã xong" in citizen.text
    assert len(list_complaints(bot_database)) == before + 1


@pytest.mark.parametrize("said", ["tôi không muốn phản ánh nữa", "thôi không gửi nữa", "dừng lại đi ạ", "hủy giúp em"])
def test_giving_up_in_ones_own_words_keeps_nothing(citizen: Conversation, said) -> None:
    citizen.say(STORY)
    citizen.say(said)
    assert "không lưu phản ánh nào" in citizen.text


def test_what_is_told_under_the_summary_is_kept_and_shown(citizen: Conversation, bot_database: Database) -> None:
    fill_in(citizen)
    more = "à còn chuyện này nữa, họ giữ bản chính giấy tờ của tôi"
    citizen.say(more)
    assert more in citizen.last.replies[-1].text
    citizen.say("gọi tôi số 0900 000 789")
    assert "0900 000 789" in citizen.last.replies[-1].text
    citizen.say("ừm xem nào")
    assert "chưa rõ ý" in citizen.last.replies[0].text
    citizen.tap("Gửi")
    opened = open_complaint(bot_database, receipt_of(citizen), "officer")
    assert opened.told.description == f"{STORY}\n{more}"
    assert opened.told.contact == "0900 000 789"
    assert opened.words[-2][:2] == ("description", more)
    assert "0900 000 789" not in repr(opened.words)


def test_a_denunciation_that_comes_out_under_the_summary_is_warned_of(citizen: Conversation) -> None:
    fill_in(citizen)
    citizen.say("thật ra tôi muốn tố cáo người đó đòi tiền lót tay của tôi")
    assert "không có sự bảo vệ" in citizen.text


def test_a_correction_in_words_opens_that_part(citizen: Conversation) -> None:
    fill_in(citizen)
    citizen.say("sai rồi, sửa ngày")
    assert "khi nào" in citizen.text
    citizen.say("hôm kia")
    assert "hôm kia" in citizen.text


def test_a_code_with_a_wrong_character_is_said_to_be_mistyped(citizen: Conversation) -> None:
    citizen.say("PA-0000-0000-0001")
    assert "sai một ký tự" in citizen.text
