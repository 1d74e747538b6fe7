import contextlib
import os
import random
import signal
import threading
import time

import pytest

from bot.channels import terminal
from bot.complaints.queries import list_complaints
from bot.database import Database
from tests.conftest import Conversation, RunningBot, make_bot

pytestmark = pytest.mark.server

ANSWERS = ("phường Bến Thủy", "tuần trước", "không có", "không để lại", "gửi")


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> RunningBot:
    running = make_bot(tmp_path_factory.mktemp("killed"))
    running.start()
    yield running
    running.stop()


class Killer(threading.Thread):
    """Kills one program of the bot a few times, each time a little after it is back."""

    def __init__(self, bot: RunningBot, program: str, kills: int) -> None:
        super().__init__(daemon=True)
        self._bot, self._program, self._planned = bot, program, kills
        self.kills = 0

    def run(self) -> None:
        for _ in range(self._planned):
            time.sleep(random.uniform(0.05, 0.5))
            os.kill(self._bot.pid_of(self._program), signal.SIGKILL)
            self.kills += 1
            wait_until_gone_and_back(self._bot, self._program)


def wait_until_gone_and_back(bot: RunningBot, program: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(AssertionError):
            bot.pid_of(program)
            return bot.wait_until_ready()
        time.sleep(0.05)
    raise AssertionError(f"{program} did not come back")


@pytest.mark.parametrize("program, kills", [("actions", 3), ("web", 3), ("rasa", 2)])
def test_a_program_killed_in_mid_turn_loses_no_message_and_files_no_complaint_twice(
    bot: RunningBot, database: Database, program: str, kills: int
) -> None:
    before = len(list_complaints(database))
    killer = Killer(bot, program, kills)
    killer.start()
    citizens = []
    while killer.is_alive() or not citizens:
        citizens.append(file_complaint(Conversation(database), len(citizens)))
    killer.join()
    assert killer.kills == kills
    assert all("Mã biên nhận" in citizen.text for citizen in citizens)
    filed = [complaint.description for complaint in list_complaints(database)[before:]]
    assert sorted(filed) == sorted(story(number) for number in range(len(citizens)))


def story(number: int) -> str:
    return f"Cán bộ ở phường bắt tôi đi lại {number + 3} lần"


def file_complaint(citizen: Conversation, number: int) -> Conversation:
    citizen.say(story(number))
    for answer in ANSWERS:
        assert citizen.say(answer).log.outcome == "form"
    return citizen


def test_messages_sent_while_everything_is_away_are_answered_in_order_afterwards(
    bot: RunningBot, database: Database
) -> None:
    citizen = Conversation(database)
    for program in ("web", "actions", "rasa"):
        os.kill(bot.pid_of(program), signal.SIGKILL)
    ids = [
        terminal.send(database, citizen.name, text) for text in ("làm giấy khai sinh", "còn lệ phí?", "mất mấy ngày?")
    ]
    logs = [terminal.wait_for_answer(database, inbox_id, 120).log for inbox_id in ids]
    assert [log.procedure for log in logs] == ["khai_sinh"] * 3
    assert [log.intent for log in logs] == ["ask_procedure", "ask_procedure_fee", "ask_procedure_time"]
