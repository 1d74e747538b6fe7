import asyncio

import pytest

from bot.delivery import outbox
from bot.delivery.news import LOOK_BACK, News
from bot.delivery.outbox import Reply

MINE, OTHER = "web:an", "web:binh"


class Elsewhere:
    """A process that answers nothing itself."""

    def __init__(self):
        self.looks = 0

    async def wait(self, seconds):
        self.looks += 1
        await asyncio.sleep(min(seconds, 0.02))


def say(database, conversation, times=1):
    with database.transaction() as session:
        return outbox.enqueue(session, conversation, [Reply("Chào")] * times)[-1]


def test_who_waits_is_woken_by_a_line_of_their_own_that_another_program_stored(database):
    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, 0) as listener:
            say(database, MINE)
            return await listener.wait(5)

    assert asyncio.run(scene())


def test_others_are_not_woken(database):
    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, 0) as listener:
            say(database, OTHER)
            return await listener.wait(0.2)

    assert not asyncio.run(scene())


def test_a_line_that_is_known_wakes_nobody(database):
    last = say(database, MINE)

    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, last) as listener:
            return await listener.wait(0.2)

    assert not asyncio.run(scene())


def test_a_line_that_comes_between_reading_and_waiting_is_heard_of(database):
    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, 0) as listener:
            await asyncio.sleep(0.1)
            listener.seen = say(database, MINE)
            say(database, MINE)
            return await listener.wait(5)

    assert asyncio.run(scene())


def test_many_lines_of_others_hide_none(database):
    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, 0) as listener:
            await asyncio.sleep(0.1)
            say(database, OTHER, LOOK_BACK + 10)
            await asyncio.sleep(0.1)
            say(database, MINE)
            return await listener.wait(5)

    assert asyncio.run(scene())


def test_one_look_serves_all_and_nobody_looks_when_nobody_waits(database):
    elsewhere = Elsewhere()

    async def scene():
        news = News(database, elsewhere.wait)
        with news.listening(MINE, 0) as first, news.listening(OTHER, 0) as second:
            await asyncio.gather(first.wait(0.1), second.wait(0.1))
        looks = elsewhere.looks
        await asyncio.sleep(0.1)
        return looks, elsewhere.looks

    during, afterwards = asyncio.run(scene())
    assert 0 < during < 10
    assert afterwards == during


@pytest.mark.parametrize("act", [lambda news: news.close(), lambda news: news.tell(MINE)])
def test_all_are_woken_when_the_program_ends_and_one_when_told(database, act):
    async def scene():
        news = News(database, Elsewhere().wait)
        with news.listening(MINE, 0) as listener:
            act(news)
            return await listener.wait(5)

    assert asyncio.run(scene())


def test_a_database_that_fails_for_a_while_is_asked_again(database):
    async def scene():
        news = News(database, Elsewhere().wait, look_every=0.05)
        with news.listening(MINE, 0) as listener:
            with database.transaction() as session:
                session.connection().exec_driver_sql("ALTER TABLE outbox RENAME TO away")
            await asyncio.sleep(0.1)
            with database.transaction() as session:
                session.connection().exec_driver_sql("ALTER TABLE away RENAME TO outbox")
            say(database, MINE)
            return await listener.wait(5)

    assert asyncio.run(scene())
