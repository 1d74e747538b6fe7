"""What files are taken, how large and how many; each is inspected by a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.complaints.errors import RefusedFileError
from bot.complaints.inspection.kinds import kind_of

_ROOT = Path(__file__).resolve().parent.parent.parent
_INSPECTION = "bot.complaints.inspection"
_LONGEST_NAME = 80
_NO_NAME = "tep"
# Encoded again, a file may grow a little.
_MAY_GROW = 2
# Above what its processor time allows, so that a machine that is busy fails no file.
_PATIENCE = 3


@dataclass(frozen=True)
class FileKind:
    """A kind of file that is taken.

    Attributes:
        endings: of file names, the usual one first.
    """

    media_type: str
    endings: tuple[str, ...]
    label: str


@dataclass(frozen=True)
class FileRules:
    """What is taken, and what is said; from `knowledge/evidence.yml`.

    Attributes:
        limits: numbers by name: bytes, files, pixels, seconds.
        refusals: reason → sentence for the citizen.
        consent: "warning", "agree", "missing": what stands before the first file.
    """

    kinds: dict[str, FileKind]
    limits: dict[str, int]
    allowed: str
    refusals: dict[str, str]
    consent: dict[str, str]

    def refuse(self, reason: str) -> RefusedFileError:
        """The error for a reason, with its sentence."""
        return RefusedFileError(reason, self.refusals[reason])


@dataclass(frozen=True)
class CleanFile:
    """A file that is taken: what it is, what it is called, and its bytes, cleaned."""

    name: str
    media_type: str
    content: bytes


def load_file_rules(folder: Path) -> FileRules:
    """The rules of `knowledge/evidence.yml`."""
    given: dict[str, Any] = yaml.safe_load((folder / "evidence.yml").read_text(encoding="utf-8"))
    kinds = {
        key: FileKind(kind["media_type"], tuple(kind["endings"]), kind["label"]) for key, kind in given["kinds"].items()
    }
    return FileRules(kinds, given["limits"], given["allowed"], given["refusals"], given["consent"])


def check_file(rules: FileRules, name: str, content: bytes) -> CleanFile:
    """A file as it is kept; takes a second or two and another program.

    Args:
        name: as the sender calls it; only a label, whatever it says.

    Raises:
        RefusedFileError: it is not taken; the message is a sentence for the citizen.
    """
    if not content:
        raise rules.refuse("empty")
    if len(content) > rules.limits["file_bytes"]:
        raise too_large(rules, content)
    kind, cleaned = _inspect(rules, content)
    if kind not in rules.kinds:
        raise rules.refuse("kind")
    return CleanFile(label_of(name, rules.kinds[kind]), rules.kinds[kind].media_type, cleaned)


def fit_photo(rules: FileRules, content: bytes, most_bytes: int) -> bytes:
    """A photo as JPEG of at most so many bytes, smaller where it has to be; takes a second or two.

    Raises:
        RefusedFileError: it can't be made so small, or is no photo.
    """
    return _inspect(rules, content, most_bytes)[1]


def too_large(rules: FileRules, beginning: bytes) -> RefusedFileError:
    """The refusal of a file that is too large: one that would not be taken in any size is told so."""
    kind = kind_of(beginning)
    return rules.refuse(kind if kind in ("video", "audio", "archive", "program") else "file_bytes")


def label_of(name: str, kind: FileKind) -> str:
    """A name to show: no folders, no control or direction characters, the ending of what the file really is."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    # C: control, format (direction, zero width), private and half characters.
    seen = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in last)
    stem = " ".join(seen.split()).rstrip(". ")
    ending = next((one for one in kind.endings if stem.lower().endswith(one)), "")
    stem = stem[: len(stem) - len(ending)].strip(". ")
    return (stem[:_LONGEST_NAME].strip() or _NO_NAME) + (ending or kind.endings[0])


def _inspect(rules: FileRules, content: bytes, fit_bytes: int = 0) -> tuple[str, bytes]:
    limits = {**rules.limits, "written_bytes": _MAY_GROW * rules.limits["file_bytes"], "fit_bytes": fit_bytes}
    # In memory on both sides: a citizen's photo is never on disk in the clear.
    with _memory("asked") as asked, _memory("told") as told:
        asked.write(content)
        asked.flush()
        asked.seek(0)
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", _INSPECTION, json.dumps(limits)],
                stdin=asked,
                stdout=told,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                # None of ours: the secrets stand there.
                env={"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
                timeout=_PATIENCE * rules.limits["seconds"],
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise rules.refuse("too_complex") from error
        if ended.returncode:
            # A signal means that it ran into a limit.
            raise rules.refuse("too_complex" if ended.returncode < 0 else "broken")
        told.seek(0)
        verdict = json.loads(told.readline())
        if "refused" in verdict:
            raise rules.refuse(verdict["refused"])
        return verdict["kind"], told.read()


def _memory(name: str):  # type: ignore[no-untyped-def]
    return os.fdopen(os.memfd_create(name), "w+b")
