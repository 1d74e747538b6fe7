"""Zalo's OAuth for an Official Account: the consent link, and pairs of tokens bought with a code or a refresh token."""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from bot.channels.zalo_errors import NotAnsweredError, ZaloError
from bot.settings import ZaloSettings

logger = logging.getLogger(__name__)

# What both sides of Zalo's documents agree on: three months, counted as short as they can be.
REFRESH_LIFE = timedelta(days=89)
# When the answer does not say how long: the shortest that was ever given.
SHORTEST_LIFE = 3600
LONGEST_LIFE = 400 * 24 * 3600
_NOT_ARRIVED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class GrantError(ZaloError):
    """Zalo gives no tokens for this code or refresh token."""


@dataclass(frozen=True)
class Pair:
    """An access token, the refresh token that buys the next pair (empty: none was given), and seconds it is good."""

    access_token: str
    refresh_token: str
    expires_in: int


def new_verifier() -> str:
    """A PKCE verifier: 43 characters."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def challenge_of(verifier: str) -> str:
    """What is shown of a verifier beforehand."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def consent_link(settings: ZaloSettings, redirect_uri: str, verifier: str, state: str) -> str:
    """Where an administrator of the account allows the application to act for it."""
    asked = {
        "app_id": settings.app_id,
        "redirect_uri": redirect_uri,
        "code_challenge": challenge_of(verifier),
        "state": state,
    }
    return f"{settings.oauth_url}/v4/oa/permission?{urlencode(asked)}"


def read_redirect(text: str, state: str, oa_id: str) -> str:
    """The code in what an administrator's browser was sent to, or the code itself.

    Raises:
        GrantError: it is of another log-in, of another account, or has no code.
    """
    text = text.strip()
    if "?" not in text:
        if not text or "/" in text or " " in text:
            raise GrantError("no_code")
        return text
    given = {name: values[0] for name, values in parse_qs(urlsplit(text).query).items()}
    if given.get("state", state) != state:
        raise GrantError("other_login")
    if given.get("oa_id", oa_id) != oa_id:
        raise GrantError("other_account")
    if not given.get("code"):
        raise GrantError("no_code")
    return given["code"]


async def buy_with_code(client: httpx.AsyncClient, settings: ZaloSettings, code: str, verifier: str) -> Pair:
    """The first pair, for the code that an administrator's consent gave."""
    return await _buy(client, settings, {"code": code, "grant_type": "authorization_code", "code_verifier": verifier})


async def buy_with_refresh_token(client: httpx.AsyncClient, settings: ZaloSettings, refresh_token: str) -> Pair:
    """The next pair. The refresh token is worth nothing from now on, whatever comes back."""
    return await _buy(client, settings, {"refresh_token": refresh_token, "grant_type": "refresh_token"})


async def _buy(client: httpx.AsyncClient, settings: ZaloSettings, what: Mapping[str, str]) -> Pair:
    """A pair of tokens.

    Raises:
        GrantError: Zalo refuses.
        NotAnsweredError: nobody knows.
    """
    form = {**what, "app_id": settings.app_id}
    headers = {"secret_key": settings.app_secret}
    try:
        answer = await client.post(f"{settings.oauth_url}/v4/oa/access_token", data=form, headers=headers)
        body = answer.json()
    except _NOT_ARRIVED as error:
        raise NotAnsweredError("oauth_unreachable", uncertain=False) from error
    except (httpx.HTTPError, ValueError, RecursionError) as error:
        raise NotAnsweredError("oauth_no_answer", uncertain=True) from error
    if answer.status_code >= 500:
        raise NotAnsweredError(f"oauth_http_{answer.status_code}", uncertain=True)
    return _read_pair(body, (settings.app_secret, *what.values()))


def _read_pair(body: Any, secret: tuple[str, ...]) -> Pair:
    # The body of an error has another shape than the account's interface, and the status may be 200.
    token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token:
        told = _told(body, secret)
        logger.error("zalo: no tokens were given: %s", told)
        raise GrantError(f"refused: {told}"[:150])
    refresh = body.get("refresh_token")
    return Pair(token, refresh if isinstance(refresh, str) else "", _seconds(body.get("expires_in")))


def _seconds(value: Any) -> int:
    # A text of figures, as it is documented, or a number.
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) < 12 and int(text) > 0:
        return min(int(text), LONGEST_LIFE)
    return SHORTEST_LIFE


def _told(body: Any, secret: tuple[str, ...]) -> str:
    """What Zalo said about an error, without anything that opens a door."""
    if not isinstance(body, dict):
        return "no error was named"
    names = ("error", "error_name", "error_description", "error_reason", "message")
    said = " ".join(str(body[name]) for name in names if body.get(name) is not None)
    for one in secret:
        said = said.replace(one, "…")
    return "".join(letter for letter in said if letter.isprintable())[:200] or "no error was named"
