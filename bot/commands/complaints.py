"""Feedback without the web console: what there is, and one of them with all that is kept."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from bot.commands import complaint_acts, complaint_export, complaint_files
from bot.commands.common import migrated_database
from bot.commands.complaint_chain import verify
from bot.commands.complaint_views import HEAD, cells, page_lines, record, whole_record
from bot.commands.officers import check_kind, denunciations, filters, print_table, rules_of, seen_by, today
from bot.complaints import reading
from bot.complaints.queries import PAGE, Wanted
from bot.complaints.reading import Look
from bot.settings import Settings


@click.group()
def complaints() -> None:
    """Work on feedback without the web console."""


for _command in (*complaint_acts.COMMANDS, *complaint_files.COMMANDS, complaint_export.export, verify):
    complaints.add_command(_command)


@complaints.command("list")
@denunciations
@filters
@click.option("--page", type=click.IntRange(1, 10_000), default=1, help=f"{PAGE} to a page.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def complaints_list(settings: Settings, look: Look, wanted: Wanted, page: int, as_json: bool) -> None:
    """List feedback, oldest first; contacts are masked."""
    rules = rules_of(settings)
    check_kind(rules, wanted)
    wanted, offset = replace(wanted, restricted=look.restricted), (page - 1) * PAGE
    database = migrated_database(settings)
    rows = reading.list_complaints(database, wanted, seen_by(database, look), PAGE, offset)
    if as_json:
        for row, contact in rows:
            click.echo(json.dumps(record(row, contact, rules, today()), ensure_ascii=False))
        return
    print_table([cells(row, contact, rules, today()) for row, contact in rows], HEAD)
    more = f"; xem tiếp: --page {page + 1}" if len(rows) == PAGE else ""
    click.echo(f"{len(rows)} phản ánh{more}.")


@complaints.command("show")
@click.argument("code")
@denunciations
@click.option("--contact", is_flag=True, help="Show contact and personal values; needs --why, recorded.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def complaints_show(settings: Settings, look: Look, code: str, as_json: bool) -> None:
    """Show one complaint: what was said and understood, history, notices, files, who opened what."""
    rules = rules_of(settings)
    database = migrated_database(settings)
    seen = reading.see_complaint(database, code, seen_by(database, look))
    if as_json:
        click.echo(json.dumps(whole_record(seen, rules, today()), ensure_ascii=False))
        return
    for line in page_lines(seen, rules, today()):
        click.echo(line)
