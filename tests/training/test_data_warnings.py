import random

from bot.training.data_warnings import Few, Indistinct, Overlap, find_few, find_indistinct, find_overlaps, find_warnings
from bot.training.measure import Prediction

NAMES = [f"intent_{number:02}" for number in range(30)]


def read(truth, taken, text="câu", part="clean"):
    return Prediction(text, truth, ((taken, 0.8), ("greet" if taken != "greet" else "fee", 0.2)), part)


def all_right(each=10):
    return [read(name, name) for name in NAMES for _ in range(each)]


def test_intents_with_few_sentences_are_named_the_fewest_first():
    rows = [("a", "fee")] * 60 + [("b", "hours")] * 7 + [("c", "greet")] * 3
    assert list(find_few(rows, 60)) == [Few("greet", 3), Few("hours", 7)]


def test_intents_with_nearly_the_same_sentences_are_named_with_them():
    rows = [
        ("mấy giờ trung tâm mở cửa vậy", "hours"),
        ("Lệ phí làm khai sinh hết bao nhiêu", "fee"),
        ("may gio trung tam mo cua vay ạ", "contact"),
        ("lệ phí làm khai sinh hết bao nhiêu?", "fee"),
    ]
    assert list(find_overlaps(rows, 0.8)) == [Overlap(("contact", "hours"), ((rows[2][0], rows[0][0]),))]


def test_two_intents_taken_for_each_other_are_named_with_the_messages():
    wrong = [read(NAMES[1], NAMES[2], "một"), read(NAMES[1], NAMES[2], "hai"), read(NAMES[2], NAMES[1], "ba")]
    assert list(find_indistinct(all_right() + wrong)) == [
        Indistinct((NAMES[1], NAMES[2]), (2, 1), ("một", "hai", "ba"))
    ]


def test_one_direction_alone_is_not_two_intents_that_are_one():
    assert list(find_indistinct(all_right() + [read(NAMES[1], NAMES[2])] * 4)) == []


def test_a_model_that_errs_by_chance_has_hardly_any_such_pair():
    chance, named = random.Random(5), 0
    for _ in range(40):
        messages = [(truth, chance.choice(NAMES) if chance.random() < 0.2 else truth) for truth in NAMES * 10]
        named += len(list(find_indistinct([read(*one) for one in messages])))
    assert named <= 4


def test_twins_do_not_make_a_pair_and_a_model_without_mistakes_has_none():
    twins = [read(NAMES[1], NAMES[2], part="slips"), read(NAMES[2], NAMES[1], part="slips")] * 5
    found = find_warnings([("a", name) for name in NAMES], all_right() + twins, few=1, alike=0.8)
    assert found.indistinct == ()
    assert list(find_indistinct([])) == []
