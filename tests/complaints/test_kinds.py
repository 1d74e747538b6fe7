import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.kinds import clear_kind, find_kind, guess_kind, load_kinds
from bot.settings import ROOT
from bot.text.normalise import fold

KINDS = load_kinds(ROOT / "knowledge")
QUESTIONS = {"office", "time", "person", "dossier", "evidence", "contact"}


def key_of(kind):
    return kind.key if kind else None


def test_every_kind_has_a_label_of_its_own_and_known_questions():
    assert len({kind.label for kind in KINDS.values()}) == len(KINDS) > 5
    assert all(set(kind.questions) <= QUESTIONS for kind in KINDS.values())
    assert "other" in KINDS


def test_the_order_of_the_file_is_kept(tmp_path):
    entry = "{label: %s, hints: [], questions: [contact]}"
    (tmp_path / "complaint_kinds.yml").write_text(f"b: {entry % 'Hai'}\na: {entry % 'Một'}\n", encoding="utf-8")
    assert [(kind.key, kind.label) for kind in load_kinds(tmp_path).values()] == [("b", "Hai"), ("a", "Một")]


@pytest.mark.parametrize("key", KINDS)
def test_a_kind_is_found_by_its_key_and_by_its_label_however_it_is_typed(key):
    label = KINDS[key].label
    for answer in (key, label, label.upper(), fold(label), f"  {label}. "):
        assert key_of(find_kind(KINDS, answer)) == key


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ("trễ hạn", "late"),
        ("thai do", "attitude"),
        ("gợi ý quà", "bribery"),
        ("cán bộ vòi tiền lót tay", "bribery"),
        ("họ thu sai, không có biên lai", "fee"),
        ("khen", "praise"),
        ("VNeID bị lỗi", "online_system"),
    ],
)
def test_some_words_of_a_kind_are_enough(answer, key):
    assert key_of(find_kind(KINDS, answer)) == key


@pytest.mark.parametrize("answer", ["", "?", "không", "không biết", "có", "abc xyz", "123"])
def test_an_answer_that_names_no_kind_is_none(answer):
    assert find_kind(KINDS, answer) is None


@pytest.mark.parametrize(
    ("story", "key"),
    [
        ("Hồ sơ của tôi quá hạn hai tuần, lâu chưa có kết quả", "late"),
        ("Cán bộ quát nạt bà cụ", "attitude"),
        ("Xã đòi thêm giấy mà luật không có", "papers"),
        ("họ bắt tôi nộp thêm bản sao hộ khẩu dù không có trong danh mục", "papers"),
        ("Tôi xin cảm ơn cán bộ đã tận tình, chu đáo", "praise"),
        ("Cán bộ gợi ý tôi đưa 500 nghìn thì mới nhận hồ sơ", "bribery"),
        ("khong co tien ca phe la ho lam kho minh hoai", "bribery"),
        ("bắt người già đi ba lần như vậy là bất hợp lý", "regulation"),
    ],
)
def test_a_story_is_guessed_by_the_kind_it_hints_at_most(story, key):
    assert key_of(guess_kind(KINDS, story)) == key


@pytest.mark.parametrize(
    "story",
    [
        "Không biết điều kiện hưởng trợ cấp là gì",
        "Bot gợi ý tôi sang phường khác",
        "Mẫu đơn chữ nhỏ làm khó người già",
        "Thiếu ghế gây khó cho người khuyết tật",
        "Tôi đưa tiền phí 50.000 nhưng máy không in phiếu",
        "tôi không biết điều này",
    ],
)
def test_nobody_is_said_to_ask_for_money_by_words_near_to_it(story):
    assert key_of(clear_kind(KINDS, story)) != "bribery"


def test_a_story_without_hints_is_not_guessed():
    assert guess_kind(KINDS, "tôi có việc muốn nói") is None


def test_a_hint_counts_only_as_whole_words():
    assert key_of(guess_kind(KINDS, "bị hành")) == "attitude"
    assert guess_kind(KINDS, "xuống phía thành phố") is None


@given(st.text(max_size=60))
def test_any_answer_is_a_kind_or_none(text):
    assert find_kind(KINDS, text) in (*KINDS.values(), None)
