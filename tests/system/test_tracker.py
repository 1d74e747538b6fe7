"""What the dispatcher asks Rasa's tracker, asked of the real one: fakes can't tell how Rasa reads an address."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from bot.channels import terminal
from bot.delivery.rasa import RasaClient
from tests.conftest import Conversation, RunningBot

pytestmark = pytest.mark.server


def call(bot: RunningBot, work):
    async def run():
        settings = bot.settings
        client = RasaClient(settings.rasa_url, settings.rasa_token, settings.actions_url, timeout=30)
        try:
            return await work(client)
        finally:
            await client.close()

    # The browser of other tests keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result()


@pytest.mark.parametrize("name", ["terminal:0123abcd", "web:Zz-_9", "telegram:-100123"])
def test_a_finished_turn_is_found(bot: RunningBot, name: str) -> None:
    async def talk(client: RasaClient):
        said = await client.send(name, "giờ làm việc của bộ phận một cửa", {"inbox_id": 41, "channel": "terminal"})
        found = await client.find_turn(name, 41)
        other = await client.find_turn(name, 42)
        return said, found, other

    said, found, other = call(bot, talk)
    assert [message.get("text") for message in found.answers] == [message.get("text") for message in said]
    assert other is None


def test_a_turn_that_the_gateway_ran_is_found_under_its_row(bot: RunningBot, citizen: Conversation) -> None:
    inbox_id = terminal.send(citizen.database, citizen.name, "làm giấy khai sinh cần gì")
    answer = terminal.wait_for_answer(citizen.database, inbox_id, 60)
    found = call(bot, lambda client: client.find_turn(citizen.name, inbox_id))
    assert [message["text"] for message in found.answers if "text" in message] == [
        reply.text for reply in answer.replies
    ]


def test_a_turn_of_a_form_that_was_taken_back_is_run_again_as_if_nothing_had_been(bot: RunningBot) -> None:
    name = "terminal:taken-back"

    async def talk(client: RasaClient):
        told = ("cán bộ ở phường bắt tôi đi lại ba lần", "phường Bến Thủy", "tuần trước", "không có")
        for inbox_id, text in enumerate(told, 901):
            said = await client.send(name, text, {"inbox_id": inbox_id, "channel": "terminal"})
        in_form = await client.is_in_form(name)
        again = []
        for inbox_id in (904, 904):
            await client.take_back(name, await client.find_turn(name, inbox_id))
            again.append(await client.send(name, told[-1], {"inbox_id": inbox_id, "channel": "terminal"}))
        return in_form, said, again

    in_form, said, again = call(bot, talk)
    assert in_form
    assert [[message.get("text") for message in one] for one in again] == [[m.get("text") for m in said]] * 2


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_nobody_speaks_to_rasa_without_its_token(bot: RunningBot, headers: dict[str, str]) -> None:
    body = {"sender": "terminal:x", "message": "xin chào"}
    address = f"{bot.settings.rasa_url}/webhooks/rest/webhook"
    assert httpx.post(address, json=body, headers=headers, trust_env=False).status_code == 403
