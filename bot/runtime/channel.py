"""Rasa's REST channel behind its token: without one, any program of this machine could speak as any citizen."""

from __future__ import annotations

import hmac
import logging
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.failures import kind_and_places
from bot.runtime.failing import TurnFailedError
from bot.runtime.forgetting import add_forgetting

logger = logging.getLogger(__name__)

Turn = Callable[[UserMessage], Awaitable[None]]


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

    def blueprint(self, on_new_message: Turn) -> Blueprint:
        """Rasa's own routes, with the check before each."""
        blueprint: Blueprint = super().blueprint(_without_traces(on_new_message))

        async def check(request: Request) -> HTTPResponse | None:
            given = request.headers.get("authorization", "")
            return None if hmac.compare_digest(given, self._expected) else response.text("forbidden", status=403)

        blueprint.on_request(check)
        add_forgetting(blueprint)
        return blueprint


def _without_traces(on_new_message: Turn) -> Turn:
    """A turn that failed, or whose caller went away, answers nothing and leaves no words of the citizen in the log.

    Rasa would log the message, and answer with what had been said before the failure, though its tracker kept nothing.
    """

    async def run(message: UserMessage) -> None:
        inbox_id = (message.metadata or {}).get("inbox_id")
        try:
            await on_new_message(message)
            return
        except CancelledError:
            logger.warning("inbox %s: the caller went away in mid-turn (CancelledError)", inbox_id)
        except TurnFailedError as failure:
            logger.warning("inbox %s: an action failed and ended the turn (TurnFailedError: %s)", inbox_id, failure)
        except Exception as error:  # noqa: BLE001
            logger.error("inbox %s: the turn failed: %s", inbox_id, kind_and_places(error))
        message.output_channel.messages.clear()

    return run
