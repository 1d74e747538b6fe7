"""A receiver of Telegram's updates at work, and what it stored."""

import asyncio
import contextlib
import threading

from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from telegram import Bot

from bot.channels.calls import Caller
from bot.channels.telegram_receiving import Receiver
from bot.channels.telegram_request import Requests
from bot.database import now
from bot.delivery import outbox
from bot.delivery.intake import Intake
from bot.delivery.model import InboxMessage
from bot.delivery.outbox import Button, Reply
from tests.fakes.telegram import TOKEN

BUTTON = Button("Lệ phí", "/ask_procedure_fee")


class Reception:
    """A receiver at work in a thread; pauses take no time and are written down."""

    def __init__(self, database, url, intake=None, clock=now):
        self.pauses = []
        request = Requests(Caller(5.0, 5.0))
        bot = Bot(TOKEN, base_url=f"{url}/bot", request=request, get_updates_request=request)
        self._requests = [request]
        self.receiver = Receiver(database, intake or Intake(database, lambda: None), bot, request, self._sleep, clock)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    async def _sleep(self, seconds):
        self.pauses.append(seconds)
        await asyncio.sleep(0.01)

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def take(self, *updates):
        self.run(self.receiver.take(updates)).result(10)

    @contextlib.contextmanager
    def at_work(self, poll=True):
        self._thread.start()
        polling = self.run(self.receiver.poll()) if poll else None
        try:
            yield self
        finally:
            if polling:
                polling.cancel()
            self.run(self._end()).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    async def _end(self):
        await self.receiver.close()
        for request in self._requests:
            await request.shutdown()


def rows(database):
    with database.reading() as session:
        found = session.execute(select(InboxMessage).order_by(InboxMessage.id)).scalars().all()
        return [(row.conversation, row.kind, database.cipher.unseal(row.body), row.payload) for row in found]


def texts(database):
    return [text for _, _, text, _ in rows(database)]


def said(database, conversation):
    with database.reading() as session:
        return [line.text for line in outbox.read_lines(session, conversation, 0).lines]


def send_button(database, conversation="telegram:7"):
    """A button that the conversation was sent; its opaque id."""
    with database.transaction() as session:
        outbox.enqueue(session, conversation, [Reply("Anh/chị chọn giúp:", (BUTTON,))])
    with database.reading() as session:
        return outbox.read_lines(session, conversation, 0).lines[-1].buttons[0].id


class FailingIntake(Intake):
    """Its first commits fail."""

    def __init__(self, database, failures):
        super().__init__(database, lambda: None)
        self.failures = failures

    async def accept(self, arrival):
        if self.failures:
            self.failures -= 1
            raise OperationalError("insert", {}, Exception("disk full"))
        return await super().accept(arrival)
