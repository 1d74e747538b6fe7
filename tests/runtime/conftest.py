"""One server for all tests of what runs inside Rasa's: Sanic starts only one app in a process."""

import asyncio
import threading

import httpx
import pytest
from sanic import Sanic

from bot.runtime.channel import GuardedRestInput
from tests.factories import TOKEN, free_port

SECRET_WORDS = "nhà tôi ở số 7 phố Nọ"


class Served:
    """The channel behind an address; `turn` is what runs for each message, `app.ctx.agent` stands for Rasa's."""

    def __init__(self, url):
        self.url = url
        self.turn = None

    async def run_turn(self, message):
        await self.turn(message)

    def post(self, turn, **headers):
        self.turn = turn
        body = {"sender": "web:a", "message": SECRET_WORDS, "metadata": {"inbox_id": 5}}
        return httpx.post(f"{self.url}/webhooks/rest/webhook", json=body, headers=headers, trust_env=False)


@pytest.fixture(scope="session")
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
    served.app = app
    yield served
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
