import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.loader import load_knowledge
from bot.catalogue.places import Places
from bot.catalogue.search import ProcedureSearch, match_procedure
from bot.settings import ROOT
from bot.text.normalise import fold

KNOWLEDGE = load_knowledge(ROOT / "knowledge")[0]
PLACES = Places(KNOWLEDGE)
NAMES = [
    *(name for province in KNOWLEDGE.provinces.values() for name in (province.name, *province.synonyms)),
    *(name for province in KNOWLEDGE.provinces.values() for name in province.former),
    *(name for old in KNOWLEDGE.old_places if old.province for name in (old.name, *old.synonyms)),
]


def province_of(text):
    found = PLACES.find(text)
    return found and found.province


def said_of(text):
    found = PLACES.find(text)
    return found and found.place.old and found.place.old.name


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.title, fold, lambda name: fold(name).upper()])
@pytest.mark.parametrize("name", NAMES)
def test_any_casing_with_tones_or_without_finds_the_same_place(name, spelling):
    assert PLACES.find(f"tôi ở {spelling(name)}") == PLACES.find(f"tôi ở {name}")
    assert PLACES.find(f"tôi ở {name}").province


@given(st.text())
def test_any_text_is_searched_without_an_error(text):
    found = PLACES.find(text)
    assert found is None or len(found.rest) <= len(text) + 1


def test_every_old_name_leads_to_its_own_province_and_words():
    olds = [old for old in KNOWLEDGE.old_places if old.province]
    assert [(old.name, PLACES.find(old.name).province, said_of(old.name)) for old in olds] == [
        (old.name, old.province, old.name) for old in olds
    ]


def test_every_former_province_leads_to_the_one_it_went_into():
    for province in KNOWLEDGE.provinces.values():
        assert {province_of(f"tỉnh {former}") for former in province.former} <= {province.key}


@pytest.mark.parametrize(
    "text, province, old",
    [
        ("tôi ở huyện Tây Sơn, Bình Định", "gia-lai", "tỉnh Bình Định"),
        ("toi o huyen tay son binh dinh", "gia-lai", "tỉnh Bình Định"),
        ("xã Tây Vinh, huyện Tây Sơn, tỉnh Bình Định", "gia-lai", "tỉnh Bình Định"),
        ("TP. Quy Nhơn", "gia-lai", "thành phố Quy Nhơn"),
        ("phường Quy Nhơn", "gia-lai", None),
        ("Quy Nhơn, tỉnh Gia Lai", "gia-lai", "thành phố Quy Nhơn"),
        ("Gia Lai", "gia-lai", None),
        ("gia lai cũ", "gia-lai", "tỉnh Gia Lai (cũ)"),
        ("ở Hoà Bình", "phu-tho", "tỉnh Hòa Bình"),
        ("Hòa Bình", "phu-tho", "tỉnh Hòa Bình"),
        ("tp.hcm", "ho-chi-minh", None),
        ("thành phố Đà Nẵng", "da-nang", None),
        ("xã Cẩm Duệ, huyện Cẩm Xuyên", "ha-tinh", "xã Cẩm Duệ, huyện Cẩm Xuyên"),
        ("vào dichvucong.binhdinh.gov.vn không được", "gia-lai", "dichvucong.binhdinh.gov.vn"),
        ("đất ở Gia Lai mà hộ khẩu Hà Nội", "gia-lai", None),
    ],
)
def test_the_longest_name_counts(text, province, old):
    assert (province_of(text), said_of(text)) == (province, old)


@pytest.mark.parametrize(
    "text",
    [
        "khai sinh cần giấy gì",
        "mong thế giới hòa bình",
        "dong thap nhat bao nhieu tien",
        "giấy xác nhận hợp đồng tháp",
        "nhà hàng làm hai phòng hát",
        "tài khoản việt nam định danh",
        "đường Điện Biên Phủ",
        "phường Bình Định",
        "quận còn không",
    ],
)
def test_what_only_looks_like_a_place_is_none(text):
    assert PLACES.find(text) is None


@pytest.mark.parametrize("text", ["từ Hà Nội về Gia Lai", "hộ khẩu Nghệ An, hộ khẩu Cà Mau"])
def test_two_provinces_tell_nothing(text):
    found = PLACES.find(text)
    assert (found.province, found.place.old, found.alone) == (None, None, False)


def test_a_district_of_an_unknown_province_is_told_of():
    assert said_of("tôi ở huyện Củ Chi thì nộp ở đâu").startswith("huyện, quận")
    assert PLACES.find("tôi ở huyện Củ Chi thì nộp ở đâu").rest == "tôi thì nộp ở đâu"
    assert PLACES.find("ở quận 3 làm khai sinh").rest == "làm khai sinh"
    assert PLACES.find("TÔI Ở HUYỆN CỦ CHI") is None
    assert PLACES.find("nộp ở huyện được không") is None


@pytest.mark.parametrize(
    "text, rest, alone",
    [
        ("ở Quy Nhơn làm khai sinh thế nào?", "làm khai sinh thế nào?", False),
        ("làm khai sinh tại xã Tây Vinh, huyện Tây Sơn, tỉnh Bình Định", "làm khai sinh", False),
        ("ông xã người Bình Định, đăng ký kết hôn", "ông xã người, đăng ký kết hôn", False),
        ("tôi ở huyện Tây Sơn, Bình Định", "tôi", True),
        ("Tây Ninh", "", True),
        ("dạ em ở Tây Ninh ạ", "dạ em ạ", True),
        ("Bình Định nay thuộc tỉnh nào", "nay thuộc tỉnh nào", False),
    ],
)
def test_what_is_left_of_a_message_is_what_it_asks(text, rest, alone):
    found = PLACES.find(text)
    assert (found.rest, found.alone) == (rest, alone)


@pytest.mark.parametrize("place", ["ở Quy Nhơn", "o quy nhon", "tại huyện Tây Sơn, tỉnh Bình Định"])
def test_a_place_beside_a_procedure_keeps_the_match(place):
    search = ProcedureSearch(KNOWLEDGE.names(), KNOWLEDGE.wordings, KNOWLEDGE.elsewhere())
    names = [procedure.name for procedure in KNOWLEDGE.procedures.values()]
    matches = [match_procedure(search, PLACES.find(f"{name} {place}").rest).sure for name in names]
    assert [match and match.name for match in matches] == names
