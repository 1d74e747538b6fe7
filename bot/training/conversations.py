"""Has the project's own conversations with the bot and a model that is not live yet."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from bot.processes import prepare_child
from bot.settings import ROOT
from bot.training.train import NICENESS, inputs_fingerprint, sha256_of

FOLDER = ROOT / "tests" / "conversations"
_FAILED = re.compile(r"^(?:FAILED|ERROR) \S*?([^/]+)$")


def have_conversations(model: Path, log: Path, environment: Mapping[str, str]) -> list[str] | None:
    """The conversations that failed, None where the packages for tests are not installed.

    A bot of its own is started for them, in a folder of its own, behind everything else of this machine.
    """
    if not FOLDER.exists() or not all(importlib.util.find_spec(name) for name in ("pytest", "playwright")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / model.name
        shutil.copy(model, copy)
        note = {"inputs": inputs_fingerprint(), "sha256": sha256_of(copy)}
        copy.with_name(model.name.removesuffix(".tar.gz") + ".json").write_text(json.dumps(note), encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", str(FOLDER)]
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            cwd=ROOT,
            env={**environment, "MOTCUA_MODELS": folder, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=partial(prepare_child, NICENESS, max(1, len(os.sched_getaffinity(0)) // 2)),
        )
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(ended.stdout, encoding="utf-8")
    if ended.returncode == 0:
        return []
    failed = [found[1] for line in ended.stdout.splitlines() if (found := _FAILED.match(line.split(" - ")[0]))]
    return failed or [f"pytest ended with {ended.returncode}; see {log.name}"]
