"""Trains a model with Rasa, in a program of its own; what is put into the folder of models is whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from bot.processes import prepare_child
from bot.settings import ROOT

MODEL = "motcua"
# What a model learns from; the next model may have more of it.
SENTENCES = ("data/nlu", "data/lookups")
# What shapes a model: Rasa's own inputs and the code and lexicons of our component.
CODE = ("bot/nlu", "bot/text")
INPUTS = ("config.yml", "domain.yml", "data", *CODE)
SUFFIXES = (".yml", ".py", ".json")
# A training beside a running bot stands back behind everything.
NICENESS = 15
# Bytes: Rasa's own copies while it trains, and the model.
NEEDED_SPACE = 300 << 20
_TRAINING = ".training"
Pairs = Sequence[tuple[str, str]]


class TrainingError(Exception):
    """Training failed, or a model can't be used; the message says why."""


@dataclass(frozen=True)
class TrainedModel:
    """A model on disk and what it was made of."""

    path: Path
    inputs: str
    sha256: str

    @property
    def name(self) -> str:
        """The name of its file, without the ending."""
        return self.path.name.removesuffix(".tar.gz")


def inputs_fingerprint(more: Pairs = ()) -> str:
    """A fingerprint of everything that shapes a model.

    Args:
        more: sentences, with their intents, that are learnt besides those of the files.
    """
    return _fingerprint(_input_files(), more)


def version_fingerprint() -> str:
    """A fingerprint of what a model and the rest of the bot must agree on: everything but the sentences it learns from.

    A model of another version is no model for this one: its rules, its domain or its features are others.
    """
    learnt = [ROOT / name for name in SENTENCES]
    return _fingerprint(path for path in _input_files() if not any(folder in path.parents for folder in learnt))


def sentences_fingerprint(more: Pairs = ()) -> str:
    """A fingerprint of the sentences and lookup tables a model learns from; `more` as in `inputs_fingerprint`."""
    return _fingerprint((path for name in SENTENCES for path in _files_of(ROOT / name)), more)


def pipeline_fingerprint() -> str:
    """A fingerprint of how a model learns: the pipeline, its options, and the code and lexicons of our component."""
    return _fingerprint([ROOT / "config.yml", *(path for name in CODE for path in _files_of(ROOT / name))])


def current_model(folder: Path, more: Pairs = ()) -> TrainedModel | None:
    """The newest whole model of today's inputs that is no candidate, None when there is none."""
    wanted = inputs_fingerprint(more)
    notes = sorted(folder.glob(f"{MODEL}*.json"), key=lambda note: (note.stat().st_mtime, note.name), reverse=True)
    for note in notes:
        kept = _read_note(note)
        path = note.with_suffix(".tar.gz")
        fits = kept.get("inputs") == wanted and not kept.get("candidate")
        if fits and path.exists() and kept.get("sha256") == sha256_of(path):
            return TrainedModel(path, wanted, str(kept["sha256"]))
    return None


def train_model(
    folder: Path,
    log: Path,
    environment: Mapping[str, str],
    progress: Callable[[str], None],
    candidate: bool = False,
    needed_space: int = NEEDED_SPACE,
    more: Pairs = (),
) -> TrainedModel:
    """Train with Rasa, and put the model under a name of its own into the folder once it is whole.

    Args:
        progress: is told each step in one line.
        candidate: it waits to be compared, and a bot runs meanwhile: nobody takes it for the model in place, and the
            training stands back with half of the cores.
        more: sentences, with their intents, that are learnt besides those of the files; kept beside the model while it
            is made, and nowhere else.

    Raises:
        TrainingError: Rasa did not make a model, or another training is under way; nothing is left of this one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        free = shutil.disk_usage(folder).free
        if free < needed_space:
            raise TrainingError(
                f"Training needs {needed_space >> 20} MiB on the disk of {folder}; {free >> 20} are free."
            )
        inputs = inputs_fingerprint(more)
        name = f"{MODEL}-{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        place = folder / f"{_TRAINING}-{name}"
        try:
            data = ["data", *_write_more(place / "more", more)]
            made = _run_rasa(place, name, data, log, environment, progress, candidate)
            if inputs_fingerprint(more) != inputs:
                raise TrainingError("What the model is made of was changed while it was trained; train again.")
            return _put_in_place(made, folder, inputs, candidate)
        except OSError as error:
            raise TrainingError(f"Training failed: {error.strerror or error}.") from error
        finally:
            shutil.rmtree(place, ignore_errors=True)


def set_candidate(path: Path, candidate: bool) -> None:
    """Write beside a model whether it is only a candidate."""
    note = path.with_name(path.name.removesuffix(".tar.gz") + ".json")
    # The ledger decides; this is for a folder whose ledger is gone, and nobody waits for the disk.
    _write_whole(note, json.dumps({**_read_note(note), "candidate": candidate}), flush=False)


def is_training(folder: Path) -> bool:
    """Whether a training is under way in this folder."""
    if not folder.exists():
        return False
    try:
        with _alone(folder):
            return False
    except TrainingError:
        return True


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One training at a time; what a killed one left behind is swept away."""
    with (folder / f"{_TRAINING}.lock").open("w") as lock:
        try:
            # Falls with the program that holds it.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(f"A training is under way in {folder}; wait for its end.") from error
        for left in folder.glob(f"{_TRAINING}-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _write_more(folder: Path, more: Pairs) -> list[str]:
    """Folders with further training files."""
    if not more:
        return []
    by_intent: dict[str, list[str]] = {}
    for text, intent in more:
        by_intent.setdefault(intent, []).append(text)
    lines = ['version: "3.1"\n', "nlu:\n"]
    for intent, texts in by_intent.items():
        lines += [f"- intent: {intent}\n", "  examples: |\n", *(f"    - {text}\n" for text in texts)]
    folder.mkdir(parents=True)
    (folder / "reviewed.yml").write_text("".join(lines), encoding="utf-8")
    return [str(folder)]


def _run_rasa(
    place: Path,
    name: str,
    data: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    progress: Callable[[str], None],
    gently: bool,
) -> Path:
    command = [sys.executable, "-m", "rasa", "train", "--data", *data, "--out", str(place), "--fixed-model-name", name]
    cores = max(1, len(os.sched_getaffinity(0)) // 2) if hasattr(os, "sched_getaffinity") else None
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command,
            cwd=ROOT,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(prepare_child, NICENESS, cores) if gently else partial(prepare_child, 0),
        )
        try:
            code = _follow(process, file, progress)
        except BaseException:
            # Whatever stops this program stops the training with it.
            process.terminate()
            process.wait()
            raise
    made = place / f"{name}.tar.gz"
    if code or not made.exists():
        raise TrainingError(f"Training failed{_reason(log)}; {log} says why.")
    return made


def _follow(process: subprocess.Popen[str], log: TextIO, progress: Callable[[str], None]) -> int:
    assert process.stdout
    for line in process.stdout:
        log.write(line)
        step = _step_of(line)
        if step:
            progress(step)
    return process.wait()


def _reason(log: Path) -> str:
    """The last thing that looks like an error, as part of a sentence."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    errors = [line for line in lines if "Error" in line or "Exception" in line]
    return f" ({errors[-1][:200]})" if errors else ""


def _put_in_place(made: Path, folder: Path, inputs: str, candidate: bool) -> TrainedModel:
    sha256 = sha256_of(made)
    _flush(made)
    path = folder / made.name
    made.replace(path)
    # A file without its note counts as absent, so a crash between the two steps only costs a training.
    note = {"inputs": inputs, "version": version_fingerprint(), "sha256": sha256, "candidate": candidate}
    _write_whole(path.with_name(path.name.removesuffix(".tar.gz") + ".json"), json.dumps(note))
    return TrainedModel(path, inputs, sha256)


def _write_whole(path: Path, text: str, flush: bool = True) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    if flush:
        _flush(part)
    part.replace(path)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _read_note(note: Path) -> dict[str, object]:
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # A crash may have cut the note short.
        return {}
    return kept if isinstance(kept, dict) else {}


def _step_of(line: str) -> str | None:
    for mark in ("Starting to train component", "Finished training component"):
        if mark in line:
            return line[line.index(mark) :].strip().rstrip(".")
    return None


def _input_files() -> Iterator[Path]:
    for name in INPUTS:
        path = ROOT / name
        if path.is_file():
            yield path
        else:
            yield from _files_of(path)


def _files_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in SUFFIXES and "__pycache__" not in p.parts)


def _fingerprint(paths: Iterable[Path], more: Pairs = ()) -> str:
    digest = hashlib.sha256(version("rasa").encode())
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    if more:
        digest.update(json.dumps(sorted(more)).encode())
    return digest.hexdigest()
