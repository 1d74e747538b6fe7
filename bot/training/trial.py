"""Tries a candidate beside the live model, and writes the gate's verdict into the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from bot.database import Database, cipher_of
from bot.nlu.features import make_lookup
from bot.nlu.linear import train
from bot.settings import ROOT
from bot.training import ledger
from bot.training.compare import Comparison, compare_known
from bot.training.data_check import check_checkout
from bot.training.data_warnings import DataWarnings, find_warnings
from bot.training.evaluate import (
    BLIND_SET,
    component_options,
    predict,
    read_blind_set,
    read_lookup_tables,
    read_sources,
    read_training_data,
    written_messages,
)
from bot.training.gate import Bounds, Evidence, Verdict, judge
from bot.training.measure import Prediction
from bot.training.model import CANDIDATE, REFUSED, Model
from bot.training.packed import key_of, known_predictions, pack_predictions
from bot.training.parse import parse_messages
from bot.training.sentences import Rank, SentenceChanges, examine, sort_sentences, used_intents
from bot.training.train import Pairs, TrainingError, sentences_fingerprint
from bot.training.wordless import judge_wordless

Ranking = Sequence[tuple[str, float]]
_SHOWN = 5


@dataclass(frozen=True)
class Trial:
    """What a trial found; `live` and `candidate` are numbers in the ledger."""

    live: int
    candidate: int
    comparison: Comparison
    changes: SentenceChanges
    data: DataWarnings
    verdict: Verdict
    predictions: Sequence[Prediction]


def check_sentences(root: Path) -> None:
    """See to it that a training can begin.

    Raises:
        TrainingError: the training data is not as it should be; the message names file and line.
    """
    try:
        problems = check_checkout(root)
    except Exception as error:
        raise TrainingError(f"The training data can't be read ({str(error).splitlines()[0]}).") from error
    if problems:
        shown = "\n  ".join(problems[:_SHOWN])
        more = f"\n  and {len(problems) - _SHOWN} more ('motcua validate')" if len(problems) > _SHOWN else ""
        raise TrainingError(f"The training data is not in order; nothing was trained.\n  {shown}{more}")


def try_candidate(
    database: Database,
    folder: Path,
    name: str | None,
    bounds: Bounds,
    conversations: Callable[[Path], Sequence[str] | None],
    tell: Callable[[str], None],
    blind: Path = BLIND_SET,
    more: Pairs = (),
) -> Trial:
    """Compare a candidate with the live model and write down the verdict.

    Args:
        name: the candidate; None is the newest.
        conversations: tries conversations with the model of a file; says which failed, None when it can't try any.
        blind: the folder of the messages that neither has seen.
        more: sentences, with their intents, that are learnt besides those of the files.

    Raises:
        TrainingError: there is nothing to compare, or one of the two can't be loaded.
    """
    with database.reading() as session:
        live, candidate = _both(session, name, more)
        digest = cipher_of(session).digest
        known = ledger.examples_of(session, live.id)
        kept = session.execute(select(Model.predictions).where(Model.id == live.id)).scalar_one()
    file = ledger.file_of(candidate, folder)
    rows = read_blind_set(blind)
    learnt = [row for row in (*read_training_data(), *more) if row[0]]
    sentences = sort_sentences(learnt, known, lambda text: key_of(text, digest))
    tell("Reading the blind set with both models …")
    after = predict(rows, lambda texts: (m["ranking"] for m in parse_messages(file, texts)))
    asked = [text for text, _ in sentences.new] if known else []
    before, reading = read_live(live, folder, rows, asked, known_predictions(kept, rows, digest))
    tell("Looking at the sentences that changed …")
    changes = examine(
        sentences,
        written_messages(rows),
        used_intents(ROOT / "data" / "rules"),
        reading,
        _learn(sentences.unchanged) if sentences.relabelled else None,
        bounds.sure,
    )
    data = find_warnings(learnt, after, bounds.few, bounds.alike)
    tell("Trying the conversations (some minutes) …")
    comparison = compare_known(before, after, read_sources(blind))
    if comparison is None:
        raise _nothing_known(live)
    other_pipeline = live.pipeline != candidate.pipeline
    evidence = Evidence(comparison, changes, conversations(file), other_pipeline, data, before.count(None))
    verdict = judge(evidence, bounds)
    trial = Trial(live.id, candidate.id, comparison, changes, data, verdict, after)
    read = [one for one in before if one is not None]
    packed = pack_predictions(read, digest), pack_predictions(after, digest)
    _keep(database, trial, judge_wordless(evidence, bounds), *packed)
    return trial


def read_live(
    live: Model,
    folder: Path,
    rows: Sequence[tuple[str, str, str]],
    asked: list[str],
    kept: Sequence[Prediction | None],
) -> tuple[Sequence[Prediction | None], Rank]:
    """What the live model makes of the blind set, and of sentences it has not seen.

    Args:
        rows: text, true intent and part of the messages of the blind set.
        asked: the sentences it has not seen.
        kept: what it made of each of `rows`, None where that is not known; it stays so where it can't be loaded.

    Raises:
        TrainingError: it can't be loaded, and nothing is kept.
    """
    try:
        file = ledger.file_of(live, folder)
    except TrainingError:
        # One of another version, or whose file is gone: what it made of the blind set is still known.
        if not any(kept):
            raise _nothing_known(live) from None
        return kept, lambda text: [("", 0.0)]
    missing = [row for row, one in zip(rows, kept, strict=True) if one is None]
    rankings: list[Ranking] = [m["ranking"] for m in parse_messages(file, [text for text, _, _ in missing] + asked)]
    found = iter(predict(missing, lambda _: rankings[: len(missing)]))
    read = dict(zip(asked, rankings[len(missing) :], strict=True))
    return [one or next(found) for one in kept], lambda text: read[text]


def _nothing_known(live: Model) -> TrainingError:
    return TrainingError(
        f"Model {live.id} ({live.name}), which is live, can't be loaded by this version, and what it made of "
        "the blind set is not known: nothing to compare with. The next 'motcua run' starts with the candidate."
    )


def as_dict(trial: Trial) -> dict[str, Any]:
    """A trial, ready for JSON; figures, the verdict, and the sentences that are spoken of."""
    kept = asdict(trial)
    del kept["predictions"]
    return kept


def _both(session: Any, name: str | None, more: Pairs) -> tuple[Model, Model]:
    live = ledger.live(session)
    if live is None:
        raise TrainingError("There is no live model to compare with; 'motcua run' starts the first one.")
    candidate = ledger.find(session, name) if name else ledger.newest_candidate(session)
    if candidate.id == live.id:
        raise TrainingError(f"Model {live.id} is live itself; there is nothing to compare.")
    if candidate.data != sentences_fingerprint(more):
        raise TrainingError(
            f"The training sentences were changed since model {candidate.id} was made of them; 'motcua train' makes "
            "a candidate of today's."
        )
    return live, candidate


def _learn(sentences: Sequence[tuple[str, str]]) -> Rank:
    lookup = make_lookup(read_lookup_tables())
    return train([text for text, _ in sentences], [intent for _, intent in sentences], component_options(), lookup).rank


def _keep(database: Database, trial: Trial, verdict: Verdict, before: bytes, after: bytes) -> None:
    with database.transaction() as session:
        waiting = (Model.id == trial.candidate, Model.state.in_([CANDIDATE, REFUSED]))
        state = CANDIDATE if trial.verdict.passed else REFUSED
        session.execute(update(Model).where(*waiting).values(state=state))
        kept = {"verdict": json.dumps(asdict(verdict), ensure_ascii=False), "predictions": after}
        session.execute(update(Model).where(Model.id == trial.live).values(predictions=before))
        session.execute(update(Model).where(Model.id == trial.candidate).values(compared_with=trial.live, **kept))
