"""Files that go along with a message: what the outbox knows of them, which is never their bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.delivery import sentences

# The part of a message that carries a file, and that says to tell its link instead.
FILE, BY_LINK = "file", "by_link"


@dataclass(frozen=True)
class Attached:
    """One file that goes along.

    Attributes:
        id: what its bytes are asked for by, where they are kept.
        size: bytes as kept.
        link: the page on which the citizen opens it.
    """

    id: int
    name: str
    media_type: str
    size: int
    link: str


def with_links(text: str, files: Sequence[Attached]) -> str:
    """The text with where these files are opened, for channels that can't take them."""
    return "\n".join([text.rstrip(), *link_lines(files)]) if files else text


def link_lines(files: Sequence[Attached]) -> list[str]:
    """Where these files are opened, a line for each link."""
    links = dict.fromkeys(file.link for file in files)
    named = {link: ", ".join(file.name for file in files if file.link == link) for link in links}
    return [sentences.FILES_AT.format(names=names, link=link) for link, names in named.items()]


def told_by_link(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part whose file may have arrived: its link is told instead, as the whole file would come again and again."""
    return {**part, BY_LINK: True} if FILE in part else part
