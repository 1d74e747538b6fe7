"""Files at an address that Zalo sent: only from Zalo's own hosts, within a size, never from inside our network."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin

import httpx

from bot.delivery.adapter import Fetched, FetchError

logger = logging.getLogger(__name__)

# Where Zalo's own pages and interfaces live. Which of them serve citizens' photos is not documented: what is refused is
# logged with its host (see docs/operating-zalo.md).
HOSTS = (".zdn.vn", ".zadn.vn", ".zalo.me", ".zaloapp.com", ".zaloplatforms.com")
MOST_REDIRECTS = 3
MOST_SECONDS = 60.0
TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_NAME = re.compile(r"[0-9a-z.-]+", re.ASCII)
_REDIRECTS = (301, 302, 303, 307, 308)
# Gone for now, not for good.
_LATER = (408, 425, 429)

Resolve = Callable[[str], Awaitable[list[str]]]


async def resolve_host(host: str) -> list[str]:
    """The addresses of a host."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]


class ZaloFiles:
    """Fetches files.

    Args:
        trusted: the configured address of the interface, whose host needs no look (a fake of it stands on loopback).
        resolve: finds the addresses of a host.
        transport: for tests; speaks to the network otherwise.
    """

    def __init__(
        self,
        trusted: str,
        resolve: Resolve = resolve_host,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = MOST_SECONDS,
    ) -> None:
        self._trusted = httpx.URL(trusted)
        self._resolve = resolve
        self._transport = transport
        self._seconds = seconds

    async def fetch(self, reference: str, most: int) -> Fetched:
        """The bytes at an address.

        Raises:
            FetchError: it is not Zalo's, not there, or larger than `most`.
        """
        try:
            return await asyncio.wait_for(self._fetch(reference, most), self._seconds)
        except asyncio.TimeoutError as error:
            raise FetchError("too_slow", later=True) from error
        except httpx.HTTPError as error:
            raise FetchError("unreachable", later=True) from error

    async def _fetch(self, reference: str, most: int) -> Fetched:
        url = _parse(reference)
        # No cookies, no token: the address itself is what opens it.
        # Not packed: what the client asks for by itself would come as something that is refused below.
        client = httpx.AsyncClient(
            timeout=TIMEOUT, trust_env=False, transport=self._transport, headers={"Accept-Encoding": "identity"}
        )
        async with client:
            for _ in range(MOST_REDIRECTS + 1):
                request = await self._request(client, url)
                answer = await client.send(request, stream=True)
                try:
                    if answer.status_code not in _REDIRECTS:
                        return Fetched(_name_of(url), await _read(answer, most))
                    url = _parse(urljoin(str(url), answer.headers.get("location", "")))
                finally:
                    await answer.aclose()
        raise FetchError("too_many_redirects")

    async def _request(self, client: httpx.AsyncClient, url: httpx.URL) -> httpx.Request:
        if (url.scheme, url.host, url.port) == (self._trusted.scheme, self._trusted.host, self._trusted.port):
            return client.build_request("GET", url)
        if url.scheme != "https" or url.port not in (None, 443) or url.userinfo or not is_zalos(url.host):
            logger.warning("zalo: a file at a host that is not on the list was refused: %s", ascii(url.host)[:100])
            raise FetchError("foreign_address")
        # The connection goes to the very address that was looked at: a name may mean another one a moment later.
        address = await self._public_address(url.host)
        there = url.copy_with(host=address)
        return client.build_request("GET", there, headers={"Host": url.host}, extensions={"sni_hostname": url.host})

    async def _public_address(self, host: str) -> str:
        try:
            addresses = await self._resolve(host)
        except OSError as error:
            raise FetchError("unreachable", later=True) from error
        if not addresses or not all(is_public(address) for address in addresses):
            raise FetchError("private_address")
        return addresses[0]


def is_zalos(host: str) -> bool:
    """Whether a host is one of Zalo's."""
    host = host.lower()
    return bool(_NAME.fullmatch(host)) and host.endswith(HOSTS)


def is_public(text: str) -> bool:
    """Whether an address lies outside of every private, local or reserved network."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(str(inner))
        # Another way to write an IPv4 address, of any network.
        if address in ipaddress.ip_network("64:ff9b::/96"):
            return False
    return address.is_global and not address.is_multicast


def _parse(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise FetchError("no_address") from error


async def _read(answer: httpx.Response, most: int) -> bytes:
    if answer.status_code != 200:
        later = answer.status_code >= 500 or answer.status_code in _LATER
        raise FetchError("not_there", later=later)
    # Unpacking would let a small answer become a large one; files come as they are.
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise FetchError("packed")
    chunks, size = [], 0
    async for chunk in answer.aiter_raw():
        size += len(chunk)
        if size > most:
            raise FetchError("too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _name_of(url: httpx.URL) -> str:
    return PurePosixPath(unquote(url.path)).name[-100:]
