"""Importing the national portal's procedure records, from files or from the portal."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click
from tqdm import tqdm

from bot.catalogue.importing.portal import Portal, check_permission
from bot.catalogue.importing.report import Report
from bot.catalogue.importing.rounds import Progress, import_portal
from bot.catalogue.importing.run import import_files
from bot.commands.common import migrated_database, short_path
from bot.settings import Settings

_REPORT = click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the whole report goes as JSON.",
)
# What a shell says of a program that Ctrl-C ended.
INTERRUPTED = 130


@click.group("import")
def importing() -> None:
    """Import procedure records into the database."""


@importing.command("procedures")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_REPORT
@click.pass_obj
def import_procedures(settings: Settings, paths: tuple[Path, ...], report_file: Path | None) -> None:
    """Import every record in files and folders (JSON, JSON lines, xlsx, CSV)."""

    def shown(files: Iterable[Path]) -> Iterable[Path]:
        return tqdm(files, unit="file", disable=not sys.stderr.isatty())

    _show(import_files(migrated_database(settings), paths, shown), report_file)


@importing.command("portal")
@click.option("--limit", type=click.IntRange(1), help="Ask for so many procedures at the most; the next call goes on.")
@_REPORT
@click.pass_obj
def import_from_portal(settings: Settings, limit: int | None, report_file: Path | None) -> None:
    """Read the portal itself, slowly; needs its operator's permission, goes on where it was broken off."""
    check_permission(settings.portal_permission, settings.portal_contact)
    bar = tqdm(unit="procedure", disable=not sys.stderr.isatty())

    def progress(at: Progress) -> None:
        bar.total = max(at.listed, at.total or 0)
        bar.update(at.settled - bar.n)

    database = migrated_database(settings)
    with bar, Portal(settings.portal_url, settings.portal_contact, settings.portal_pause) as portal:
        report = import_portal(database, portal, settings.portal_permission, limit, progress)
    _show(report, report_file)


def _show(report: Report, report_file: Path | None) -> None:
    for line in report.lines():
        click.echo(line)
    if report_file:
        report_file.write_text(report.as_json(), encoding="utf-8")
        click.echo(f"Report: {short_path(report_file.resolve())}")
    if report.stopped:
        sys.exit(INTERRUPTED if report.stopped.startswith("interrupted") else 1)
