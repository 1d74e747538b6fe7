"""How a message looks on the citizen's channel: cut and numbered as the channel's own adapter does it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.delivery.outbox import Reply

Render = Callable[[Reply], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Shown:
    """One message as the citizen sees it: its words, and the titles of the buttons under it."""

    text: str
    buttons: tuple[str, ...]


def show(renderers: Mapping[str, Render], channel: str, reply: Reply) -> list[Shown]:
    """The messages that a reply becomes; on pages, and on channels that are switched off, it stays one."""
    if channel not in renderers:
        return [Shown(reply.text, tuple(button.title for button in reply.buttons))]
    parts = [part.get("message", part) for part in renderers[channel](reply)]
    return [Shown(str(part["text"]), tuple(_titles(part))) for part in parts]


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
