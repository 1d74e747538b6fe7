import pytest

from bot.catalogue.importing.naming import Named, Names
from bot.catalogue.importing.record import RefusedError

POLICE = "Công an tỉnh Phú Thọ"
NAMES = Names(
    [
        Named("9.000001", "Khóa trống điện tử (thực hiện tại cấp tỉnh)", "Bộ Công an"),
        Named("9.000002", "Khóa trống điện tử (thực hiện tại Công an cấp xã)", "Bộ Công an"),
        Named("9.000003", "Thủ tục cấp thẻ trống", "Bộ Công an"),
        Named("9.000004", "Đổi thẻ trống", "Bộ Công an"),
        Named("9.000005", "Đổi thẻ trống.", "Bộ Công an"),
        Named("9.000006", "Đánh trống", "Bộ Văn hóa"),
    ]
)


@pytest.mark.parametrize(
    ("name", "levels", "code"),
    [
        ("Khóa trống điện tử cấp tỉnh", (), "9.000001"),
        ("KHÓA TRỐNG ĐIỆN TỬ", ("ward",), "9.000002"),
        ("Khoá trống điện tử thực hiện tại Công an cấp xã.", ("ward",), "9.000002"),
        ("Cấp thẻ trống", ("province",), "9.000003"),
        ("Cấp  thẻ, trống", (), "9.000003"),
    ],
)
def test_a_procedure_is_found_by_its_name_and_level(name, levels, code):
    assert NAMES.code_of(name, levels, POLICE) == code


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Cấp thẻ chiêng", "no imported record bears its name"),
        ("Đổi thẻ trống", "several records bear its name: 9.000004, 9.000005"),
        ("Khóa trống điện tử", "several records bear its name: 9.000001, 9.000002"),
        ("Đánh trống", "no imported record bears its name"),
    ],
)
def test_a_name_that_is_not_one_procedures_is_refused(name, reason):
    with pytest.raises(RefusedError, match=reason):
        NAMES.code_of(name, (), POLICE)


def test_a_level_that_no_record_has_finds_nothing():
    with pytest.raises(RefusedError, match="no imported record"):
        NAMES.code_of("Khóa trống điện tử cấp bộ", (), POLICE)
