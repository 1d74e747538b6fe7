import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.answer_checks import EMPTY, PERSONAL, SHORT, UNFILLED, find_warnings


@pytest.mark.parametrize(
    "text",
    [
        "Trung tâm đã tiếp nhận phản ánh của anh/chị và sẽ xử lý theo đúng quy định. Trân trọng cảm ơn.",
        "Xin ghi nhận ý kiến đóng góp của anh/chị, trung tâm sẽ xem xét trong thời gian tới.",
        "Việc này cơ quan chức năng đang phối hợp giải quyết, mong anh/chị thông cảm và chờ đợi.",
    ],
)
def test_words_that_say_nothing_are_noticed(text):
    assert find_warnings(text) == [EMPTY]


@pytest.mark.parametrize(
    "text",
    [
        "Kết quả đã có từ ngày 20/11/2026, anh/chị đến nhận trong giờ hành chính giúp chúng tôi.",
        "Anh/chị đến bộ phận một cửa phường Tân An, mang theo giấy hẹn, để nhận kết quả còn thiếu.",
        "Chúng tôi đã hoàn lại khoản thu sai và làm việc với cán bộ thu. Xin lỗi anh/chị về việc này.",
        "Theo Quyết định 12/QĐ-UBND thì khoản này không thu; người thu sai phải trả lại cho anh/chị.",
        "Toi da goi cho xa, ket qua se duoc tra trong tuan nay, anh chi khong can di lai lan nua.",
    ],
)
def test_an_answer_that_says_something_passes(text):
    assert find_warnings(text) == []


def test_personal_values_are_noticed():
    text = "Ngày 20/11 chúng tôi đã gọi số 0912345678 của anh/chị mà không gặp được ai cả."
    assert find_warnings(text) == [PERSONAL]


@pytest.mark.parametrize("text", ["", "Rồi.", "đã trả"])
def test_too_few_words_are_noticed(text):
    assert SHORT in find_warnings(text)


@given(st.text())
def test_no_text_breaks_it(text):
    assert set(find_warnings(text)) <= {EMPTY, PERSONAL, SHORT, UNFILLED}
