from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.mask import find_personal_values


@pytest.mark.parametrize("text", ["PA-0000-0000-0000", "xem giúp pa-1234-5678-9012 với"])
def test_a_receipt_code_of_digits_is_no_identity_number(text):
    assert find_personal_values(text) == []


def digits(count):
    return st.text(alphabet="0123456789", min_size=count, max_size=count)


def in_groups(number, sizes, gap):
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return gap.join(number[start : start + size] for start, size in zip(starts, sizes, strict=True))


mobiles = digits(8).flatmap(lambda rest: st.sampled_from([f"0{d}{rest}" for d in "35789"]))
phones = st.builds(
    in_groups,
    mobiles,
    st.sampled_from([(10,), (4, 3, 3), (3, 3, 4), (4, 2, 2, 2), (2, 2, 2, 2, 2), (3, 7)]),
    st.sampled_from([" ", ".", "-"]),
)
identities = st.builds(
    in_groups, digits(11).map(lambda rest: "0" + rest), st.sampled_from([(12,), (3, 3, 3, 3)]), st.sampled_from(" .")
)
emails = st.from_regex(r"[a-z][a-z0-9._+-]{0,15}@[a-z0-9]{1,8}\.(?:com|vn|gov\.vn)", fullmatch=True)
accounts = digits(9).map(lambda number: f"stk: {number}")

days = st.builds(
    "{1}{0}{2}{0}{3}{4}".format,
    st.sampled_from("/-."),
    st.one_of(st.integers(1, 31), st.integers(1, 31).map("{:02}".format)),
    st.one_of(st.integers(1, 12), st.integers(1, 12).map("{:02}".format)),
    st.integers(1900, 2099),
    st.sampled_from(["", " 10h30", " 08:15", " lúc 9 giờ", " 14 giờ"]),
)
moments = st.sampled_from(["2026-11-22", "7h30-11h30", "07:30 - 11:30", "năm 2025", "tháng 11/2026", "thứ 2"])
amounts = st.builds(
    lambda number, look, unit: look(number) + unit,
    st.integers(1, 999_999_999_999),
    st.sampled_from([str, "{:,}".format, lambda n: f"{n:,}".replace(",", "."), lambda n: f"{n:,}".replace(",", " ")]),
    st.sampled_from([" đồng", "đ", " VND", " vnđ", "₫", " dong"]),
)
dossiers = st.from_regex(
    r"(?:[HG]\d{2}|000)(?:\.[0-9]{2,3}){0,4}-\d{6}-\d{4,7}|0{2}\.\d{2}-\d{6}-\d{4}", fullmatch=True
).filter(str.isascii)
procedures = st.from_regex(r"[123]\.[0-9]{6}(?:\.H[0-9]{2})?", fullmatch=True)
receipts = st.from_regex(r"PA-[A-HJKM-NP-TV-Z][0-9]{3}-[0-9]{4}-[0-9]{3}[A-H]", fullmatch=True)
harmless = st.one_of(days, moments, amounts, dossiers, procedures, receipts, st.sampled_from(["hồ sơ", "nộp", "trễ"]))


@given(st.lists(harmless, max_size=5).map(", ".join))
def test_codes_days_and_amounts_of_money_are_never_taken(text):
    assert find_personal_values(text) == []


@given(
    st.one_of(
        st.tuples(st.just("sodienthoai"), phones),
        st.tuples(st.just("sodinhdanh"), identities),
        st.tuples(st.just("thudientu"), emails),
    ),
    st.lists(harmless, max_size=3),
    st.lists(harmless, max_size=3),
)
def test_a_personal_value_is_found_among_harmless_numbers(personal, before, after):
    kind, value = personal
    text = ", ".join([*before, value, *after])
    assert [(found.kind, found.value) for found in find_personal_values(text)] == [(kind, value)]


@given(st.lists(st.one_of(phones, identities, emails, accounts, harmless, st.text(max_size=8)), max_size=8), st.data())
def test_found_values_are_in_order_and_never_overlap(pieces, data):
    text = data.draw(st.sampled_from(["", " ", ", "])).join(pieces)
    found = find_personal_values(text)
    assert all(left.end <= right.start for left, right in pairwise(found))
    assert all(text[value.start : value.end] == value.value != "" for value in found)


@pytest.mark.parametrize(
    "text, kind, value",
    [
        ("gọi +84 912 345 678 nhé", "sodienthoai", "+84 912 345 678"),
        ("84912345678", "sodienthoai", "84912345678"),
        ("máy bàn 024 3825 1234", "sodienthoai", "024 3825 1234"),
        ("sdt0912345678", "sodienthoai", "0912345678"),
        ("ĐT.0912.345.678.", "sodienthoai", "0912.345.678"),
        ("sđt-0912345678", "sodienthoai", "0912345678"),
        ("0912345678 đồng ý để lại", "sodienthoai", "0912345678"),
        ("CMND cũ 123456789 đ/c xã Tân Hòa", "sodinhdanh", "123456789"),
        ("cccd001099001234", "sodinhdanh", "001099001234"),
        ("gửi pa 001099001234", "sodinhdanh", "001099001234"),
        ("0010 9900 1234", "sodinhdanh", "0010 9900 1234"),
        ("hộ chiếu C1234567", "sodinhdanh", "C1234567"),
        ("số tài khoản: 1903 4567 8901 23 ở ngân hàng", "sotaikhoan", "1903 4567 8901 23"),
        ("so tk 0071000123456", "sotaikhoan", "0071000123456"),
        ("nam.1.1.1990@gmail.com", "thudientu", "nam.1.1.1990@gmail.com"),
    ],
)
def test_a_personal_value_is_found_as_people_write_it(text, kind, value):
    assert [(found.kind, found.value) for found in find_personal_values(text)] == [(kind, value)]


def test_a_number_after_a_day_is_still_found():
    found = find_personal_values("hẹn 05-07-2026 0912345678, tài khoản 15.500.000.000 đồng")
    assert [value.value for value in found] == ["0912345678"]


@pytest.mark.parametrize(
    "text",
    ["lúc 05-07-2026 10 giờ", "05.07.2026 14h30", "00.19-261008-0975", "tài khoản 1.004194 02 ngày", "2023 2024 2025"],
)
def test_what_only_looks_like_a_personal_number_is_left_alone(text):
    assert find_personal_values(text) == []


def test_tokens_of_the_vault_are_left_alone():
    assert find_personal_values("gọi <sodienthoai:091234567812> hoặc <thudientu:4f9k2m7qab12>") == []


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["0", "a", "1.", "0 ", "a.b", "đ", "1 000 ", "stk ", "H15.", "@a."])
def test_a_message_of_the_longest_length_is_searched_at_once(piece):
    find_personal_values((piece * 4000)[:4000])
