"""Looking after the content: the reviewed one, and Rasa's data."""

from __future__ import annotations

import subprocess
import sys

import click

from bot.catalogue.check import check_knowledge
from bot.settings import ROOT, Settings, child_environment


@click.group()
def knowledge() -> None:
    """Look after the reviewed content."""


@knowledge.command("check")
@click.pass_obj
def knowledge_check(settings: Settings) -> None:
    """Report content that is refused, expired, soon to expire, or refers to what is not there."""
    report = check_knowledge(ROOT / "knowledge", settings.today)
    for line in report.warnings:
        click.echo(f"warning: {line}")
    for line in report.errors:
        click.echo(f"error: {line}", err=True)
    found = f"{len(report.errors)} errors, {len(report.warnings)} warnings"
    click.echo(f"{report.procedures} procedures, {report.topics} topics: {found}.")
    sys.exit(1 if report.errors else 0)


@click.command()
@click.pass_obj
def validate(settings: Settings) -> None:
    """Let Rasa check its data (intents, rules, responses)."""
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "data", "validate"]
    finished = subprocess.run(command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True)  # noqa: S603
    click.echo("Rasa finds its data in order." if finished.returncode == 0 else finished.stdout + finished.stderr)
    sys.exit(finished.returncode)
