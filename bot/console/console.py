"""Puts the console together: every door with its guard, and the static files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from bot.accounts.officers import Accounts
from bot.accounts.sessions import Sessions
from bot.complaints.rules import Rules
from bot.console.bulk import BulkPages
from bot.console.case import CasePages
from bot.console.doors import PUBLIC, Door, Guard
from bot.console.lists import ListPages
from bot.console.log import LogPages
from bot.console.log_in import LogInPages
from bot.console.pages import HERE, ConsoleFiles, Frame
from bot.console.review import ReviewPages
from bot.console.visit import HOME, Visit


@dataclass(frozen=True)
class Console:
    """The console of one centre.

    Attributes:
        folder: where photos and documents lie.
        today: tells the day in Viet Nam.
        secure: whether it is reached by https.
        checkout: where the sentences lie that the model learns from.
    """

    sessions: Sessions
    rules: Rules
    folder: Path
    today: Callable[[], date]
    secure: bool
    checkout: Path = HERE.parents[1]

    def doors(self) -> list[Door]:
        """Every page of the console; the last one is for addresses that do not exist."""
        frame, database = Frame(), self.sessions.database

        def unknown(visit: Visit) -> Response:
            return frame.page(visit, "unknown.html", status=404)

        accounts = Accounts(database, self.sessions.passwords)
        return [
            *LogInPages(self.sessions, frame, self.secure).doors(),
            *ListPages(database, self.rules, accounts, frame, self.today).doors(),
            *BulkPages(database, self.rules, accounts, frame).doors(),
            *CasePages(database, self.rules, accounts, self.sessions, frame, self.folder, self.today).doors(),
            *ReviewPages(database, frame, self.checkout).doors(),
            *LogPages(database, frame).doors(),
            Door("/{rest:path}", unknown, PUBLIC),
            Door("/{rest:path}", unknown, PUBLIC, "POST"),
        ]

    def routes(self) -> list[BaseRoute]:
        """Every door behind its guard; nothing else answers below `HOME` but static files."""
        frame = Frame()
        guards = [Guard(door, self.sessions, frame, self.secure) for door in self.doors()]
        files = Mount(f"{HOME}/tinh", ConsoleFiles(directory=HERE / "static"), name="console-static")
        return [files, *(guard.route() for guard in guards)]
