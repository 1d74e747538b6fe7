import asyncio
import contextlib
import socket

import pytest
from aiohttp.abc import AbstractResolver

from bot.channels.calls import Caller, CallError
from tests.factories import free_port

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"


class Line:
    """Somebody at the other end who answers each request with the same bytes, or hangs up, or keeps silent."""

    def __init__(self, answer):
        self.answer = answer
        self.connections, self.requests = 0, []

    async def __call__(self, reader, writer):
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
                self.requests.append((head, await reader.readexactly(length)))
                if self.answer is None:
                    await asyncio.sleep(5)
                if not self.answer:
                    break
                writer.write(self.answer)
        writer.close()


def call(answer, work, seconds=5.0, connecting=5.0, connections=5, **more):
    line = Line(answer)

    async def run():
        server = await asyncio.start_server(line, "127.0.0.1")
        port = server.sockets[0].getsockname()[1]
        caller = Caller(seconds, connecting, connections, **more)
        try:
            return await work(caller, f"http://127.0.0.1:{port}/s3cret")
        finally:
            await caller.close()
            server.close()

    return asyncio.run(run()), line


def fail(answer, work=None, **more):
    async def one(caller, url):
        with pytest.raises(CallError) as failed:
            await (work or Caller.call)(caller, "POST", url, b"x")
        return failed.value

    error, _ = call(answer, one, **more)
    assert "s3cret" not in str(error)
    assert (error.__cause__, error.__suppress_context__) == (None, True)
    return error.sent, error.late


def test_calls_one_after_the_other_share_a_connection_and_arrive_as_they_are():
    async def three(caller, url):
        return [await caller.call("POST", url, body, {"X-Name": "a"}) for body in (b"1", b"\xff\x00", b"")]

    answers, line = call(HELLO, three)
    assert [(answer.status, answer.content) for answer in answers] == [(200, b"ok")] * 3
    assert [body for _, body in line.requests] == [b"1", b"\xff\x00", b""]
    assert all(b"X-Name: a\r\n" in head for head, _ in line.requests)
    assert line.connections == 1


def test_nobody_follows_to_another_address():
    async def one(caller, url):
        return (await caller.call("GET", url)).status

    status, line = call(ELSEWHERE, one)
    assert (status, len(line.requests)) == (302, 1)


def test_a_call_that_was_cut_off_may_have_arrived():
    assert fail(b"") == (True, False)
    assert fail(b"no HTTP at all\r\n\r\n") == (True, False)


def test_a_call_that_nobody_answers_may_have_arrived():
    assert fail(None, seconds=0.1) == (True, True)


def test_where_nobody_listens_nothing_left():
    closed = f"http://127.0.0.1:{free_port()}/s3cret"
    assert fail(HELLO, lambda caller, *_: caller.call("POST", closed)) == (False, False)
    assert fail(HELLO, lambda caller, *_: caller.call("POST", "no address s3cret")) == (False, False)


def test_what_found_no_free_connection_did_not_leave():
    async def two(caller, method, url, body):
        first = asyncio.create_task(caller.call(method, url, body))
        await asyncio.sleep(0.1)
        try:
            await caller.call(method, url, body)
        finally:
            first.cancel()

    assert fail(None, two, connections=1, connecting=0.2) == (False, True)


def test_a_proxy_of_the_surroundings_is_used_only_where_it_may_be(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")

    async def one(caller, url):
        return (await caller.call("GET", url)).status

    assert call(HELLO, one)[0] == 200
    assert fail(HELLO, surroundings=True) == (False, False)


class Names(AbstractResolver):
    """Every name leads to the same addresses of this machine."""

    def __init__(self, *ports):
        self.ports = ports

    async def resolve(self, host, port=0, family=socket.AF_INET):
        return [
            {"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}
            for port in self.ports
        ]

    async def close(self):
        pass


@contextlib.contextmanager
def nowhere():
    """A port at which connections neither begin nor are refused: its queue is full."""
    with contextlib.ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def test_an_address_that_leads_nowhere_leaves_time_for_the_next_one():
    async def run(port, line):
        server = await asyncio.start_server(line, "127.0.0.1")
        caller = Caller(5.0, 1.0, resolver=Names(port, server.sockets[0].getsockname()[1]))
        try:
            return await caller.call("POST", "http://two.example/s3cret", b"x")
        finally:
            await caller.close()
            server.close()

    line = Line(HELLO)
    with nowhere() as port:
        answer = asyncio.run(run(port, line))
    assert (answer.status, line.connections) == (200, 1)


def test_where_every_address_leads_nowhere_nothing_left():
    with nowhere() as port:
        resolver = Names(port, port)
        leave = fail(
            HELLO,
            lambda caller, *_: caller.call("POST", "http://two.example/s3cret"),
            connecting=0.5,
            resolver=resolver,
        )
    assert leave == (False, True)
