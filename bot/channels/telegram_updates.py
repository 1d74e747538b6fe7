"""What Telegram's updates say, read: no database, no network. Only private chats are conversations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from telegram import CallbackQuery, Chat, ChatMember, ChatMemberUpdated, Message, MessageEntity, Update, User
from telegram.ext import filters

from bot.delivery.inbox import EDITED, LEFT, Arrival, File
from bot.delivery.model import TELEGRAM
from bot.text.codes import find_link_code
from bot.text.normalise import clean

CHANNEL = TELEGRAM
# Each stands for a fixed intent; their titles in the menu are `sentences.MENU`.
COMMANDS = {
    "phananh": "/submit_complaint",
    "trangthai": "/check_complaint_status",
    "riengtu": "/privacy_request",
    "help": "/bot_identity",
    "start": "/greet",
}
# What we ask for; Telegram keeps the rest to itself.
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
# Of a message; Telegram itself cuts what is longer in two.
_MOST_CHARACTERS = 4096
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_LEFT = (ChatMember.LEFT, ChatMember.BANNED)
_LONGEST_NAME = 200
# Whatever an update that is not as it should be can make its reader stumble over.
UNREADABLE = (AttributeError, ArithmeticError, LookupError, OSError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Tap:
    """A tap on a button.

    Attributes:
        conversation: None where it is no private chat.
        query: what Telegram waits to be answered for.
        button: what the button carried, from us or made up.
    """

    key: str
    conversation: str | None
    query: str
    button: str


@dataclass(frozen=True)
class Back:
    """A citizen let the bot in again. No message: the client sends /start by itself, and that is answered.

    Attributes:
        at: when they did, None where Telegram does not say.
    """

    conversation: str
    at: datetime | None = None


@dataclass(frozen=True)
class Addressed:
    """A group in which somebody spoke to the bot."""

    conversation: str


# An arrival is a message or an event of a private chat.
Reading = Arrival | Tap | Back | Addressed


@dataclass(frozen=True)
class Self:
    """Who the bot is; its name is unknown until Telegram was asked."""

    id: int
    name: str | None = None


def read_update(update: Update, me: Self) -> Reading | None:
    """What an update says; None when it is nothing for us."""
    key = f"{me.id}:{update.update_id}"
    if update.callback_query:
        return _read_tap(key, update.callback_query)
    if update.my_chat_member:
        return _read_membership(key, update.my_chat_member)
    message = update.message or update.edited_message
    if message is None or message.from_user is None or message.from_user.is_bot:
        return None
    if message.chat.type != Chat.PRIVATE:
        return _read_group(message, me) if update.message else None
    return _read_edited(key, message, me) if update.edited_message else _read_message(key, update, message, me)


def salvage(raw: Mapping[str, Any], me: Self) -> Arrival | None:
    """What is left of an update that can't be read whole: that somebody wrote to the bot, and what was typed.

    Telegram's next version, or an older server of one's own, must not make the bot deaf.
    """
    message = raw.get("message")
    chat = message.get("chat") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(chat, dict) or chat.get("type") != Chat.PRIVATE:
        return None
    chat_id, text = chat.get("id"), message.get("text")
    if not isinstance(chat_id, int):
        return None
    typed = _safe(text) if isinstance(text, str) else ""
    key = f"{me.id}:{raw['update_id']}"
    return Arrival(CHANNEL, key, name_of(chat_id), typed, kind="text" if typed else "unsupported")


def name_of(chat_id: int) -> str:
    """The name of a chat's conversation."""
    return f"{CHANNEL}:{chat_id}"


def kind_of(raw: Mapping[str, Any]) -> str:
    """The kind of an update, for logs: one of those we ask for, or "other"."""
    return next((kind for kind in ALLOWED_UPDATES if kind in raw), "other")


def _read_tap(key: str, query: CallbackQuery) -> Tap:
    # An old message comes without its content, but with its chat.
    private = query.message is not None and query.message.chat.type == Chat.PRIVATE
    conversation = name_of(query.message.chat.id) if query.message and private else None
    return Tap(key, conversation, query.id, query.data or "")


def _read_membership(key: str, change: ChatMemberUpdated) -> Arrival | Back | None:
    if change.chat.type != Chat.PRIVATE:
        return None
    conversation = name_of(change.chat.id)
    if change.new_chat_member.status not in _LEFT:
        return Back(conversation, change.date)
    return Arrival(CHANNEL, key, conversation, "", kind=LEFT, at=change.date)


def _read_group(message: Message, me: Self) -> Addressed | None:
    answered = message.reply_to_message and message.reply_to_message.from_user
    if (answered and answered.id == me.id) or _names_the_bot(message, me):
        return Addressed(name_of(message.chat.id))
    return None


def _names_the_bot(message: Message, me: Self) -> bool:
    wanted: list[str | None] = [MessageEntity.BOT_COMMAND, MessageEntity.MENTION, MessageEntity.TEXT_MENTION]
    found = message.parse_entities(wanted) if message.text else message.parse_caption_entities(wanted)
    return any(_is_for(entity, text, me) for entity, text in found.items())


def _is_for(entity: MessageEntity, text: str, me: Self) -> bool:
    if entity.type == MessageEntity.TEXT_MENTION:
        return isinstance(entity.user, User) and entity.user.id == me.id
    word, _, addressee = text.partition("@")
    # Without a name behind it, a command is for every bot of the group.
    if not addressee:
        return word.lstrip("/").lower() in COMMANDS
    return me.name is not None and addressee.lower() == me.name.lower()


def _read_edited(key: str, message: Message, me: Self) -> Arrival | None:
    if message.text:
        return replace(_read_text(key, message, me), kind=EDITED)
    # A place that moves comes as an edited message without words every few seconds.
    return _arrival(key, message, _safe(message.caption), kind=EDITED) if message.caption else None


def _read_message(key: str, update: Update, message: Message, me: Self) -> Arrival | None:
    if message.text:
        return _read_text(key, message, me)
    if message.contact:
        return _arrival(key, message, _phone(message.contact.phone_number))
    if message.venue:
        place = message.venue
        text = f"{place.title}, {place.address} ({_point(place.location.latitude, place.location.longitude)})"
        return _arrival(key, message, _safe(text), kind="location")
    if message.location:
        return _arrival(key, message, _point(message.location.latitude, message.location.longitude), kind="location")
    if message.sticker:
        return _arrival(key, message, _safe(message.sticker.emoji or ""), kind="sticker")
    file = _read_file(message)
    if file:
        kind, attachment = file
        return _arrival(key, message, _safe(message.caption or ""), kind=kind, files=(attachment,))
    # "The chat's picture was changed" is nothing a citizen waits for an answer to.
    if filters.StatusUpdate.ALL.check_update(update):
        return None
    return _arrival(key, message, _safe(message.caption or ""), kind="unsupported")


def _read_text(key: str, message: Message, me: Self) -> Arrival:
    text = _safe(message.text or "")
    command = _COMMAND.fullmatch(text)
    name = command.group(1).lower() if command else ""
    if command is None or name not in COMMANDS:
        return _arrival(key, message, text)
    if command.group(2) and me.name and command.group(2).lower() != me.name.lower():
        return _arrival(key, message, text)
    rest = (command.group(3) or "").strip()
    # Other words behind /start come from links on somebody's page.
    if name == "start" and find_link_code(rest):
        return _arrival(key, message, rest)
    return _arrival(key, message, text, payload=COMMANDS[name])


def _read_file(message: Message) -> tuple[str, File] | None:
    if message.photo:
        largest = message.photo[-1]
        return "image", File("image", largest.file_id, size=largest.file_size)
    spoken = message.voice or message.audio
    if spoken:
        return "voice", File("voice", spoken.file_id, _name(spoken), spoken.file_size)
    # An animation comes as a document, too.
    moving = message.video or message.animation or message.video_note
    if moving:
        return "video", File("video", moving.file_id, _name(moving), moving.file_size)
    if message.document:
        return "file", File("file", message.document.file_id, _name(message.document), message.document.file_size)
    return None


def _arrival(key: str, message: Message, text: str, **more: Any) -> Arrival:
    at, message_id = message.edit_date or message.date, str(message.message_id)
    return Arrival(CHANNEL, key, name_of(message.chat.id), text, message_id=message_id, at=at, **more)


def _name(file: object) -> str:
    return _safe(getattr(file, "file_name", None) or "")[:_LONGEST_NAME]


def _safe(text: str) -> str:
    # JSON can spell half a character (a lone surrogate), which no database takes.
    return clean(text.encode(errors="replace").decode())[:_MOST_CHARACTERS]


def _phone(number: str) -> str:
    # Shared contacts come as 84912345678, which nobody writes and nobody's eye takes for a phone number.
    return _safe(f"+{number}" if number.startswith("84") else number)


def _point(latitude: float, longitude: float) -> str:
    return f"{latitude:.5f}, {longitude:.5f}"
