"""What citizens ask about their data, how long it is kept, and the keys it is kept with."""

from __future__ import annotations

import sys
from datetime import date

import click
from tqdm import tqdm

from bot.commands.common import migrated_database
from bot.complaints import privacy as wishes
from bot.complaints.evidence import reseal_files
from bot.complaints.retention import load_retention
from bot.complaints.rules import load_rules
from bot.operations.erasure import AskRasa, Stores, run_erasures
from bot.operations.keys import count_sealed, rotate_keys
from bot.operations.retention import run_retention
from bot.settings import ROOT, Settings


@click.group()
def privacy() -> None:
    """Citizens' rights to their data, and how long it is kept."""


@privacy.command("requests")
@click.option("--all", "everything", is_flag=True, help="Also what is done.")
@click.pass_obj
def privacy_requests(settings: Settings, everything: bool) -> None:
    """List what citizens asked about their data, oldest first."""
    rows = wishes.list_wishes(migrated_database(settings), waiting=not everything)
    for row in rows:
        state = f"done {row.done_at:%Y-%m-%d}: {row.result}" if row.done_at else f"due {row.due_on}"
        click.echo(f"{row.id:6} {row.asked_at:%Y-%m-%d %H:%M}  {row.wish:9} {row.conversation}  {state}")
    click.echo(f"{len(rows)} requests.")


@privacy.command("done")
@click.argument("number", type=int)
@click.option("--result", required=True, help="What was done, in a few words without personal data.")
@click.pass_obj
def privacy_done(settings: Settings, number: int, result: str) -> None:
    """Keep that a request, such as a correction, was done."""
    wishes.finish(migrated_database(settings), number, result)
    click.echo(f"Request {number} is done.")


@privacy.command("erase")
@click.pass_obj
def privacy_erase(settings: Settings) -> None:
    """Do the requests to delete that wait, at once; the running bot does it by itself."""
    stores = _stores(settings)
    done = run_erasures(stores)
    waiting = len(wishes.list_wishes(stores.database, wish=wishes.DELETE))
    click.echo(f"{done} erased, {waiting} wait for the end of a turn, or for Rasa.")


@privacy.command("retention")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.pass_obj
def privacy_retention(settings: Settings, dry_run: bool) -> None:
    """Take out what is older than knowledge/retention.yml allows."""
    periods = load_retention(ROOT / "knowledge")
    # By the clock's day, not by MOTCUA_TODAY: nobody should lose data to a day that was set for looking at content.
    counts = run_retention(_stores(settings), periods, date.today(), dry_run)
    for store, days in periods.days.items():
        kept = "kept until erased" if days is None else f"{days} days"
        click.echo(f"{store:17} {kept:18} {counts.get(store, '–')}")
    if "tracker" not in counts and periods.days["tracker"]:
        click.echo("Rasa does not answer, so its tracker has to wait for the next run.")
    if periods.days["backups"]:
        click.echo("Nothing here makes backups: whoever does must let them expire after these days.")
    click.echo("Nothing was changed." if dry_run else "Done.")


@privacy.command("rotate-keys")
@click.pass_obj
def privacy_rotate_keys(settings: Settings) -> None:
    """Seal every field with the first key of MOTCUA_SECRET_KEY, so that the others can be thrown away."""
    database = migrated_database(settings)
    with tqdm(total=count_sealed(database), unit="field", disable=not sys.stderr.isatty()) as bar:
        renewed = rotate_keys(database, bar.update)
    files = reseal_files(database, settings.evidence)
    click.echo(f"{renewed} fields and {files} files were sealed anew. Older keys open nothing more but old backups.")


def _stores(settings: Settings) -> Stores:
    rules = load_rules(ROOT / "knowledge", settings.province)
    return Stores(migrated_database(settings), rules, settings.evidence, AskRasa(settings), home=settings.home)
