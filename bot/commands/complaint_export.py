"""Feedback as a spreadsheet, by command."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import click
from tqdm import tqdm

from bot.commands.common import migrated_database, short_path
from bot.commands.officers import by, check_kind, filters, reason_of, rules_of, seen_by, today
from bot.complaints.export import SEPARATOR, export_complaints
from bot.complaints.queries import Wanted
from bot.complaints.reading import Look
from bot.settings import Settings


@click.command("export")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@filters
@click.option("--contact", is_flag=True, help="With contacts and personal values; needs --why, recorded for each.")
@click.option("--why", default="", help="What contacts are needed for; kept.")
@click.option("--separator", type=click.Choice([";", ","]), default=SEPARATOR, help="Between the cells of a CSV.")
@by
@click.pass_obj
def export(settings: Settings, path: Path, wanted: Wanted, contact: bool, why: str, separator: str, by: str) -> None:
    """Write feedback to PATH (.xlsx or .csv), without denunciations; contacts are masked."""
    rules = rules_of(settings)
    check_kind(rules, wanted)
    look = Look(by, contact, why=reason_of(why, by))
    with tqdm(unit="complaint", disable=not sys.stderr.isatty()) as bar:
        write = functools.partial(export_complaints, separator=separator, progress=bar.update)
        database = migrated_database(settings)
        lines = write(database, rules, wanted, seen_by(database, look), path, today())
    click.echo(f"{lines} phản ánh: {short_path(path.resolve())}")
