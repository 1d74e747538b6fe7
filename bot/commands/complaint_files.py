"""Photos and documents of feedback without the web console."""

from __future__ import annotations

from pathlib import Path

import click

from bot.commands.common import migrated_database
from bot.commands.officers import denunciations, seen_by
from bot.complaints import evidence
from bot.complaints.reading import Look
from bot.settings import Settings


@click.command("files")
@click.argument("code")
@denunciations
def files(settings: Settings, look: Look, code: str) -> None:
    """List the photos and documents of a complaint."""
    database = migrated_database(settings)
    viewer = seen_by(database, look).viewer
    found = evidence.list_files(database, code, restricted=look.restricted, viewer=viewer)
    for file in found:
        told = f"removed by {file.removed[0]}: {file.removed[1]}" if file.removed else file.name
        click.echo(f"{file.id:6}  {file.size:>10,}  {file.media_type}  {told}")
    click.echo(f"{len(found)} files.")


@click.command("file")
@click.argument("code")
@click.argument("number", type=int)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where to write it.")
@denunciations
def file(settings: Settings, look: Look, code: str, number: int, out: Path) -> None:
    """Write a file of a complaint to a path; that you opened it is recorded, with --why."""
    if out.exists():
        raise click.BadParameter(f"{out} exists already.", param_hint="--out")
    database = migrated_database(settings)
    viewer, restricted = seen_by(database, look).viewer, look.restricted
    opened = evidence.open_file(
        database, settings.evidence, code, number, look.by, look.why, restricted=restricted, viewer=viewer
    )
    out.touch(mode=0o600)
    out.write_bytes(opened.content)
    click.echo(f"{opened.name} ({opened.media_type}) is in {out}.")


@click.command("remove-file")
@click.argument("code")
@click.argument("number", type=int)
@denunciations
def remove_file(settings: Settings, look: Look, code: str, number: int) -> None:
    """Remove a file from a complaint, such as a photo of an ID card; the trace of it stays, with --why."""
    database = migrated_database(settings)
    viewer, restricted = seen_by(database, look).viewer, look.restricted
    evidence.remove(database, settings.evidence, code, number, look.by, look.why, restricted=restricted, viewer=viewer)
    click.echo(f"File {number} of {code} is removed.")


COMMANDS = (files, file, remove_file)
