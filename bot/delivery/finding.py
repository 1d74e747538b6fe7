"""What a look at a part of the bot found, for whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what was looked at, such as "telegram webhook".
        good: whether it is as it should be.
        said: how it is, in a few words; nothing personal, no secret.
        todo: what to do about it, empty where there is nothing to do.
    """

    about: str
    good: bool
    said: str
    todo: str = ""
