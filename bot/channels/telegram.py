"""Telegram: replies out, files in. What Telegram brings is read and stored by `telegram_receiving`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Message
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import Application

from bot.channels.calls import Caller
from bot.channels.channel import Channel
from bot.channels.enclosed import PHOTOS, CrowdedError, Enclosed
from bot.channels.telegram_check import check_telegram
from bot.channels.telegram_errors import outcome_of
from bot.channels.telegram_receiving import CHANNEL, Receiver, chat_of
from bot.channels.telegram_request import Requests
from bot.channels.telegram_routes import PATH, telegram_routes
from bot.complaints.evidence import OpenedFile
from bot.database import Database
from bot.delivery.adapter import Fetched, FetchError, Outcome, Part, Refused, Taken, TryAgain
from bot.delivery.attached import BY_LINK, FILE, Attached, link_lines
from bot.delivery.finding import Finding
from bot.delivery.intake import Intake
from bot.delivery.numbering import numbers_for
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import (
    LONGEST_TITLE,
    render_pieces,
    shorten,
    shows_numbers,
    text_with_numbers,
    utf16_length,
)
from bot.delivery.sentences import FILE_TAKEN_BACK
from bot.settings import Settings

# Of one message, in UTF-16 units.
LONGEST_TEXT = 4096
# Two of these fit beside each other; five numbers can still be hit with a thumb.
_SHORT_TITLE, _SHORT_IN_A_ROW, _NUMBERS_IN_A_ROW = 16, 2, 5
# Telegram drops what goes beyond.
MOST_BUTTONS = 100
# So many chats in a row told to wait, and none served in between: it is about the whole bot.
_CHATS_FOR_ALL = 3
_CONNECTIONS = 40
_SECONDS = 10.0
_LONGEST_DOWNLOAD = 60.0
# Bytes of one that Telegram shows as a photo.
LARGEST_PHOTO = 10_000_000
_FILES_TAKE = 3


class TelegramAdapter:
    """Telegram as the outbox sees it.

    Args:
        files: fetches what `getFile` names; httpx, so that a file can be cut off at its limit.
        enclosed: gives the bytes of what goes along with answers.
        seconds: that one call may take; several times as long when it carries a file.
    """

    channel = CHANNEL
    per_conversation = 1.0

    def __init__(
        self, bot: Bot, files: httpx.AsyncClient, per_second: float, enclosed: Enclosed, seconds: float = _SECONDS
    ) -> None:
        self.per_second = per_second
        self._enclosed = enclosed
        self._seconds = seconds
        self._bot = bot
        self._files = files
        self._told_to_wait: set[str] = set()

    def render(self, reply: Reply) -> list[Part]:
        """Texts of up to 4096 units, then files; buttons under the last text, long titles as numbered lines of it."""
        files = [{FILE: asdict(file)} for file in reply.files]
        buttons = reply.buttons[:MOST_BUTTONS]
        titles = [button.title for button in buttons]
        numbered = shows_numbers(CHANNEL, reply.buttons)
        if numbered:
            numbers = numbers_for([button.title for button in reply.buttons], reply.first)
            titles = [str(number) for number in numbers[:MOST_BUTTONS]]
            reply = Reply(text_with_numbers(reply, 0), aside=reply.aside)
        pieces = render_pieces(Reply(reply.text), LONGEST_TEXT, utf16_length, 0)
        parts: list[dict[str, Any]] = [{"text": piece.text} for piece in pieces]
        if parts and buttons:
            parts[-1]["keyboard"] = _keyboard(buttons, titles, _NUMBERS_IN_A_ROW if numbered else _per_row(titles))
        return [*parts, *files]

    async def deliver(self, conversation: str, part: Part) -> Outcome:
        """One message, as plain text: nothing a citizen wrote can be taken for markup; or one file."""
        if FILE in part:
            try:
                async with self._enclosed.on_the_way():
                    return await self._deliver_file(conversation, part[FILE], bool(part.get(BY_LINK)))
            except CrowdedError:
                return TryAgain("crowded")
        return await self._say(conversation, part["text"], _markup(part.get("keyboard")))

    async def _deliver_file(self, conversation: str, named: Mapping[str, Any], by_link: bool) -> Outcome:
        """A photo as one, everything else as a document; what Telegram refuses to take is told by its link."""
        file = await self._enclosed.read(named)
        if file is None:
            return await self._say(conversation, FILE_TAKEN_BACK)
        outcome = None if by_link else await self._send_file(conversation, file)
        if outcome and not _is_about_the_file(outcome):
            return outcome
        return await self._say(conversation, "\n".join(link_lines([Attached(**named)])))

    async def _send_file(self, conversation: str, file: OpenedFile) -> Outcome:
        chat, seconds = chat_of(conversation), _FILES_TAKE * self._seconds
        photo = await self._enclosed.as_photo(file, LARGEST_PHOTO) if file.media_type in PHOTOS else None
        if photo:
            picture = InputFile(photo.content, filename=photo.name)
            outcome = await self._try(conversation, self._bot.send_photo(chat, picture, read_timeout=seconds))
            if not _is_about_the_file(outcome):
                return outcome
        content = InputFile((photo or file).content, filename=(photo or file).name)
        return await self._try(conversation, self._bot.send_document(chat, content, read_timeout=seconds))

    async def _say(self, conversation: str, text: str, markup: InlineKeyboardMarkup | None = None) -> Outcome:
        preview = LinkPreviewOptions(is_disabled=True)
        sending = self._bot.send_message(chat_of(conversation), text, reply_markup=markup, link_preview_options=preview)
        return await self._try(conversation, sending)

    async def _try(self, conversation: str, sending: Awaitable[Message]) -> Outcome:
        try:
            message = await sending
        except RetryAfter as error:
            self._told_to_wait.add(conversation)
            return outcome_of(error, everybody=len(self._told_to_wait) >= _CHATS_FOR_ALL)
        except TelegramError as error:
            return outcome_of(error)
        except (KeyError, TypeError, ValueError):
            # It was taken, as Telegram says, only the receipt can't be read; sending again would double it.
            return Taken()
        if not isinstance(message, Message):
            return TryAgain("unreadable", uncertain=True)
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


def open_channel(
    database: Database,
    settings: Settings,
    intake: Intake,
    patience: float = _SECONDS,
    enclosed: Enclosed | None = None,
) -> Channel | None:
    """Telegram from its settings, None when it is off. Connects to nothing yet.

    Args:
        patience: seconds that one call of Telegram's interface may take.
        enclosed: gives what goes along with answers, with the room that channels share; its own without.
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

    enclosed = enclosed or Enclosed(database, settings.evidence)
    adapter = TelegramAdapter(application.bot, files, telegram.per_second, enclosed, patience)
    if address is None:
        return Channel(adapter, (), [receiver.poll], close, check)
    return Channel(
        adapter,
        telegram_routes(receiver, telegram.secret),
        [partial(receiver.register, address, telegram.secret)],
        close,
        check,
    )


def _is_about_the_file(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and not outcome.gone


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
