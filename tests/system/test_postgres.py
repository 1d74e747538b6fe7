"""The whole bot on a PostgreSQL server, as an operator would set it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from bot.complaints.casework import move
from bot.complaints.queries import list_complaints
from bot.complaints.rules import load_rules
from bot.database import Database
from bot.settings import ROOT
from tests.conftest import Conversation, RunningBot, make_bot
from tests.postgres import PostgresServer

pytestmark = pytest.mark.server

CODE = re.compile(r"PA-\w{4}-\w{4}-\w{4}")
STORY = "Cán bộ ở phường bắt tôi đi lại 3 lần"
ANSWERS = ("phường Bến Thủy", "tuần trước", "không có", "0912345678", "gửi")


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[RunningBot]:
    with postgres.fresh() as url:
        running = make_bot(tmp_path_factory.mktemp("on-postgres"), MOTCUA_DATABASE_URL=url)
        running.start()
        yield running
        running.stop()


def test_asking_filing_and_looking_up(bot: RunningBot, database: Database) -> None:
    citizen = Conversation(database)
    assert citizen.say("làm giấy khai sinh cần giấy tờ gì").log.procedure == "khai_sinh"
    assert citizen.say("còn lệ phí?").log.intent == "ask_procedure_fee"
    for text in (STORY, *ANSWERS):
        citizen.say(text)
    code = CODE.search(citizen.text).group()
    assert [(one.code, one.description) for one in list_complaints(database)] == [(code, STORY)]
    move(database, load_rules(ROOT / "knowledge"), code, "accepted", "officer")
    assert f"Phản ánh {code}" in Conversation(database).say(code).replies[0].text
    page = httpx.get(f"{bot.settings.web_url}/phan-anh/{code}", trust_env=False).text
    assert "Đã tiếp nhận xử lý" in page
    assert not (bot.settings.home / "motcua.db").exists()
