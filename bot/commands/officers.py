"""What the commands on feedback share: who works, what denunciations need, tables that are safe to print."""

from __future__ import annotations

import functools
import getpass
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import click

from bot.accounts.officers import Accounts
from bot.complaints.errors import ComplaintError, NotAReaderError
from bot.complaints.lifecycle import CITIZEN, STATES, SYSTEM
from bot.complaints.queries import Wanted
from bot.complaints.reading import Look
from bot.complaints.rules import Rules, load_rules
from bot.complaints.visibility import viewer_of
from bot.complaints.workdays import VIET_NAM, day_in_viet_nam
from bot.database import Database, now
from bot.settings import ROOT, Settings
from bot.text.normalise import clean

# As wide as the column it is kept in.
LONGEST_NAME = 100
_DAY = click.DateTime(["%Y-%m-%d"])


class Name(click.ParamType):  # type: ignore[type-arg]
    """A name of a person or a unit: one line, not empty, not too long to be kept."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> str:
        """Cleaned, or refused with a sentence."""
        cleaned = " ".join(clean(str(value).encode(errors="replace").decode()).split())
        if not cleaned or len(cleaned) > LONGEST_NAME:
            self.fail(f"a name has 1 to {LONGEST_NAME} characters.", param, context)
        return cleaned


def _officer(context: click.Context, param: click.Parameter, value: str | None) -> str:
    if value is None:
        try:
            value = getpass.getuser()
        except (KeyError, OSError) as error:
            raise click.UsageError("This account has no name; give yours with --by.") from error
    if value.casefold() in (CITIZEN, SYSTEM):
        raise click.BadParameter(f"'{value}' is kept for who it means; give your own name.")
    return value


by = click.option("--by", type=Name(), callback=_officer, help="Who does it; kept. By default your log-in name.")


def denunciations(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of commands that may also work on denunciations; the command gets a `Look`."""

    @click.option("--restricted", is_flag=True, help="Denunciations too; for their named readers, recorded.")
    @click.option("--why", default="", help="What it is opened for; kept.")
    @by
    @click.pass_context
    @functools.wraps(command)
    def looking(context: click.Context, /, **given: Any) -> Any:
        settings: Settings = context.obj
        by, why, restricted = given.pop("by"), given.pop("why"), given.pop("restricted")
        look = Look(by, given.pop("contact", False), restricted, settings.restricted_readers, reason_of(why, by))
        look.check()
        return command(settings, look, **given)

    return looking


def seen_by(database: Database, look: Look) -> Look:
    """The same look, with what the officer's account may know of; before there are accounts, that is everything.

    Raises:
        NotAReaderError: there are accounts, and this name has none that may read feedback.
    """
    people = {one.name: viewer_of(one) for one in Accounts(database).all()}
    if not people:
        return look
    viewer = people.get(look.by)
    if viewer is None or viewer.scope is None:
        raise NotAReaderError(f"'{look.by}' has no account that may read feedback; give yours with --by.")
    return replace(look, viewer=replace(viewer, restricted=look.restricted))


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say which complaints; the command gets them as `Wanted`."""

    @click.option("--state", type=click.Choice(list(STATES)), help="Only those in this state.")
    @click.option("--kind", help="Only this kind, such as late.")
    @click.option("--unit", help="Only those of this unit.")
    @click.option("--assignee", help="Only those this officer works on.")
    @click.option("--overdue", is_flag=True, help="Only those past their day.")
    @click.option("--words", default="", help="Only those with these words, with tones or without.")
    @click.option("--from", "first", type=_DAY, help="Filed on this day (2026-11-22) or later.")
    @click.option("--to", "last", type=_DAY, help="Filed on this day or earlier.")
    @functools.wraps(command)
    def filtered(*args: Any, **given: Any) -> Any:
        names = ("state", "kind", "unit", "assignee", "overdue", "words", "first", "last")
        return command(*args, wanted=_wanted(**{name: given.pop(name) for name in names}), **given)

    return filtered


def _wanted(kind: str | None, overdue: bool, first: datetime | None, last: datetime | None, **rest: Any) -> Wanted:
    return Wanted(
        kind=kind,
        overdue_on=today() if overdue else None,
        since=_midnight(first.date()) if first else None,
        before=_midnight(last.date() + timedelta(days=1)) if last else None,
        **rest,
    )


def check_kind(rules: Rules, wanted: Wanted) -> None:
    """Whether the kind that is asked for exists.

    Raises:
        ComplaintError: it does not; the message names those that do.
    """
    if wanted.kind and wanted.kind not in rules.kinds:
        raise ComplaintError(f"There is no kind '{wanted.kind}'; there are: {', '.join(rules.kinds)}.")


def rules_of(settings: Settings) -> Rules:
    """The rules of this centre."""
    return load_rules(ROOT / "knowledge", settings.province)


def today() -> date:
    """The day in Viet Nam, or the one that is set."""
    settings = click.get_current_context().find_object(Settings)
    return (settings.today if settings else None) or day_in_viet_nam(now())


def shown_moment(moment: datetime) -> str:
    """A moment as people in Viet Nam read it."""
    return f"{moment.astimezone(VIET_NAM):%d/%m/%Y %H:%M}"


def shown_day(day: date | None) -> str:
    """A day as people in Viet Nam read it."""
    return f"{day:%d/%m/%Y}" if day else "–"


def one_line(text: str, most: int) -> str:
    """A text in one line, cut; nothing in it can steer a terminal."""
    line = " ".join(safe(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def safe(text: str) -> str:
    """A text whose control characters cannot steer a terminal; line breaks stay."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") else " " for c in text)


def print_table(rows: Iterable[tuple[str, ...]], head: tuple[str, ...]) -> None:
    """Print columns as wide as their widest cell."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIET_NAM)


def reason_of(why: str, by: str) -> str:
    """The reason, with the account it was typed in when that has another name."""
    why = " ".join(clean(why.encode(errors="replace").decode()).split())
    try:
        account = getpass.getuser()
    except (KeyError, OSError):
        account = ""
    return f"{why} (tài khoản máy: {account})" if why and account and account != by else why
