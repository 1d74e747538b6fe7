"""What an update of the Zalo Bot Platform means: flat or wrapped in `result`, text for what we can't see."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from bot.channels.zalo_oa_events import read_moment, text_of
from bot.delivery.inbox import Arrival, File
from bot.text.normalise import clean

CHANNEL = "zalo_bot"
MOST_KEY, MOST_ID = 200, 64
_KINDS = {
    "message.text.received": "text",
    "message.link.received": "text",
    "message.image.received": "image",
    "message.voice.received": "voice",
    "message.sticker.received": "sticker",
    "message.unsupported.received": "unsupported",
}
# The documents and the code of others spell them differently.
_PHOTO, _VOICE = ("photo_url", "photo"), ("voice_url", "voice")


def read_update(body: Any) -> Arrival | None:
    """What is to be kept of an update; None for what makes no turn, such as groups, other bots and unknown events."""
    update = _update(body)
    name = update.get("event_name")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    message = _part(update, "message")
    chat = _part(message, "chat")
    chat_id, message_id = text_of(chat.get("id")), text_of(message.get("message_id"))
    if kind is None or not chat_id or not message_id or not _is_private(chat) or len(chat_id) > MOST_ID:
        return None
    if _part(message, "from").get("is_bot") is True:
        return None
    text, files = _content(kind, message)
    if (kind == "text" and not text) or (kind in ("image", "voice") and not files):
        kind = "unsupported"
    named = (_key(str(name), message_id), f"{CHANNEL}:{chat_id}")
    return Arrival(CHANNEL, *named, text, kind=kind, files=files, at=read_moment(message.get("date")))


def is_nobodys(body: Any) -> bool:
    """Whether somebody wrote whom Zalo does not name: of protected people it sends no more than that."""
    update = _update(body)
    return update.get("event_name") == "message.unsupported.received" and not _part(update, "message")


def _content(kind: str, message: Mapping[str, Any]) -> tuple[str, tuple[File, ...]]:
    if kind == "text":
        return _written(message.get("text")) or _written(message.get("link")) or _written(message.get("url")), ()
    if kind == "image":
        return _written(message.get("caption")), _files("image", message, _PHOTO)
    return "", _files("voice", message, _VOICE) if kind == "voice" else ()


def _files(kind: str, message: Mapping[str, Any], names: tuple[str, ...]) -> tuple[File, ...]:
    for name in names:
        url = message.get(name)
        if isinstance(url, str) and url:
            return (File(kind, url),)
    return ()


def _update(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        return {}
    return _part(body, "result") or body


def _is_private(chat: Mapping[str, Any]) -> bool:
    return str(chat.get("chat_type", "PRIVATE")).upper() == "PRIVATE"


def _key(name: str, message_id: str) -> str:
    key = f"{name}:{message_id}"
    return key if len(key) <= MOST_KEY else f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _written(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""
