"""The citizen's province: heard, asked once, remembered; old names of places."""

import pytest

from tests.conftest import Conversation

pytestmark = pytest.mark.server

ASKS = "Anh/chị làm ở tỉnh nào"
BUTTONS = ["Gia Lai", "Hà Tĩnh", "Khánh Hòa", "Phú Thọ", "Tây Ninh", "Tỉnh khác"]
LAND = "sang tên sổ đỏ mất bao lâu"


def titles(citizen: Conversation) -> list[str]:
    assert citizen.last
    return [button.title for button in citizen.last.replies[-1].buttons]


@pytest.mark.parametrize("question", [LAND, "sang ten so do mat bao lau", "xin giấy phép xây nhà hết bao nhiêu tiền"])
def test_the_province_is_asked_after_an_answer_that_depends_on_it(citizen: Conversation, question: str) -> None:
    answer = citizen.say(question)
    assert answer.log.outcome == "answer"
    assert "Căn cứ" in answer.replies[0].text
    assert ASKS in answer.replies[-1].text
    assert titles(citizen) == BUTTONS


@pytest.mark.parametrize("question", ["đổi căn cước mất bao lâu", "sang tên sổ đỏ cần giấy tờ gì"])
def test_it_is_not_asked_where_it_changes_nothing(citizen: Conversation, question: str) -> None:
    citizen.say(question)
    assert ASKS not in citizen.text


def test_a_tap_completes_the_answer_and_is_remembered(citizen: Conversation) -> None:
    citizen.say(LAND)
    answer = citizen.tap("Gia Lai")
    assert (answer.log.outcome, answer.log.procedure) == ("answer", "dat_sang_ten")
    assert "17,5 ngày làm việc" in citizen.text
    citizen.say("tách thửa mất bao lâu")
    assert "Ở Gia Lai, thời hạn: 19 ngày làm việc" in citizen.text
    assert ASKS not in citizen.text


@pytest.mark.parametrize("told", ["Tây Ninh", "toi o tay ninh a", "em ở Tây Ninh"])
def test_a_typed_province_completes_the_answer_and_what_is_not_checked_is_said(
    citizen: Conversation, told: str
) -> None:
    citizen.say(LAND)
    answer = citizen.say(told)
    assert answer.log.procedure == "dat_sang_ten"
    assert "chưa kiểm tra được" in citizen.text
    assert "Trung tâm Phục vụ hành chính công tỉnh Tây Ninh" in citizen.text
    assert "1800 1096" in citizen.text


@pytest.mark.parametrize("declined", ["Tỉnh khác", None])
def test_it_is_asked_once_also_when_it_was_declined_or_passed_over(citizen: Conversation, declined: str | None) -> None:
    citizen.say(LAND)
    if declined:
        citizen.tap(declined)
        assert "gõ tên tỉnh" in citizen.text
    answer = citizen.say("tách thửa đất mất bao lâu")
    assert answer.log.procedure == "dat_tach_thua"
    assert ASKS not in citizen.text


def test_a_province_named_after_declining_is_still_heard(citizen: Conversation) -> None:
    citizen.say(LAND)
    citizen.tap("Tỉnh khác")
    citizen.say("Lạng Sơn")
    assert "Ở Lạng Sơn, thời hạn: 10 ngày làm việc" in citizen.text


@pytest.mark.parametrize("question", ["ở Gia Lai sang tên sổ đỏ mất bao lâu", "o gia lai sang ten so do mat bao lau"])
def test_a_province_inside_the_question_is_used_at_once(citizen: Conversation, question: str) -> None:
    answer = citizen.say(question)
    assert answer.log.procedure == "dat_sang_ten"
    assert "Ở Gia Lai, thời hạn: 17,5 ngày làm việc" in citizen.text
    assert ASKS not in citizen.text
    assert titles(citizen)


@pytest.mark.parametrize(
    "message, became",
    [
        ("tôi ở huyện Tây Sơn, Bình Định", "Bình Định nay thuộc tỉnh Gia Lai"),
        ("toi o huyen tay son, binh dinh", "Bình Định nay thuộc tỉnh Gia Lai"),
        ("tôi ở huyện Vĩnh Tường, Vĩnh Phúc", "nay thuộc tỉnh Phú Thọ"),
        ("em ở Hải Dương", "Hải Dương thuộc Hải Phòng"),
        ("xã Cẩm Duệ, huyện Cẩm Xuyên", "Nay là xã Cẩm Duệ, tỉnh Hà Tĩnh"),
    ],
)
def test_what_became_of_an_old_place_is_said(citizen: Conversation, message: str, became: str) -> None:
    answer = citizen.say(message)
    assert became in answer.replies[0].text
    assert len(answer.replies) == 2


def test_what_became_of_it_comes_before_the_answer(citizen: Conversation) -> None:
    answer = citizen.say("tôi ở huyện Tây Sơn, Bình Định, sang tên sổ đỏ mất bao lâu")
    assert answer.log.procedure == "dat_sang_ten"
    assert "Bình Định nay thuộc tỉnh Gia Lai" in answer.replies[0].text
    assert "Căn cứ" in answer.replies[1].text
    assert "Ở Gia Lai" in answer.replies[-1].text


@pytest.mark.parametrize("place", ["ở Quy Nhơn", "o quy nhon", "tại huyện Cẩm Xuyên, Hà Tĩnh"])
def test_a_place_does_not_change_the_procedure(citizen: Conversation, place: str) -> None:
    answer = citizen.say(f"đăng ký khai sinh {place} cần giấy tờ gì")
    assert (answer.log.intent, answer.log.procedure) == ("ask_procedure_documents", "khai_sinh")


def test_the_centres_of_a_known_province_are_named(citizen: Conversation) -> None:
    citizen.say("tôi ở Gia Lai")
    answer = citizen.say("bộ phận một cửa ở đâu")
    assert answer.log.topic == "one_stop_location"
    assert "127 Hai Bà Trưng, phường Quy Nhơn" in answer.replies[-1].text
    assert titles(citizen)


def test_an_address_that_is_not_verified_is_not_given(citizen: Conversation) -> None:
    citizen.say("tôi ở Khánh Hòa")
    answer = citizen.say("bộ phận một cửa ở đâu")
    assert "Tỉnh Khánh Hòa" in answer.replies[-1].text
    assert "26 Hoàng Hoa Thám" not in citizen.text


@pytest.mark.parametrize("question", ["trung tâm hành chính công mấy giờ mở cửa", "cho xin số đường dây nóng"])
def test_hours_and_hotlines_that_are_not_known_are_not_made_up(citizen: Conversation, question: str) -> None:
    citizen.say("tôi ở Phú Thọ")
    answer = citizen.say(question)
    assert "Phú Thọ" in answer.replies[-1].text
    assert "chưa có thông tin riêng đã kiểm tra" in answer.replies[-1].text


def test_danger_comes_first_whatever_place_it_names(citizen: Conversation) -> None:
    answer = citizen.say("cháy nhà ở Quy Nhơn rồi cứu với")
    assert answer.log.topic == "emergency"
    assert "113" in answer.replies[0].text


def test_the_weather_of_a_place_tells_nothing(citizen: Conversation) -> None:
    answer = citizen.say("thời tiết Quy Nhơn hôm nay")
    assert answer.log.outcome == "out_of_scope"
    assert len(answer.replies) == 1
    citizen.say(LAND)
    assert ASKS in citizen.text


def test_a_tap_in_the_middle_of_feedback_is_kept_and_the_question_asked_again(citizen: Conversation) -> None:
    citizen.say(LAND)
    tapped = citizen.button("Gia Lai")
    citizen.say("gửi phản ánh")
    citizen.press(tapped)
    assert "17,5 ngày làm việc" in citizen.text
    assert citizen.last
    assert citizen.last.log.outcome == "form"
    citizen.say("hủy")
    citizen.say("tách thửa mất bao lâu")
    assert "Ở Gia Lai" in citizen.text


def test_a_place_in_feedback_is_where_it_happened(citizen: Conversation) -> None:
    citizen.say("gửi phản ánh")
    citizen.say("Cán bộ một cửa ở Bình Định quát tháo người dân suốt buổi sáng")
    assert "nay thuộc" not in citizen.text
