"""Telegram: replies out, files in. What Telegram brings is read and stored by `telegram_receiving`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import Application

from bot.channels.calls import Caller
from bot.channels.channel import Channel
from bot.channels.telegram_check import check_telegram
from bot.channels.telegram_errors import outcome_of
from bot.channels.telegram_receiving import CHANNEL, Receiver, chat_of
from bot.channels.telegram_request import Requests
from bot.channels.telegram_routes import PATH, telegram_routes
from bot.database import Database
from bot.delivery.adapter import Fetched, FetchError, Outcome, Part, Taken
from bot.delivery.finding import Finding
from bot.delivery.intake import Intake
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import render_pieces, shorten, text_with_numbers, utf16_length
from bot.settings import Settings

# Of one message, in UTF-16 units.
LONGEST_TEXT = 4096
# Phones show about this much of a button's title; what is longer becomes a numbered line.
LONGEST_TITLE = 40
# Two of these fit beside each other; five numbers can still be hit with a thumb.
_SHORT_TITLE, _SHORT_IN_A_ROW, _NUMBERS_IN_A_ROW = 16, 2, 5
# Telegram drops what goes beyond.
MOST_BUTTONS = 100
# So many chats in a row told to wait, and none served in between: it is about the whole bot.
_CHATS_FOR_ALL = 3
_CONNECTIONS = 40
_SECONDS = 10.0
_LONGEST_DOWNLOAD = 60.0


class TelegramAdapter:
    """Telegram as the outbox sees it.

    Args:
        files: fetches what `getFile` names; httpx, so that a file can be cut off at its limit.
    """

    channel = CHANNEL
    per_conversation = 1.0

    def __init__(self, bot: Bot, files: httpx.AsyncClient, per_second: float) -> None:
        self.per_second = per_second
        self._bot = bot
        self._files = files
        self._told_to_wait: set[str] = set()

    def render(self, reply: Reply) -> list[Part]:
        """Texts of up to 4096 units; the buttons under the last, long titles as numbered lines of it."""
        buttons = reply.buttons[:MOST_BUTTONS]
        titles = [button.title for button in buttons]
        numbered = len(buttons) > 1 and any(utf16_length(title) > LONGEST_TITLE for title in titles)
        if numbered:
            reply = Reply(text_with_numbers(reply, 0), aside=reply.aside)
            titles = [str(number) for number in range(1, len(buttons) + 1)]
        pieces = render_pieces(Reply(reply.text), LONGEST_TEXT, utf16_length, 0)
        parts: list[dict[str, Any]] = [{"text": piece.text} for piece in pieces]
        if parts and buttons:
            parts[-1]["keyboard"] = _keyboard(buttons, titles, _NUMBERS_IN_A_ROW if numbered else _per_row(titles))
        return list(parts)

    async def deliver(self, conversation: str, part: Part) -> Outcome:
        """One sendMessage, as plain text: nothing a citizen wrote can be taken for markup."""
        chat, text, markup = chat_of(conversation), part["text"], _markup(part.get("keyboard"))
        try:
            message = await self._bot.send_message(
                chat, text, reply_markup=markup, link_preview_options=LinkPreviewOptions(is_disabled=True)
            )
        except RetryAfter as error:
            self._told_to_wait.add(conversation)
            return outcome_of(error, everybody=len(self._told_to_wait) >= _CHATS_FOR_ALL)
        except TelegramError as error:
            return outcome_of(error)
        except (KeyError, TypeError, ValueError):
            # It was taken, only the receipt can't be read; sending again would double it.
            return Taken()
        self._told_to_wait.clear()
        return Taken(str(message.message_id))

    async def fetch(self, reference: str, most: int) -> Fetched:
        """The bytes behind a file id; the address with the token in it stays here.

        Raises:
            FetchError: it is gone, larger than `most` bytes or than Telegram hands out, or lies elsewhere.
        """
        try:
            file = await self._bot.get_file(reference)
        except BadRequest as error:
            raise FetchError("too_large" if "too big" in error.message.lower() else "gone") from None
        except TelegramError as error:
            raise FetchError("unreachable", later=True) from error.__cause__
        address = file.file_path or ""
        if not address.startswith(f"{self._bot.base_file_url}/") or "/.." in address:
            raise FetchError("elsewhere")
        if (file.file_size or 0) > most:
            raise FetchError("too_large")
        return Fetched(address.rsplit("/", 1)[-1], await self._download(address, most))

    async def _download(self, address: str, most: int) -> bytes:
        content = bytearray()
        try:
            async with self._files.stream("GET", address) as response:
                if response.status_code != httpx.codes.OK:
                    raise FetchError("gone", later=response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR)
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > most:
                        raise FetchError("too_large")
        except httpx.HTTPError:
            # Without its cause, which quotes the address.
            raise FetchError("unreachable", later=True) from None
        return bytes(content)


def open_channel(database: Database, settings: Settings, intake: Intake, patience: float = _SECONDS) -> Channel | None:
    """Telegram from its settings, None when it is off. Connects to nothing yet.

    Args:
        patience: seconds that one call of Telegram's interface may take.
    """
    telegram = settings.telegram
    if not telegram.token:
        return None
    # It writes down answers it can't read, whoever's words are in them.
    logging.getLogger("telegram").setLevel(logging.CRITICAL)
    # A proxy of the machine's surroundings leads to Telegram, but not back to this machine.
    surroundings = not _is_loopback(telegram.api_url)
    # The long poll keeps one connection, so that it never stands in the way of what is sent.
    requests = [Requests(Caller(patience, patience, most, surroundings)) for most in (_CONNECTIONS, 1)]
    application = (
        Application.builder()
        .token(telegram.token)
        .base_url(f"{telegram.api_url}/bot")
        .base_file_url(f"{telegram.api_url}/file/bot")
        .request(requests[0])
        .get_updates_request(requests[1])
        # We bring the server, the queue and the clock ourselves.
        .updater(None)
        .job_queue(None)
        .build()
    )
    files = httpx.AsyncClient(timeout=_LONGEST_DOWNLOAD, trust_env=surroundings)
    receiver = Receiver(database, intake, application.bot, requests[1])

    with_webhook = bool(telegram.secret) and settings.public_url.startswith("https://")
    address = f"{settings.public_url}{PATH}" if with_webhook else None

    async def check() -> Sequence[Finding]:
        return await check_telegram(application.bot, address, telegram.name)

    async def close() -> None:
        await receiver.close()
        for request in requests:
            await request.shutdown()
        await files.aclose()

    adapter = TelegramAdapter(application.bot, files, telegram.per_second)
    if address is None:
        return Channel(adapter, (), [receiver.poll], close, check)
    return Channel(
        adapter,
        telegram_routes(receiver, telegram.secret),
        [partial(receiver.register, address, telegram.secret)],
        close,
        check,
    )


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


def _per_row(titles: list[str]) -> int:
    return _SHORT_IN_A_ROW if all(utf16_length(title) <= _SHORT_TITLE for title in titles) else 1


def _keyboard(buttons: tuple[Button, ...], titles: list[str], per_row: int) -> list[list[dict[str, str]]]:
    keys = [
        {"title": shorten(title, LONGEST_TITLE, utf16_length), "id": button.id}
        for title, button in zip(titles, buttons, strict=True)
    ]
    return [keys[start : start + per_row] for start in range(0, len(keys), per_row)]


def _markup(keyboard: list[list[dict[str, str]]] | None) -> InlineKeyboardMarkup | None:
    if not keyboard:
        return None
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(key["title"], callback_data=key["id"]) for key in row] for row in keyboard]
    )
