"""Photos and documents over the web chat: one file a request, its bytes as the body, its name in a header."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.limits import RateLimit, Seats, inspections
from bot.channels.web_session import BadRequestError, Pace, conversation_of, guard
from bot.complaints import evidence
from bot.complaints.errors import NoConsentError, RefusedFileError, UnknownFileError
from bot.complaints.evidence import Kept
from bot.complaints.evidence_checks import FileRules, too_large
from bot.database import Database
from bot.delivery import sentences
from bot.pages import sender_of
from bot.settings import Settings

# No form of another site's page can send it, and no browser sends it across sites unasked.
_BODY = "application/octet-stream"
_NAME = "x-file-name"
_LONGEST_NAME = 1000
# Ten files at once, taken back and sent again; a centre's citizens may share an address.
_PER_PERSON, _PER_ADDRESS, _SECONDS = 40, 400, 600
# The page asks for the list more often than it changes it.
_READS_PER_PERSON, _READS_PER_ADDRESS = 400, 4000
# Each holds its file in memory, for as long as its sender takes. The page sends two at a time; the third is for one
# that was taken back half sent.
_MOST_AT_ONCE, _AT_ONCE_PER_PERSON, _AT_ONCE_PER_ADDRESS = 32, 3, 8
_LONGEST_UPLOAD = 180.0
# A browser shows the refusal only when the rest of its file has been listened to; how many files' length is enough.
_LISTENED_TO = 5
_STATUS = {"file_bytes": 413, "files": 409, "all_bytes": 409}


@dataclass
class WebFiles:
    """Handlers of the files of the web chat.

    Attributes:
        secure: whether the bot is reached by https.
        seats: for files that are coming in.
    """

    database: Database
    folder: Path
    secure: bool
    rules: FileRules
    pace: Pace
    reads: Pace
    patience: float
    inspected: asyncio.Semaphore
    seats: Seats

    async def take(self, request: Request) -> Response:
        """POST /api/web/files: keep one file for the next complaint."""
        conversation = conversation_of(request, self.secure)
        if request.headers.get("content-type") != _BODY:
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=415)
        self.pace.check(conversation, request)
        with self.seats.sitting(conversation, sender_of(request)) as seated:
            if not seated:
                raise BadRequestError(sentences.FILES_BUSY, status=503, retry_after=5)
            try:
                kept = await self._keep(conversation, request)
            except NoConsentError as error:
                raise BadRequestError(str(error), status=403) from error
            except RefusedFileError as error:
                raise BadRequestError(str(error), status=_STATUS.get(error.reason, 422)) from error
        return JSONResponse(_show(kept), status_code=201)

    async def read(self, request: Request) -> Response:
        """GET /api/web/files: the names of what waits, and what stands before the first file."""
        conversation = conversation_of(request, self.secure)
        self.reads.check(conversation, request)
        files = await run_in_threadpool(evidence.waiting_files, self.database, conversation)
        agreed = await run_in_threadpool(evidence.has_agreed, self.database, conversation)
        shown = {"files": [_show(file) for file in files], "agreed": agreed, **_told(self.rules)}
        return JSONResponse(shown, headers={"Cache-Control": "no-store"})

    async def agree(self, request: Request) -> Response:
        """POST /api/web/files/agreement: the citizen agrees to what stands before the first file."""
        conversation = conversation_of(request, self.secure)
        if request.headers.get("content-type") != "application/json":
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=415)
        self.pace.check(conversation, request)
        await run_in_threadpool(evidence.agree, self.database, conversation)
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        """DELETE /api/web/files/<id>: take back a file that waits."""
        conversation = conversation_of(request, self.secure)
        file_id = request.path_params["file_id"]
        try:
            await run_in_threadpool(evidence.remove_waiting, self.database, self.folder, conversation, file_id)
        except UnknownFileError as error:
            raise BadRequestError(sentences.NO_SUCH_FILE, status=404) from error
        return Response(status_code=204)

    async def _keep(self, conversation: str, request: Request) -> Kept:
        # Before its bytes are taken into memory.
        if not await run_in_threadpool(evidence.has_agreed, self.database, conversation):
            raise NoConsentError(self.rules.consent["missing"])
        name = unquote(request.headers.get(_NAME, "")[:_LONGEST_NAME])
        try:
            content = await asyncio.wait_for(self._read_body(request), self.patience)
        except (asyncio.TimeoutError, ClientDisconnect) as error:
            raise BadRequestError(sentences.FILE_TOO_SLOW, status=408) from error
        async with self.inspected:
            return await run_in_threadpool(
                evidence.keep, self.database, self.folder, self.rules, conversation, name, content
            )

    async def _read_body(self, request: Request) -> bytes:
        most, content, length = self.rules.limits["file_bytes"], bytearray(), 0
        async for chunk in request.stream():
            length += len(chunk)
            # What is too long is listened to for a while and not kept.
            content += chunk[: most - len(content)]
            if length > _LISTENED_TO * most:
                break
        if length > most:
            raise too_large(self.rules, bytes(content))
        return bytes(content)


def file_routes(
    database: Database,
    settings: Settings,
    rules: FileRules,
    patience: float = _LONGEST_UPLOAD,
    inspected: asyncio.Semaphore | None = None,
    reads: int = _READS_PER_PERSON,
) -> list[BaseRoute]:
    """Routes of the files of the web chat.

    Args:
        patience: seconds that one file may take to come in.
        inspected: room for inspections, shared with files of other channels; its own without.
        reads: how often one person may ask for the list in ten minutes.
    """
    pace = Pace(RateLimit(_PER_PERSON, _SECONDS), RateLimit(_PER_ADDRESS, _SECONDS), sentences.TOO_MANY_FILES)
    reading = Pace(RateLimit(reads, _SECONDS), RateLimit(_READS_PER_ADDRESS, _SECONDS), sentences.BUSY)
    seats = Seats(_MOST_AT_ONCE, _AT_ONCE_PER_PERSON, _AT_ONCE_PER_ADDRESS)
    files = WebFiles(
        database, settings.evidence, settings.secure, rules, pace, reading, patience, inspected or inspections(), seats
    )
    return [
        Route("/api/web/files", guard(files.take, settings), methods=["POST"]),
        Route("/api/web/files", guard(files.read, settings), methods=["GET"]),
        Route("/api/web/files/agreement", guard(files.agree, settings), methods=["POST"]),
        Route("/api/web/files/{file_id:int}", guard(files.remove, settings), methods=["DELETE"]),
    ]


def _show(file: Kept) -> dict[str, Any]:
    return {"id": file.id, "name": file.name, "type": file.media_type, "size": file.size}


def _told(rules: FileRules) -> dict[str, Any]:
    """What the page needs to say no by itself, and to say what is taken."""
    kinds = rules.kinds.values()
    accept = ",".join(dict.fromkeys(one for kind in kinds for one in (kind.media_type, *kind.endings)))
    limits = {name: rules.limits[name] for name in ("file_bytes", "files")}
    told = {name: rules.refusals[name] for name in ("file_bytes", "files", "empty", "video")}
    return {"accept": accept, "limits": limits, "allowed": rules.allowed, "refusals": told, "consent": rules.consent}
