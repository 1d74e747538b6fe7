"""The command `motcua`: runs the bot, talks to it, trains it, and serves staff without the web."""

from __future__ import annotations

import os
import signal
import sys

import click

from bot.accounts.errors import AccountError
from bot.catalogue.importing.record import ImportingError
from bot.channels.terminal import NoAnswerError
from bot.commands import (
    answers,
    channels,
    complaints,
    content,
    delivery,
    doctor,
    importing,
    jobs,
    models,
    privacy,
    review,
    running,
    switches,
    users,
)
from bot.complaints.errors import ComplaintError
from bot.database import DatabaseError
from bot.operations.jobs import JobError
from bot.operations.supervisor import StartError
from bot.review.errors import ReviewError
from bot.settings import SettingsError, load_settings
from bot.training.train import TrainingError

EXPECTED = (
    AccountError,
    SettingsError,
    StartError,
    TrainingError,
    ComplaintError,
    DatabaseError,
    NoAnswerError,
    ImportingError,
    JobError,
    ReviewError,
)
COMMANDS = (
    running.run,
    models.train,
    models.evaluate,
    models.models,
    review.review,
    answers.chat,
    answers.ask,
    answers.parse,
    answers.search,
    content.knowledge,
    content.validate,
    complaints.complaints,
    jobs.jobs,
    delivery.delivery,
    channels.channels,
    privacy.privacy,
    users.users,
    importing.importing,
    switches.switch,
    doctor.doctor,
)


@click.group(help=__doc__)
@click.pass_context
def cli(context: click.Context) -> None:
    """Read the settings once for every command."""
    context.obj = load_settings()


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Entry of the command; what an operator can mend is one sentence, not a traceback."""
    # Whatever is written here holds citizens' words: for this user's eyes only.
    os.umask(0o077)
    # SIGTERM ends commands as Ctrl-C does, so that what they started ends with them.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli()
    except EXPECTED as error:
        click.echo(f"motcua: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
