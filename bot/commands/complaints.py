"""Feedback without the web console."""

from __future__ import annotations

import getpass

import click

from bot.commands.common import migrated_database
from bot.commands.complaint_chain import verify
from bot.complaints import casework, queries
from bot.complaints.lifecycle import ANSWER_REASONS, ANSWERED, STATE_LABELS, STATES
from bot.complaints.rules import Rules, load_rules
from bot.settings import ROOT, Settings


@click.group()
def complaints() -> None:
    """Work on feedback without the web console."""


@complaints.command("list")
@click.option("--state", type=click.Choice(list(STATE_LABELS)), help="Only those in this state.")
@click.pass_obj
def complaints_list(settings: Settings, state: str | None) -> None:
    """List feedback, oldest first."""
    rows = queries.list_complaints(migrated_database(settings), queries.Wanted(state=state))
    for row in rows:
        told = (row.description or "(đã xóa)")[:60]
        click.echo(f"{row.code}  {row.created_at:%Y-%m-%d %H:%M}  {row.state:17} {row.kind:13} {told}")
    click.echo(f"{len(rows)} complaints.")


@complaints.command("show")
@click.argument("code")
@click.pass_obj
def complaints_show(settings: Settings, code: str) -> None:
    """Show one complaint with its history and contact."""
    opened = queries.show_complaint(migrated_database(settings), code, getpass.getuser())
    row, told = opened.complaint, opened.told
    fields = {"code": row.code, "state": row.state, "kind": told.kind, "what": told.description, "where": told.office}
    fields |= {"when": told.happened, "who": told.person, "dossier": told.dossier_code, "contact": told.contact}
    for name, value in fields.items():
        click.echo(f"{name:8} {value or '–'}")
    for move in row.moves:
        click.echo(f"  {move.moved_at:%Y-%m-%d %H:%M} {move.moved_by}: {move.to_state} {move.note or ''}")


@complaints.command("move")
@click.argument("code")
@click.argument("state", type=click.Choice([state for state in STATES if state != ANSWERED]))
@click.option("--note", default="", help="What the citizen is told along with it.")
@click.pass_obj
def complaints_move(settings: Settings, code: str, state: str, note: str) -> None:
    """Move a complaint on; the citizen is told."""
    casework.move(migrated_database(settings), _rules(settings), code, state, getpass.getuser(), note)
    click.echo(f"{code} is now '{state}'.")


@complaints.command("answer")
@click.argument("code")
@click.argument("text")
@click.option("--reason", type=click.Choice(list(ANSWER_REASONS)), required=True, help="How it ended.")
@click.pass_obj
def complaints_answer(settings: Settings, code: str, text: str, reason: str) -> None:
    """Answer the citizen."""
    casework.answer(migrated_database(settings), _rules(settings), code, text, reason, getpass.getuser())
    click.echo(f"{code} is answered.")


complaints.add_command(verify)


def _rules(settings: Settings) -> Rules:
    return load_rules(ROOT / "knowledge", settings.province)
