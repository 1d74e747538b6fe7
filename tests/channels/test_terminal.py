import time

import pytest

from bot.channels import terminal
from bot.channels.terminal import NoAnswerError
from bot.delivery import sentences
from bot.delivery.outbox import Button
from tests.factories import dispatching, row_of
from tests.fakes.rasa import say


def test_a_question_gets_its_answer_and_its_turn(database, rasa):
    rasa.answer = lambda one: say(one.message, intent="greet", outcome="smalltalk")
    with dispatching(database, rasa):
        inbox_id = terminal.send(database, terminal.new_conversation(), "xin chào")
        answer = terminal.wait_for_answer(database, inbox_id, 20)
    assert [reply.text for reply in answer.replies] == ["xin chào"]
    assert (answer.log.intent, answer.log.outcome) == ("greet", "smalltalk")


def test_each_conversation_is_new():
    assert len({terminal.new_conversation() for _ in range(100)}) == 100


def test_the_same_words_twice_are_two_messages(database):
    conversation = terminal.new_conversation()
    assert terminal.send(database, conversation, "chào") != terminal.send(database, conversation, "chào")


def test_a_tapped_button_sends_its_payload_and_shows_its_title(database):
    inbox_id = terminal.send(database, "terminal:x", "1", Button("Lệ phí", "/ask_procedure_fee"))
    row = row_of(database, inbox_id)
    assert (row.payload, database.cipher.unseal(row.body)) == ("/ask_procedure_fee", "Lệ phí")


def test_a_typed_command_has_no_payload(database):
    assert row_of(database, terminal.send(database, "terminal:x", "/restart")).payload is None


def test_no_answer_in_time_is_said_so(database):
    inbox_id = terminal.send(database, "terminal:x", "chào")
    begun = time.monotonic()
    with pytest.raises(NoAnswerError, match="did not answer"):
        terminal.wait_for_answer(database, inbox_id, 0.1)
    assert time.monotonic() - begun < 5


def test_a_message_that_was_set_aside_counts_as_handed_over(database, rasa):
    rasa.away = True
    with dispatching(database, rasa, give_up_after=0.2):
        inbox_id = terminal.send(database, "terminal:x", "chào")
        answer = terminal.wait_for_answer(database, inbox_id, 20)
    assert [reply.text for reply in answer.replies] == [sentences.NOT_ANSWERED]
    assert answer.log.outcome == "handover"


def test_many_questions_are_answered_in_the_order_they_were_asked(database, rasa):
    questions = [f"câu {n}" for n in range(terminal.IN_FLIGHT + 8)]
    with dispatching(database, rasa, workers=4):
        answers = list(terminal.ask_all(database, questions, 30))
    assert [answer.replies[0].text for answer in answers] == [f"Đã nghe: {question}" for question in questions]
    assert len({one.conversation for one in rasa.received}) == len(questions)
