"""Files of answers on their way to a channel: bytes from where they are kept, photos made to fit, forms for them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from bot.channels.limits import inspections
from bot.complaints import answer_files
from bot.complaints.errors import RefusedFileError, UnknownFileError
from bot.complaints.evidence import OpenedFile
from bot.complaints.evidence_checks import FileRules, fit_photo, load_file_rules
from bot.database import Database
from bot.settings import ROOT

JPEG, PNG = "image/jpeg", "image/png"
_AT_ONCE = 8
PHOTOS = (JPEG, PNG, "image/webp")
# Seconds before anything is sent: to wait for a room, and of processor time to make a photo fit. The rest of a try is
# the channel's, whose late answer leaves doubt.
_WAIT, _DRAWING = 3.0, 3


class CrowdedError(Exception):
    """There is no room just now, and nothing was sent."""


@dataclass
class Enclosed:
    """What adapters get their bytes from.

    Attributes:
        folder: where photos and documents lie.
        room: for files on their way, each of which is in memory.
        inspected: room for inspections.
        wait: seconds that either is waited for.
    """

    database: Database
    folder: Path
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    inspected: asyncio.Semaphore = field(default_factory=inspections)
    wait: float = _WAIT

    @cached_property
    def _rules(self) -> FileRules:
        rules = load_file_rules(ROOT / "knowledge")
        return replace(rules, limits={**rules.limits, "seconds": _DRAWING})

    @contextlib.asynccontextmanager
    async def on_the_way(self) -> AsyncIterator[None]:
        """While one file is read and sent.

        Raises:
            CrowdedError: too many are on their way.
        """
        async with self._soon(self.room):
            yield

    @contextlib.asynccontextmanager
    async def _soon(self, room: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(room.acquire(), self.wait)
        except asyncio.TimeoutError as error:
            raise CrowdedError from error
        try:
            yield
        finally:
            room.release()

    async def read(self, file: Mapping[str, Any]) -> OpenedFile | None:
        """A file of an answer as its part names it; None when it has been taken back."""
        try:
            return await asyncio.to_thread(answer_files.read_to_send, self.database, self.folder, file["id"])
        except UnknownFileError:
            return None

    async def as_photo(self, file: OpenedFile, most_bytes: int) -> OpenedFile | None:
        """A photo that every channel shows, JPEG or PNG of at most so many bytes; None when it can't be made so.

        Raises:
            CrowdedError: too many are being drawn.
        """
        if file.media_type in (JPEG, PNG) and len(file.content) <= most_bytes:
            return file
        async with self._soon(self.inspected):
            try:
                drawn = await asyncio.to_thread(fit_photo, self._rules, file.content, most_bytes)
            except RefusedFileError:
                return None
        return OpenedFile(f"{Path(file.name).stem}.jpg", JPEG, drawn)


def multipart(fields: Mapping[str, str], files: Mapping[str, Any]) -> tuple[bytes, str]:
    """A form that carries files, each (name, bytes, media type): its body, and what it calls itself."""
    form = httpx.Request("POST", "https://form.invalid", data=dict(fields), files=dict(files))
    return form.read(), form.headers["content-type"]
