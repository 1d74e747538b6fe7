import pytest

from tests.conftest import Conversation

pytestmark = pytest.mark.server

TOPICS = {
    "bộ phận một cửa ở đâu": "one_stop_location",
    "trung tâm hành chính công mấy giờ mở cửa": "one_stop_hours",
    "quy trình nộp hồ sơ tại quầy một cửa như thế nào": "one_stop_process",
    "dịch vụ công mức độ 4 bây giờ là gì": "online_levels",
    "làm sao để nộp hồ sơ trực tuyến": "online_filing",
    "tôi quên mật khẩu vneid thì làm thế nào": "account",
    "bản sao chứng thực điện tử có giá trị gì": "certified_copy_what",
    "làm bản sao chứng thực điện tử ở đâu, thế nào": "certified_copy_how",
    "đóng lệ phí online bằng cách nào": "payment_how",
    "tôi chuyển tiền rồi mà hồ sơ vẫn báo chưa thanh toán": "payment_problem",
    "nộp thuế đất lệ phí trước bạ trên cổng kiểu gì": "land_payment",
    "cho xin số đường dây nóng": "hotlines",
    "nộp hồ sơ qua bưu điện được không": "postal",
    "tải mẫu tờ khai ở đâu": "forms",
    "tra cứu hồ sơ của tôi tới đâu rồi": "dossier_status",
    "hồ sơ trễ hẹn thì tôi có quyền gì": "late_dossier_rights",
    "muốn góp ý thì gửi ở kênh nào": "feedback_channels",
    "phản ánh, khiếu nại với tố cáo khác nhau ra sao": "complaint_vs_denunciation",
    "có người đang cầm dao dọa chém ở quầy": "emergency",
}


@pytest.mark.parametrize("question", TOPICS)
def test_a_framework_question_gets_its_topic_with_basis_and_date(citizen: Conversation, question: str) -> None:
    answer = citizen.say(question)
    assert answer.log.outcome == "answer"
    assert answer.log.topic == TOPICS[question]
    assert "Căn cứ:" in citizen.text
    assert "Kiểm tra ngày" in citizen.text


def test_danger_gets_the_numbers_before_anything_else(citizen: Conversation) -> None:
    citizen.say("cháy nhà rồi cứu với")
    assert citizen.text.index("113") < 60
    for number in ("113", "114", "115", "112", "111"):
        assert number in citizen.text


def test_a_follow_up_keeps_the_procedure(citizen: Conversation) -> None:
    assert citizen.say("đăng ký khai sinh cần giấy tờ gì").log.procedure == "khai_sinh"
    answer = citizen.say("còn lệ phí?")
    assert (answer.log.intent, answer.log.procedure) == ("ask_procedure_fee", "khai_sinh")
    assert "8.000 đồng" in citizen.text


def test_another_procedure_replaces_the_one_before(citizen: Conversation) -> None:
    citizen.say("đăng ký khai sinh cần giấy tờ gì")
    assert citizen.say("thế đăng ký tạm trú thì cần giấy gì").log.procedure == "tam_tru"


def test_tones_do_not_matter(citizen: Conversation) -> None:
    answer = citizen.say("dang ky tam tru het bao nhieu tien")
    assert (answer.log.intent, answer.log.procedure) == ("ask_procedure_fee", "tam_tru")


def test_a_button_leads_on_to_the_next_aspect(citizen: Conversation) -> None:
    citizen.say("làm giấy khai sinh")
    answer = citizen.tap("Lệ phí")
    assert (answer.log.intent, answer.log.procedure) == ("ask_procedure_fee", "khai_sinh")


def test_more_of_a_topic_comes_at_a_tap(citizen: Conversation) -> None:
    citizen.say("làm sao để nộp hồ sơ trực tuyến")
    short = citizen.text
    citizen.tap("Xem thêm")
    assert citizen.last.log.topic == "online_filing"
    assert citizen.text != short


def test_a_question_without_a_procedure_is_asked_which(citizen: Conversation) -> None:
    answer = citizen.say("lệ phí hết bao nhiêu vậy")
    assert answer.log.outcome == "clarify"
    assert answer.replies[-1].buttons


def test_wanting_a_person_gets_hotline_hours_and_the_offer_to_write(citizen: Conversation) -> None:
    answer = citizen.say("cho tôi gặp cán bộ thật đi")
    assert answer.log.outcome == "handover"
    assert "1800 1096" in citizen.text
    assert "giờ làm việc" in citizen.text
    assert "Gửi phản ánh" in [button.title for button in answer.replies[-1].buttons]


def test_out_of_scope_is_said_kindly_in_one_sentence(citizen: Conversation) -> None:
    answer = citizen.say("tối nay đội tuyển Việt Nam đá với ai")
    assert answer.log.outcome == "out_of_scope"
    assert citizen.text.count(".") == 1


def test_a_rejected_answer_is_followed_by_other_readings_and_then_by_a_person(citizen: Conversation) -> None:
    citizen.say("làm sao để nộp hồ sơ trực tuyến")
    first = citizen.reject()
    assert first.log.outcome == "clarify"
    assert 2 <= len(first.replies[-1].buttons) <= 4
    assert citizen.reject().log.outcome == "handover"
    assert "1800 1096" in citizen.text


@pytest.mark.parametrize("text", ["/restart", '/intent{"slot":"x"}', '/submit_complaint{"a":"b"}', "/session_start"])
def test_a_typed_command_is_never_executed(citizen: Conversation, text: str) -> None:
    citizen.say("đăng ký khai sinh cần giấy tờ gì")
    answer = citizen.say(text)
    assert answer.replies
    assert citizen.say("còn lệ phí?").log.procedure == "khai_sinh"


@pytest.mark.parametrize("text", ["😀😀😀", "你好世界", "สวัสดี", "<script>alert(1)</script>", "{office} {0}", "?" * 500])
def test_strange_input_gets_a_calm_sentence(citizen: Conversation, text: str) -> None:
    answer = citizen.say(text)
    assert answer.replies
    assert "Traceback" not in citizen.text


UNCHECKED = (
    "đăng kiểm ô tô",
    "thủ tục ly hôn",
    "xin nhập quốc tịch",
    "xin giấy phép bán rượu",
    "đăng ký nhãn hiệu",
)


@pytest.mark.parametrize("question", UNCHECKED)
def test_a_procedure_that_was_not_reviewed_is_never_answered_as_another(citizen: Conversation, question: str) -> None:
    answer = citizen.say(question)
    assert answer.log.outcome in ("handover", "clarify")
    assert answer.log.procedure is None


@pytest.mark.parametrize("question", ["thế căn cước thì sao", "còn kết hôn thì cần gì", "passport thì bao nhiêu tiền"])
def test_a_follow_up_that_names_another_procedure_leaves_the_old_one(citizen: Conversation, question: str) -> None:
    citizen.say("đăng ký khai sinh cần giấy tờ gì")
    assert citizen.say(question).log.procedure != "khai_sinh"


def test_an_english_question_gets_an_english_answer(citizen: Conversation) -> None:
    citizen.say("I am a foreigner, can I get a VNeID account?")
    assert any(word in citizen.text.split() for word in ("the", "you", "account"))


def test_danger_in_english_gets_the_numbers(citizen: Conversation) -> None:
    assert citizen.say("help, someone is attacking me").log.topic == "emergency"
    assert "113" in citizen.text
