import pytest
from sqlalchemy.exc import IntegrityError

from bot.delivery import turns
from bot.delivery.turns import TurnLog
from tests.factories import accept, turn_of

LOG = TurnLog(
    "ask_procedure_fee", 0.91, "answer", "khai-sinh", None, (("ask_procedure_fee", 0.91), ("ask_penalty", 0.02))
)


def record(database, inbox_id=7, conversation="web:an", log=LOG):
    with database.transaction() as session:
        turns.record(session, conversation, inbox_id, log)


def rate(database, inbox_id=7, conversation="web:an", value="up"):
    with database.transaction() as session:
        return turns.give_feedback(session, conversation, inbox_id, value)


def test_a_recorded_turn_is_found_again(database):
    record(database)
    assert turn_of(database, 7) == LOG


def test_a_message_without_a_turn_has_none(database):
    assert turn_of(database, 7) is None


def test_a_turn_nothing_is_known_of_is_kept_too(database):
    record(database, log=TurnLog())
    assert turn_of(database, 7) == TurnLog()


def test_a_message_has_one_turn(database):
    record(database)
    with pytest.raises(IntegrityError):
        record(database)


def test_the_log_of_an_action_is_read():
    turn = {"intent": "greet", "confidence": 0.8, "outcome": "smalltalk", "ranking": [["greet", 0.8], ["thank", 0.1]]}
    log = turns.read_log({"turn": turn})
    assert log == TurnLog("greet", 0.8, "smalltalk", ranking=(("greet", 0.8), ("thank", 0.1)))


@pytest.mark.parametrize("message", [{}, {"map": 1}, {"turn": None}, {"turn": "greet"}, {"turn": []}])
def test_a_custom_message_without_a_log_is_none(message):
    assert turns.read_log(message) is None


def test_what_an_action_does_not_know_stays_unknown():
    assert turns.read_log({"turn": {"outcome": "handover", "else": 1}}) == TurnLog(outcome="handover")


def test_feedback_of_an_own_turn_is_kept_and_can_be_changed(database):
    record(database)
    assert rate(database, value="up")
    assert rate(database, value="down")


@pytest.mark.parametrize(("inbox_id", "conversation"), [(7, "web:binh"), (8, "web:an")])
def test_feedback_of_another_turn_is_refused(database, inbox_id, conversation):
    record(database)
    assert not rate(database, inbox_id, conversation)


def test_the_state_of_a_message_is_told(database):
    inbox_id = accept(database)
    with database.reading() as session:
        assert turns.inbox_state(session, inbox_id) == "pending"
