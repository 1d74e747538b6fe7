import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels.web import web_routes
from tests.channels.zalo import Clock
from tests.factories import make_settings
from tests.fakes.rasa import FakeRasa
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo_oa import FakeZaloOA


@dataclass
class IdleWorker:
    """Answers nothing; `on_news` stands for what happens while somebody waits."""

    notified: int = 0
    on_news: list = field(default_factory=list)

    def notify(self):
        self.notified += 1

    async def wait_for_news(self, seconds):
        if self.on_news:
            self.on_news.pop(0)()
        await asyncio.sleep(min(seconds, 0.02))


@pytest.fixture
def worker():
    return IdleWorker()


@pytest.fixture
def people(database, worker, tmp_path):
    """Makes browsers: each person has cookies of their own; settings by name."""
    apps = {}

    def person(**values):
        key = tuple(sorted(values.items()))
        if key not in apps:
            apps[key] = Starlette(routes=web_routes(database, worker, make_settings(tmp_path, **values)))
        client = TestClient(apps[key], raise_server_exceptions=False)
        client.get("/api/web/messages")
        return client

    return person


@pytest.fixture
def citizen(people):
    return people(MESSAGES_PER_10S=1000)


@pytest.fixture
def other(people):
    return people(MESSAGES_PER_10S=1000)


@pytest.fixture
def rasa():
    with FakeRasa().serving() as fake:
        yield fake


@pytest.fixture
def telegram():
    with FakeTelegram().serving() as fake:
        yield fake


@pytest.fixture
def zalo_oa(clock):
    with FakeZaloOA(clock=clock).serving() as fake:
        yield fake


@pytest.fixture
def clock():
    """The clock of Zalo's tests; stands still until told."""
    return Clock()
