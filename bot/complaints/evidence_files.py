"""The folder of citizens' files: encrypted, each under the fingerprint of its content, whole or not there at all."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from bot.complaints.errors import UnknownFileError
from bot.database import Cipher, DatabaseError

_FOR_US = 0o700
_UNFINISHED = ".part"


def path_of(folder: Path, digest: str) -> Path:
    """Where the file with this fingerprint lies."""
    return folder / digest[:2] / digest[2:]


def prepare(folder: Path, cipher: Cipher, digest: str, content: bytes) -> Path:
    """Write a file beside its place, encrypted and on disk; `put` makes it count."""
    place = path_of(folder, digest).parent
    place.mkdir(mode=_FOR_US, parents=True, exist_ok=True)
    prepared = place / f"{secrets.token_hex(8)}{_UNFINISHED}"
    # The fingerprint goes in with the content, so that a file moved to another's place is noticed.
    _write(prepared, cipher.seal_bytes(digest.encode() + content))
    return prepared


def put(folder: Path, digest: str, prepared: Path) -> None:
    """Put a prepared file in its place, on disk when this returns."""
    place = path_of(folder, digest)
    prepared.replace(place)
    _sync(place.parent)
    _sync(folder)


def read(folder: Path, cipher: Cipher, digest: str) -> bytes:
    """The content of a file.

    Raises:
        UnknownFileError: it is not there.
        DatabaseError: it was changed, or none of the keys fits.
    """
    try:
        sealed = path_of(folder, digest).read_bytes()
    except FileNotFoundError as error:
        raise UnknownFileError("The file is no longer in the folder of evidence.") from error
    opened = cipher.unseal_bytes(sealed)
    if not opened.startswith(digest.encode()):
        raise DatabaseError("A file in the folder of evidence is not the one that was put there.")
    return opened[len(digest) :]


def delete(folder: Path, digest: str) -> None:
    """Delete a file; one that is gone already is no error."""
    place = path_of(folder, digest)
    place.unlink(missing_ok=True)
    if place.parent.exists():
        _sync(place.parent)


def digests_in(folder: Path) -> Iterator[str]:
    """The fingerprints of all files."""
    for place in sorted(folder.glob("??/*")):
        if not place.name.endswith(_UNFINISHED):
            yield place.parent.name + place.name


def age_of(folder: Path, digest: str) -> float:
    """Seconds since a file was put in its place; 0 when it is gone."""
    try:
        return time.time() - path_of(folder, digest).stat().st_mtime
    except FileNotFoundError:
        return 0.0


def delete_unfinished(folder: Path, older_than: float) -> int:
    """Delete what a killed program had begun to write, when it is older than so many seconds; how many there were."""
    until, deleted = time.time() - older_than, 0
    for place in folder.glob(f"??/*{_UNFINISHED}"):
        if place.stat().st_mtime < until:
            place.unlink(missing_ok=True)
            deleted += 1
    return deleted


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    # A name in a folder is on disk only when the folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
