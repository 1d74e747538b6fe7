"""Looking after the content: the reviewed one, and Rasa's data."""

from __future__ import annotations

import subprocess
import sys

import click

from bot.catalogue.check import check_knowledge
from bot.catalogue.loader import load_knowledge
from bot.catalogue.lookup import lookup_text
from bot.commands.common import short_path
from bot.complaints.rules import load_rules
from bot.settings import ROOT, Settings, child_environment
from bot.training.data_check import check_checkout

LOOKUPS = ROOT / "data" / "lookups" / "procedure.yml"


@click.group()
def knowledge() -> None:
    """Look after the reviewed content."""


@knowledge.command("check")
@click.pass_obj
def knowledge_check(settings: Settings) -> None:
    """Report content that is refused, expired, soon to expire, or refers to what is not there."""
    report = check_knowledge(ROOT / "knowledge", settings.today, LOOKUPS)
    errors = [*report.errors, *load_rules(ROOT / "knowledge").refused]
    for line in report.warnings:
        click.echo(f"warning: {line}")
    for line in errors:
        click.echo(f"error: {line}", err=True)
    found = f"{len(errors)} errors, {len(report.warnings)} warnings"
    counted = (
        f"{report.procedures} procedures, {report.topics} topics, {report.offices} offices, {report.places} places"
    )
    click.echo(f"{counted}: {found}.")
    sys.exit(1 if errors else 0)


@knowledge.command("lookups")
def knowledge_lookups() -> None:
    """Write the names of procedures into Rasa's training data, where intents are learnt with them marked."""
    names = load_knowledge(ROOT / "knowledge")[0].names()
    LOOKUPS.write_text(lookup_text(names), encoding="utf-8")
    click.echo(f"{short_path(LOOKUPS)} written from {len(names)} procedures.")


@click.command()
@click.pass_obj
def validate(settings: Settings) -> None:
    """Check the training sentences, then let Rasa check its data (intents, rules, responses)."""
    problems = check_checkout(ROOT)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        sys.exit(1)
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "data", "validate"]
    finished = subprocess.run(command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True)  # noqa: S603
    click.echo("Rasa finds its data in order." if finished.returncode == 0 else finished.stdout + finished.stderr)
    sys.exit(finished.returncode)
