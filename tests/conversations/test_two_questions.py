"""A message with two questions: one is answered, the other offered as a button."""

import pytest

from tests.conftest import Conversation

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    "message, answered, offered, procedure",
    [
        (
            "đổi căn cước cần giấy tờ gì và mất bao lâu",
            {"ask_procedure_documents", "ask_procedure_time"},
            {"ask_procedure_documents", "ask_procedure_time"},
            "cc_doi",
        ),
        (
            "lam ho chieu o dau, het bao nhieu tien?",
            {"ask_procedure_where", "ask_procedure_fee"},
            {"ask_procedure_where", "ask_procedure_fee"},
            "ho_chieu",
        ),
        # As a whole it is under the threshold; each of its questions is clear.
        (
            "lam giay khai sinh can gi va mat bao lau",
            {"ask_procedure_documents"},
            {"ask_procedure_documents", "ask_procedure_time"},
            "khai_sinh",
        ),
    ],
)
def test_the_other_question_is_offered_and_keeps_the_procedure(
    citizen: Conversation, message: str, answered: set[str], offered: set[str], procedure: str
) -> None:
    first = citizen.say(message)
    assert first.log.intent in answered
    assert first.log.procedure == procedure
    # It stands first among the buttons of the answer.
    second = citizen.tap(first.replies[-1].buttons[0].title)
    assert {first.log.intent, second.log.intent} == offered
    assert second.log.procedure == procedure


def test_one_question_offers_no_other_first(citizen: Conversation) -> None:
    one = citizen.say("đổi căn cước cần giấy tờ gì")
    both = citizen.say("đổi căn cước cần giấy tờ gì và mất bao lâu")
    assert [b.title for b in both.replies[-1].buttons[1:]] == [b.title for b in one.replies[-1].buttons]


def test_two_procedures_in_one_message_are_both_offered(citizen: Conversation) -> None:
    answer = citizen.say("làm giấy khai sinh và đăng ký tạm trú cần gì")
    assert answer.log.outcome == "clarify"
    assert len(answer.replies[-1].buttons) == 2
    assert citizen.tap(answer.replies[-1].buttons[1].title).log.procedure == "tam_tru"
