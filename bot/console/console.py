"""Puts the console together: every door with its guard, and the static files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount

from bot.accounts.officers import Accounts
from bot.accounts.provider import Provider
from bot.accounts.sessions import Sessions
from bot.complaints.answer_files import load_answer_rules
from bot.complaints.answer_templates import Template
from bot.complaints.evidence_checks import FileRules
from bot.complaints.rules import Rules
from bot.console.account import AccountPages
from bot.console.bulk import BulkPages
from bot.console.case import CasePages
from bot.console.case_openings import OpeningPages
from bot.console.case_page import CasePage
from bot.console.case_parts import Workplace
from bot.console.denunciations import DenunciationPages
from bot.console.doors import PUBLIC, Door, Guard, room_for_files
from bot.console.enclosing import AnswerFiles
from bot.console.filters import FilterPages
from bot.console.gaps import GapPages
from bot.console.lists import ListPages
from bot.console.log import LogPages
from bot.console.log_in import LogInPages
from bot.console.models import ModelPages
from bot.console.models_acts import ModelActs, Promotes
from bot.console.pages import HERE, Frame
from bot.console.people import PeoplePages
from bot.console.provider_pages import ProviderPages
from bot.console.review import ReviewPages
from bot.console.showing import Render
from bot.console.visit import HOME, Visit
from bot.pages import PageFiles


@dataclass(frozen=True)
class Console:
    """The console of one centre.

    Attributes:
        folder: where photos and documents lie.
        today: tells the day in Viet Nam.
        secure: whether it is reached by https.
        provider: where officers may log in, too; None is nowhere.
        readers: names of those who may read denunciations.
        templates: what answers and questions begin with.
        renderers: how each channel that is sent to cuts a message.
        checkout: where the sentences lie that the model learns from.
        models: where the models lie.
        titles: what procedures and topics are called, by their keys.
        promotion: puts models live; None is not from here.
        file_rules: what officers may send along with answers.
        address: of the site on which citizens open it.
    """

    sessions: Sessions
    rules: Rules
    folder: Path
    today: Callable[[], date]
    secure: bool
    templates: Mapping[str, Template] = field(default_factory=dict)
    renderers: Mapping[str, Render] = field(default_factory=dict)
    provider: Provider | None = None
    readers: frozenset[str] = frozenset()
    checkout: Path = HERE.parents[1]
    models: Path = HERE.parents[1] / "models"
    titles: Mapping[str, str] = field(default_factory=dict)
    promotion: Promotes | None = None
    file_rules: FileRules = field(default_factory=lambda: load_answer_rules(HERE.parents[1] / "knowledge"))
    address: str = ""

    def doors(self) -> list[Door]:
        """Every page of the console; the last one is for addresses that do not exist."""
        frame, database = Frame(self.readers), self.sessions.database

        def unknown(visit: Visit) -> Response:
            return frame.page(visit, "unknown.html", status=404)

        accounts = Accounts(database, self.sessions.passwords)
        label = self.provider.settings.label if self.provider else ""
        work = Workplace(
            database,
            self.rules,
            accounts,
            self.sessions,
            frame,
            self.templates,
            self.renderers,
            self.today,
            AnswerFiles(database, self.folder, self.file_rules, self.address),
        )
        case = CasePage(work)
        models = ModelPages(database, frame, self.checkout, self.models)
        return [
            *LogInPages(self.sessions, frame, self.secure, label).doors(),
            *(ProviderPages(self.sessions, frame, self.provider, self.secure).doors() if self.provider else ()),
            *AccountPages(self.sessions, self.rules.kinds, frame, self.secure).doors(),
            *ListPages(database, self.rules, accounts, frame, self.today).doors(),
            *BulkPages(database, self.rules, accounts, frame).doors(),
            *PeoplePages(
                accounts, self.rules.kinds, frame, self.provider.settings.issuer if self.provider else ""
            ).doors(),
            *DenunciationPages(work, self.folder).doors(),
            *FilterPages(database, frame).doors(),
            *CasePages(case).doors(),
            *OpeningPages(case, self.folder).doors(),
            *ReviewPages(database, frame, self.checkout).doors(),
            *GapPages(database, frame, self.checkout, self.titles).doors(),
            *models.doors(),
            *(ModelActs(database, models, self.promotion).doors() if self.promotion else ()),
            *LogPages(database, frame).doors(),
            Door("/{rest:path}", unknown, PUBLIC),
            Door("/{rest:path}", unknown, PUBLIC, "POST"),
        ]

    def routes(self) -> list[BaseRoute]:
        """Every door behind its guard; nothing else answers below `HOME` but static files."""
        frame, room = Frame(self.readers), room_for_files()
        guards = [Guard(door, self.sessions, frame, self.secure, room) for door in self.doors()]
        files = Mount(f"{HOME}/tinh", PageFiles(directory=HERE / "static"), name="console-static")
        return [files, *(guard.route() for guard in guards)]
