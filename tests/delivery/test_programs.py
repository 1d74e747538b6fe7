"""Several dispatchers at once: each conversation in order, each message answered once."""

import subprocess
import sys
import time

import pytest

from bot.delivery.model import DONE
from bot.settings import ROOT
from tests.factories import KEY, TOKEN, accept, row_of, texts_of, wait_until
from tests.fakes.rasa import say

DISPATCH = """
import asyncio, sys
from bot.database import Database
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.rasa import RasaClient
url, key, rasa, actions, token = sys.argv[1:]
async def work():
    print("up", flush=True)
    await Dispatcher(Database(url, (key,)), RasaClient(rasa, token, actions, 10), 60).run()
asyncio.run(work())
"""


def start(database, rasa):
    command = [sys.executable, "-c", DISPATCH, database.url, KEY, rasa.url, rasa.actions_url, TOKEN]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    program.stdout.readline()
    return program


def slow(received):
    time.sleep(0.003)
    return say(f"Đã nghe: {received.message}")


@pytest.mark.parametrize(("kind_of_database", "programs"), [("postgres", 2), ("sqlite", 1)])
def test_each_conversation_stays_in_order_and_each_message_is_answered_once(database, rasa, programs):
    rasa.answer = slow
    names = [f"telegram:{n}" for n in range(10)]
    sent = [(name, number, accept(database, f"câu {number}", name)) for number in range(12) for name in names]
    running = [start(database, rasa) for _ in range(programs)]
    try:
        wait_until(lambda: all(row_of(database, one).state == DONE for *_, one in sent), seconds=60)
    finally:
        for program in running:
            program.kill()
            program.wait()
    for name in names:
        asked = [one.message for one in rasa.received if one.conversation == name]
        assert asked == [f"câu {number}" for number in range(12)]
    assert [texts_of(database, one) for *_, one in sent] == [[f"Đã nghe: câu {number}"] for _, number, _ in sent]
    assert not rasa.overlapped


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_a_program_killed_again_and_again_answers_each_message_once(database, rasa):
    rasa.answer = slow
    sent = [accept(database, f"câu {n}", f"telegram:{n % 4}") for n in range(80)]
    for _ in range(4):
        program = start(database, rasa)
        time.sleep(0.15)
        program.kill()
        program.wait()
    program = start(database, rasa)
    try:
        wait_until(lambda: all(row_of(database, one).state == DONE for one in sent), seconds=60)
    finally:
        program.kill()
        program.wait()
    assert [texts_of(database, one) for one in sent] == [[f"Đã nghe: câu {n}"] for n in range(80)]
    assert [rasa.kept(f"telegram:{n}") for n in range(4)] == [[f"câu {k}" for k in range(n, 80, 4)] for n in range(4)]
