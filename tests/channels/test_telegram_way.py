"""The sender and the small Telegram with its limits: what our pace keeps away, and what a 429 costs."""

import asyncio

import pytest
from sqlalchemy import func, select

from bot.channels.telegram import open_channel
from bot.delivery import outbox
from bot.delivery.intake import Intake
from bot.delivery.model import DELIVERED, OutboxMessage
from bot.delivery.outbox import Reply
from bot.delivery.sender import Sender
from tests.factories import make_settings
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_faults import Limits

CHATS = range(1, 61)


@pytest.fixture
def send(database, tmp_path, telegram):
    """Writes to chats and lets the sender work until everything has arrived."""

    def send_all(messages, **more):
        for chat in messages:
            telegram.citizen(chat)
        with database.transaction() as session:
            for chat, texts in messages.items():
                outbox.enqueue(session, f"telegram:{chat}", [Reply(text) for text in texts])
        asyncio.run(asyncio.wait_for(work(more), 60))
        return {chat: telegram.texts_to(chat) for chat in messages}

    async def work(more):
        settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url, **more)
        channel = open_channel(database, settings, Intake(database, lambda: None))
        task = asyncio.create_task(Sender(database, {"telegram": channel.adapter}, jitter=lambda: 0.0).run())
        while await asyncio.to_thread(is_waiting):
            await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await channel.closing()

    def is_waiting():
        with database.reading() as session:
            found = select(func.count(OutboxMessage.id)).where(OutboxMessage.state != DELIVERED)
            return session.execute(found).scalar_one()

    return send_all


def test_a_crowd_and_a_long_answer_never_meet_telegrams_limits(send, telegram):
    messages = {chat: ["Dạ"] for chat in CHATS} | {7: [f"phần {number}" for number in range(6)]}
    assert send(messages) == messages
    assert telegram.too_many == 0


def test_whoever_is_told_that_it_is_too_much_waits_and_sends_all_once(send, telegram):
    messages = {chat: ["một", "hai"] for chat in CHATS}
    assert send(messages, TELEGRAM_PER_SECOND="1000") == messages
    assert telegram.too_many > 0


def test_a_chat_bears_a_short_burst_and_then_one_in_a_second(telegram):
    telegram.citizen(7)
    answers = [telegram.call("sendMessage", {"chat_id": "7", "text": "Dạ"}) for _ in range(7)]
    assert [isinstance(answer, dict) for answer in answers] == [True] * 5 + [False] * 2
    assert (answers[-1].status, answers[-1].parameters) == (429, {"retry_after": 1})


@pytest.mark.parametrize(("limits", "taken"), [(Limits(), 30), (None, 100)])
def test_all_chats_together_bear_thirty_in_a_second_unless_told_otherwise(limits, taken):
    with FakeTelegram(limits=limits).serving() as fake:
        for chat in range(100):
            fake.citizen(chat)
        answers = [fake.call("sendMessage", {"chat_id": f"{chat}", "text": "Dạ"}) for chat in range(100)]
    # A slow machine takes a moment, in which one or two more may go.
    assert taken <= sum(isinstance(answer, dict) for answer in answers) <= taken + 10
    assert fake.too_many == sum(not isinstance(answer, dict) for answer in answers)
