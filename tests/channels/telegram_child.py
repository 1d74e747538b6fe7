"""Fetches what a fake Telegram has until it is killed: `python -m tests.channels.telegram_child <home> <url>`."""

import asyncio
import sys
from pathlib import Path

from bot.channels.telegram import open_channel
from bot.delivery.intake import Intake
from tests.factories import make_database, make_settings
from tests.fakes.telegram import TOKEN


async def main(home: Path, url: str) -> None:
    database = make_database(home)
    settings = make_settings(home, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=url)
    channel = open_channel(database, settings, Intake(database, lambda: None))
    assert channel
    await channel.receivers[0]()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
