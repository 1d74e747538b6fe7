import random

import pytest

from bot.settings import ROOT
from bot.text.copies import plain
from bot.text.slips import Noise
from bot.training.evaluate import BLIND_SET, read_blind_set
from bot.training.sentences import Contradicted, Relabelled, examine, find_copies, sort_sentences, used_intents

LIVE = (
    ("lệ phí bao nhiêu tiền", "fee"),
    ("mất bao nhiêu tiền", "fee"),
    ("mấy giờ trung tâm mở cửa", "hours"),
    ("cho tôi gặp cán bộ", "human"),
)


def look(rows, live=LIVE, blind=(), used=(), rank=None, unchanged=None):
    sentences = sort_sentences(rows, {plain(text): intent for text, intent in live}, plain)
    return examine(sentences, blind, used, rank or (lambda text: [("fee", 0.5)]), unchanged, sure=0.8)


def test_the_same_sentences_are_no_change():
    found = look(LIVE)
    assert (found.new, dict(found.gone), found.lost, found.relabelled, found.copied) == (0, {}, {}, (), ())


def test_tones_and_signs_make_no_other_sentence():
    assert look([("Le phi bao nhieu tien?", "fee"), *LIVE[1:]]).new == 0


def test_what_is_new_and_what_is_left_out_is_counted():
    found = look([*LIVE[1:], ("thứ bảy có làm việc không", "hours"), ("giá thế nào", "fee")])
    assert (found.new, dict(found.gone)) == (2, {"fee": 1})


def test_an_intent_without_sentences_is_lost_and_it_is_known_whether_rules_use_it():
    found = look([row for row in LIVE if row[1] == "fee"], used=("human",))
    assert found.lost == {"hours": False, "human": True}


@pytest.mark.parametrize(("ranking", "doubted"), [([("human", 0.9), ("fee", 0.1)], True), ([("fee", 0.9)], False)])
def test_a_sentence_with_another_intent_is_doubted_when_those_like_it_have_the_old_one(ranking, doubted):
    rows = [*LIVE[:3], ("cho tôi gặp cán bộ", "fee")]
    found = look(rows, unchanged=lambda text: ranking)
    assert found.relabelled == (Relabelled("cho tôi gặp cán bộ", "human", "fee", doubted),)


def test_a_new_sentence_that_the_live_model_is_sure_of_otherwise_is_named():
    rows = [*LIVE, ("cho gặp người thật", "fee"), ("giờ làm", "hours")]
    rank = {"cho gặp người thật": [("human", 0.95)], "giờ làm": [("fee", 0.6)]}.__getitem__
    assert look(rows, rank=rank).contradicted == (Contradicted("cho gặp người thật", "fee", "human"),)


def test_of_a_model_whose_sentences_are_not_known_everything_is_new():
    found = look(LIVE, live=())
    assert (found.known, found.new, found.contradicted) == (False, 4, ())


@pytest.fixture(scope="module")
def blind():
    return [text for text, _, part in read_blind_set(BLIND_SET) if part == "clean"]


def test_a_disguised_blind_message_is_found(blind):
    noise, choice = Noise(3), random.Random(3)
    long_ones = [text for text in blind if len(text) > 25]
    leaked = choice.sample(long_ones, 60)
    disguised = [form for text in leaked for form in (*noise.copies(text), f"dạ cho em hỏi {text} ạ")]
    assert len(list(find_copies(disguised, blind))) > 0.9 * len(disguised)


def test_a_new_sentence_like_a_blind_message_is_a_leak_unless_older_ones_say_the_same():
    message, said = "hộ khẩu giấy bị mất có làm lại được không", "ho khau giay bi mat co lam lai duoc khong ad"
    assert look([*LIVE, (said, "fee")], blind=[message]).copied == ((said, message),)
    everybody = (*LIVE, ("hộ khẩu giấy bị mất có làm lại được không ạ em", "fee"))
    assert look([*everybody, (said, "fee")], live=everybody, blind=[message]).copied == ()


def test_sentences_of_its_own_are_no_copies(blind):
    own = [
        "con em mới sinh ở viện tỉnh, giấy chứng sinh có rồi, giờ ra phường làm khai sinh phải không",
        "bộ phận một cửa chỗ mình nghỉ trưa tới mấy giờ",
        "hồ sơ đất nộp từ tháng trước mà không ai gọi lại",
        "ok",
        "PA-7K2M-9QXD-4HTB",
    ]
    assert list(find_copies(own, blind)) == []


def test_intents_of_rules_are_found_in_all_their_forms(tmp_path):
    (tmp_path / "a.yml").write_text(
        "rules:\n- rule: a\n  steps: [{intent: fee}, {action: x}]\n"
        "- rule: b\n  steps:\n  - or: [{intent: hours}, {intent: human}]\n",
        encoding="utf-8",
    )
    assert used_intents(tmp_path) == {"fee", "hours", "human"}
    assert "submit_complaint" in used_intents(ROOT / "data" / "rules")
