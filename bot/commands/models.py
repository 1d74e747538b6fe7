"""Training, measuring and comparing models; which one is live, and back."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click
from tqdm import tqdm

from bot.commands.common import migrated_database, model_in_place, short_path
from bot.commands.curves import draw_curve
from bot.commands.officers import by as by_option
from bot.complaints.workdays import VIET_NAM
from bot.database import Database
from bot.operations.programs import train_first
from bot.operations.promotion import open_promotion
from bot.operations.shadowing import read_along
from bot.review.keeping import find_kept, kept_sentences
from bot.review.rules import load_review_rules
from bot.settings import ROOT, Settings, child_environment
from bot.training import evaluate as evaluation
from bot.training import kept_figures, ledger, plans, shadow, starting, thresholds
from bot.training.conversations import have_conversations
from bot.training.gate import load_bounds
from bot.training.leftovers import reports_of
from bot.training.measure import Prediction
from bot.training.model import LIVE, Model
from bot.training.parse import parse_messages
from bot.training.report import comparison_lines, short_lines, write_comparison, write_page
from bot.training.train import NICENESS, TrainedModel, TrainingError, inputs_fingerprint, train_model
from bot.training.trial import Trial, as_dict, check_sentences, try_candidate

_WAITS = "Model {0.id} ({0.name}) is of another version than the running bot: the next 'motcua run' has it."
THRESHOLDS = ROOT / "knowledge" / "thresholds.yml"


@click.command()
@click.option("--force", is_flag=True, help="Train even when nothing changed.")
@click.option("--compare/--no-compare", default=True, help="Compare the candidate with the live model afterwards.")
@click.pass_obj
def train(settings: Settings, force: bool, compare: bool) -> None:
    """Train a candidate when the live model's inputs changed; the running bot is not touched."""
    database = migrated_database(settings)
    ledger.end_cut_short(database, settings.models)
    with database.reading() as session:
        live = ledger.live(session)
    if live is None:
        _train_first(database, settings, force)
        return
    more = _kept(database)
    whole = _is_whole(live, settings)
    if whole and not force and live.inputs == inputs_fingerprint(more):
        click.echo("The model is up to date.")
        return
    click.echo("Checking the training sentences …")
    check_sentences(ROOT)
    log = settings.logs / "train.log"
    environment = child_environment(settings)

    def work(tell: ledger.Tell) -> TrainedModel:
        def step(said: str) -> None:
            click.echo(said)
            tell(said)

        return train_model(settings.models, log, environment, step, candidate=True, more=more)

    number = ledger.make_candidate(database, work, more)
    click.echo(f"Model {number} waits as a candidate; model {live.id} stays live.")
    if compare and whole:
        _compare(database, settings, str(number), None)


@click.command()
@click.option("--folds", type=click.IntRange(2, 20), help="Cross-validate on the training data instead.")
@click.option("--choose", is_flag=True, help="With --folds: choose the thresholds and write them down.")
@click.option("--model", "name", help="Measure this model (its number or name) instead of the live one.")
@click.option("--compare", is_flag=True, help="Compare the live model with the newest candidate, or with --model.")
@click.option("--curve", is_flag=True, help="Measure what more sentences would buy (minutes); the console shows it.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the report (default: in MOTCUA_HOME)."
)
@click.pass_obj
def evaluate(
    settings: Settings, folds: int | None, choose: bool, name: str | None, compare: bool, curve: bool, out: Path | None
) -> None:
    """Measure the model on the blind set; writes JSON and a page, prints the short of it."""
    if choose and not folds:
        raise click.UsageError("--choose needs --folds: thresholds are never chosen on the blind set.")
    if folds and (compare or name):
        raise click.UsageError("--folds trains models of its own; it goes with neither --compare nor --model.")
    if curve and (folds or compare or out):
        raise click.UsageError("--curve goes with --model only.")
    if curve:
        os.nice(NICENESS)
        draw_curve(settings, name)
        return
    if compare:
        if not _compare(migrated_database(settings), settings, name, out):
            sys.exit(1)
        return
    if folds:
        more = kept_sentences(migrated_database(settings))
        with tqdm(total=folds, unit="fold", disable=not sys.stderr.isatty()) as bar:
            predictions = evaluation.cross_validate(folds, lambda _: bar.update(), more)
        if choose:
            chosen = thresholds.choose(predictions)
            day = (settings.today or date.today()).isoformat()
            thresholds.write(chosen, len(predictions), folds, day, THRESHOLDS, ROOT / "config.yml")
            click.echo(f"{short_path(THRESHOLDS)}: answer from {chosen.answer}, hand over below {chosen.hand_over}.")
    else:
        model = model_in_place(settings, name)
        rows = evaluation.read_blind_set(evaluation.BLIND_SET)
        predictions = evaluation.predict(rows, lambda texts: (m["ranking"] for m in parse_messages(model, texts)))
        with migrated_database(settings).transaction() as session:
            kept_figures.keep(session, model.name.removesuffix(".tar.gz"), predictions)
    _report(settings, predictions, f"cross-validation-{folds}" if folds else "blind-set", out)


@click.group()
def models() -> None:
    """Look at the models, put one live, go back."""


@models.command("list")
@click.pass_obj
def models_list(settings: Settings) -> None:
    """List the models, the newest first."""
    database = migrated_database(settings)
    ledger.end_cut_short(database, settings.models)
    with database.reading() as session:
        rows = ledger.list_models(session)
        planned = plans.waiting(session)
    for row in rows:
        click.echo(_line(row))
    click.echo(f"{len(rows)} models.")
    for plan in planned:
        when = "at night" if plan.quiet else "as soon as the running bot comes to it"
        click.echo(f"A training is due {when}: {plan.reason} ({plan.by}, {_moment(plan.asked_at)}).")


@models.command("show")
@click.argument("name")
@click.pass_obj
def models_show(settings: Settings, name: str) -> None:
    """Show what a model (its number or name) was made of, the gate's verdict, and what became of it."""
    with migrated_database(settings).reading() as session:
        row = ledger.find(session, name)
    click.echo(_line(row))
    for about in ("sha256", "inputs", "version", "data", "pipeline", "packages", "seed", "seconds", "step", "reason"):
        value = getattr(row, about)
        if value is not None:
            click.echo(f"  {about:10} {value:.0f}" if isinstance(value, float) else f"  {about:10} {value}")
    if row.dropped:
        click.echo(f"  {_dropped(row)}")
    if row.shadow_since or row.shadow:
        for line in shadow.found(row).lines():
            click.echo(f"  {line}")
    if row.verdict:
        verdict = json.loads(row.verdict)
        click.echo(f"  compared with model {row.compared_with}: {'passed' if verdict['passed'] else 'refused'}")
        for mark, kind in (("-", "reasons"), ("note:", "warnings")):
            for line in verdict[kind]:
                click.echo(f"    {mark} {line}")


@models.command("shadow")
@click.argument("name", required=False)
@click.option("--stop", is_flag=True, help="Nobody reads along any more.")
@click.option(
    "--now", "at_once", is_flag=True, help="Read what is new at once; the running bot does so every ten minutes."
)
@click.pass_obj
def models_shadow(settings: Settings, name: str | None, stop: bool, at_once: bool) -> None:
    """Let a candidate (its number or name) read along without answering; 'models show' says what came of it."""
    if bool(name) + stop + at_once != 1:
        raise click.UsageError("Name a candidate, or give --stop or --now.")
    database = migrated_database(settings)
    if at_once:
        said = read_along(database, settings.models, load_review_rules(ROOT / "knowledge"), parse_messages)
        click.echo(said or "No model reads along.")
        return
    with database.transaction() as session:
        if name is None:
            shadow.stop(session)
            click.echo("No model reads along any more.")
            return
        row = shadow.begin(session, name)
        ledger.file_of(row, settings.models)
        click.echo(f"Model {row.id} reads along from now on; 'motcua models show {row.id}' says what came of it.")


@models.command("promote")
@click.argument("name")
@click.option("--because", help="Why it goes live although the gate has not passed it; kept with your name.")
@by_option
@click.pass_obj
def models_promote(settings: Settings, name: str, because: str | None, by: str) -> None:
    """Put a candidate (its number or name) live; the running bot goes on without losing a turn."""
    if because is not None and not because.strip():
        raise click.UsageError("--because needs a reason in words.")
    promotion = open_promotion(migrated_database(settings), settings)
    row = promotion.promote(name, by, because and because.strip())
    if promotion.waits_for_start(row):
        click.echo(_WAITS.format(row))
    else:
        click.echo(f"Model {row.id} ({row.name}) is live. 'motcua models rollback' goes back.")


@models.command("rollback")
@click.option("--because", default="rolled back", help="Why; kept with your name.")
@by_option
@click.pass_obj
def models_rollback(settings: Settings, because: str, by: str) -> None:
    """Put the model live that was so before this one."""
    promotion = open_promotion(migrated_database(settings), settings)
    row = promotion.rollback(by, because)
    waits = promotion.waits_for_start(row)
    click.echo(_WAITS.format(row) if waits else f"Model {row.id} ({row.name}) is live again.")


def _kept(database: Database) -> list[tuple[str, str]]:
    """The sentences that the database keeps, telling how many of them fit no more."""
    found = find_kept(database)
    if found.no_intent:
        click.echo(f"{found.no_intent} sentences kept in the database are of intents that are gone, and stay out.")
    if found.near_blind:
        click.echo(f"{found.near_blind} kept in the database are too near to messages that measure, and stay out.")
    return found.sentences


def _is_whole(live: Model, settings: Settings) -> bool:
    """Whether the live model's file is what was trained; where it is not, a new one can't be compared with it."""
    try:
        ledger.file_of(live, settings.models, (live.version,))
    except TrainingError as error:
        click.echo(f"{error} The next 'motcua run' takes one before it, or the one that is made now.")
        return False
    return True


def _train_first(database: Database, settings: Settings, force: bool) -> None:
    more = _kept(database)
    try:
        if force:
            raise TrainingError
        starting.choose(database, settings.models, None, click.echo, more)
        click.echo("The model is up to date.")
    except TrainingError:
        click.echo("Checking the training sentences …")
        check_sentences(ROOT)
        made = train_first(settings, click.echo, more)
        ledger.take_over(database, made, more)
        click.echo(f"Trained {short_path(made.path)} ({made.path.stat().st_size / 1e6:.1f} MB).")


def _compare(database: Database, settings: Settings, name: str | None, out: Path | None) -> bool:
    log, environment = settings.logs / "conversations.log", child_environment(settings)
    trial = try_candidate(
        database,
        settings.models,
        name,
        load_bounds(ROOT / "knowledge"),
        lambda file: have_conversations(file, log, environment),
        click.echo,
        more=kept_sentences(database),
    )
    _write_trial(trial, settings, out)
    if trial.verdict.passed:
        click.echo(f"The gate passes it: 'motcua models promote {trial.candidate}' puts it live.")
    else:
        click.echo(f"The gate refuses model {trial.candidate}:")
        for reason in trial.verdict.reasons:
            click.echo(f"  - {reason}")
    return trial.verdict.passed


def _write_trial(trial: Trial, settings: Settings, out: Path | None) -> None:
    folder, name = out or reports_of(settings.home), f"model-{trial.candidate}-beside-{trial.live}"
    folder.mkdir(parents=True, exist_ok=True)
    found = as_dict(trial)
    (folder / f"{name}.json").write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    write_comparison(found, f"Một Cửa: {name}", folder / f"{name}.html")
    for line in comparison_lines(found):
        click.echo(line)
    click.echo(f"Report: {short_path(folder / name)}.html and .json")


def _report(settings: Settings, predictions: Sequence[Prediction], name: str, out: Path | None) -> None:
    report = evaluation.make_report(predictions)
    folder = out or reports_of(settings.home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    write_page(report, f"Một Cửa: {name}", folder / f"{name}.html")
    for line in short_lines(report):
        click.echo(line)
    click.echo(f"Report: {short_path(folder / name)}.html and .json")


def _line(row: Model) -> str:
    said = f"{row.id:4}  {row.state:9}  {_moment(row.created_at)}  {row.sentences} sentences  {row.name or '-'}"
    if row.state == LIVE:
        said += f", live since {_moment(row.promoted_at)} by {row.promoted_by}"
    if row.shadow_since:
        said += ", reads along"
    return f"{said}  !! {_dropped(row)}" if row.dropped else said


def _dropped(row: Model) -> str:
    return f"{row.dropped} of its sentences were taken back by those who said them, the last {_moment(row.dropped_at)}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"
