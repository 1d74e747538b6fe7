"""The channels: which are open, and what an operator must do once so that Zalo lets us in."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime

import click
import httpx

from bot.channels.zalo_errors import ZaloError
from bot.channels.zalo_oauth import (
    REFRESH_LIFE,
    Pair,
    buy_with_code,
    buy_with_refresh_token,
    challenge_of,
    consent_link,
    new_verifier,
    read_redirect,
)
from bot.channels.zalo_tokens import NAME, keep_pair_surely
from bot.commands.common import migrated_database
from bot.complaints.workdays import VIET_NAM
from bot.database import Database, now
from bot.delivery.credentials import Credential, load_credential
from bot.settings import Settings

TIMEOUT = 20


@click.group()
def channels() -> None:
    """Look at the channels, and open Zalo's."""


@channels.command("list")
@click.pass_obj
def channels_list(settings: Settings) -> None:
    """List the channels: on or off, how messages come in, how long tokens serve."""
    called = settings.public_url.startswith("https://")
    click.echo(_line("web", True, "the chat page and the widget"))
    click.echo(_line("telegram", bool(settings.telegram.token), _way(called and bool(settings.telegram.secret))))
    click.echo(_line("zalo_oa", bool(settings.zalo.app_id), _way(True)))
    if settings.zalo.app_id:
        known = load_credential(migrated_database(settings), NAME)
        for told in _tokens(known, now()):
            click.echo(f"{'':10} {told}")
    click.echo(_line("zalo_bot", bool(settings.zalo_bot.token), _way(called and bool(settings.zalo_bot.secret))))


@channels.group("zalo")
def channels_zalo() -> None:
    """What the Zalo Official Account needs by hand."""


@channels_zalo.command("login")
@click.option("--redirect-url", help="As saved in the application's settings at Zalo; else MOTCUA_PUBLIC_URL.")
@click.option("--refresh-token", is_flag=True, help="Ask for a refresh token of Zalo's API Explorer instead.")
@click.pass_obj
def zalo_login(settings: Settings, redirect_url: str | None, refresh_token: bool) -> None:
    """Let an administrator of the Official Account allow the bot to act for it."""
    if not settings.zalo.app_id:
        raise click.ClickException("MOTCUA_ZALO_APP_ID is not set; docs/operating-zalo.md says where it is found.")
    database = migrated_database(settings)
    buy = _with_token(settings) if refresh_token else _with_consent(settings, redirect_url or settings.public_url)
    try:
        pair = asyncio.run(_ask(buy))
    except ZaloError as error:
        raise click.ClickException(f"Zalo gave no tokens ({error.reason}). Begin again with a new code.") from error
    try:
        asyncio.run(keep_pair_surely(database, pair))
    except ZaloError as error:
        raise click.ClickException(
            "The tokens could NOT be stored and are lost; what they were bought with is used up. "
            "When the database takes writes, begin again with a new code or refresh token."
        ) from error
    _tell(database, now())


def _with_consent(settings: Settings, redirect_url: str) -> Callable[[httpx.AsyncClient], Awaitable[Pair]]:
    verifier, state = new_verifier(), secrets.token_urlsafe(9)
    click.echo("1. Save in the application's settings at Zalo (Official Account, permissions):")
    click.echo(f"   redirect address: {redirect_url}\n   code challenge:   {challenge_of(verifier)}")
    click.echo("2. An administrator of the account opens this link and agrees:")
    click.echo(f"   {consent_link(settings.zalo, redirect_url, verifier, state)}")
    click.echo("3. Copy the whole address that the browser ends at (it has 'code='); it serves for ten minutes, once.")
    try:
        code = read_redirect(click.prompt("Address or code"), state, settings.zalo.oa_id)
    except ZaloError as error:
        wrong = {
            "other_login": "This address belongs to another log-in. Open the link above.",
            "other_account": "This is another Official Account than MOTCUA_ZALO_OA_ID says.",
        }
        raise click.ClickException(wrong.get(error.reason, "There is no code in it.")) from error
    return lambda client: buy_with_code(client, settings.zalo, code, verifier)


def _with_token(settings: Settings) -> Callable[[httpx.AsyncClient], Awaitable[Pair]]:
    # Typed, not given as an option: the shell would keep it.
    token = click.prompt("Refresh token", hide_input=True).strip()
    return lambda client: buy_with_refresh_token(client, settings.zalo, token)


async def _ask(buy: Callable[[httpx.AsyncClient], Awaitable[Pair]]) -> Pair:
    async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
        return await buy(client)


def _tell(database: Database, moment: datetime) -> None:
    click.echo("The tokens are stored, encrypted.")
    for told in _tokens(load_credential(database, NAME), moment):
        click.echo(told)
    click.echo("A running bot takes them within a minute.")


def _tokens(known: Credential | None, moment: datetime) -> list[str]:
    if known is None:
        return ["no tokens yet: run 'motcua channels zalo login'"]
    lines = []
    if known.expires_at:
        state = "serves until" if known.expires_at > moment else "ended at"
        lines.append(f"access token {state} {_moment(known.expires_at)}")
    if known.renewable_until:
        days = REFRESH_LIFE.days
        lines.append(
            f"refresh token ends at {_moment(known.renewable_until)}; each renewal, about daily, gives {days} days more"
        )
    return [*lines, f"PROBLEM: {known.problem}"] if known.problem else lines


def _line(name: str, opened: bool, how: str) -> str:
    return f"{name:10} {'on ' if opened else 'off'}{f'  {how}' if opened else ''}"


def _way(webhook: bool) -> str:
    return "called at a webhook" if webhook else "asks for messages (long poll)"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"
