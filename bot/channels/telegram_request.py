"""python-telegram-bot's way out, over our own calls."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from telegram._utils.defaultvalue import DefaultValue
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.channels.calls import Answered, Caller, CallError
from bot.channels.enclosed import multipart

_FORM = "application/x-www-form-urlencoded"
_SUCCESSES, _FIRST_ERROR = range(200, 300), 400


class Requests(BaseRequest):
    """Calls of the Bot API, for python-telegram-bot."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    @property
    def read_timeout(self) -> float:
        """Seconds that an answer may take."""
        return self._caller.seconds

    async def initialize(self) -> None:
        """Nothing: connections are made when they are needed."""

    async def shutdown(self) -> None:
        """Give back the connections."""
        await self._caller.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            telegram.error.NetworkError: there was none; its cause is a `CallError`.
            telegram.error.TelegramError: nobody can tell from it what became of the call.
        """
        seconds = None if isinstance(read_timeout, DefaultValue) else read_timeout
        body, kind = _form_of(request_data) if request_data else (None, _FORM)
        headers = {"User-Agent": self.USER_AGENT, "Content-Type": kind}
        try:
            answer = await self._caller.call(method, url, body, headers, seconds)
        except CallError as error:
            if error.late:
                raise TimedOut from error
            raise NetworkError(str(error)) from error
        return _status_of(answer), answer.content


def _status_of(answer: Answered) -> int:
    """The status of an answer; that of the error it names, where a success is none."""
    if answer.status not in _SUCCESSES:
        return answer.status
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        code = told.get("error_code")
        if told.get("ok") is True and told.get("result") is not None:
            return answer.status
        if told.get("ok") is False and isinstance(code, int) and code >= _FIRST_ERROR:
            return code
    raise TelegramError("no result")


def _form_of(data: RequestData) -> tuple[bytes, str]:
    if data.contains_files:
        return multipart(data.json_parameters, data.multipart_data)
    return urlencode(data.json_parameters).encode(), _FORM
