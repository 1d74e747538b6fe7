import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.wordings import Namer, WordingIndex, plain

NAMES = {
    "book": ("Sổ hộ khẩu", "sổ hộ khẩu giấy còn dùng không"),
    "prices": ("Bảng giá đất", "tra giá đất ở đâu"),
    "baby": ("Mới sinh con", "vợ tôi mới sinh", "nhà có em bé"),
}
NAMER = Namer(NAMES)


@pytest.mark.parametrize(
    "text, key",
    [
        ("sổ hộ khẩu", "book"),
        ("so ho khau giay con dung k", "book"),
        ("bảng giá đất năm nay", "prices"),
        ("vợ em mới sinh", "baby"),
        ("hôm nay trời đẹp", None),
        ("đất", None),
        ("", None),
        ("???", None),
    ],
)
def test_a_message_names_the_thing_it_is_nearest_to(text, key):
    found = NAMER.find(text)
    assert (found[0] if found else None) == key


def test_a_story_that_holds_a_wording_names_nothing():
    story = "Tôi lên phường hỏi chuyện khác thì cán bộ nhắc tới sổ hộ khẩu rồi bắt tôi về lấy thêm giấy tờ nữa"
    assert NAMER.find(story) is None


def test_between_two_things_none_is_named():
    twins = Namer({"a": ("giấy xác nhận cư trú",), "b": ("giấy xác nhận cư trú",)})
    assert twins.find("giấy xác nhận cư trú") is None


def test_without_names_nothing_is_found():
    assert Namer({}).find("sổ hộ khẩu") is None


@given(st.text(max_size=60))
def test_any_text_gets_scores_from_0_to_1(text):
    scores = WordingIndex({key: [plain(one) for one in own] for key, own in NAMES.items()}).score(plain(text))
    assert scores.shape == (3,)
    assert ((scores >= 0) & (scores <= 1 + 1e-9)).all()
