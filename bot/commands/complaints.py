"""Feedback without the web console."""

from __future__ import annotations

import getpass

import click

from bot.commands.common import migrated_database
from bot.complaints import service
from bot.complaints.model import MOVES, STATE_LABELS
from bot.settings import Settings


@click.group()
def complaints() -> None:
    """Work on feedback without the web console."""


@complaints.command("list")
@click.option("--state", type=click.Choice(list(STATE_LABELS)), help="Only those in this state.")
@click.pass_obj
def complaints_list(settings: Settings, state: str | None) -> None:
    """List feedback, oldest first."""
    rows = service.list_complaints(migrated_database(settings), state)
    for row in rows:
        click.echo(f"{row.code}  {row.created_at:%Y-%m-%d %H:%M}  {row.state:17} {row.kind:13} {row.description[:60]}")
    click.echo(f"{len(rows)} complaints.")


@complaints.command("show")
@click.argument("code")
@click.pass_obj
def complaints_show(settings: Settings, code: str) -> None:
    """Show one complaint with its history and contact."""
    row, told = service.show_complaint(migrated_database(settings), code)
    fields = {"code": row.code, "state": row.state, "kind": told.kind, "what": told.description, "where": told.office}
    fields |= {"when": told.happened, "dossier": told.dossier_code, "contact": told.contact}
    for name, value in fields.items():
        click.echo(f"{name:8} {value or '–'}")
    for move in row.moves:
        click.echo(f"  {move.moved_at:%Y-%m-%d %H:%M} {move.moved_by}: {move.to_state} {move.note or ''}")


@complaints.command("move")
@click.argument("code")
@click.argument("state", type=click.Choice(list(MOVES)))
@click.option("--note", default="", help="What the citizen is told along with it.")
@click.pass_obj
def complaints_move(settings: Settings, code: str, state: str, note: str) -> None:
    """Move a complaint on; the citizen is told."""
    service.move_complaint(migrated_database(settings), code, state, getpass.getuser(), note)
    click.echo(f"{code} is now '{state}'.")
