"""The command `motcua`: runs the bot, talks to it, trains it, and serves staff without the web."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import httpx
from tqdm import tqdm

from bot.catalogue.check import check_knowledge
from bot.catalogue.loader import load_knowledge
from bot.catalogue.lookup import lookup_text
from bot.catalogue.model import Knowledge
from bot.catalogue.search import Hit, ProcedureSearch
from bot.channels import terminal
from bot.channels.terminal import Answer, NoAnswerError
from bot.channels.web import BadRequestError, check_text
from bot.complaints import service
from bot.complaints.model import MOVES, STATE_LABELS
from bot.complaints.service import ComplaintError
from bot.database import Database, DatabaseError, open_database
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog
from bot.operations.programs import make_supervisor, prepare
from bot.operations.supervisor import StartError
from bot.settings import ROOT, Settings, SettingsError, child_environment, load_settings
from bot.training import evaluate as evaluation
from bot.training import thresholds
from bot.training.data_check import check_checkout
from bot.training.parse import parse_messages
from bot.training.report import short_lines, write_page
from bot.training.train import TrainedModel, TrainingError, current_model, train_model

ANSWER_PATIENCE = 180.0
THRESHOLDS = ROOT / "knowledge" / "thresholds.yml"
LOOKUPS = ROOT / "data" / "lookups" / "procedure.yml"
EXPECTED = (SettingsError, StartError, TrainingError, ComplaintError, DatabaseError, NoAnswerError)


@click.group(help=__doc__)
@click.pass_context
def cli(context: click.Context) -> None:
    """Read the settings once for every command."""
    context.obj = load_settings()


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


@cli.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Start everything on this machine; Ctrl-C stops it."""

    def ready() -> None:
        click.echo(f"Một Cửa is ready.\n  Chat page: {settings.public_url}/\n  Health:    {settings.web_url}/readyz")
        click.echo(f"  Logs:      {_short(settings.logs)}\nCtrl-C stops it.")

    model = prepare(settings, click.echo)
    click.echo("Starting Rasa, the action server and the web program …")
    asyncio.run(make_supervisor(settings, model.path, click.echo).run(ready))
    click.echo("Stopped.")


@cli.command()
@click.option("--force", is_flag=True, help="Train even when nothing changed.")
@click.pass_obj
def train(settings: Settings, force: bool) -> None:
    """Train the model when its inputs changed."""
    if not force and current_model(settings.models):
        click.echo("The model is up to date.")
        return
    model = train_model(settings.models, settings.logs / "train.log", child_environment(settings), click.echo)
    click.echo(f"Trained {_short(model.path)} ({model.path.stat().st_size / 1e6:.1f} MB).")


@cli.command()
@click.option("--folds", type=click.IntRange(2, 20), help="Cross-validate on the training data instead.")
@click.option("--choose", is_flag=True, help="With --folds: choose the thresholds and write them down.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the report (default: in MOTCUA_HOME)."
)
@click.pass_obj
def evaluate(settings: Settings, folds: int | None, choose: bool, out: Path | None) -> None:
    """Measure the model on the blind set; writes JSON and a page, prints the short of it."""
    if choose and not folds:
        raise click.UsageError("--choose needs --folds: thresholds are never chosen on the blind set.")
    if folds:
        with tqdm(total=folds, unit="fold", disable=not sys.stderr.isatty()) as bar:
            predictions = evaluation.cross_validate(folds, lambda _: bar.update())
        if choose:
            chosen = thresholds.choose(predictions)
            day = (settings.today or date.today()).isoformat()
            thresholds.write(chosen, len(predictions), folds, day, THRESHOLDS, ROOT / "config.yml")
            click.echo(f"{_short(THRESHOLDS)}: answer from {chosen.answer}, hand over below {chosen.hand_over}.")
    else:
        model = _current_model(settings)
        rows = evaluation.read_blind_set(evaluation.BLIND_SET)
        predictions = evaluation.predict(rows, lambda texts: (m["ranking"] for m in parse_messages(model.path, texts)))
    report = evaluation.make_report(predictions)
    folder = out or settings.home / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"cross-validation-{folds}" if folds else "blind-set"
    (folder / f"{name}.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    write_page(report, f"Một Cửa: {name}", folder / f"{name}.html")
    for line in short_lines(report):
        click.echo(line)
    click.echo(f"Report: {_short(folder / name)}.html and .json")


@cli.command()
@click.pass_obj
def chat(settings: Settings) -> None:
    """Talk to the running bot; a number taps a button, an empty line ends."""
    database = _running_bot(settings)
    conversation = terminal.new_conversation()
    click.echo((ROOT / "knowledge" / "notice.txt").read_text(encoding="utf-8").strip())
    buttons: tuple[Button, ...] = ()
    while line := click.prompt("\nAnh/chị", default="", show_default=False).strip():
        try:
            tapped = buttons[int(line) - 1] if line.isdecimal() and 0 < int(line) <= len(buttons) else None
            inbox_id = terminal.send(database, conversation, line if tapped else check_text(line), tapped)
        except BadRequestError as refusal:
            click.echo(str(refusal))
            continue
        replies = terminal.wait_for_answer(database, inbox_id, ANSWER_PATIENCE).replies
        for reply in replies:
            click.echo(f"\nMột Cửa: {reply.text}")
        buttons = replies[-1].buttons if replies else ()
        for number, button in enumerate(buttons, 1):
            click.echo(f"  {number}. {button.title}")


@cli.command()
@click.argument("question", required=False)
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON lines {"id","text"}.'
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the answers go as JSON lines.")
@click.pass_obj
def ask(settings: Settings, question: str | None, source: Path | None, out: Path | None) -> None:
    """Ask the running bot one QUESTION, or every line of a file, each in a fresh conversation."""
    database = _running_bot(settings)
    knowledge = load_knowledge(ROOT / "knowledge")[0]
    if source is None:
        _show_answer(next(_ask(database, [{"text": _needed(question)}])))
        return
    rows = _read_lines(source)
    answers = _ask(database, rows)
    shown = (
        {"id": row.get("id"), **_answer_record(answer, knowledge)} for row, answer in zip(rows, answers, strict=True)
    )
    _write_lines(shown, out, len(rows))


@cli.command()
@click.argument("text", required=False)
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON lines {"id","text"}.'
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the results go as JSON lines.")
@click.pass_obj
def parse(settings: Settings, text: str | None, source: Path | None, out: Path | None) -> None:
    """Show what the model understands, in process, without the running bot."""
    rows = _read_lines(source) if source else [{"text": _needed(text)}]
    model = _current_model(settings)
    understood = parse_messages(model.path, [str(row.get("text", "")) for row in rows])
    _write_lines(({"id": row.get("id"), **found} for row, found in zip(rows, understood, strict=True)), out, len(rows))


@cli.command()
@click.argument("text", required=False)
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON lines {"id","text"}.'
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the hits go as JSON lines.")
def search(text: str | None, source: Path | None, out: Path | None) -> None:
    """Find procedures by their names and citizens' wordings."""
    rows = _read_lines(source) if source else [{"text": _needed(text)}]
    content = load_knowledge(ROOT / "knowledge")[0]
    index = ProcedureSearch(content.names(), content.wordings)
    found = (
        {"id": row.get("id"), "hits": [_hit_record(hit) for hit in index.find(str(row.get("text", "")))]}
        for row in rows
    )
    _write_lines(found, out, len(rows))


@cli.group()
def knowledge() -> None:
    """Look after the reviewed content."""


@knowledge.command("check")
@click.pass_obj
def knowledge_check(settings: Settings) -> None:
    """Report content that is refused, expired, soon to expire, or refers to what is not there."""
    report = check_knowledge(ROOT / "knowledge", settings.today, LOOKUPS)
    for line in report.warnings:
        click.echo(f"warning: {line}")
    for line in report.errors:
        click.echo(f"error: {line}", err=True)
    found = f"{len(report.errors)} errors, {len(report.warnings)} warnings"
    click.echo(f"{report.procedures} procedures, {report.topics} topics: {found}.")
    sys.exit(1 if report.errors else 0)


@knowledge.command("lookups")
def knowledge_lookups() -> None:
    """Write the names of procedures into Rasa's training data, where intents are learnt with them marked."""
    names = load_knowledge(ROOT / "knowledge")[0].names()
    LOOKUPS.write_text(lookup_text(names), encoding="utf-8")
    click.echo(f"{_short(LOOKUPS)} written from {len(names)} procedures.")


@cli.command()
@click.pass_obj
def validate(settings: Settings) -> None:
    """Check the training sentences, then let Rasa check its data (intents, rules, responses)."""
    problems = check_checkout(ROOT)
    for problem in problems:
        click.echo(f"error: {problem}", err=True)
    if problems:
        sys.exit(1)
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "data", "validate"]
    finished = subprocess.run(command, cwd=ROOT, env=child_environment(settings), capture_output=True, text=True)  # noqa: S603
    click.echo("Rasa finds its data in order." if finished.returncode == 0 else finished.stdout + finished.stderr)
    sys.exit(finished.returncode)


@cli.group()
def complaints() -> None:
    """Work on feedback without the web console."""


@complaints.command("list")
@click.option("--state", type=click.Choice(list(STATE_LABELS)), help="Only those in this state.")
@click.pass_obj
def complaints_list(settings: Settings, state: str | None) -> None:
    """List feedback, oldest first."""
    rows = service.list_complaints(_migrated(settings), state)
    for row in rows:
        click.echo(f"{row.code}  {row.created_at:%Y-%m-%d %H:%M}  {row.state:17} {row.kind:13} {row.description[:60]}")
    click.echo(f"{len(rows)} complaints.")


@complaints.command("show")
@click.argument("code")
@click.pass_obj
def complaints_show(settings: Settings, code: str) -> None:
    """Show one complaint with its history and contact."""
    row, told = service.show_complaint(_migrated(settings), code)
    fields = {"code": row.code, "state": row.state, "kind": told.kind, "what": told.description, "where": told.office}
    fields |= {"when": told.happened, "dossier": told.dossier_code, "contact": told.contact}
    for name, value in fields.items():
        click.echo(f"{name:8} {value or '–'}")
    for move in row.moves:
        click.echo(f"  {move.moved_at:%Y-%m-%d %H:%M} {move.moved_by}: {move.to_state} {move.note or ''}")


@complaints.command("move")
@click.argument("code")
@click.argument("state", type=click.Choice(list(MOVES)))
@click.option("--note", default="", help="What the citizen is told along with it.")
@click.pass_obj
def complaints_move(settings: Settings, code: str, state: str, note: str) -> None:
    """Move a complaint on; the citizen is told."""
    service.move_complaint(_migrated(settings), code, state, getpass.getuser(), note)
    click.echo(f"{code} is now '{state}'.")


def _current_model(settings: Settings) -> TrainedModel:
    model = current_model(settings.models)
    if model is None:
        raise TrainingError("There is no model for today's data; 'motcua train' makes one.")
    return model


def _migrated(settings: Settings) -> Database:
    database = open_database(settings)
    database.migrate()
    return database


def _running_bot(settings: Settings) -> Database:
    try:
        httpx.get(f"{settings.web_url}/readyz", timeout=5, trust_env=False).raise_for_status()
    except httpx.HTTPError as error:
        raise StartError(f"The bot is not running or not ready at {settings.web_url}; 'make run' starts it.") from error
    return open_database(settings)


def _ask(database: Database, rows: list[dict[str, Any]]) -> Iterator[Answer]:
    """Answers in the order of the rows; a text that no channel takes gets the sentence that says why."""
    refused: dict[int, Answer] = {}
    texts = []
    for place, row in enumerate(rows):
        try:
            texts.append(check_text(row.get("text")))
        except BadRequestError as refusal:
            refused[place] = Answer(TurnLog(outcome="clarify", confidence=0.0), [Reply(str(refusal))])
    answers = terminal.ask_all(database, texts, ANSWER_PATIENCE)
    for place in range(len(rows)):
        yield refused[place] if place in refused else next(answers)


def _answer_record(answer: Answer, knowledge: Knowledge) -> dict[str, Any]:
    log = answer.log
    procedure = knowledge.procedures.get(log.procedure or "")
    return {
        "intent": log.intent,
        "confidence": log.confidence,
        "outcome": log.outcome,
        "procedure": {"key": procedure.key, "codes": list(procedure.codes)} if procedure else None,
        "topic": log.topic,
        "replies": [{"text": r.text, "buttons": [{"title": b.title} for b in r.buttons]} for r in answer.replies],
    }


def _show_answer(answer: Answer) -> None:
    for reply in answer.replies:
        click.echo(reply.text)
        for button in reply.buttons:
            click.echo(f"  [{button.title}]")


def _hit_record(hit: Hit) -> dict[str, Any]:
    codes = hit.procedure.codes
    return {
        "code": codes[0] if codes else None,
        "key": hit.procedure.key,
        "name": hit.procedure.name,
        "score": round(hit.score, 4),
    }


def _read_lines(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise click.ClickException(f"{path.name}, line {number}: not JSON ({error}).") from error
        if not isinstance(row, dict):
            raise click.ClickException(f'{path.name}, line {number}: a JSON object {{"id","text"}} is needed.')
        rows.append(row)
    return rows


def _write_lines(records: Iterable[dict[str, Any]], out: Path | None, total: int) -> None:
    if out is None:
        for record in records:
            click.echo(json.dumps(record, ensure_ascii=False))
        return
    with out.open("w", encoding="utf-8") as file:
        for record in tqdm(records, total=total, unit="message", disable=not sys.stderr.isatty()):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    click.echo(f"{total} lines written to {_short(out.resolve())}.")


def _needed(text: str | None) -> str:
    if not text:
        raise click.UsageError("Give a text, or --file.")
    return text


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    main()
