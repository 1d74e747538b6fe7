"""Pages in a real browser: an app served on loopback, and a page that stops at errors of its scripts and of its CSP."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page
from starlette.types import ASGIApp

from bot.complaints.rules import load_rules
from bot.settings import ROOT
from tests.complaints.conftest import Centre
from tests.factories import running

PHONE_SIZE = {"width": 390, "height": 844}
MILLISECONDS = 15_000


@pytest.fixture
def centre(database):
    """What citizens and staff do with feedback, by the rules of the demo."""
    return Centre(database, load_rules(ROOT / "knowledge", "demo"))


@contextlib.contextmanager
def serving(make_app: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Serve an app on a free port; gives the address, which `make_app` is told, too."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # ws="none": Rasa pins a websockets release that uvicorn's own support cannot load.
        quiet = {"log_level": "error", "lifespan": "off", "ws": "none", "timeout_graceful_shutdown": 1}
        server = uvicorn.Server(uvicorn.Config(make_app(address), **quiet))
        with running(server, [listener]):
            yield address


@pytest.fixture
def context(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """A browser on a phone; the module says what is at `address`."""
    context = browser.new_context(base_url=address, locale="vi-VN", viewport=PHONE_SIZE)
    context.set_default_timeout(MILLISECONDS)
    yield context
    context.close()


@pytest.fixture
def blank_page(context: BrowserContext) -> Iterator[Page]:
    """A page in whose scripts nothing may go wrong, and nothing against its policy."""
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    assert errors == []
