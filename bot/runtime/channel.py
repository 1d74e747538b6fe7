"""Rasa's REST channel behind its token: without one, any program of this machine could speak as any citizen."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse


class GuardedRestInput(RestInput):
    """The REST channel for callers that send `Authorization: Bearer <token>`."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}"

    @classmethod
    def name(cls) -> str:
        """Its place in the address: `/webhooks/rest/webhook`."""
        return "rest"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> GuardedRestInput:
        """Make it from `credentials.yml`."""
        return cls(str((credentials or {})["token"]))

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[None]]) -> Blueprint:
        """Rasa's own routes, with the check before each."""
        blueprint: Blueprint = super().blueprint(on_new_message)

        async def check(request: Request) -> HTTPResponse | None:
            given = request.headers.get("authorization", "")
            return None if hmac.compare_digest(given, self._expected) else response.text("forbidden", status=403)

        blueprint.on_request(check)
        return blueprint
