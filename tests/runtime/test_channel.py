"""What Rasa's REST channel does with turns that fail; the turn itself is a stand-in, served by Sanic over HTTP."""

import logging
from asyncio import CancelledError

import pytest

from bot.runtime.failing import TurnFailedError
from tests.factories import TOKEN
from tests.runtime.conftest import SECRET_WORDS


def says_then(error):
    async def turn(message):
        await message.output_channel.send_text_message(message.sender_id, "nửa câu")
        if error:
            raise error

    return turn


def test_a_turn_gives_what_was_said(served):
    answer = served.post(says_then(None), authorization=f"Bearer {TOKEN}").json()
    assert [message["text"] for message in answer] == ["nửa câu"]


@pytest.mark.parametrize("error", [CancelledError(), RuntimeError(SECRET_WORDS), TurnFailedError("action_x")])
def test_a_failed_turn_answers_nothing_and_logs_no_words(served, error, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        response = served.post(says_then(error), authorization=f"Bearer {TOKEN}")
    assert response.json() == []
    assert type(error).__name__ in caplog.text
    # structlog prints, and escapes what is not ASCII.
    printed = "".join(capfd.readouterr())
    assert not any(word in caplog.text + printed for word in (SECRET_WORDS, "7 ph"))


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": TOKEN}])
def test_without_the_token_no_turn_is_begun(served, headers):
    begun = []

    async def turn(message):
        begun.append(message)

    assert served.post(turn, **headers).status_code == 403
    assert begun == []
