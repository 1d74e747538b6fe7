"""What an event of the Official Account means: read leniently, as Zalo's own samples differ, and ids only as text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum, auto
from typing import Any

from bot.delivery.inbox import UNFOLLOWED, Arrival, File
from bot.text.normalise import clean

CHANNEL = "zalo_oa"
# Of the payloads of our buttons. Zalo has no event for a tap: the payload comes back as a text anybody could type.
BUTTON_PREFIX = "#mc:"
_BUTTON = re.compile(r"#mc:([0-9A-Za-z_-]{1,16})")
# Databases keep a key of so many characters.
MOST_KEY = 200
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_FAR_AWAY = 10**13
# What the account says to visitors without a name, and to groups.
_OTHERS = ("oa_send_anonymous_", "oa_send_group_")
_KINDS = {
    "user_send_text": "text",
    "user_send_link": "text",
    "user_send_image": "image",
    # A moving picture is a mood, not evidence.
    "user_send_gif": "sticker",
    "user_send_sticker": "sticker",
    "user_send_audio": "voice",
    "user_send_video": "video",
    "user_send_file": "file",
    "user_send_location": "location",
    "user_click_chatnow": "follow",
    "follow": "follow",
    "unfollow": UNFOLLOWED,
}
# Attachments that are files, by their own type.
_FILES = {"image": "image", "audio": "voice", "video": "video", "file": "file"}


class Meaning(Enum):
    """What an event asks of us."""

    ARRIVAL = auto()  # to be kept in the inbox
    HUMAN = auto()  # a person of the centre wrote in Zalo's own desk
    WITHDRAWN = auto()  # a person wants their data deleted
    NOTHING = auto()
    FOREIGN = auto()  # meant for another account


@dataclass(frozen=True)
class Event:
    """An event of the account.

    Attributes:
        at: when it happened, as Zalo says.
        button: the id that a text has in the shape of our buttons' payloads, None for every other text.
    """

    meaning: Meaning
    user_id: str = ""
    arrival: Arrival | None = None
    at: datetime | None = None
    button: str | None = None

    @property
    def conversation(self) -> str:
        """The conversation with this person."""
        return f"{CHANNEL}:{self.user_id}"


NOTHING = Event(Meaning.NOTHING)


def text_of(value: Any) -> str | None:
    """An id or a moment, written as text or as a whole number; None for everything else, such as a number that was
    rounded."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def read_event(body: Mapping[str, Any], oa_id: str) -> Event:
    """What an event means whose signature was found good."""
    name = text_of(body.get("event_name")) or ""
    if name.startswith("oa_send_"):
        return _own(body, name, oa_id)
    if name == "user_withdraw":
        if _id(body.get("oa_id")) not in (None, oa_id):
            return Event(Meaning.FOREIGN)
        user_id = _id(body.get("user_id")) or _id(_part(body, "sender").get("id"))
        at = read_moment(body.get("timestamp"))
        return Event(Meaning.WITHDRAWN, user_id, at=at) if user_id else NOTHING
    kind = _KINDS.get(name)
    if kind is None:
        return NOTHING
    user_id, account = _sides(body)
    if account not in (None, oa_id):
        return Event(Meaning.FOREIGN)
    if user_id is None or user_id == oa_id:
        return NOTHING
    return _arrived(body, name, kind, user_id)


def read_moment(value: Any) -> datetime | None:
    """A moment in milliseconds since 1970, None when it is none."""
    text = text_of(value) or ""
    if not (text.isascii() and text.isdigit() and len(text) < 16 and int(text) < _FAR_AWAY):
        return None
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=int(text))


def _own(body: Mapping[str, Any], name: str, oa_id: str) -> Event:
    """The echo of what the account sent: our own messages make nothing, those of a person let the bot keep still."""
    sender, user_id = _part(body, "sender"), _id(_part(body, "recipient").get("id"))
    if _id(sender.get("id")) not in (None, oa_id):
        return Event(Meaning.FOREIGN)
    if not text_of(sender.get("admin_id")) or user_id is None or name.startswith(_OTHERS):
        return NOTHING
    return Event(Meaning.HUMAN, user_id, at=read_moment(body.get("timestamp")))


def _sides(body: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The person and the account of an event."""
    follower = _id(_part(body, "follower").get("id")) or _id(body.get("user_id"))
    if follower:
        return follower, _id(body.get("oa_id"))
    return _id(_part(body, "sender").get("id")), _id(_part(body, "recipient").get("id"))


def _arrived(body: Mapping[str, Any], name: str, kind: str, user_id: str) -> Event:
    message = _part(body, "message")
    attached = [one for one in _list(message.get("attachments")) if isinstance(one, Mapping)]
    text = _written(message.get("text"))
    files = tuple(file for file in map(_file, attached) if file)
    if kind == "text":
        text = text or _link(attached)
        if not text:
            kind = "unsupported"
    if kind == "location":
        text = _place(attached)
        kind = kind if text else "unsupported"
    if kind in ("image", "voice", "video", "file") and not files:
        kind = "unsupported"
    if kind in ("follow", UNFOLLOWED, "sticker"):
        text, files = "", ()
    at = read_moment(body.get("timestamp"))
    arrival = Arrival(CHANNEL, _key(body, name, user_id), f"{CHANNEL}:{user_id}", text, kind=kind, files=files, at=at)
    tapped = _BUTTON.fullmatch(text) if name == "user_send_text" else None
    return Event(Meaning.ARRIVAL, user_id, arrival, at, tapped.group(1) if tapped else None)


def _key(body: Mapping[str, Any], name: str, user_id: str) -> str:
    """Unique for every event: ids of messages alone are not, the console's test button sends the same one each time."""
    moment = text_of(body.get("timestamp")) or ""
    message_id = text_of(_part(body, "message").get("msg_id")) or f"of {user_id}"
    key = f"{name}:{message_id}:{moment}"
    return key if len(key) <= MOST_KEY else f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def _file(attachment: Mapping[str, Any]) -> File | None:
    kind = _FILES.get(str(attachment.get("type")))
    payload = _part(attachment, "payload")
    url = payload.get("url")
    if kind is None or not isinstance(url, str) or not url:
        return None
    return File(kind, url, _written(payload.get("name"))[:200], number_of(payload.get("size")))


def number_of(value: Any) -> int | None:
    """A whole number, written as such or as text; None for everything else."""
    text = text_of(value) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _link(attached: list[Mapping[str, Any]]) -> str:
    payloads = [_part(one, "payload") for one in attached]
    found = [payload.get(name) for payload in payloads for name in ("title", "description", "url")]
    return "\n".join(_written(one) for one in found if _written(one))


def _place(attached: list[Mapping[str, Any]]) -> str:
    for one in attached:
        place = _part(_part(one, "payload"), "coordinates")
        numbers = [_degrees(place.get(name)) for name in ("latitude", "longitude")]
        if all(numbers):
            return ", ".join(str(number) for number in numbers)
    return ""


def _degrees(value: Any) -> str | None:
    text = str(value)[:30]
    return f"{float(text):.5f}" if re.fullmatch(r"-?\d{1,3}(\.\d+)?", text, re.ASCII) else None


def _written(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    return part if isinstance(part, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _id(value: Any) -> str | None:
    text = text_of(value)
    return text if text and _ID.fullmatch(text) else None
