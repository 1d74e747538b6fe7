"""Questions and answers: talking to the running bot, and looking at what model and search make of a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx

from bot.catalogue.combined import CombinedSearch
from bot.catalogue.imported import imported_names, shadowed_codes
from bot.catalogue.loader import load_knowledge
from bot.catalogue.model import Knowledge
from bot.catalogue.national import NationalSearch
from bot.catalogue.search import Hit, ProcedureSearch
from bot.channels import terminal
from bot.channels.terminal import Answer
from bot.channels.web import check_text
from bot.channels.web_session import BadRequestError
from bot.commands.common import migrated_database, model_in_place
from bot.commands.lines import needed, read_lines, write_lines
from bot.database import Database, open_database
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog
from bot.operations.supervisor import StartError
from bot.settings import ROOT, Settings
from bot.text.codes import PROCEDURE_CODE
from bot.training.parse import parse_messages

ANSWER_PATIENCE = 180.0


@click.command()
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


@click.command()
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
        _show_answer(next(_ask(database, [{"text": needed(question)}])))
        return
    rows = read_lines(source)
    answers = _ask(database, rows)
    shown = (
        {"id": row.get("id"), **_answer_record(answer, knowledge)} for row, answer in zip(rows, answers, strict=True)
    )
    write_lines(shown, out, len(rows))


@click.command()
@click.argument("text", required=False)
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON lines {"id","text"}.'
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the results go as JSON lines.")
@click.pass_obj
def parse(settings: Settings, text: str | None, source: Path | None, out: Path | None) -> None:
    """Show what the model understands, in process, without the running bot."""
    rows = read_lines(source) if source else [{"text": needed(text)}]
    model = model_in_place(settings)
    understood = parse_messages(model, [str(row.get("text", "")) for row in rows])
    write_lines(({"id": row.get("id"), **found} for row, found in zip(rows, understood, strict=True)), out, len(rows))


@click.command()
@click.argument("text", required=False)
@click.option(
    "--file", "source", type=click.Path(exists=True, dir_okay=False, path_type=Path), help='JSON lines {"id","text"}.'
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Where the hits go as JSON lines.")
@click.option("--in", "where", type=click.Choice(["all", "imported"]), default="all", help="Only imported records.")
@click.pass_obj
def search(settings: Settings, text: str | None, source: Path | None, out: Path | None, where: str) -> None:
    """Find procedures, reviewed and imported, by their names and citizens' wordings."""
    rows = read_lines(source) if source else [{"text": needed(text)}]
    content = load_knowledge(ROOT / "knowledge")[0]
    database = migrated_database(settings)
    replaced = shadowed_codes(database, content)
    reviewed = ProcedureSearch(content.names(), content.wordings, content.elsewhere(), replaced)
    imported = list(imported_names(database))
    index = CombinedSearch(reviewed, NationalSearch(imported, content.national_wordings) if imported else None)
    find = index.find_imported if where == "imported" else index.find
    found = (
        {"id": row.get("id"), "hits": [_hit_record(hit) for hit in find(str(row.get("text", "")))]} for row in rows
    )
    write_lines(found, out, len(rows))


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
    return {
        "intent": log.intent,
        "confidence": log.confidence,
        "outcome": log.outcome,
        "procedure": _procedure_record(log.procedure, knowledge) if log.procedure else None,
        "topic": log.topic,
        "replies": [{"text": r.text, "buttons": [{"title": b.title} for b in r.buttons]} for r in answer.replies],
    }


def _procedure_record(key: str, knowledge: Knowledge) -> dict[str, Any]:
    procedure = knowledge.procedures.get(key)
    # An imported record is called by its code.
    imported = [key] if PROCEDURE_CODE.fullmatch(key) else []
    return {"key": key, "codes": list(procedure.codes) if procedure else imported}


def _show_answer(answer: Answer) -> None:
    for reply in answer.replies:
        click.echo(reply.text)
        for button in reply.buttons:
            click.echo(f"  [{button.title}]")


def _hit_record(hit: Hit) -> dict[str, Any]:
    codes = hit.procedure.codes
    return {
        "code": hit.code or (codes[0] if codes else None),
        "key": hit.procedure.key,
        "name": hit.procedure.name,
        "score": round(hit.score, 4),
    }
