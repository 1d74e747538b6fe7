"""Requests to the Official Account's interface: token in its own header, errors read from the body of a 200."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels.calls import Answered, Caller, CallError
from bot.channels.enclosed import multipart
from bot.channels.zalo_errors import Fate, NotAnsweredError, fate_of
from bot.channels.zalo_tokens import ZaloTokens
from bot.complaints.evidence import OpenedFile
from bot.settings import ZaloSettings

TEMPLATE_PATH = "/v3.0/oa/message/template"
MESSAGE_PATH = "/v3.0/oa/message/cs"
QUOTA_PATH = "/v3.0/oa/quota/message"
ACCOUNT_PATH = "/v2.0/oa/getoa"
UPLOAD_IMAGE_PATH, UPLOAD_FILE_PATH = "/v2.0/oa/upload/image", "/v2.0/oa/upload/file"
_JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """What Zalo answered; code 0 is success."""

    code: int
    data: Mapping[str, Any]


class ZaloApi:
    """Asks for the account, with a token that serves."""

    def __init__(self, settings: ZaloSettings, tokens: ZaloTokens, caller: Caller) -> None:
        self._settings = settings
        self._tokens = tokens
        self._caller = caller

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """What Zalo answers to a JSON body.

        Raises:
            ZaloError: no answer that can be read, or no token.
        """
        return await self._ask("POST", path, json.dumps(body, ensure_ascii=False).encode())

    async def upload(self, path: str, file: OpenedFile) -> Answer:
        """What Zalo answers to a file.

        Raises:
            ZaloError: no answer that can be read, or no token; nobody has the file then.
        """
        form, kind = multipart({}, {"file": (file.name, file.content, file.media_type)})
        try:
            return await self._ask("POST", path, form, kind)
        except NotAnsweredError as error:
            raise NotAnsweredError(error.reason, uncertain=False) from error

    async def look(self, path: str, token: str) -> Answer:
        """What Zalo answers to this very token; when it is refused, nothing is renewed.

        Raises:
            NotAnsweredError: no answer that can be read.
        """
        return await self._ask_with(token, "GET", path, None, _JSON)

    async def _ask(self, method: str, path: str, body: bytes, kind: str = _JSON) -> Answer:
        token = await self._tokens.current()
        answer = await self._ask_with(token, method, path, body, kind)
        if fate_of(answer.code)[0] is Fate.RENEW:
            stale, token = token, await self._tokens.renew(token)
            answer = await self._ask_with(token, method, path, body, kind)
            if fate_of(answer.code)[0] is Fate.RENEW:
                if token != stale:
                    await self._tokens.doubt(token)
                return answer
        await self._tokens.trust(token)
        return answer

    async def _ask_with(self, token: str, method: str, path: str, body: bytes | None, kind: str) -> Answer:
        headers = {"access_token": token, "Content-Type": kind}
        if self._settings.proof:
            secret = self._settings.app_secret.encode()
            headers["appsecret_proof"] = hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()
        try:
            answer = await self._caller.call(method, f"{self._settings.api_url}{path}", body, headers)
        except CallError as error:
            raise NotAnsweredError("no_answer" if error.sent else "unreachable", uncertain=error.sent) from error
        return _read(answer)


def _read(answer: Answered) -> Answer:
    if answer.status == 429:
        return Answer(-32, {})
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise NotAnsweredError(f"http_{answer.status}", uncertain=True) from error
    code = _code(body.get("error")) if isinstance(body, dict) else None
    if code is None:
        raise NotAnsweredError(f"http_{answer.status}", uncertain=True)
    data = body.get("data")
    return Answer(code, data if isinstance(data, dict) else {})


def _code(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 12 else None
