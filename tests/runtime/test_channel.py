"""What Rasa's REST channel does with turns that fail; the turn itself is a stand-in, served by Sanic over HTTP."""

import asyncio
import logging
import threading
from asyncio import CancelledError

import httpx
import pytest
from sanic import Sanic

from bot.runtime.channel import GuardedRestInput
from tests.factories import TOKEN, free_port

SECRET_WORDS = "nhà tôi ở số 7 phố Nọ"


class Served:
    """The channel behind an address; `turn` is what runs for each message."""

    def __init__(self, url):
        self.url = url
        self.turn = None

    async def run_turn(self, message):
        await self.turn(message)

    def post(self, turn, **headers):
        self.turn = turn
        body = {"sender": "web:a", "message": SECRET_WORDS, "metadata": {"inbox_id": 5}}
        return httpx.post(f"{self.url}/webhooks/rest/webhook", json=body, headers=headers, trust_env=False)


@pytest.fixture(scope="module")
def served():
    port = free_port()
    served = Served(f"http://127.0.0.1:{port}")
    app = Sanic("channel_under_test", register=False, configure_logging=False)
    app.blueprint(GuardedRestInput(TOKEN).blueprint(served.run_turn), url_prefix="/webhooks/rest")
    loop, started = asyncio.new_event_loop(), threading.Event()

    async def serve():
        server = await app.create_server(host="127.0.0.1", port=port, return_asyncio_server=True, access_log=False)
        await server.startup()
        started.set()

    loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    assert started.wait(30)
    yield served
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def says_then(error):
    async def turn(message):
        await message.output_channel.send_text_message(message.sender_id, "nửa câu")
        if error:
            raise error

    return turn


def test_a_turn_gives_what_was_said(served):
    answer = served.post(says_then(None), authorization=f"Bearer {TOKEN}").json()
    assert [message["text"] for message in answer] == ["nửa câu"]


@pytest.mark.parametrize("error", [CancelledError(), RuntimeError("the tracker is gone")])
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
