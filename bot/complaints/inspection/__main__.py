"""The program: a file on standard input, limits as JSON in the first argument, verdict and file on standard output.

The first line of the output is JSON, `{"kind": …}` or `{"refused": reason}`; the cleaned file follows it. Any other end
than exit code 0 means that the file could not be read through.
"""

from __future__ import annotations

import json
import resource
import sys

from bot.complaints.inspection.kinds import OFFICE, is_mixed, kind_of
from bot.complaints.inspection.refusal import RefusedError
from bot.complaints.inspection.sounds import SOUNDS, clean_sound

_TAKEN = ("jpeg", "png", "webp", "pdf", OFFICE, *SOUNDS)
# Enough for the modules that are loaded late.
_OPEN_FILES = 64


def main() -> None:
    """Inspect one file."""
    limits: dict[str, int] = json.loads(sys.argv[1])
    _bound(limits)
    try:
        kind, cleaned = inspect(sys.stdin.buffer.read(), limits)
        verdict, content = {"kind": kind}, cleaned
    except RefusedError as refusal:
        verdict, content = {"refused": refusal.reason}, b""
    except (MemoryError, RecursionError):
        verdict, content = {"refused": "too_complex"}, b""
    sys.stdout.buffer.write(json.dumps(verdict).encode() + b"\n" + content)
    sys.stdout.buffer.flush()


def inspect(content: bytes, limits: dict[str, int]) -> tuple[str, bytes]:
    """The kind of a file, and the file cleaned.

    Raises:
        RefusedError: it is not taken.
    """
    kind = kind_of(content)
    if kind not in _TAKEN:
        raise RefusedError(kind)
    if is_mixed(kind, content):
        raise RefusedError("mixed")
    # Each kind loads its own library only.
    if kind == OFFICE:
        from bot.complaints.inspection.office import clean_document

        return clean_document(content, limits["parts"], limits["unpacked_bytes"])
    if kind == "pdf":
        from bot.complaints.inspection.pdf import clean_pdf

        return kind, clean_pdf(content, limits["pages"])
    if kind in SOUNDS:
        return kind, clean_sound(kind, content)
    from bot.complaints.inspection.pictures import clean_picture, fit_picture

    if limits.get("fit_bytes"):
        return "jpeg", fit_picture(kind, content, limits["pixels"], limits["fit_bytes"])
    return kind, clean_picture(kind, content, limits["pixels"], limits["kept_side"])


def _bound(limits: dict[str, int]) -> None:
    """Give up rights for good: memory, time, what may be written, core dumps, further programs."""
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["written_bytes"], limits["written_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))


if __name__ == "__main__":
    main()
