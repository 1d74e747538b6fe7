"""Why a file is not taken."""

from __future__ import annotations


class RefusedError(Exception):
    """A file that is not taken; `reason` is a key of `refusals` in `knowledge/evidence.yml`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
