"""Starting everything on this machine."""

from __future__ import annotations

import asyncio

import click

from bot.commands.common import short_path
from bot.operations.programs import make_supervisor, prepare
from bot.settings import Settings


@click.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Start everything on this machine; Ctrl-C stops it."""

    def ready() -> None:
        click.echo(f"Một Cửa is ready.\n  Chat page: {settings.public_url}/\n  Health:    {settings.web_url}/readyz")
        click.echo(f"  Logs:      {short_path(settings.logs)}\nCtrl-C stops it.")

    model = prepare(settings, click.echo)
    click.echo("Starting Rasa, the action server and the web program …")
    asyncio.run(make_supervisor(settings, model, click.echo).run(ready))
    click.echo("Stopped.")
