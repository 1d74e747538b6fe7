"""Bodies of requests from outside, read within limits: nothing of what a stranger sends is trusted to end or to fit."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

# Ids of channels have at most 19 figures; reading a number of a million figures would take minutes.
MOST_FIGURES = 40
# Channels nest their events less than ten deep.
DEEPEST = 40


class BodyError(Exception):
    """A body that is not taken.

    Attributes:
        status: the HTTP status that says so.
        reason: a short name for logs and counters; never anything of the body.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The whole body of a request, byte for byte.

    Args:
        most: bytes it may have, by its own word and by what comes.
        seconds: how long all of it may take.

    Raises:
        BodyError: it is larger (413), slower (408), or broke off (400).
    """
    if _announced(request) > most:
        raise BodyError(413, "too_large")
    try:
        return await asyncio.wait_for(_read(request, most), seconds)
    except asyncio.TimeoutError as error:
        raise BodyError(408, "too_slow") from error
    except ClientDisconnect as error:
        raise BodyError(400, "cut_off") from error


def read_json(raw: bytes) -> Any:
    """What a JSON text says, as plain Python that every database takes.

    Raises:
        BodyError: it is no JSON (400), or one made to do harm: too deep, numbers that are none or without end.
    """
    try:
        value = json.loads(raw, parse_int=_whole, parse_float=_finite, parse_constant=_no_number)
        return _plain(value, DEEPEST)
    except (ValueError, RecursionError) as error:
        raise BodyError(400, "no_json") from error


def refuse(error: BodyError) -> Response:
    """The answer to a body that is not taken; the rest of it is not waited for."""
    return Response(status_code=error.status, headers={"Connection": "close"})


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < MOST_FIGURES else 0


async def _read(request: Request, most: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise BodyError(413, "too_large")
        chunks.append(chunk)
    return b"".join(chunks)


def _whole(figures: str) -> int:
    if len(figures) > MOST_FIGURES:
        raise ValueError("a number without end")
    return int(figures)


def _finite(figures: str) -> float:
    number = float(figures)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        # Half a letter and NUL are JSON, but no text that can be stored.
        return value.encode(errors="replace").decode().replace("\0", "\ufffd")
    if not isinstance(value, (dict, list)):
        return value
    if not depth:
        raise ValueError("too deep")
    if isinstance(value, list):
        return [_plain(one, depth - 1) for one in value]
    return {_plain(name, depth - 1): _plain(one, depth - 1) for name, one in value.items()}
