"""Requests to the Zalo Bot Platform. The token stands in the address, so no address and no error of httpx is logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from bot.channels.zalo_errors import NotAnsweredError, ZaloError
from bot.settings import ZaloBotSettings

POLL_SECONDS = 30
TIMEOUT = httpx.Timeout(15.0, connect=5.0)
POLL_TIMEOUT = httpx.Timeout(POLL_SECONDS + 15.0, connect=5.0)
NO_UPDATE = 408
# What the platform, too, may answer without its JSON; any other page is of a server in between, and about nobody.
_BY_STATUS = (401, 404, NO_UPDATE, 429)
_NOT_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class BotRefusedError(ZaloError):
    """The platform says no.

    Attributes:
        code: its number, which follows those of HTTP.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"error_{code}")
        self.code = code


class ZaloBotApi:
    """Asks as the bot."""

    def __init__(self, settings: ZaloBotSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    async def ask(self, method: str, body: Mapping[str, Any], timeout: httpx.Timeout = TIMEOUT) -> Mapping[str, Any]:
        """What the platform answers.

        Raises:
            BotRefusedError: it says no.
            NotAnsweredError: no answer that can be read.
        """
        url = f"{self._settings.api_url}/bot{self._settings.token}/{method}"
        try:
            answer = await self._client.post(url, json=dict(body), timeout=timeout)
        except _NOT_ARRIVED:
            raise NotAnsweredError("unreachable", uncertain=False) from None
        except httpx.HTTPError:
            raise NotAnsweredError("no_answer", uncertain=True) from None
        return _read(answer)

    async def poll(self) -> Mapping[str, Any] | None:
        """The next update, None when nobody wrote for a while.

        Raises:
            ZaloError: as `ask`.
        """
        try:
            return await self.ask("getUpdates", {"timeout": str(POLL_SECONDS)}, POLL_TIMEOUT)
        except BotRefusedError as error:
            if error.code == NO_UPDATE:
                return None
            raise


def _read(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("ok"), bool):
        if answer.status_code in _BY_STATUS:
            raise BotRefusedError(answer.status_code)
        refused = 400 <= answer.status_code < 500
        raise NotAnsweredError(f"http_{answer.status_code}", uncertain=not refused)
    if not body["ok"]:
        code = body.get("error_code")
        raise BotRefusedError(code if isinstance(code, int) else answer.status_code)
    result = body.get("result")
    return result if isinstance(result, dict) else {}
