import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.fees import number_of, read_fee
from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Fee
from tests.catalogue.importing.samples import CHANNELS, detail_with_channel, flat, normalised, page, read, record_of


def fee_of(value, text="", **more):
    notes = Notes()
    return read_fee(value, text, notes, **more), {rule for rule, _ in notes}


@pytest.mark.parametrize("value", [0, None])
def test_zero_and_null_are_not_free_and_the_text_is_kept(value):
    fee = fee_of(value, "Thu theo lượt: 5.000 đồng")[0]
    assert fee == Fee("text", "Thu theo lượt: 5.000 đồng")


def test_zero_without_a_text_says_only_that_the_number_is_zero():
    assert (fee_of(0)[0], fee_of(None)[0]) == (Fee("zero"), Fee("unknown"))


@pytest.mark.parametrize(
    "text",
    [
        "Theo quy định của HĐND tỉnh",
        "Hội đồng nhân dân cấp tỉnh quy định.",
        "Theo Quy định",
        "Theo quy định của Luật phí và lệ phí",
        "Do Bộ Tài chính quy định",
    ],
)
def test_a_fee_set_by_the_province_or_by_another_rule_is_local(text):
    assert fee_of(0, text)[0] == Fee("local", text)


def test_a_fee_of_the_province_keeps_its_number():
    assert fee_of(30000, "Nghị quyết của HĐND tỉnh")[0] == Fee("local", "Nghị quyết của HĐND tỉnh", 30000, "VND")


def test_an_amount_that_cites_its_rule_is_an_amount():
    assert fee_of(4000000, "theo quy định tại Thông tư 10/2024/TT-BTC")[0].kind == "amount"


def test_dollars_are_not_dong():
    assert fee_of(25, "một lần", currency="USD") == (Fee("foreign", "một lần", 25, "USD"), {"foreign_currency"})


@pytest.mark.parametrize("value", [700, 135, 25, 1])
def test_a_number_under_a_thousand_is_one_of_thousands_and_is_not_shown(value):
    assert fee_of(value) == (Fee("unknown"), {"thousands"})
    assert fee_of(value, "135.000 đồng/lần")[0] == Fee("text", "135.000 đồng/lần")


def test_a_thousand_dong_is_an_amount():
    assert fee_of(1000, kind="FEE") == (Fee("amount", "", 1000, "VND", "lệ phí"), set())


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,200,000", 1200000), ("20.000", 20000), ("1.5", 1.5), ("700", 700), ("1100,000", None), ("1,2,3", None)],
)
def test_numbers_are_read_with_their_separators(text, number):
    assert number_of(text) == number


def test_the_portals_own_records_are_read_by_these_rules():
    fees = [{"value": None, "description": "HĐND tỉnh"}, {"value": 10, "currencyName": "USD", "description": ""}]
    assert [fee.kind for fee in record_of(detail_with_channel(fees=fees)).channels[0].fees] == ["local", "foreign"]
    assert record_of(normalised()).channels[0].fees[0].kind == "local"


def flat_fees(cells):
    found = read(flat(raw_text=page(channels=f"{CHANNELS}Trực tiếp5 Ngày{cells}")))
    return found.record.channels[0].fees, {rule for rule, _ in found.notes}


def test_free_of_charge_on_the_page_is_only_the_number_zero():
    assert flat_fees("Miễn phí")[0] == (Fee("zero"),)
    assert flat_fees("Miễn phí(Do HĐND tỉnh quyết định)")[0] == (Fee("local", "Do HĐND tỉnh quyết định"),)


def test_seven_hundred_dong_on_the_page_are_thousands():
    assert flat_fees("700 VNĐ(Bảy trăm nghìn)") == ((Fee("text", "Bảy trăm nghìn"),), {"thousands"})


def test_several_fees_of_a_channel_are_told_apart():
    fees = flat_fees("10,000 Việt Nam Đồng(trống (nhỏ))20,000 VNĐ(trống to)Nộp tại xã")[0]
    assert [(fee.value, fee.text) for fee in fees] == [(10000, "trống (nhỏ)"), (20000, "trống to")]


@given(st.none() | st.floats(0, 1e12), st.text(), st.sampled_from(["", "USD", "Việt Nam Đồng"]))
def test_a_fee_never_has_the_value_zero_and_never_loses_its_text(value, text, currency):
    fee = read_fee(value, text, Notes(), currency)
    assert fee.value != 0
    assert fee.text == text
    assert (fee.value is None) or fee.value == value
