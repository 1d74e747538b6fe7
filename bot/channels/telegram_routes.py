"""Telegram's webhook: the secret first, the inbox next, and only then "received"."""

from __future__ import annotations

import hmac
import logging

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.bodies import BodyError, read_body, read_json, refuse
from bot.channels.telegram_receiving import CHANNEL, Receiver
from bot.delivery import counters

logger = logging.getLogger(__name__)

PATH = "/webhooks/telegram"
HEADER = "x-telegram-bot-api-secret-token"
# An update with a long text and all its marks has some ten thousand.
MOST_BYTES = 500_000
LONGEST = 10.0


def telegram_routes(receiver: Receiver, secret: str, patience: float = LONGEST) -> list[Route]:
    """The webhook.

    Args:
        patience: seconds that one body may take to come in.
    """

    async def take(request: Request) -> Response:
        # Compared as bytes, in a time that tells nothing, before anything else is looked at.
        if not hmac.compare_digest(request.headers.get(HEADER, "").encode(), secret.encode()):
            counters.count_refused(CHANNEL, "secret")
            return Response(status_code=403, headers={"Connection": "close"})
        try:
            await receiver.take([await _read_update(request, patience)])
        except BodyError as error:
            counters.count_refused(CHANNEL, error.reason)
            logger.warning("telegram: a body was refused: %s", error.reason)
            return refuse(error)
        except SQLAlchemyError as error:
            counters.count_refused(CHANNEL, "not_stored")
            logger.error("telegram: the inbox takes nothing: %s", type(error).__name__)
            return Response(status_code=503)
        return Response()

    return [Route(PATH, take, methods=["POST"])]


async def _read_update(request: Request, patience: float) -> dict[str, object]:
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise BodyError(415, "content_type")
    update = read_json(await read_body(request, MOST_BYTES, patience))
    number = update.get("update_id") if isinstance(update, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise BodyError(400, "shape")
    return dict(update)
