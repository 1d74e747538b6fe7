import pytest
from sqlalchemy import update

from bot.delivery.model import Turn
from bot.review.model import ReviewMessage
from bot.review.rereading import reread
from tests.review.conftest import HOA, LEAD

KNOWN = (("ask_forms", 0.97), ("ask_hotline", 0.01))


def test_what_the_newest_model_knows_comes_last_and_may_be_skipped(town):
    for number, text in enumerate(("xin mẫu ct01", "gọi số nào để hỏi")):
        town.say(text, f"web:{number}")
    town.collect()
    assert town.desk.next(HOA)[0].text == "xin mẫu ct01"
    unsure = (("ask_hotline", 0.5), ("ask_forms", 0.3))
    assert reread(town.database, lambda text: KNOWN if "mẫu" in text else unsure) == 2
    cards = town.desk.next(HOA, 2)
    assert [(card.text, card.known) for card in cards] == [("gọi số nào để hỏi", False), ("xin mẫu ct01", True)]
    assert cards[0].guesses == unsure


def test_what_was_understood_at_the_time_stays(town):
    town.say("xin mẫu ct01")
    town.collect()
    reread(town.database, lambda _: (("ask_postal", 0.8), ("ask_forms", 0.1)))
    assert [row.intent for row in town.rows(ReviewMessage)] == ["ask_forms"]


@pytest.mark.parametrize(("ranking", "doubt"), [(KNOWN, 1.0), ((("ask_postal", 0.9),), 0.1)])
def test_a_denial_stands_as_long_as_the_model_reads_the_same(town, ranking, doubt):
    number = town.say("xin mẫu ct01", outcome="answer", ranking=KNOWN)
    with town.database.transaction() as session:
        session.execute(update(Turn).where(Turn.inbox_id == number).values(feedback="down"))
    town.collect()
    reread(town.database, lambda _: ranking)
    assert town.rows(ReviewMessage)[0].doubt == pytest.approx(doubt)


def test_what_was_decided_is_left_alone(town):
    item = town.accepted("gọi số nào để hỏi")
    assert reread(town.database, lambda _: KNOWN) == 0
    assert (town.item(item).state, town.item(item).intent) == ("accepted", "ask_hotline")


def test_a_model_that_is_away_changes_nothing(town):
    def away(_):
        raise ConnectionError

    town.say("xin mẫu ct01")
    town.collect()
    with pytest.raises(ConnectionError):
        reread(town.database, away)
    assert town.desk.next(LEAD)[0].guesses[0] == ("ask_forms", 0.4)
