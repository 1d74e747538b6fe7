"""A look at everything around the bot, for whoever runs it."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict

import click

from bot.channels.registry import open_channels
from bot.complaints.rules import load_rules
from bot.database import Database, open_database
from bot.delivery.finding import Finding
from bot.delivery.intake import Intake
from bot.operations.doctor import examine
from bot.operations.registered import list_jobs
from bot.settings import ROOT, Settings

# Seconds that one channel's neighbour may take.
PATIENCE = 20.0


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list for other programs.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything and say what to do; exit code 1 when something is wrong."""
    database = open_database(settings)
    jobs = list_jobs(database, load_rules(ROOT / "knowledge", settings.province), settings)
    found = [*examine(database, settings, jobs), *asyncio.run(_ask_channels(database, settings))]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))
    else:
        for finding in found:
            click.echo(_line(finding))
    sys.exit(0 if all(finding.good for finding in found) else 1)


async def _ask_channels(database: Database, settings: Settings) -> list[Finding]:
    """What the channels' neighbours say; a channel that can't be asked is a finding of its own."""
    found: list[Finding] = []
    for channel in open_channels(database, settings, Intake(database, lambda: None)):
        name = channel.adapter.channel
        try:
            if channel.check:
                found += await asyncio.wait_for(channel.check(), PATIENCE)
        except Exception as error:  # noqa: BLE001
            # Its words may hold an address with a token in it.
            todo = f"See web.log; 'motcua switch off {name}' until it is mended."
            found.append(Finding(name, False, f"can't be asked: {type(error).__name__}", todo))
        finally:
            if channel.closing:
                await channel.closing()
    return found


def _line(finding: Finding) -> str:
    todo = f"  → {finding.todo}" if finding.todo else ""
    return f"{'ok ' if finding.good else 'BAD'}  {finding.about:18} {finding.said}{todo}"
