"""Events of life and topics that a message names, whatever intent it was taken for."""

import pytest

from tests.conftest import Conversation

pytestmark = pytest.mark.server


@pytest.mark.parametrize(
    "message, event, first",
    [
        ("vợ tôi mới sinh thì làm những giấy gì", "new_baby", "Liên thông"),
        ("nhà tôi vừa có người mất", "bereavement", "Liên thông"),
        ("mat het giay to roi phai lam sao", "lost_documents", "căn cước"),
    ],
)
def test_an_event_of_life_brings_its_procedures_in_order(
    citizen: Conversation, message: str, event: str, first: str
) -> None:
    answer = citizen.say(message)
    assert (answer.log.outcome, answer.log.topic) == ("answer", event)
    assert "Căn cứ" in citizen.text
    assert "1. " in citizen.text
    assert first.lower() in answer.replies[-1].buttons[0].title.lower()
    assert citizen.tap(answer.replies[-1].buttons[0].title).log.procedure


@pytest.mark.parametrize(
    "message, topic",
    [
        ("bảng giá đất", "land_price_table"),
        ("sổ hộ khẩu còn dùng không", "household_book"),
        ("chứng minh nhân dân 9 số còn dùng được không", "old_id_cards"),
        ("mức độ 4 là gì", "online_levels"),
    ],
)
def test_a_topic_is_found_by_what_citizens_call_it(citizen: Conversation, message: str, topic: str) -> None:
    answer = citizen.say(message)
    assert (answer.log.outcome, answer.log.topic) == ("answer", topic)


@pytest.mark.parametrize("message", ["hôm nay trời đẹp quá", "đội tuyển việt nam đá mấy giờ", "mai có mưa không"])
def test_what_is_out_of_scope_names_nothing(citizen: Conversation, message: str) -> None:
    assert citizen.say(message).log.topic is None
