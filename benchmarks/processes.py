"""Programs that a benchmark starts and ends."""

from __future__ import annotations

import subprocess


def end(process: subprocess.Popen[bytes], patience: float) -> None:
    """Ask a program to end, and end it after so many seconds."""
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
