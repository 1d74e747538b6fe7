from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.complaints import consents
from bot.complaints.rules import load_rules
from bot.database import now
from bot.delivery.model import Turn
from bot.review.gaps import doubted, unanswered
from bot.settings import ROOT
from tests.complaints.conftest import Centre

LEAD = "Lý Trì"


def asked(town):
    return [(one.text, one.messages, one.people) for one in unanswered(town.database, town.rules)]


def troubled(town):
    return [(one.kind, one.key, one.answers, one.denied, one.complained) for one in doubted(town.database, town.rules)]


@pytest.fixture
def centre(town):
    return Centre(town.database, load_rules(ROOT / "knowledge", "demo"))


def answer(town, who="web:an", procedure="birth_registration", topic=None, **values):
    """A question that was answered; returns its number."""
    number = town.say("khai sinh cần giấy tờ gì", who, outcome="answer")
    with town.database.transaction() as session:
        own = update(Turn).where(Turn.inbox_id == number)
        session.execute(own.values(procedure=procedure, topic=topic, **values))
    return number


def test_what_nobody_could_answer_is_grouped_the_most_asked_first(town):
    town.say("thủ tục nuôi hổ", outcome="handover")
    for who in ("web:binh", "web:chi"):
        town.say("mua vé số ở đâu", who, outcome="out_of_scope")
    town.say("Mua ve so o dau?", "web:chi", outcome="handover")
    town.say("lệ phí bao nhiêu", outcome="answer")
    town.say("lệ phí cái gì", outcome="clarify")
    assert [found[1:] for found in asked(town)] == [(3, 2), (1, 1)]
    first = unanswered(town.database, town.rules)[0]
    assert first.outcomes == {"handover", "out_of_scope"}


def test_what_could_not_be_said_of_a_procedure_names_it(town):
    number = town.say("phạt bao nhiêu", outcome="handover")
    with town.database.transaction() as session:
        session.execute(update(Turn).where(Turn.inbox_id == number).values(procedure="birth_registration"))
    assert unanswered(town.database, town.rules)[0].subject == "birth_registration"


def test_only_of_people_who_agree_and_not_for_ever(town):
    town.say("thủ tục nuôi hổ", outcome="handover", agrees=False)
    town.say("mua vé số ở đâu", "web:binh", outcome="handover", at=now() - timedelta(days=40))
    town.say("xem bói", "web:chi", outcome="out_of_scope")
    answer(town, "web:chi", feedback="down")
    assert (len(asked(town)), len(troubled(town))) == (1, 1)
    with town.database.transaction() as session:
        consents.withdraw(session, "web:chi")
    assert (asked(town), troubled(town)) == ([], [])


def test_nobody_is_named(town):
    town.say("tôi là Nguyễn Văn An, số 0912345678, nuôi hổ được không", outcome="handover")
    assert asked(town)[0][0] == "tôi là <hoten>, số <sodienthoai>, nuôi hổ được không"


def test_what_somebody_saw_a_name_in_is_not_shown(town):
    town.say("ten em la nguyen thanh hoa", outcome="handover")
    town.collect()
    town.desk.label([town.item().id], LEAD, "unusable")
    assert asked(town) == []


def test_stories_are_no_questions(town):
    town.say("dài " * 100, outcome="handover")
    assert asked(town) == []


def test_answers_that_did_not_help_are_counted_by_what_they_were_about(town):
    answer(town)
    answer(town, feedback="down")
    answer(town, procedure=None, topic="hotline", feedback="up")
    assert troubled(town) == [("procedure", "birth_registration", 2, 1, 0)]


def test_feedback_on_the_same_day_after_an_answer_counts_once_for_what_was_answered(town, centre):
    answer(town)
    answer(town)
    answer(town, procedure=None, topic="hotline")
    for _ in range(2):
        centre.file("web:an")
    answer(town, "web:binh")
    assert troubled(town) == [("procedure", "birth_registration", 3, 0, 1), ("topic", "hotline", 1, 0, 1)]


@pytest.mark.parametrize(
    "filed",
    [
        {"kind": "attitude", "person": "chị Hoa"},
        {"kind": "praise"},
        {"route": "to_cao"},
    ],
)
def test_what_some_must_not_know_of_and_kind_words_do_not_count(town, centre, filed):
    answer(town)
    centre.file("web:an", **filed)
    assert troubled(town) == []


def test_feedback_before_the_answer_or_on_another_day_says_nothing_of_it(town, centre):
    centre.file("web:an")
    answer(town)
    answer(town, "web:binh", created_at=now() - timedelta(days=2))
    centre.file("web:binh")
    assert troubled(town) == []
