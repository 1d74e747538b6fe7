"""A look at everything around the bot, for whoever runs it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from bot.complaints.rules import load_rules
from bot.database import open_database
from bot.delivery.finding import Finding
from bot.operations.doctor import examine
from bot.operations.registered import list_jobs
from bot.settings import ROOT, Settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON list for other programs.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Look at everything and say what to do; exit code 1 when something is wrong."""
    database = open_database(settings)
    jobs = list_jobs(database, load_rules(ROOT / "knowledge", settings.province), settings)
    found = examine(database, settings, jobs)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))
    else:
        for finding in found:
            click.echo(_line(finding))
    sys.exit(0 if all(finding.good for finding in found) else 1)


def _line(finding: Finding) -> str:
    todo = f"  → {finding.todo}" if finding.todo else ""
    return f"{'ok ' if finding.good else 'BAD'}  {finding.about:18} {finding.said}{todo}"
