from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.database import now
from bot.review.deciding import SKIP, UNFIT
from bot.review.errors import ReviewError
from bot.review.labelling import find_intents, load_procedures
from bot.review.model import ReviewLabel
from bot.settings import ROOT
from tests.review.conftest import HOA, LEAD, NAM


def waiting(town, *texts):
    """Items of these messages, in their order."""
    for number, text in enumerate(texts):
        town.say(text, f"web:nguoi-{number}")
    town.collect()
    by_text = {card.text: card.id for card in town.desk.next("ai đó", 100)}
    return [by_text[text] for text in texts]


def test_who_labelled_and_when_is_kept(town):
    item = waiting(town, "xin mẫu ct01")[0]
    before = now()
    town.desk.label([item], LEAD, "ask_forms", procedure="khai_sinh")
    label = town.rows(ReviewLabel)[0]
    assert (label.by, label.intent, label.procedure) == (LEAD, "ask_forms", "khai_sinh")
    assert before <= label.made_at <= now()
    assert (town.item().state, town.item().intent, town.item().procedure) == ("accepted", "ask_forms", "khai_sinh")


def test_what_i_labelled_or_skipped_is_not_shown_to_me_again(town):
    first, second = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label([first], HOA, "ask_forms")
    town.desk.label([second], HOA, SKIP)
    assert town.desk.next(HOA, 9) == []
    assert {card.id for card in town.desk.next(NAM, 9)} == {first, second}


def test_the_second_person_is_not_told_what_the_first_one_said(town):
    item = waiting(town, "xin mẫu ct01")[0]
    town.desk.label([item], HOA, "ask_postal")
    card = town.desk.next(NAM)[0]
    assert card.second
    assert "ask_postal" not in repr(replace(card, guesses=()))


def test_undo_takes_back_the_last_label_and_shows_the_message_again(town):
    first, second = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label([first], LEAD, "ask_forms")
    town.desk.label([second], LEAD, "ask_hotline")
    assert town.desk.undo(LEAD) == [second]
    assert town.item(second).state == "waiting"
    assert [card.id for card in town.desk.next(LEAD, 9)] == [second]
    assert (town.desk.undo(LEAD), town.desk.undo(LEAD)) == ([first], [])


def test_what_was_labelled_at_once_is_undone_at_once(town):
    first, *others = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi", "đơn ở đâu ra")
    town.desk.label([first], LEAD, "ask_forms")
    town.desk.label(others, LEAD, "ask_hotline")
    assert sorted(town.desk.undo(LEAD)) == sorted(others)
    assert [row.state for row in map(town.item, [first, *others])] == ["accepted", "waiting", "waiting"]


def test_a_procedure_that_does_not_exist_is_refused(town):
    item = waiting(town, "xin mẫu ct01")[0]
    desk = replace(town.desk, procedures={"khai_sinh": "Đăng ký khai sinh"})
    with pytest.raises(ReviewError):
        desk.label([item], LEAD, "ask_forms", procedure="khai sanh")
    assert desk.label([item], LEAD, "ask_forms", procedure="khai_sinh")[0].procedure == "khai_sinh"


def test_every_procedure_with_content_may_be_named():
    procedures = load_procedures(ROOT / "knowledge")
    assert procedures["khai_sinh"] == "Đăng ký khai sinh"
    assert len(procedures) == len(list((ROOT / "knowledge" / "procedures").glob("*.yml")))


def test_nobody_undoes_somebody_elses_label(town):
    item = waiting(town, "xin mẫu ct01")[0]
    town.desk.label([item], LEAD, "ask_forms")
    assert town.desk.undo(HOA) == []
    assert town.item().state == "accepted"


def test_said_again_the_newer_label_counts(town):
    item = waiting(town, "xin mẫu ct01")[0]
    for intent in ("ask_forms", "ask_hotline"):
        town.desk.label([item], LEAD, intent)
    assert (town.item().state, town.item().intent) == ("accepted", "ask_hotline")
    assert len(town.rows(ReviewLabel)) == 2


def test_many_at_once(town):
    items = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi", "đơn ở đâu ra")
    decisions = town.desk.label(items, LEAD, "ask_forms")
    assert [one.state for one in decisions] == ["accepted"] * 3


def test_one_wrong_number_among_many_changes_nothing(town):
    items = waiting(town, "xin mẫu ct01")
    with pytest.raises(ReviewError):
        town.desk.label([*items, 999], LEAD, "ask_forms")
    assert town.rows(ReviewLabel) == []


@pytest.mark.parametrize(
    ("intent", "definition"), [("ask_weather", None), ("ask_weather", " "), ("Hỏi gì", "x"), ("a b", "x")]
)
def test_an_intent_that_is_unknown_needs_a_name_and_a_definition(town, intent, definition):
    item = waiting(town, "xin mẫu ct01")[0]
    with pytest.raises(ReviewError):
        town.desk.label([item], LEAD, intent, definition=definition)


def test_a_new_intent_waits_with_its_definition(town):
    item = waiting(town, "đăng ký nuôi chó")[0]
    town.desk.label([item], LEAD, "register_pet", definition="khai báo vật nuôi")
    assert (town.item().state, town.item().asks) == ("second", "new,unexpected")
    assert town.rows(ReviewLabel)[0].definition == "khai báo vật nuôi"


def test_what_names_somebody_is_gone_for_everybody_and_can_be_taken_back(town):
    item = waiting(town, "xin mẫu ct01")[0]
    town.desk.label([item], HOA, UNFIT)
    assert town.desk.next(NAM) == []
    with pytest.raises(ReviewError):
        town.desk.card(item)
    town.desk.undo(HOA)
    assert town.desk.next(NAM)[0].id == item


def test_beyond_the_weekly_cap_labels_wait_for_a_second_person(town):
    town.rules = replace(town.rules, per_labeller=2)
    items = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi", "đơn ở đâu ra")
    states = [one.state for one in town.desk.label(items, LEAD, "ask_forms")]
    assert states == ["accepted", "accepted", "second"]


def test_where_nobody_leads_two_accounts_accept_no_more_than_the_cap(town):
    town.rules = replace(town.rules, leads=(), per_labeller=1)
    items = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label(items, HOA, "submit_complaint")
    assert [one.state for one in town.desk.label(items, NAM, "submit_complaint")] == ["accepted", "second"]


def test_what_is_skipped_takes_nothing_of_the_cap(town):
    town.rules = replace(town.rules, per_labeller=1)
    first, second = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label([first], LEAD, SKIP)
    assert town.desk.label([second], LEAD, "ask_forms")[0].state == "accepted"


def test_a_week_later_labels_count_again(town):
    town.rules = replace(town.rules, per_labeller=1)
    first, second = waiting(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label([first], LEAD, "ask_forms")
    with town.database.transaction() as session:
        session.execute(update(ReviewLabel).values(made_at=now() - timedelta(days=8)))
    assert town.desk.label([second], LEAD, "ask_forms")[0].state == "accepted"


def test_what_the_model_knows_is_said(town):
    town.say("xin mẫu ct01", outcome="handover", ranking=(("ask_forms", 0.97), ("ask_hotline", 0.01)))
    town.collect()
    assert town.desk.next(HOA)[0].known


def test_intents_are_found_by_what_they_are_called_with_tones_or_without():
    names = {"ask_forms": "Tải biểu mẫu, tờ khai", "ask_postal": "Bưu điện"}
    assert find_intents("bieu mau", names, names) == ["ask_forms"]
    assert find_intents("ask", names, names) == ["ask_forms", "ask_postal"]
    assert find_intents("mưa", names, names) == []
