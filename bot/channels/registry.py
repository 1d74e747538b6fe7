"""The channels that are set up, and what keeps their receivers going."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot.channels.channel import Channel
from bot.channels.enclosed import Enclosed
from bot.channels.limits import inspections
from bot.database import Database
from bot.delivery.intake import Intake
from bot.settings import Settings

logger = logging.getLogger(__name__)

# Seconds before a receiver that failed is begun anew; after so many without a failure the first counts again.
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
CALM = 120.0


def open_channels(
    database: Database, settings: Settings, intake: Intake, inspected: asyncio.Semaphore | None = None
) -> list[Channel]:
    """The channels that the settings ask for. A channel's library is loaded only where it is used.

    Args:
        inspected: room for inspections, shared with files that come in; their own without.
    """
    enclosed = Enclosed(database, settings.evidence, inspected=inspected or inspections())
    opened: list[Channel | None] = []
    if settings.telegram.token:
        from bot.channels import telegram

        opened.append(telegram.open_channel(database, settings, intake, enclosed=enclosed))
    if settings.zalo.app_id:
        from bot.channels import zalo_oa

        opened.append(zalo_oa.open_channel(database, settings, intake, enclosed=enclosed))
    if settings.zalo_bot.token:
        from bot.channels import zalo_bot

        opened.append(zalo_bot.open_channel(database, settings, intake))
    return [channel for channel in opened if channel]


async def keep_going(
    name: str,
    work: Callable[[], Awaitable[None]],
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run something until cancelled; when it fails, again, after growing pauses. When it ends by itself, that's all.

    Args:
        name: what the log calls it.
    """
    failures = 0
    while True:
        began = clock()
        try:
            return await work()
        except Exception as error:  # noqa: BLE001
            if clock() - began > CALM:
                failures = 0
            pause = PAUSES[min(failures, len(PAUSES) - 1)]
            failures += 1
            # Neighbours' words may hold an address with a token in it.
            logger.error("%s failed (%s), again in %.0f s", name, type(error).__name__, pause)
        await sleep(pause)
