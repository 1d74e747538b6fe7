"""What pages of every room share: templates, static files, cookies, and who a request counts as."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jinja2
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

# What a household is given in IPv6.
_NETWORK_OF_ONE = 64


@dataclass(frozen=True)
class OwnCookie:
    """A cookie that nobody but this very host can have set, where the bot is reached by https.

    Every host of a domain may set cookies for all of it, so that a name alone says nothing about who chose the value.
    A name that begins with `__Host-` browsers take from the host itself only: by https, for all paths, for no domain.

    Attributes:
        name: what it is called without https.
        secure: whether the bot is reached by https.
        path: where it is sent without https.
        samesite: what of other sites it comes along with.
    """

    name: str
    secure: bool
    path: str = "/"
    samesite: Literal["strict", "lax"] = "strict"

    @property
    def full_name(self) -> str:
        """The name that browsers know it by."""
        return f"__Host-{self.name}" if self.secure else self.name

    def of(self, request: Request) -> str:
        """What a request brings, empty when it brings none."""
        # Starlette forgives signs around a name that no browser takes for a space: to the browser such a name does not
        # begin with "__Host-".
        found = ""
        for header in request.headers.getlist("cookie"):
            for pair in header.split(";"):
                if pair.lstrip(" \t").startswith(f"{self.full_name}="):
                    # Of two the last, as Starlette reads them; with "__Host-" there is one.
                    found = cookie_parser(pair)[self.full_name]
        return found

    def keep(self, response: Response, value: str, max_age: int | None = None) -> None:
        """Let the browser keep it, where no script reads it; until it is closed without `max_age` (seconds)."""
        path = "/" if self.secure else self.path
        response.set_cookie(
            self.full_name, value, max_age, path=path, httponly=True, samesite=self.samesite, secure=self.secure
        )

    def drop(self, response: Response) -> None:
        """Let the browser forget it."""
        path = "/" if self.secure else self.path
        response.delete_cookie(self.full_name, path, httponly=True, samesite=self.samesite, secure=self.secure)


class PageFiles(StaticFiles):
    """Static files that a browser checks for a newer version each time, so an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Add the headers that Starlette leaves out."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def make_templates(folder: Path) -> Jinja2Templates:
    """The templates of a folder; they escape everything and stop at a forgotten variable."""
    return Jinja2Templates(
        env=jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
    )


def sender_of(request: Request) -> str:
    """The network address that limits are counted by; in IPv6 the network that a household is given."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network((address, _NETWORK_OF_ONE), strict=False))
