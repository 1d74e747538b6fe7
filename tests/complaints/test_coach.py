from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.coach import find_office, find_person, find_time, shared_words, understand, with_day
from bot.text.normalise import clean, fold

TODAY = date(2026, 11, 22)
PIECES = (
    *("hôm qua", "ngày 12/11", "ở phường", "ở UBND xã Cẩm Duệ", "Sở Xây dựng", "chị Lan", "cán bộ tên", "Nguyễn Văn A"),
    *("quầy số 3", "thứ hai", "lần", "2 tháng nay", "không có biên lai", "bắt tôi", ",", ".", "\n", "TÔI", "một cửa"),
    *("tỉnh", "Hà Tĩnh", "😀", "12/11/1990"),
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join))


@pytest.mark.parametrize(
    ("text", "office"),
    [
        ("Cán bộ ở phường bắt tôi đi lại 3 lần", None),
        ("ở xã", None),
        ("hôm qua ở UBND xã Cẩm Duệ, chị Lan quát tôi", "UBND xã Cẩm Duệ"),
        ("tại phường Bến Thủy bị quát", "phường Bến Thủy"),
        ("o phuong ben thuy bat toi di lai", "phuong ben thuy"),
        ("ở phường bến thủy, họ quát tôi", "phường bến thủy"),
        ("Sở Xây dựng Khánh Hòa hẹn 3 lần", "Sở Xây dựng Khánh Hòa"),
        ("bộ phận một cửa phường Trường Vinh thái độ kém", "bộ phận một cửa phường Trường Vinh"),
        ("TÔI Ở PHƯỜNG BẾN THỦY BỊ QUÁT", "PHƯỜNG BẾN THỦY"),
        ("công an phường Tân Phong, ông Hùng", "công an phường Tân Phong"),
        ("nhà tôi ở xa lắm", None),
        ("", None),
    ],
)
def test_an_office_is_found_with_its_name_and_never_without(text, office) -> None:
    assert find_office(text) == office


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("hôm qua họ quát", "hôm qua"),
        ("HÔM QUA họ quát", "HÔM QUA"),
        ("hom kia can bo quat", "hom kia"),
        ("nộp ngày 12/11/2026 rồi", "ngày 12/11/2026"),
        ("hồ sơ 2 tháng nay chưa xong", "2 tháng nay"),
        ("thứ hai tuần trước", "thứ hai tuần trước"),
        ("sáng nay", "sáng nay"),
        ("cách đây 3 tuần", "cách đây 3 tuần"),
        ("lần thứ hai rồi", None),
        ("sinh ngày 12/11/1990", None),
        ("mất 3/4 giấy tờ", None),
        ("hồ sơ H44.34-251105-0021", None),
    ],
)
def test_a_time_is_found_as_it_was_written(text, time) -> None:
    assert find_time(text) == time


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("hôm nay", "hôm nay (22/11/2026)"),
        ("hôm qua", "hôm qua (21/11/2026)"),
        ("chieu hom kia", "chieu hom kia (20/11/2026)"),
        ("tối qua", "tối qua (21/11/2026)"),
        ("tuần trước", "tuần trước"),
        ("hôm qua (21/11/2026)", "hôm qua (21/11/2026)"),
    ],
)
def test_a_day_is_added_only_where_the_words_give_one(told, shown) -> None:
    assert with_day(told, TODAY) == shown


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("chị Lan quát tôi", "chị Lan"),
        ("cán bộ tên Nguyễn Văn A đòi tiền", "cán bộ tên Nguyễn Văn A"),
        ("cán bộ quát tôi", None),
        ("anh chị cho hỏi", None),
        ("bà con rất bức xúc", None),
        ("CHỊ LAN QUÁT TÔI", None),
    ],
)
def test_a_person_is_found_by_name_only(text, person) -> None:
    assert find_person(text) == person


@pytest.mark.parametrize(
    ("text", "evidence"),
    [("tôi có ghi âm", True), ("toi co anh chup", True), ("anh can bo quat toi", False), ("không có biên lai", False)],
)
def test_what_is_denied_is_no_evidence(text, evidence) -> None:
    assert understand(text, TODAY).evidence is evidence


def test_a_complaint_about_the_centre_itself_is_noticed() -> None:
    assert understand("trung tâm phục vụ hành chính công làm ăn chậm", TODAY).centre
    assert not understand("ủy ban xã làm ăn chậm", TODAY).centre


def test_what_two_complaints_share_is_said_in_words_of_the_dictionary_only() -> None:
    other = fold("Cổng báo lỗi khi chị Lan số 0912 thanh toán")
    assert shared_words(("báo lỗi", "thanh toán", "đăng nhập"), "thanh toán cứ báo lỗi", other) == (
        "báo lỗi",
        "thanh toán",
    )


@given(TEXTS)
def test_whatever_is_found_stands_in_the_text(text) -> None:
    said = " ".join(clean(text).split())
    for found in (find_office(text), find_person(text), find_time(text)):
        assert found is None or " ".join(found.split()) in said


@given(TEXTS)
def test_reading_a_found_day_again_changes_nothing(text) -> None:
    told = understand(text, TODAY).happened
    assert told is None or with_day(told, TODAY) == told
