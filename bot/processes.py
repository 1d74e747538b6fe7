"""What a program of ours is given as it starts another one."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def prepare_child(niceness: int, most_cores: int | None = None) -> None:
    """Called in the child before it becomes its program: it stands back, and ends when its parent is killed.

    Args:
        niceness: how far it stands back when the processor is busy, 0 to 19.
        most_cores: how many cores it may use; None is all.
    """
    os.nice(niceness)
    # Linux only; elsewhere a killed parent leaves its children, which the next start names by their ports.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if most_cores:
        with contextlib.suppress(OSError, AttributeError):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-most_cores:])
