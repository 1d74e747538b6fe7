"""The chain of receipts, checked from the command line."""

from __future__ import annotations

import sys

import click
from tqdm import tqdm

from bot.commands.common import migrated_database
from bot.complaints import verification
from bot.complaints.verification import Report
from bot.settings import Settings

RECEIPTS = {
    verification.AS_FILED: "It is what was filed, and the root of {day} holds it: {root}.",
    verification.NOT_CLOSED: "It is what was filed. Its day, {day}, is not closed yet, so no root holds it.",
    verification.ERASED_ON_WISH: "Its content was erased; the link is the one of the receipt, and the chain holds it.",
    verification.CHANGED: "It is NOT what was filed: the record or the chain was changed.",
    verification.OTHER_LINK: "Its link is another one. If it was typed as on the receipt, record or chain was changed.",
    verification.NO_LINK: "It was filed before there was a chain.",
    verification.UNKNOWN: "There is no complaint with this code.",
}
SOUND = (verification.AS_FILED, verification.NOT_CLOSED, verification.ERASED_ON_WISH)


@click.command("verify")
@click.argument("code", required=False)
@click.option("--link", default="", help="The link on the receipt, 64 hex digits; needed with a code.")
@click.pass_obj
def verify(settings: Settings, code: str | None, link: str) -> None:
    """Check that what is kept is what was filed: all of it, or one receipt. Exit code 1 when it is not."""
    if bool(code) != bool(link):
        raise click.UsageError("A receipt has a code and a link; give both, or neither for the whole chain.")
    database = migrated_database(settings)
    if code:
        verdict = verification.verify_receipt(database, code, link)
        click.echo(RECEIPTS[verdict.outcome].format(day=verdict.day, root=verdict.root))
        sys.exit(0 if verdict.outcome in SOUND else 1)
    with tqdm(unit="link", disable=None) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = verification.verify(database, progress)
    for line in sentences(report):
        click.echo(line)
    sys.exit(0 if report.whole else 1)


def sentences(report: Report) -> list[str]:
    """A report as an officer reads it."""
    lines = [f"{flaw.where}: {flaw.what}" for flaw in report.flaws]
    lines.append(f"{report.links} links, {report.closed_days} closed days; {report.as_filed} complaints are as filed.")
    if report.open_days:
        lines.append(f"Days that have no root yet: {', '.join(report.open_days)}.")
    if report.erased:
        lines.append(f"Erased, so that only the commitment is left: {', '.join(report.erased)}.")
    if report.unchained:
        lines.append(f"Filed before there was a chain, so not checked: {', '.join(report.unchained)}.")
    lines.append("Nothing was changed." if report.whole else f"Changed: {len(report.flaws)} findings, named above.")
    return lines
