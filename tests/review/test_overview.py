from bot.complaints import consents
from bot.review.deciding import agreements
from bot.review.overview import labellers, newest
from tests.review.conftest import HOA, LEAD, NAM


def fill(town, *texts):
    """Items of these messages."""
    for number, text in enumerate(texts):
        town.say(text, f"web:{number}")
    town.collect()
    return [card.id for card in town.desk.next("ai đó", 9)]


def test_what_others_said_of_an_open_message_is_not_told(town):
    item = fill(town, "xin mẫu ct01")[0]
    town.desk.label([item], HOA, "ask_postal")
    assert [(one.by, one.intent, one.text) for one in newest(town.desk, NAM, 9)] == [(HOA, None, "xin mẫu ct01")]
    assert newest(town.desk, HOA, 9)[0].intent == "ask_postal"
    town.desk.label([item], LEAD, "ask_postal")
    assert [one.intent for one in newest(town.desk, NAM, 9)] == ["ask_postal", "ask_postal"]


def test_what_was_undone_stays_to_be_seen(town):
    item = fill(town, "xin mẫu ct01")[0]
    town.desk.label([item], LEAD, "ask_forms")
    town.desk.undo(LEAD)
    assert [(one.undone, one.state) for one in newest(town.desk, LEAD, 9)] == [(True, "waiting")]


def test_a_message_of_somebody_who_agrees_no_more_is_not_shown(town):
    item = fill(town, "xin mẫu ct01")[0]
    town.desk.label([item], LEAD, "ask_forms")
    with town.database.transaction() as session:
        consents.withdraw(session, "web:0", consents.IMPROVE)
    assert newest(town.desk, LEAD, 9)[0].text is None


def test_people_are_shown_with_how_far_others_agree(town):
    first, second = fill(town, "xin mẫu ct01", "gọi số nào để hỏi")
    town.desk.label([first, second], LEAD, "ask_forms")
    town.desk.label([first], HOA, "ask_forms")
    town.desk.label([second], HOA, "ask_hotline")
    found = {one.name: (one.recent, one.alike, one.together, one.counts) for one in labellers(town.desk)}
    assert found == {LEAD: (2, 1, 2, True), HOA: (2, 1, 2, False)}


def test_skips_are_no_agreement():
    labels = [(1, HOA, "skip"), (1, NAM, "skip"), (2, HOA, "ask_forms"), (2, NAM, "ask_forms")]
    assert agreements(labels) == {HOA: (1, 1), NAM: (1, 1)}
