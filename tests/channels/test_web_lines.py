"""The stream of events and the long poll, over a real server where it takes one."""

import asyncio
import contextlib
import json
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Route

from bot.channels.limits import Seats
from bot.channels.web import open_web
from bot.channels.web_lines import WebLines
from bot.channels.web_session import guard
from bot.delivery import outbox, sentences
from bot.delivery.model import DELIVERED, DONE, PENDING, InboxMessage, OutboxMessage
from bot.delivery.news import News
from bot.delivery.outbox import Reply
from tests.channels.conftest import IdleWorker
from tests.factories import make_settings
from tests.site.conftest import serving

MESSAGES, STREAM = "/api/web/messages", "/api/web/stream"


class Served:
    """A web chat on loopback, and people who talk to it."""

    def __init__(self, address, channel, lines):
        self.address, self.channel, self.lines = address, channel, lines

    def person(self):
        client = httpx.Client(base_url=self.address, trust_env=False, timeout=10)
        client.get(MESSAGES)
        return client


@pytest.fixture
def served(database, tmp_path):
    settings = make_settings(tmp_path, MESSAGES_PER_10S=1000)
    channel = open_web(database, IdleWorker(), settings)
    news = News(database, IdleWorker().wait_for_news)
    seats = Seats(most_per_conversation=2)
    lines = WebLines(database, news, settings, lambda _: None, channel.reads, seats, heartbeat=0.2)
    routes = [Route(STREAM, guard(lines.stream, settings)), *channel.routes()]
    with serving(lambda _: Starlette(routes=routes)) as address:
        yield Served(address, channel, lines)
        news.close()


def conversation_of(database, client):
    client.post(MESSAGES, json={"client_id": str(uuid.uuid4()), "text": "xin chào"}).raise_for_status()
    with database.reading() as session:
        newest = select(InboxMessage.conversation).order_by(InboxMessage.id.desc()).limit(1)
        return session.execute(newest).scalar_one()


def say(database, conversation, text="Chào anh/chị"):
    with database.transaction() as session:
        return outbox.enqueue(session, conversation, [Reply(text)])[0]


def states(database):
    with database.reading() as session:
        return list(session.execute(select(OutboxMessage.state).order_by(OutboxMessage.id)).scalars())


@contextlib.contextmanager
def listening(client, last="0"):
    """The events of a stream, as (id, data); None for a sign of life."""
    with client.stream("GET", STREAM, headers={"Last-Event-ID": last}) as response:
        assert response.status_code == 200, response.read()
        yield read_events(response.iter_lines()), response.headers


def read_events(lines):
    fields = {}
    for line in lines:
        if line == ":":
            yield None
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields["id"], json.loads(fields["data"])
            fields = {}


def next_said(events):
    return next((key, data["messages"]) for key, data in filter(None, events) if data["messages"])


def test_an_answer_comes_as_it_is_stored_and_names_itself(served, database):
    person = served.person()
    conversation = conversation_of(database, person)
    with listening(person) as (events, headers):
        assert next(events)[1] == {"messages": [], "cursor": "0", "typing": True}
        row = say(database, conversation)
        key, messages = next_said(events)
    assert (key, [message["text"] for message in messages]) == (str(row), ["Chào anh/chị"])
    assert headers["content-type"].startswith("text/event-stream")
    assert (headers["cache-control"], headers["x-accel-buffering"]) == ("no-store", "no")


def test_silence_is_broken_by_signs_of_life(served, database):
    with listening(served.person()) as (events, _):
        assert next(events)[1]["messages"] == []
        assert next(events) is None


def test_what_was_sent_into_a_stream_counts_as_delivered_only_once_it_is_named(served, database):
    person = served.person()
    conversation = conversation_of(database, person)
    with listening(person) as (events, _):
        say(database, conversation)
        key, _ = next_said(events)
    assert states(database) == [PENDING]
    with listening(person, last=key) as (events, _):
        next(events)
    assert states(database) == [DELIVERED]


def test_a_stream_that_broke_is_taken_up_where_it_was(served, database):
    person = served.person()
    conversation = conversation_of(database, person)
    first, second = say(database, conversation, "một"), say(database, conversation, "hai")
    for last, wanted in (("0", ["một", "hai"]), (str(first), ["hai"])):
        with listening(person, last) as (events, _):
            key, messages = next_said(events)
        assert (key, [message["text"] for message in messages]) == (str(second), wanted)


def test_a_long_conversation_is_read_piece_by_piece_and_none_is_left_out(served, database):
    person = served.person()
    conversation = conversation_of(database, person)
    said = [f"dòng {number}" for number in range(450)]
    with database.transaction() as session:
        outbox.add(session, conversation, [Reply(text) for text in said])
    first = person.get(MESSAGES).json()
    assert ([message["text"] for message in first["messages"]], first["more"]) == (said[-200:], True)
    served.lines.heartbeat = 60
    with listening(person) as (events, _):
        pieces = [next_said(events) for _ in range(3)]
    assert [message["text"] for _, messages in pieces for message in messages] == said
    assert pieces[-1][0] == first["cursor"]
    assert "more" not in person.get(MESSAGES, params={"after": first["cursor"]}).json()


def test_nobody_hears_another_persons_stream(served, database):
    one, other = served.person(), served.person()
    conversation = conversation_of(database, one)
    with listening(other) as (events, _):
        say(database, conversation)
        assert [event[1]["messages"] for event in (next(events), next(events)) if event] == [[]]


def test_a_stream_without_a_conversation_is_refused(served):
    response = httpx.get(f"{served.address}{STREAM}", trust_env=False)
    assert (response.status_code, response.json()["error"]) == (403, sentences.NOT_UNDERSTOOD_REQUEST)


@pytest.mark.parametrize("path", [MESSAGES, STREAM])
def test_whoever_asks_without_end_is_slowed_down_and_others_are_not(database, tmp_path, path):
    channel = open_web(database, IdleWorker(), make_settings(tmp_path, MESSAGES_PER_10S=1))
    channel.close()
    with serving(lambda _: Starlette(routes=channel.routes())) as address:
        greedy, calm = Served(address, channel, None).person(), Served(address, channel, None).person()
        answers = [greedy.get(path) for _ in range(10)]
        assert [answer.status_code for answer in answers] == [200] * 9 + [429]
        assert answers[-1].json()["error"] == sentences.BUSY
        assert 0 < int(answers[-1].headers["retry-after"]) <= 10
        assert calm.get(path).status_code == 200


def test_the_readers_of_one_address_together_have_a_limit_too(database, tmp_path):
    settings = make_settings(tmp_path, MESSAGES_PER_10S_PER_ADDRESS=1)
    channel = open_web(database, IdleWorker(), settings)
    with serving(lambda _: Starlette(routes=channel.routes())) as address:
        people = [Served(address, channel, None).person() for _ in range(8)]
        assert [person.get(MESSAGES).status_code for person in people] == [200, 200, *[429] * 6]


def test_a_person_has_a_few_streams_and_gets_back_those_that_ended(served):
    person = served.person()
    with listening(person) as (first, _), listening(person) as (second, _):
        next(first), next(second)
        refused = person.get(STREAM)
        assert (refused.status_code, refused.json()["error"]) == (429, sentences.BUSY)
        assert int(refused.headers["retry-after"]) > 0
    wait_until(lambda: served.lines.seats.take("", "") is not None)
    wait_until(lambda: not served.lines.seats._taken or max(served.lines.seats._taken.values()) < 2)
    with listening(person) as (events, _):
        next(events)


def test_streams_end_at_once_when_the_program_does(served):
    with listening(served.person()) as (events, _):
        next(events)
        served.lines.news.close()
        assert [event for event in events if event] == []


def test_a_stream_ends_after_its_time(served):
    served.lines.longest = 0.1
    with listening(served.person()) as (events, _):
        assert [event[1]["messages"] for event in events if event] == [[]]


def test_who_has_no_seat_is_not_kept_waiting(served, database):
    person = served.person()
    served.channel.routes()
    with listening(person) as (first, _), listening(person) as (second, _):
        next(first), next(second)
        assert person.get(MESSAGES, params={"after": "0", "wait": "0.1"}).json()["messages"] == []


def wait_until(condition):
    for _ in range(200):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come to that")


@pytest.mark.parametrize(("most", "taken"), [({"most": 2}, 2), ({"most_per_address": 1}, 1)])
def test_seats_are_counted_in_all_and_by_address(most, taken):
    seats = Seats(**most)
    given = [seats.take(f"web:{number}", "192.0.2.1") for number in range(5)]
    assert [seat is not None for seat in given] == [True] * taken + [False] * (5 - taken)
    given[0]()
    assert seats.take("web:9", "192.0.2.1") is not None


class Replier(IdleWorker):
    """Answers every message with its own words, as the dispatcher would."""

    def __init__(self, database):
        super().__init__()
        self.database = database
        self.thread = ThreadPoolExecutor(1)

    def notify(self):
        self.thread.submit(self.answer_all)

    def answer_all(self):
        with self.database.transaction() as session:
            waiting = select(InboxMessage).where(InboxMessage.state == PENDING).order_by(InboxMessage.conversation)
            for row in session.execute(waiting).scalars():
                row.state = DONE
                said = self.database.cipher.unseal(row.body)
                outbox.enqueue(session, row.conversation, [Reply(f"Trả lời {said}")], row.id)


async def converse(address, number):
    """One citizen: opens the page, follows the stream, asks, and reads the answer there."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"Host: {host}\r\nX-Forwarded-For: 198.51.{number // 250}.{number % 250 + 1}\r\n"
    writer.write(f"GET {MESSAGES} HTTP/1.1\r\n{head}\r\n".encode())
    opened = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(opened.lower().split("content-length: ")[1].split("\r\n")[0])
    await reader.readexactly(length)
    writer.close()
    cookie = opened.split("set-cookie: ")[1].split(";")[0]
    head += f"Cookie: {cookie}\r\n"
    listener, ear = await asyncio.open_connection(host, int(port))
    ear.write(f"GET {STREAM} HTTP/1.1\r\n{head}Last-Event-ID: 0\r\n\r\n".encode())
    await listener.readuntil(b'"messages": []')
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"client_id": f"client-{number}", "text": f"câu {number}"}).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(f"POST {MESSAGES} HTTP/1.1\r\n{head}{kind}".encode() + body)
    status = (await reader.readline()).split()[1]
    said = (await listener.readuntil(f'"{answer_to(number)}"'.encode())).decode()
    writer.close()
    ear.close()
    return status == b"202" and said.count("Tr\\u1ea3") == 1


def answer_to(number):
    return json.dumps(f"Trả lời câu {number}").strip('"')


def test_many_conversations_at_once_each_get_their_own_answer(database, tmp_path):
    many = int(os.environ.get("MOTCUA_TEST_CONVERSATIONS", "200"))
    settings = make_settings(tmp_path)
    channel = open_web(database, Replier(database), settings)

    async def scene(address):
        return await asyncio.gather(*(converse(address, number) for number in range(many)))

    with serving(lambda _: Starlette(routes=channel.routes())) as address:
        assert asyncio.run(asyncio.wait_for(scene(address), 60)) == [True] * many
        channel.close()
