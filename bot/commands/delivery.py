"""Messages on their way: what waits or failed, and how it is tried again."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from bot.commands.common import migrated_database
from bot.database import now
from bot.delivery import overview, replaying
from bot.settings import Settings

# More at once would be a run of its own.
_MOST = 1000


@click.group()
def delivery() -> None:
    """Look at messages on their way, and send them again."""


@delivery.command("list")
@click.option("--channel", help="Only one channel, such as telegram.")
@click.option("--state", type=click.Choice(overview.known_states()), help="Only one state, instead of all unfinished.")
@click.option("--limit", type=click.IntRange(1, _MOST), default=50, show_default=True, help="Of each side.")
@click.pass_obj
def delivery_list(settings: Settings, channel: str | None, state: str | None, limit: int) -> None:
    """List what waits, is held, or failed, newest first: "in" is from citizens, "out" is from the bot."""
    states = (state,) if state else overview.UNFINISHED
    rows = overview.list_messages(migrated_database(settings), channel, states, limit)
    moment = now()
    for row in rows:
        said = ([row.reason] if row.reason else []) + list(row.marks)
        uncertain = f"  maybe arrived {row.uncertain} times" if row.uncertain else ""
        click.echo(
            f"{row.side:3} {row.id:8}  {row.channel:10} {row.state:9} {row.attempts:3} tries  "
            f"{_age(row.since, moment):>5}  {', '.join(said)}{uncertain}".rstrip()
        )
    click.echo(f"{len(rows)} messages.")


@delivery.command("replay")
@click.argument("numbers", metavar="ID...", type=int, nargs=-1)
@click.option("--failed", is_flag=True, help="All that were set aside.")
@click.option("--channel", help="With --failed: only of one channel.")
@click.pass_obj
def delivery_replay(settings: Settings, numbers: tuple[int, ...], failed: bool, channel: str | None) -> None:
    """Let the bot answer messages of citizens that it had set aside ("in")."""
    database = migrated_database(settings)
    if failed == bool(numbers):
        raise click.UsageError("Name the messages, or say --failed.")
    if failed:
        # Oldest first, as they came.
        numbers = tuple(reversed([one.id for one in replaying.list_failed(database, _MOST, channel)]))
    _report([number for number in numbers if not replaying.replay(database, number)], len(numbers), "was not set aside")


@delivery.command("resend")
@click.argument("numbers", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def delivery_resend(settings: Settings, numbers: tuple[int, ...]) -> None:
    """Try messages of the bot again that failed ("out")."""
    database = migrated_database(settings)
    left = [number for number in numbers if not overview.resend(database, number)]
    _report(left, len(numbers), "did not fail, or went to another conversation of the same person")


def _report(left: list[int], asked: int, why: str) -> None:
    click.echo(f"{asked - len(left)} messages are tried again.")
    for number in left:
        click.echo(f"motcua: {number} {why}.", err=True)
    if left:
        sys.exit(1)


def _age(since: datetime, moment: datetime) -> str:
    minutes = max(int((moment - since).total_seconds() // 60), 0)
    if minutes < 60:
        return f"{minutes}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // (24 * 60)}d"
