"""The learning curve of a model, for `motcua evaluate --curve`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import click

from bot.commands.common import migrated_database, short_path
from bot.database import Database, cipher_of
from bot.nlu.features import make_lookup
from bot.nlu.linear import train
from bot.review.keeping import kept_sentences
from bot.settings import Settings
from bot.training import curve, kept_figures, ledger
from bot.training.curve import Learn, Sentence
from bot.training.evaluate import (
    BLIND_SET,
    component_options,
    predict,
    read_blind_set,
    read_lookup_tables,
    read_training_data,
)
from bot.training.measure import Prediction
from bot.training.model import Model
from bot.training.packed import unpack_predictions
from bot.training.parse import parse_messages
from bot.training.train import Pairs, TrainingError, pipeline_fingerprint, sentences_fingerprint

_CLEAN = "clean"


def draw_curve(settings: Settings, name: str | None, learn: Learn | None = None) -> None:
    """Measure, keep and tell the learning curve of a model of today's sentences.

    Args:
        name: its number or name; None is the live one, or where the sentences changed since, the newest candidate.
        learn: what a model of some sentences makes of the blind set's own messages; None is to train it.

    Raises:
        TrainingError: there is no such model, or it was made of other sentences or in another way.
    """
    database = migrated_database(settings)
    more = kept_sentences(database)
    row = _choose(database, name, more)
    whole = [one for one in _readings(database, settings, row) if one.part == _CLEAN]
    sentences = [one for one in (*read_training_data(), *more) if one[0]]
    found = curve.draw(sentences, learn or _learn, whole, click.echo)
    path = curve.save(found, settings.models, str(row.name), settings.today or date.today())
    for point in found.points:
        click.echo(f"{point.sentences:6} sentences  {point.accuracy:6.1%}  ({point.low:.1%} – {point.high:.1%})")
    last = found.steps[-1]
    click.echo(f"The last doubling brought {last.gain:+.1%} ({last.low:+.1%} … {last.high:+.1%}).")
    click.echo(f"Kept in {short_path(path)}; the console shows it with model {row.id}.")


def _choose(database: Database, name: str | None, more: Pairs) -> Model:
    wanted = sentences_fingerprint(more)
    with database.reading() as session:
        row = ledger.find(session, name) if name else ledger.live(session)
        if not name and (row is None or row.data != wanted):
            row = ledger.newest_candidate(session)
    if row is None or row.data != wanted or row.pipeline != pipeline_fingerprint():
        raise TrainingError(
            "There is no such model of today's sentences, made in today's way; 'motcua train' makes one, and "
            "'motcua evaluate --curve' draws its curve."
        )
    return row


def _readings(database: Database, settings: Settings, row: Model) -> Sequence[Prediction]:
    """What the model made of the blind set; read now, and kept, where that is not known."""
    rows = read_blind_set(BLIND_SET)
    with database.reading() as session:
        known = unpack_predictions(kept_figures.packed(session, row.id), rows, cipher_of(session).digest)
    if known is None:
        file = ledger.file_of(row, settings.models)
        known = predict(rows, lambda texts: (m["ranking"] for m in parse_messages(file, texts)))
        with database.transaction() as session:
            kept_figures.keep(session, str(row.name), known)
    return known


def _learn(chosen: Sequence[Sentence]) -> Sequence[Prediction]:
    lookup = make_lookup(read_lookup_tables())
    model = train([text for text, _ in chosen], [intent for _, intent in chosen], component_options(), lookup)
    clean = [row for row in read_blind_set(BLIND_SET) if row[2] == _CLEAN]
    return predict(clean, lambda texts: (model.rank(text) for text in texts))
