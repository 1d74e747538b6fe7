"""The review inbox in the terminal: one key a message, and what was labelled into the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import click

from bot.commands.common import migrated_database
from bot.commands.officers import by, print_table
from bot.complaints.workdays import VIET_NAM
from bot.database import now
from bot.review import accuracy, overview, writing
from bot.review.collecting import collect, monday_of
from bot.review.deciding import SKIP, UNFIT
from bot.review.errors import ReviewError
from bot.review.labelling import Card, Desk, find_intents, load_names, open_desk
from bot.settings import ROOT, Settings

_OUT = "out_of_scope"
_KEYS = (
    "1 2 3: a guess   /: search all intents   o: out of scope   n: new intent   p: find the procedure\n"
    "s: skip          u: unusable, or names somebody              z: undo    q: stop"
)
_SHOWN_INTENTS = 9


@click.group(invoke_without_command=True)
@by
@click.option("--most", type=click.IntRange(1), default=100, show_default=True, help="Stop after so many.")
@click.pass_context
def review(context: click.Context, by: str, most: int) -> None:
    """Label what the bot did not understand, one key a message; stop and go on whenever you like."""
    if context.invoked_subcommand:
        if context.get_parameter_source("by") is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(f"'--by' stands behind '{context.invoked_subcommand}': there it would not count.")
        return
    settings: Settings = context.obj
    desk = _desk(settings)
    _collect(desk)
    Session(desk, by, load_names(ROOT / "knowledge")).run(most)


@review.command("collect")
@click.pass_obj
def review_collect(settings: Settings) -> None:
    """Take in what is new at once; the running bot does it every hour."""
    _collect(_desk(settings))


@review.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@by
@click.pass_obj
def review_list(settings: Settings, limit: int, by: str) -> None:
    """What waits for you, what is worth most first."""
    for card in _desk(settings).next(by, limit):
        guess = f"{card.guesses[0][0]} {card.guesses[0][1]:.0%}" if card.guesses else "–"
        click.echo(f"{card.id:6} {card.messages:4} x  {','.join(card.reasons):24} {guess:34} {card.text}")


@review.command("label")
@click.argument("intent")
@click.argument("numbers", metavar="ID...", type=int, nargs=-1, required=True)
@click.option("--procedure", help="The key of the right procedure.")
@click.option("--definition", help="What a new intent is for.")
@by
@click.pass_obj
def review_label(
    settings: Settings, intent: str, numbers: tuple[int, ...], procedure: str | None, definition: str | None, by: str
) -> None:
    """Label several at once, by their numbers in the list."""
    states = Counter(one.state for one in _desk(settings).label(numbers, by, intent, procedure, definition))
    click.echo(", ".join(f"{count} {state}" for state, count in states.items()) + ".")


@review.command("undo")
@by
@click.pass_obj
def review_undo(settings: Settings, by: str) -> None:
    """Take back what you said last, of one message or of many at once."""
    click.echo(_undone(_desk(settings).undo(by)))


@review.command("log")
@click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True)
@by
@click.pass_obj
def review_log(settings: Settings, limit: int, by: str) -> None:
    """Who labelled what and when; of messages that are open what others said is not shown."""
    for one in overview.newest(_desk(settings), by, limit):
        said = " ".join(
            part for part in (one.intent or "(open)", one.procedure, "undone" if one.undone else "") if part
        )
        at = f"{one.at.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"
        click.echo(f"{one.item:6} {at}  {one.by:20} {said:30} {one.state:9} {one.text or '(not shown any more)'}")


@review.command("status")
@click.pass_obj
def review_status(settings: Settings) -> None:
    """How much waits, whose labels count, and how good the model was in the last weeks."""
    desk = _desk(settings)
    for state, count in sorted(desk.counts().items()):
        click.echo(f"{state:10} {count}")
    click.echo(f"Labels that count by themselves: {', '.join(sorted(desk.proven())) or 'nobody’s; two people agree'}.")
    people = [
        (one.name, f"{one.recent} of {desk.rules.per_labeller}", f"{one.alike} of {one.together}")
        for one in overview.labellers(desk)
    ]
    if people:
        print_table(people, ("Person", "Labels in 7 days", "Alike, where two labelled"))
    rows = [
        (str(w.monday), str(w.drawn), str(w.judged), str(w.disputed), _share(w))
        for w in accuracy.weeks(desk.database, monday_of(now()))
    ]
    if rows:
        print_table(rows, ("Week of", "Drawn", "Two agree", "Two differ", "Understood (95 %)"))
    else:
        click.echo("No message was drawn by lot yet; that is done when a week is over.")


@review.command("write")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@by
@click.pass_obj
def review_write(settings: Settings, dry_run: bool, by: str) -> None:
    """Put what was accepted into the data files; nothing is committed."""
    done = writing.write(_desk(settings), ROOT, by, dry_run)
    if dry_run:
        click.echo(done.diff, nl=False)
    click.echo(f"{done.train} sentences to learn from, {done.blind} to measure with, {done.known} were known before.")
    if done.near_blind:
        click.echo(f"{done.near_blind} are too near to messages that measure, and stay out.")
    for intent, count in done.waiting.items():
        click.echo(f"{count} wait for the intent '{intent}': docs/patterns.md says what a new intent needs.")
    if done.in_database and not dry_run:
        click.echo("They stay in the database; 'motcua train' learns them from there.")
    if done.files:
        click.echo(f"Changed: {', '.join(done.files)}. Look at 'git diff', then 'motcua train'.")


class Session:
    """One person labelling in the terminal."""

    def __init__(self, desk: Desk, by: str, names: dict[str, str]) -> None:
        self._desk, self._by, self._names = desk, by, names

    def run(self, most: int) -> None:
        """Show message after message until there are no more, or the person stops."""
        done = 0
        while done < most:
            cards = self._desk.next(self._by)
            if not cards:
                click.echo("Nothing waits for you.")
                return
            self._show(cards[0])
            answer = self._ask(cards[0])
            if answer is None:
                break
            done += answer
        click.echo(f"{done} labelled. 'motcua review write' puts what was accepted into the data.")

    def _show(self, card: Card) -> None:
        click.echo()
        again = ", somebody labelled it before" if card.second else ""
        click.echo(f"#{card.id}  {card.messages} x, {card.people} people, {', '.join(card.reasons)}{again}")
        click.echo(f"  {card.text}")
        for number, (intent, share) in enumerate(card.guesses, 1):
            click.echo(f"  {number}  {intent:28} {share:4.0%}  {self._names.get(intent, '')}")
        if card.procedure:
            click.echo(f"     answered about: {card.procedure}")
        if card.known:
            click.echo("     The model knows this already: s skips it.")

    def _ask(self, card: Card) -> int | None:
        """1 when it was labelled, 0 when it is to be shown anew, None to stop."""
        procedure: str | None = None
        while True:
            click.echo("> ", nl=False)
            key = click.getchar()
            click.echo(key)
            if key in ("q", "\x04", ""):
                return None
            if key == "z":
                click.echo(_undone(self._desk.undo(self._by)))
                return 0
            if key == "p":
                procedure = self._procedure()
                click.echo(f"Procedure: {procedure or 'none'}")
                continue
            chosen = self._chosen(card, key)
            if chosen:
                return self._label(card, chosen[0], procedure, chosen[1])
            click.echo(_KEYS)

    def _chosen(self, card: Card, key: str) -> tuple[str, str | None] | None:
        simple = {"o": _OUT, "s": SKIP, "u": UNFIT}
        if key in simple:
            return simple[key], None
        if key in "123" and int(key) <= len(card.guesses):
            return card.guesses[int(key) - 1][0], None
        if key == "/":
            return self._search()
        if key == "n":
            name = click.prompt("Name, such as ask_something").strip()
            return name, click.prompt("What the citizen wants, in a sentence").strip()
        return None

    def _search(self) -> tuple[str, str | None] | None:
        found = self._pick(click.prompt("Search").strip(), self._desk.sentences, self._names)
        return (found, None) if found else None

    def _procedure(self) -> str | None:
        procedures = self._desk.procedures
        typed = str(click.prompt("Procedure, by its key or words of its name", default="", show_default=False)).strip()
        if not typed or typed in procedures or not procedures:
            return typed or None
        return self._pick(typed, procedures, procedures)

    def _pick(self, typed: str, keys: Iterable[str], names: Mapping[str, str]) -> str | None:
        """The one that is chosen, by a digit, of those that fit what was typed."""
        found = find_intents(typed, keys, names)[:_SHOWN_INTENTS]
        for number, key in enumerate(found, 1):
            click.echo(f"  {number}  {key:28} {names.get(key, '')}")
        if not found:
            click.echo("There is none like that.")
            return None
        pressed = click.getchar()
        return found[int(pressed) - 1] if pressed.isdigit() and 0 < int(pressed) <= len(found) else None

    def _label(self, card: Card, intent: str, procedure: str | None, definition: str | None) -> int:
        try:
            decision = self._desk.label([card.id], self._by, intent, procedure, definition)[0]
        except ReviewError as error:
            click.echo(str(error))
            return 0
        why = f" ({', '.join(decision.asks)})" if decision.asks else ""
        click.echo(f"{intent}: {decision.state}{why}")
        return 1


def _desk(settings: Settings) -> Desk:
    return open_desk(migrated_database(settings), ROOT, settings.home)


def _collect(desk: Desk) -> None:
    writing.drop_ended(desk.database, ROOT, desk.home)
    done = collect(desk.database, desk.rules)
    click.echo(f"{done.messages} new messages in {done.items} new rows; {done.changed} know more than before.")


def _undone(items: Sequence[int]) -> str:
    if not items:
        return "There is nothing to undo."
    return f"{'Message' if len(items) == 1 else 'Messages'} {', '.join(map(str, items))}: as before."


def _share(week: accuracy.Week) -> str:
    if not week.judged:
        return "–"
    return f"{week.right / week.judged:.0%} ({week.low:.0%}–{week.high:.0%})"
