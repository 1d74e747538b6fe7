from dataclasses import replace
from datetime import timedelta

from bot.database import now
from bot.review.accuracy import weeks
from bot.review.collecting import collect, monday_of, start_of
from tests.review.conftest import HOA, LEAD

SURE = (("ask_forms", 0.97), ("ask_hotline", 0.01))


def test_a_week_is_judged_by_what_two_people_say_alike(town):
    monday = monday_of(now()) - timedelta(days=7)
    for number in range(4):
        at = start_of(monday) + timedelta(days=1)
        town.say(f"chuyện thứ {'abcd'[number] * 9}", f"web:{number}", outcome="answer", ranking=SURE, at=at)
    collect(town.database, replace(town.rules, sample=10), start_of(monday) + timedelta(days=8))
    first, second, third, _ = [card.id for card in town.desk.next(LEAD, 9)]
    town.desk.label([first, second, third], LEAD, "ask_forms")
    town.desk.label([first], HOA, "ask_forms")
    town.desk.label([second], HOA, "ask_postal")
    week = weeks(town.database, monday + timedelta(days=7))[0]
    assert (week.monday, week.drawn, week.judged, week.disputed, week.right) == (monday, 4, 1, 1, 1)
    assert week.low < 1 == week.high


def test_before_anything_was_drawn_there_is_nothing_to_say(town):
    assert weeks(town.database, monday_of(now())) == []
