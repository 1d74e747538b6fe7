"""What a form of the console has sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qs

from starlette.requests import Request

MOST_BYTES = 200_000
# Of forms that take files: three of the largest with the words around them. What goes beyond is listened to for a
# while, as a browser shows no answer before, and not kept.
MOST_WITH_FILES, LISTENED_TO = 33_000_000, 120_000_000
_FORM = "application/x-www-form-urlencoded"
_WITH_FILES = "multipart/form-data"
_LONGEST_BOUNDARY = 70
_MOST_FIELDS = 200
_TEXTS = ("text", "note", "why")


class TooLargeError(Exception):
    """More was sent than any form of the console holds."""


class TooSlowError(Exception):
    """A form did not come in in time.

    Attributes:
        form: what had come of it.
    """

    def __init__(self, form: Form) -> None:
        super().__init__("A form took too long.")
        self.form = form


@dataclass(frozen=True)
class Upload:
    """A file that a form has sent.

    Attributes:
        whole: whether all of it was kept.
    """

    name: str
    content: bytes
    whole: bool = True


@dataclass(frozen=True)
class Form:
    """Fields of a form; what was not sent is empty."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    uploads: tuple[Upload, ...] = ()

    def get(self, name: str) -> str:
        """One field, without spaces around it."""
        return self.fields.get(name, [""])[0].strip()

    def exactly(self, name: str) -> str:
        """One field as it was typed, such as a password."""
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a field that may stand more than once."""
        return self.fields.get(name, [])

    def typed(self) -> list[str]:
        """Longer texts, to be copied by who wrote them."""
        return [value for name in _TEXTS for value in self.all(name) if value.strip()]

    def number(self, name: str) -> int | None:
        """A whole number, None when it is none."""
        return whole(self.get(name))


async def read_form_with_files(request: Request, most: int, patience: float) -> Form:
    """What was posted with files; of a longer form what stood at its beginning, so that no words are lost.

    Args:
        most: bytes that are kept.
        patience: seconds that it may take.

    Raises:
        TooLargeError: its words are longer than any form of the console.
        TooSlowError: it took longer.
    """
    kind = Message()
    kind["content-type"] = request.headers.get("content-type", "")
    boundary = str(kind.get_param("boundary", ""))
    if kind.get_content_type() != _WITH_FILES or not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        try:
            return await asyncio.wait_for(read_form(request), patience)
        except asyncio.TimeoutError as error:
            raise TooSlowError(Form()) from error
    body = bytearray()
    try:
        await asyncio.wait_for(_listen(request, body, most), patience)
    except asyncio.TimeoutError as error:
        raise TooSlowError(_read_parts(body, boundary)) from error
    return _read_parts(body, boundary)


async def _listen(request: Request, body: bytearray, most: int) -> None:
    length = 0
    async for chunk in request.stream():
        length += len(chunk)
        body += chunk[: max(most - len(body), 0)]
        if length > LISTENED_TO:
            return


def _read_parts(body: bytearray, boundary: str) -> Form:
    fields: dict[str, list[str]] = {}
    uploads = []
    for name, file_name, content, whole in _parts(bytes(body), boundary.encode(errors="replace")):
        if file_name is None:
            fields.setdefault(name, []).append(_plain(content.decode(errors="replace")))
        elif file_name or content:
            uploads.append(Upload(file_name, content, whole))
    if sum(len(value) for values in fields.values() for value in values) > MOST_BYTES or len(fields) > _MOST_FIELDS:
        raise TooLargeError
    return Form(fields, tuple(uploads))


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, str | None, bytes, bool]]:
    """Name, file name (None of a plain field), content of each part, and whether it came to its end."""
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    for number, piece in enumerate(pieces[1:], 2):
        head, found, content = piece.partition(b"\r\n\r\n")
        about = Message()
        for line in head.decode(errors="replace").split("\r\n"):
            if line.lower().startswith("content-disposition:"):
                about["content-disposition"] = line.partition(":")[2]
        name = about.get_param("name", header="content-disposition")
        if not found or not isinstance(name, str):
            continue
        file_name = about.get_param("filename", header="content-disposition")
        yield name, None if file_name is None else str(file_name), content, number < len(pieces)


async def read_form(request: Request) -> Form:
    """What was posted; anything but a plain form counts as empty.

    Raises:
        TooLargeError: it is longer than any form of the console.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLargeError
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return Form()
    try:
        given = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Form()
    return Form({name: [_plain(one) for one in values] for name, values in given.items()})


def _plain(text: str) -> str:
    # No database takes NUL; browsers end lines in two signs.
    return text.replace("\0", "").replace("\r\n", "\n")


def whole(text: str) -> int | None:
    """A whole number that a database can hold, None when it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
