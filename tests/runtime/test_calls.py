"""The connection to the action server, counted by a server that stands in for it."""

import asyncio

import pytest
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.calls import keep_connections

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"events":[]}'


@pytest.fixture
def kept():
    """Connections are kept during a test."""
    before = EndpointConfig.session
    keep_connections()
    yield
    EndpointConfig.session = before


class Server:
    """Answers every request on as many connections as it is called over."""

    def __init__(self):
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            length = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            writer.write(ANSWER)
            await writer.drain()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._quietly, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def _quietly(self, reader, writer):
        self.writer = writer
        try:
            await self.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def __aexit__(self, *_):
        self._server.close()


def test_calls_share_a_connection_and_outlive_its_end(kept):
    async def work():
        async with Server() as server:
            endpoint = EndpointConfig(f"http://127.0.0.1:{server.port}")
            answers = [await endpoint.request(json={}) for _ in range(3)]
            one = server.connections
            # A killed server takes its connections with it.
            server.writer.close()
            await asyncio.sleep(0.05)
            answers.append(await endpoint.request(json={}))
            await endpoint.kept_session.close()
            return answers, one, server.connections

    answers, before, after = asyncio.run(work())
    assert answers == [{"events": []}] * 4
    assert (before, after) == (1, 2)
