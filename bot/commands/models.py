"""Training and measuring the model."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import click
from tqdm import tqdm

from bot.commands.common import model_in_place, short_path
from bot.settings import ROOT, Settings, child_environment
from bot.training import evaluate as evaluation
from bot.training import thresholds
from bot.training.parse import parse_messages
from bot.training.report import short_lines, write_page
from bot.training.train import current_model, train_model

THRESHOLDS = ROOT / "knowledge" / "thresholds.yml"


@click.command()
@click.option("--force", is_flag=True, help="Train even when nothing changed.")
@click.pass_obj
def train(settings: Settings, force: bool) -> None:
    """Train the model when its inputs changed."""
    if not force and current_model(settings.models):
        click.echo("The model is up to date.")
        return
    model = train_model(settings.models, settings.logs / "train.log", child_environment(settings), click.echo)
    click.echo(f"Trained {short_path(model.path)} ({model.path.stat().st_size / 1e6:.1f} MB).")


@click.command()
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
            click.echo(f"{short_path(THRESHOLDS)}: answer from {chosen.answer}, hand over below {chosen.hand_over}.")
    else:
        model = model_in_place(settings)
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
    click.echo(f"Report: {short_path(folder / name)}.html and .json")
