import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.anonymise import anonymise
from bot.text.normalise import words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gọi 0912 345 678 hoặc an@vidu.vn", "gọi <sodienthoai> hoặc <thudientu>"),
        ("tôi là Nguyễn Văn An", "tôi là <hoten>"),
        ("nguyen thi muoi o day", "<hoten> o day"),
        ("tên tôi là Lan", "tên tôi là <hoten>"),
        ("hỏi ông Bảy", "hỏi ông <hoten>"),
        ("sinh ngày 15/03/1990", "sinh ngày 00/00/0000"),
        ("ở số nhà 12 ngõ 5 đường Trần Phú", "ở <diachi>"),
        ("xe 51F-123.45", "xe 00F-000.00"),
        ("hồ sơ H19.56.23-251102-0123", "hồ sơ H00.00.00-000000-0000"),
        ("mã PA-A2CD-1234-99XX", "mã PA-0000-0000-0000"),
        ("mã PA-QMMM-FFPD-TZVE", "mã PA-0000-0000-0000"),
        ("số <sodienthoai:abcdefghijkl>", "số <sodienthoai>"),
        ("hai\ndòng", "hai dòng"),
    ],
)
def test_what_may_name_a_person_is_taken_out(text, shown):
    assert anonymise(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "phí 50.000 đồng hay 100000đ",
        "tờ khai CT01, nghị định 123/2015/NĐ-CP, thủ tục 1.001234",
        "Hà Nội có làm không, cao bằng thì sao",
        "Ba tôi mất hôm qua",
        "xử lý đơn thế nào",
        "quá giờ cao điểm",
        "LÊ LỢI CÓ LÀM VIỆC THỨ BẢY KHÔNG",
        "how do I get a copy",
    ],
)
def test_what_names_nobody_stays(text):
    assert anonymise(text) == text


@pytest.mark.parametrize("text", ["hồ sơ H19.56.23-251102-0123 đâu", "mã PA-A2CD-1234-99XX sao", "gọi 0912345678 nhé"])
def test_the_classifier_reads_codes_and_values_as_before(text):
    hidden = text.replace("0912345678", "<sodienthoai:abcdefghijkl>")
    assert words(anonymise(text)) == words(hidden)


@given(st.text(max_size=80))
def test_done_twice_it_changes_nothing_more(text):
    once = anonymise(text)
    assert anonymise(once) == once
    assert "\n" not in once


@given(st.from_regex(r"0[35789][0-9]{8}", fullmatch=True), st.text(alphabet="ab đơn,. ", max_size=20))
def test_no_telephone_number_is_left(number, around):
    assert number not in anonymise(f"{around} {number} {around}")
