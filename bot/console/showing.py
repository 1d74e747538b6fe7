"""How a message looks on the citizen's channel: cut and numbered as the channel's own adapter does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.delivery.attached import with_links
from bot.delivery.outbox import Reply

Render = Callable[[Reply], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Shown:
    """One message as the citizen sees it: its words, and the titles of the buttons under it; or a file by its name."""

    text: str
    buttons: tuple[str, ...]
    file: str = ""


def show(renderers: Mapping[str, Render], channel: str, reply: Reply) -> list[Shown]:
    """The messages that a reply becomes; on pages, and on channels that are switched off, it stays one."""
    if channel not in renderers:
        return [Shown(with_links(reply.text, reply.files), tuple(button.title for button in reply.buttons))]
    return [_shown(part) for part in renderers[channel](reply)]


def _shown(part: Mapping[str, Any]) -> Shown:
    if "file" in part:
        return Shown("", (), str(part["file"]["name"]))
    message = part.get("message", part)
    return Shown(str(message["text"]), tuple(_titles(message)))


def _titles(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "title" in part:
            yield str(part["title"])
        else:
            for inner in part.values():
                yield from _titles(inner)
    elif isinstance(part, (list, tuple)):
        for inner in part:
            yield from _titles(inner)
