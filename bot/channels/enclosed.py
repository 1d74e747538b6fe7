"""Files of answers on their way to a channel: bytes from where they are kept, photos made to fit, forms for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass
class Enclosed:
    """What adapters get their bytes from.

    Attributes:
        folder: where photos and documents lie.
        room: for files on their way, each of which is in memory.
    """

    database: Database
    folder: Path
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    _inspected: asyncio.Semaphore = field(default_factory=inspections)

    @cached_property
    def _rules(self) -> FileRules:
        return load_file_rules(ROOT / "knowledge")

    async def read(self, file: Mapping[str, Any]) -> OpenedFile | None:
        """A file of an answer as its part names it; None when it has been taken back."""
        try:
            return await asyncio.to_thread(answer_files.read_to_send, self.database, self.folder, file["id"])
        except UnknownFileError:
            return None

    async def as_photo(self, file: OpenedFile, most_bytes: int) -> OpenedFile | None:
        """A photo that every channel shows, JPEG or PNG of at most so many bytes; None when it can't be made so."""
        if file.media_type in (JPEG, PNG) and len(file.content) <= most_bytes:
            return file
        async with self._inspected:
            try:
                drawn = await asyncio.to_thread(fit_photo, self._rules, file.content, most_bytes)
            except RefusedFileError:
                return None
        return OpenedFile(f"{Path(file.name).stem}.jpg", JPEG, drawn)


def multipart(fields: Mapping[str, str], files: Mapping[str, Any]) -> tuple[bytes, str]:
    """A form that carries files, each (name, bytes, media type): its body, and what it calls itself."""
    form = httpx.Request("POST", "https://form.invalid", data=dict(fields), files=dict(files))
    return form.read(), form.headers["content-type"]
