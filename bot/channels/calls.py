"""Calls of channels' interfaces, over connections that are kept; one costs a third of httpx's processor time."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from yarl import URL

# Of the time to connect: what an address that leads nowhere leaves to the next one of the same name.
_SHARE_OF_ONE_ADDRESS = 0.4
# Less than servers wait before they hang up; a call that meets it is one nobody knows the end of.
_KEPT_SECONDS = 5.0


class CallError(Exception):
    """A call without an answer; the message names its kind and nothing of what was called.

    Attributes:
        sent: whether any of it may have left this machine.
        late: whether the time was over.
    """

    def __init__(self, kind: str, sent: bool, late: bool) -> None:
        super().__init__(kind)
        self.sent = sent
        self.late = late


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    content: bytes


class _Connector(aiohttp.TCPConnector):
    """Goes on to a name's next address when one leads nowhere: aiohttp 3.9 does so only when it is refused.

    With a version that has no such method, or tries addresses by itself, it is a plain connector.
    """

    async def _wrap_create_connection(self, *given: Any, **named: Any) -> Any:
        try:
            return await super()._wrap_create_connection(*given, **named)
        except asyncio.TimeoutError as error:
            late = OSError(errno.ETIMEDOUT, "no connection in time")
            raise aiohttp.ClientConnectorError(named["req"].connection_key, late) from error


class Caller:
    """Calls one channel's interface.

    Args:
        seconds: without a sign of the other end.
        connecting: seconds until a connection stands, a free one is waited for, too.
        connections: at the same time.
        surroundings: whether a proxy that the machine's environment names is used.
        resolver: finds the addresses of a name; the system's without.
    """

    def __init__(
        self,
        seconds: float,
        connecting: float,
        connections: int = 50,
        surroundings: bool = False,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self.seconds = seconds
        self._connecting = connecting
        self._connections = connections
        self._surroundings = surroundings
        self._resolver = resolver
        # Made within the event loop that uses it.
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Answered:
        """The answer, whatever its status; where it leads elsewhere, nobody follows.

        Args:
            seconds: in place of those of all calls.

        Raises:
            CallError: there was none.
        """
        if self._session is None or self._session.closed:
            self._session = self._open()
        patience = aiohttp.ClientTimeout(
            connect=self._connecting,
            sock_connect=self._connecting * _SHARE_OF_ONE_ADDRESS,
            sock_read=self.seconds if seconds is None else seconds,
        )
        trace = SimpleNamespace(sent=False)
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=body,
                headers=headers,
                timeout=patience,
                allow_redirects=False,
                trace_request_ctx=trace,
            ) as answer:
                return Answered(answer.status, await answer.read())
        except asyncio.TimeoutError as error:
            raise CallError(type(error).__name__, trace.sent, late=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Without its cause, which may quote an address with a token in it.
            late = isinstance(error, OSError) and error.errno == errno.ETIMEDOUT
            raise CallError(type(error).__name__, trace.sent, late) from None

    async def close(self) -> None:
        """Give back the connections."""
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = _Connector(
            limit=self._connections,
            keepalive_timeout=_KEPT_SECONDS,
            resolver=self._resolver,
            # The authorities httpx brings along, for whatever else is fetched: a small machine may have none.
            ssl=httpx.create_ssl_context(trust_env=self._surroundings),
        )
        sending = aiohttp.TraceConfig()
        sending.on_request_headers_sent.append(_note_sending)  # type: ignore[arg-type]
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[sending],
            trust_env=self._surroundings,
        )


async def _note_sending(_session: aiohttp.ClientSession, context: SimpleNamespace, _told: Any) -> None:
    context.trace_request_ctx.sent = True
