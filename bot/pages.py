"""What pages of every room share: templates, static files, and who a request counts as."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

# What a household is given in IPv6.
_NETWORK_OF_ONE = 64


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
