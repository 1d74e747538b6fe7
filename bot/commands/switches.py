"""The off switch: of one channel, or of the whole bot."""

from __future__ import annotations

import click

from bot.commands.common import migrated_database
from bot.commands.officers import by as by_option
from bot.complaints.workdays import VIET_NAM
from bot.delivery import switches
from bot.delivery.sentences import SWITCHED_OFF
from bot.settings import Settings

NAMES = click.Choice([switches.ALL, "web", "telegram", "zalo_oa", "zalo_bot", "terminal"])


@click.group()
def switch() -> None:
    """Switch a channel or the whole bot off and on; the running bot follows within seconds."""


@switch.command("off")
@click.argument("name", type=NAMES)
@by_option
@click.option("--notice", default=SWITCHED_OFF, help="What citizens are told, in Vietnamese; there is a text for it.")
@click.pass_obj
def switch_off(settings: Settings, name: str, by: str, notice: str) -> None:
    """Answer nothing more: what citizens send is kept, and they are told once an hour."""
    if not notice.strip():
        raise click.UsageError("Citizens must be told something; leave --notice out for the usual text.")
    switches.switch_off(migrated_database(settings), name, by, notice.strip())
    click.echo(f"{name} is off. 'motcua switch on {name}' switches it on again.")


@switch.command("on")
@click.argument("name", type=NAMES)
@click.pass_obj
def switch_on(settings: Settings, name: str) -> None:
    """Answer again; what came meanwhile is not answered later."""
    was_off = switches.switch_on(migrated_database(settings), name)
    click.echo(f"{name} is on." if was_off else f"{name} was not off.")


@switch.command("list")
@click.pass_obj
def switch_list(settings: Settings) -> None:
    """List what is switched off."""
    with migrated_database(settings).reading() as session:
        found = switches.list_off(session)
    for off in found:
        click.echo(
            f"{off.name:10} off since {off.off_at.astimezone(VIET_NAM):%Y-%m-%d %H:%M}, by {off.by}: {off.notice}"
        )
    if not found:
        click.echo("Nothing is switched off.")
