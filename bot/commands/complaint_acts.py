"""What officers do with feedback, by command: move, ask, answer, forward, assign, merge."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from bot.commands.common import migrated_database
from bot.commands.officers import Name, denunciations, rules_of, seen_by
from bot.complaints import casework
from bot.complaints.errors import ComplaintError
from bot.complaints.lifecycle import ANSWER_REASONS, ANSWERED, NEEDS_INFORMATION, STATES
from bot.complaints.reading import Look, check_access
from bot.database import Database
from bot.settings import Settings

_NOTE = click.option("--note", default="", help="What the citizen is told along with it.")


@click.command("move")
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@click.argument("state", type=click.Choice([state for state in STATES if state != ANSWERED]))
@_NOTE
@denunciations
def move(settings: Settings, look: Look, codes: tuple[str, ...], state: str, note: str) -> None:
    """Move complaints on; their citizens are told."""
    rules = rules_of(settings)
    _each(settings, look, codes, lambda db, code: casework.move(db, rules, code, state, look.by, note))


@click.command("ask")
@click.argument("code")
@click.argument("question")
@denunciations
def ask(settings: Settings, look: Look, code: str, question: str) -> None:
    """Ask the citizen for what is missing; the clock stands still until they answer."""
    rules = rules_of(settings)
    _each(
        settings,
        look,
        (code,),
        lambda db, one: casework.move(db, rules, one, NEEDS_INFORMATION, look.by, question),
    )


@click.command("answer")
@click.argument("code")
@click.argument("text", required=False)
@click.option("--reason", type=click.Choice(list(ANSWER_REASONS)), required=True, help="How it ended.")
@click.option(
    "--file",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The answer as a text file in UTF-8.",
)
@denunciations
def answer(settings: Settings, look: Look, code: str, text: str | None, reason: str, source: Path | None) -> None:
    """Answer the citizen."""
    if (text is None) == (source is None):
        raise click.UsageError("Give the answer as TEXT or as --file, one of them.")
    said = text or ""
    if source:
        try:
            said = source.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise click.UsageError(f"{source.name} is not a text in UTF-8.") from error
    rules = rules_of(settings)
    _each(settings, look, (code,), lambda db, one: casework.answer(db, rules, one, said, reason, look.by))


@click.command("forward")
@click.argument("code")
@click.argument("unit", type=Name())
@_NOTE
@denunciations
def forward(settings: Settings, look: Look, code: str, unit: str, note: str) -> None:
    """Hand a complaint to the unit that is responsible; the citizen is told which."""
    rules = rules_of(settings)
    _each(settings, look, (code,), lambda db, one: casework.forward(db, rules, one, unit, look.by, note))


@click.command("assign")
@click.argument("codes", nargs=-1, required=True, metavar="CODE...")
@click.option("--to", "assignee", type=Name(), help="The officer who works on them.")
@click.option("--unit", type=Name(), help="The unit that works on them.")
@click.option("--note", default="", help="Kept in the history; the citizen does not see it.")
@denunciations
def assign(
    settings: Settings, look: Look, codes: tuple[str, ...], assignee: str | None, unit: str | None, note: str
) -> None:
    """Say who works on complaints; citizens are not told."""
    if assignee is None and unit is None:
        raise click.UsageError("Say who works on it: --to, --unit, or both.")
    _each(settings, look, codes, lambda db, code: casework.assign(db, code, look.by, assignee, unit, note))


@click.command("merge")
@click.argument("code")
@click.argument("into")
@click.argument("text")
@denunciations
def merge(settings: Settings, look: Look, code: str, into: str, text: str) -> None:
    """Answer a complaint as a duplicate of another, whose notices its citizen gets from now on."""
    rules = rules_of(settings)

    def merged(database: Database, one: str) -> None:
        check_access(database, into, seen_by(database, look))
        casework.merge(database, rules, one, into, look.by, text)

    _each(settings, look, (code,), merged)


COMMANDS = (move, ask, answer, forward, assign, merge)


def _each(settings: Settings, look: Look, codes: tuple[str, ...], act: Callable[[Database, str], None]) -> None:
    """Do something with each complaint, in a transaction of its own; one that is refused harms no other."""
    database = migrated_database(settings)
    look = seen_by(database, look)
    refused = 0
    for code in dict.fromkeys(codes):
        try:
            check_access(database, code, look)
            act(database, code)
            click.echo(f"{code}: xong.")
        except ComplaintError as error:
            if len(codes) == 1:
                raise
            refused += 1
            click.echo(f"motcua: {error}", err=True)
    if len(codes) > 1:
        click.echo(f"{len(dict.fromkeys(codes)) - refused} xong, {refused} không làm được.")
    if refused:
        sys.exit(1)
