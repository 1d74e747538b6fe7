"""The console with officers of every role, and browsers that are logged in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.accounts.model import Officer
from bot.accounts.officers import find
from bot.accounts.permissions import (
    ADMINISTRATOR,
    CONTENT_EDITOR,
    MAINTAINER,
    OFFICER,
    SUPERVISOR,
    UNIT_HEAD,
)
from bot.accounts.sessions import LoggedIn
from bot.complaints.answer_templates import load_templates
from bot.complaints.rules import load_rules
from bot.complaints.workdays import day_in_viet_nam
from bot.console.console import Console
from bot.database import Database, now
from bot.operations.promotion import Promotion, RasaModels
from bot.settings import ROOT
from tests.accounts.conftest import ADMIN, HERE, PASSWORD, Desk
from tests.complaints.conftest import Centre

LAND, JUSTICE = "Phòng Đất đai", "Phòng Tư pháp"
HOA, NAM, THU, MINH, LAN = "Lê Thị Hoa", "Ngô Văn Nam", "Trần Thu", "Đỗ Minh", "Vũ Lan"
EDITOR, KEEPER = "Hồ Biên", "Lý Trì"
STAFF = (
    (HOA, LAND, OFFICER),
    (NAM, LAND, UNIT_HEAD),
    (THU, JUSTICE, OFFICER),
    (MINH, "", SUPERVISOR),
    (LAN, LAND, SUPERVISOR),
    (EDITOR, "", CONTENT_EDITOR),
    (KEEPER, "", MAINTAINER),
    ("Bùi Quân", "", ADMINISTRATOR),
)
ROLE_OF = {role: name for name, _, role in reversed(STAFF)}
TODAY = day_in_viet_nam(now())


@pytest.fixture
def kind_of_database() -> str:
    return "sqlite"


@dataclass
class Office:
    """A centre with its staff, and the console they use."""

    centre: Centre
    desk: Desk
    console: Console

    def app(self) -> Starlette:
        return Starlette(routes=self.console.routes())

    def stranger(self) -> Browser:
        return Browser(self, TestClient(self.app(), client=(HERE, 5000), follow_redirects=False))

    def browser(self, name: str) -> Browser:
        """A browser in which an officer is logged in, as far as their account lets them."""
        browser = self.stranger()
        login: LoggedIn = self.desk.log_in(name)
        if login.step == "enrol":
            _, login, _ = self.desk.enrol(login.token)
        browser.client.cookies.set("motcua_can_bo", login.token, path="/can-bo")
        browser.csrf = login.csrf
        return browser


@dataclass
class Browser:
    office: Office
    client: TestClient
    csrf: str = ""

    def get(self, path: str):
        return self.client.get(f"/can-bo{path}")

    def post(self, path: str, csrf: str | None = None, **fields: object):
        data = {"csrf": self.csrf if csrf is None else csrf, **fields}
        return self.client.post(f"/can-bo{path}", data=data)

    def act(self, code: str, act: str, **fields: object):
        """A form of a complaint's page, as it was just seen."""
        version = self.office.centre.row(code).version
        return self.post(f"/phan-anh/{code}/{act}", **{"version": str(version), **fields})

    def act_with_files(self, code: str, act: str, *files: tuple[str, bytes], **fields: object):
        """The same with files, as a browser without a script sends them; without any, its empty field."""
        data = {"csrf": self.csrf, "version": str(self.office.centre.row(code).version), **fields}
        uploads = [("upload", file) for file in files or [("", b"")]]
        return self.client.post(f"/can-bo/phan-anh/{code}/{act}", data=data, files=uploads)


def has_own_script_alone(page: str) -> bool:
    """Whether nothing runs in a page but the console's own file."""
    return re.findall(r"<script[^>]*>", page) == ['<script src="/can-bo/tinh/console.js" defer>']


def text_of(response) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


@pytest.fixture
def office(database, tmp_path) -> Office:
    return make_office(database, tmp_path)


def make_office(database: Database, folder: Path) -> Office:
    """A centre with an officer of each role, who have chosen their passwords."""
    rules = load_rules(ROOT / "knowledge", "demo")
    desk = Desk(database)
    desk.accounts.add_first_administrator(ADMIN)
    for name, unit, role in STAFF:
        desk.accounts.add(name, unit, (role,), (), ADMIN)
    hashed = desk.accounts.passwords.make_hash(PASSWORD)
    with database.transaction() as session:
        for name, *_ in STAFF:
            officer: Officer = find(session, name)
            officer.password, officer.must_change = hashed, False
    templates = load_templates(ROOT / "knowledge")
    # Rasa is away: what goes live is in the ledger, and Rasa takes it at its next start.
    promotion = Promotion(database, folder / "models", RasaModels("http://127.0.0.1:9", "x"))
    console = Console(desk.sessions, rules, folder / "evidence", lambda: TODAY, False, templates, promotion=promotion)
    return Office(Centre(database, rules), desk, console)
