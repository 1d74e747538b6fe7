"""Trains the model when its inputs changed, and only then."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from bot.settings import ROOT

MODEL = "motcua"
# What shapes a model: Rasa's own inputs and the code and lexicons of our component.
INPUTS = ("config.yml", "domain.yml", "data", "bot/nlu", "bot/text")
SUFFIXES = (".yml", ".py", ".json")


class TrainingError(Exception):
    """Training failed; the message says where to read why."""


@dataclass(frozen=True)
class TrainedModel:
    """A model on disk and what it was made of."""

    path: Path
    inputs: str
    sha256: str


def inputs_fingerprint() -> str:
    """A fingerprint of everything that shapes a model."""
    digest = hashlib.sha256(version("rasa").encode())
    for path in _input_files():
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def current_model(folder: Path) -> TrainedModel | None:
    """The trained model when it is whole and its inputs are today's, otherwise None."""
    path, note = folder / f"{MODEL}.tar.gz", folder / f"{MODEL}.json"
    if not path.exists() or not note.exists():
        return None
    try:
        kept = json.loads(note.read_text(encoding="utf-8"))
    except ValueError:
        # A crash may have cut the note short.
        return None
    if kept["inputs"] != inputs_fingerprint() or kept["sha256"] != _sha256(path):
        return None
    return TrainedModel(path, kept["inputs"], kept["sha256"])


def train_model(
    folder: Path, log: Path, environment: Mapping[str, str], progress: Callable[[str], None]
) -> TrainedModel:
    """Train with Rasa in a program of its own, and put the model in place only when it is whole.

    Args:
        progress: is told each step in one line.

    Raises:
        TrainingError: Rasa did not make a model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    inputs = inputs_fingerprint()
    candidate = folder / "candidate"
    command = [sys.executable, "-m", "rasa", "train", "--out", str(candidate), "--fixed-model-name", MODEL]
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            code = _follow(process, file, progress)
        except BaseException:
            # Whatever stops this program stops the training with it.
            process.terminate()
            process.wait()
            raise
    made = candidate / f"{MODEL}.tar.gz"
    if code or not made.exists():
        raise TrainingError(f"Training failed; {log} says why.")
    return _put_in_place(made, folder, inputs)


def _follow(process: subprocess.Popen[str], log: TextIO, progress: Callable[[str], None]) -> int:
    assert process.stdout
    for line in process.stdout:
        log.write(line)
        step = _step_of(line)
        if step:
            progress(step)
    return process.wait()


def _put_in_place(made: Path, folder: Path, inputs: str) -> TrainedModel:
    sha256 = _sha256(made)
    path, note = folder / f"{MODEL}.tar.gz", folder / f"{MODEL}.json"
    # Without its note the old model counts as absent, so a crash between the two steps only costs a training.
    note.unlink(missing_ok=True)
    made.replace(path)
    note.write_text(json.dumps({"inputs": inputs, "sha256": sha256}), encoding="utf-8")
    return TrainedModel(path, inputs, sha256)


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
            yield from sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and "__pycache__" not in p.parts)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
