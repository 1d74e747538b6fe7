"""What a form of the console has sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request

MOST_BYTES = 200_000
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 200
_TEXTS = ("text", "note", "why")


class TooLargeError(Exception):
    """More was sent than any form of the console holds."""


@dataclass(frozen=True)
class Form:
    """Fields of a form; what was not sent is empty."""

    fields: dict[str, list[str]] = field(default_factory=dict)

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
    # No database takes NUL; browsers end lines in two signs.
    return Form(
        {name: [one.replace("\0", "").replace("\r\n", "\n") for one in values] for name, values in given.items()}
    )


def whole(text: str) -> int | None:
    """A whole number that a database can hold, None when it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
