"""Keeps what was learnt from content in a file, so that a program that starts again need not learn it again.

Numbers and JSON, never a pickle: reading the file runs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn

from bot.catalogue.grams import Arrays

_HERE = Path(__file__).parent
# Whatever may change what is learnt from the same content.
_CODE = ("bot/catalogue/*.py", "bot/catalogue/*.json", "bot/text/*.py", "bot/text/*.json")


def learnt(folder: Path | None, content: Any, learn: Callable[[], Arrays]) -> Arrays:
    """What is learnt from `content` (of JSON's kinds), out of a file in `folder` where that was learnt from the same.

    The file of other content is removed. Without a folder nothing is kept.
    """
    if folder is None:
        return learn()
    path = folder / f"{_fingerprint(content)}.npz"
    with contextlib.suppress(OSError, ValueError, EOFError, zipfile.BadZipFile):
        return _read(path)
    arrays = learn()
    # A folder that can't be written to, or a full disk, costs the next start its seconds and nothing more.
    with contextlib.suppress(OSError):
        _write(path, arrays)
    return arrays


def _read(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _write(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            np.savez(file, **arrays)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    for other in path.parent.glob("*.npz"):
        if other != path:
            other.unlink(missing_ok=True)


def _fingerprint(content: Any) -> str:
    found = hashlib.sha256(json.dumps([content, np.__version__, scipy.__version__, sklearn.__version__]).encode())
    for pattern in _CODE:
        for path in sorted(_HERE.parent.parent.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()[:32]
