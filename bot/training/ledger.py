"""The ledger of models: which one is live, which wait, which were live, and what each was made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session, undefer

from bot.database import Database, cipher_of, now, take_turn
from bot.training import plans
from bot.training.evaluate import component_options, read_training_data
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED, TRAINING, Model
from bot.training.packed import key_of, pack_examples, unpack_examples
from bot.training.train import (
    Pairs,
    TrainedModel,
    TrainingError,
    inputs_fingerprint,
    is_training,
    pipeline_fingerprint,
    sentences_fingerprint,
    set_candidate,
    sha256_of,
    version_fingerprint,
)

# Who is named where nobody decided: the first model, one of a new version.
NOBODY = "motcua run"
ALTERED = "its file was altered or is gone"
NOT_COMPARED = "not compared with the one before"
TAKEN_BACK = "sentences of the live model were taken back by those who said them"
Tell = Callable[[str], None]
_CUT_SHORT = "cut short"
_PACKAGES = ("rasa", "scikit-learn", "numpy")


def begin(database: Database, more: Pairs = ()) -> int:
    """Write down that a training begins, with what it will be made of; returns the model's number.

    Args:
        more: sentences, with their intents, that are learnt besides those of the files.
    """
    with database.transaction() as session:
        row = _made_of_today(session, more)
        session.add(row)
        session.flush()
        return int(row.id)


def tell_step(database: Database, number: int, step: str) -> None:
    """Write down how far a training is."""
    _set(database, number, step=step[:200])


def finish(database: Database, number: int, made: TrainedModel, seconds: float) -> None:
    """Write down that a training made a candidate."""
    _set(database, number, name=made.name, sha256=made.sha256, state=CANDIDATE, seconds=seconds, step=None)


def fail(database: Database, number: int, reason: str) -> None:
    """Write down why a training made nothing."""
    _set(database, number, state=FAILED, reason=reason[:300], step=None)


def make_candidate(database: Database, train: Callable[[Tell], TrainedModel], more: Pairs = ()) -> int:
    """Train, written down from its beginning to its end; returns the number of the candidate.

    Args:
        train: does it; it tells its steps to what it is given.
        more: as in `begin`.

    Raises:
        TrainingError: there is no model; the ledger says why, too.
    """
    number = begin(database, more)
    began = now()
    try:
        made = train(lambda step: tell_step(database, number, step))
    except TrainingError as error:
        fail(database, number, str(error))
        raise
    except BaseException:
        fail(database, number, _CUT_SHORT)
        raise
    finish(database, number, made, (now() - began).total_seconds())
    return number


def take_over(database: Database, made: TrainedModel, more: Pairs = ()) -> None:
    """Write a model of today's inputs down as the live one: the first of all, or the first of a version."""
    with database.transaction() as session:
        take_turn(session, "models")
        known = session.execute(select(Model).where(Model.name == made.name)).scalars().first()
        row = known or _made_of_today(session, more)
        row.name, row.sha256 = made.name, made.sha256
        was = live(session)
        alone = was is None or was.id == row.id or (row.compared_with == was.id and passed(row))
        _put_live(session, row, NOBODY, row.reason if alone else NOT_COMPARED)


def list_models(session: Session) -> list[Model]:
    """Every model, the newest first."""
    return list(session.execute(select(Model).order_by(Model.id.desc())).scalars())


def live(session: Session) -> Model | None:
    """The live model, None before the first start."""
    return session.execute(select(Model).where(Model.state == LIVE)).scalars().first()


def find(session: Session, name: str) -> Model:
    """The model of this number or name.

    Raises:
        TrainingError: there is none.
    """
    mine = Model.id == int(name) if name.isascii() and name.isdigit() and len(name) < 10 else Model.name == name
    row = session.execute(select(Model).where(mine)).scalars().first()
    if row is None:
        raise TrainingError(f"There is no model '{name}'; 'motcua models list' shows them.")
    return row


def newest_candidate(session: Session) -> Model:
    """The candidate that was made last.

    Raises:
        TrainingError: there is none.
    """
    waiting = select(Model).where(Model.state.in_([CANDIDATE, REFUSED])).order_by(Model.id.desc())
    row = session.execute(waiting).scalars().first()
    if row is None:
        raise TrainingError("There is no candidate; 'motcua train' makes one.")
    return row


def file_of(row: Model, folder: Path, versions: Iterable[str] | None = None) -> Path:
    """The file of a model, checked: it is in our folder, what was trained, and of a version that fits.

    Args:
        versions: those that fit; None is today's, as what is on the disk makes it.

    Raises:
        TrainingError: it is not to be loaded; the message says why.
    """
    path = folder / f"{row.name}.tar.gz"
    if not row.name or not row.sha256:
        raise TrainingError(f"Model {row.id} has no file: {row.reason or 'its training is under way'}.")
    if path.is_symlink() or not path.is_file() or sha256_of(path) != row.sha256:
        raise TrainingError(f"Model {row.id} ({row.name}) is not loaded: {ALTERED}.")
    if row.version not in (versions or (version_fingerprint(),)):
        raise TrainingError(
            f"Model {row.id} ({row.name}) was made by another version of the bot: its pipeline, its rules or its "
            "domain are not today's. 'motcua train' makes one that fits."
        )
    return path


def promote(session: Session, name: str, folder: Path, by: str, because: str | None) -> Model:
    """Put a candidate live, within the caller's transaction.

    Args:
        because: why it goes live although the gate has not passed it, or sentences of it were taken back; None is: only
            if nothing stands against it.

    Raises:
        TrainingError: it may not.
    """
    take_turn(session, "models")
    row = find(session, name)
    if row.state == LIVE:
        raise TrainingError(f"Model {row.id} is live already.")
    file_of(row, folder)
    if because is None:
        _need_no_reason(session, row)
    _put_live(session, row, by, because)
    set_candidate(folder / f"{row.name}.tar.gz", False)
    return row


def go_back(session: Session, folder: Path, by: str, because: str, running: str | None = None) -> Model:
    """Put the last model that was live before this one live again, within the caller's transaction.

    It has to be of this one's version, whatever was changed on the disk since, or of the running bot's.

    Args:
        running: the version of the running bot, where it is known.

    Raises:
        TrainingError: there is none that may be loaded; the message says of each why.
    """
    take_turn(session, "models")
    before = select(Model).where(Model.state == FORMER).order_by(Model.promoted_at.desc().nullslast(), Model.id.desc())
    was = live(session)
    fitting = {was.version if was else version_fingerprint(), *filter(None, [running])}
    refused = []
    for row in session.execute(before).scalars():
        try:
            file_of(row, folder, fitting)
        except TrainingError as error:
            refused.append(str(error))
            continue
        _put_live(session, row, by, because, ended=REFUSED)
        for model, waits in ((row, False), (was, True)):
            if model is not None and (folder / f"{model.name}.tar.gz").exists():
                set_candidate(folder / f"{model.name}.tar.gz", waits)
        return row
    raise TrainingError(" ".join(["There is no model to go back to.", *refused]))


def put_back(session: Session, number: int, before: int | None, state: str, reason: str | None) -> None:
    """Take back that a model went live, where it is live still: Rasa could not load it."""
    take_turn(session, "models")
    row = session.get(Model, number)
    if row is None or row.state != LIVE:
        return
    row.state, row.reason = state, reason[:300] if reason else None
    session.flush()
    former = session.get(Model, before) if before else None
    if former is not None:
        former.state = LIVE


def end_cut_short(database: Database, folder: Path) -> None:
    """Write down of trainings whose program was killed that they are over."""
    with database.reading() as session:
        open_ones = session.execute(select(Model.id).where(Model.state == TRAINING)).scalars().all()
    if open_ones and not is_training(folder):
        for number in open_ones:
            fail(database, number, _CUT_SHORT)


def examples_of(session: Session, number: int) -> dict[str, str]:
    """Keys of the sentences a model was made of, and their intents."""
    return unpack_examples(session.execute(select(Model.examples).where(Model.id == number)).scalar_one())


def built_on(session: Session, texts: Iterable[str]) -> list[Model]:
    """The models that were made of any of these sentences, the newest first; those that were never made are none."""
    digest = cipher_of(session).digest
    wanted = {key_of(text, digest) for text in texts}
    made = select(Model).where(Model.state != FAILED).options(undefer(Model.examples)).order_by(Model.id.desc())
    rows = session.execute(made).scalars()
    return [row for row in rows if wanted & unpack_examples(row.examples).keys()]


def mark_dropped(session: Session, texts: Iterable[str]) -> list[Model]:
    """Mark the models made of sentences that somebody took back, within the caller's transaction.

    Where the live one is among them, a training without these sentences is planned for the night.
    """
    digest = cipher_of(session).digest
    wanted = {key_of(text, digest) for text in texts}
    if not wanted:
        return []
    take_turn(session, "models")
    marked = []
    for row in built_on(session, texts):
        row.dropped = (row.dropped or 0) + len(wanted & unpack_examples(row.examples).keys())
        row.dropped_at = now()
        marked.append(row)
    session.flush()
    plan_if_needed(session)
    return marked


def has_clean_one(session: Session, than: Model) -> bool:
    """Whether a model waits that was made since sentences of this one were taken back."""
    since = (Model.state.in_([CANDIDATE, REFUSED]), Model.dropped == 0, Model.created_at >= than.dropped_at)
    return session.execute(select(Model.id).where(*since).limit(1)).first() is not None


def plan_if_needed(session: Session) -> None:
    """Plan a training for the night where the live model has sentences taken back and none without them waits."""
    row = live(session)
    if row is not None and row.dropped and not has_clean_one(session, row):
        plans.plan(session, NOBODY, TAKEN_BACK, quiet=True)


def passed(row: Model) -> bool:
    """Whether the gate's last verdict over a model lets it go live."""
    return bool(row.verdict and json.loads(row.verdict)["passed"])


def _need_no_reason(session: Session, row: Model) -> None:
    """Raises TrainingError where a model goes live only with a reason."""
    was = live(session)
    named = "To put it live all the same, name the reason with --because."
    if row.state not in (CANDIDATE, FORMER) or (row.verdict and not passed(row)):
        raise TrainingError(f"The gate refused model {row.id}; 'motcua models show {row.id}' says why. {named}")
    if not row.verdict or (was is not None and row.compared_with != was.id):
        raise TrainingError(f"Model {row.id} was not compared with the live one; 'motcua evaluate --compare' does it.")
    if row.dropped:
        raise TrainingError(
            f"{row.dropped} of the sentences of model {row.id} were taken back by those who said them; "
            f"'motcua train' makes one without them. {named}"
        )


def _made_of_today(session: Session, more: Pairs = ()) -> Model:
    rows = [*read_training_data(), *more]
    return Model(
        inputs=inputs_fingerprint(more),
        version=version_fingerprint(),
        data=sentences_fingerprint(more),
        pipeline=pipeline_fingerprint(),
        packages=", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        seed=component_options().seed,
        sentences=len(rows),
        examples=pack_examples(rows, cipher_of(session).digest),
    )


def _put_live(session: Session, row: Model, by: str, because: str | None, ended: str = FORMER) -> None:
    # Before the new one, because at most one is live.
    session.execute(update(Model).where(Model.state == LIVE).values(state=ended))
    row.state, row.promoted_at, row.promoted_by = LIVE, now(), by
    row.reason = because[:300] if because else None
    row.shadow_since = None
    session.add(row)
    session.flush()
    plan_if_needed(session)


def _set(database: Database, number: int, **values: object) -> None:
    with database.transaction() as session:
        session.execute(update(Model).where(Model.id == number).values(**values))
