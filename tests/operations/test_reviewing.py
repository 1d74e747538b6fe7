"""The review inbox by the clock, with a Rasa that reads what waits."""

import json
from http.server import BaseHTTPRequestHandler

import pytest

from bot.operations.promotion import RasaModels
from bot.operations.reviewing import Reviewing
from bot.settings import ROOT
from tests.fakes.server import FakeServer, Quiet
from tests.review.conftest import HOA, Town

NEW = [{"name": "nlu_fallback", "confidence": 0.5}, {"name": "ask_postal", "confidence": 0.8}]


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({"model_file": f"{self.fake.model}.tar.gz"})

    def do_POST(self):
        self.fake.read.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.say({"intent_ranking": NEW} if self.fake.reads else {})


class FakeRasa(FakeServer):
    def __init__(self):
        super().__init__(_Handler)
        self.model, self.read, self.reads = "motcua-a", [], True


@pytest.fixture
def kind_of_database():
    return "sqlite"


@pytest.fixture
def rasa():
    with FakeRasa().serving() as fake:
        yield fake


@pytest.fixture
def town(database, tmp_path):
    town = Town(database, tmp_path)
    town.say("xin mẫu ct01")
    return town


@pytest.fixture
def job(town, rasa):
    return Reviewing(town.database, RasaModels(rasa.url, "t0k3n"), ROOT)


def guess(town):
    return town.desk.next(HOA)[0].guesses[0]


def test_what_waits_is_read_once_by_each_model(job, town, rasa):
    assert job() == 1
    assert guess(town) == ("ask_postal", 0.8)
    job()
    assert rasa.read == ["xin mẫu ct01"]
    rasa.model = "motcua-b"
    job()
    assert len(rasa.read) == 2


def test_a_rasa_that_reads_nothing_is_asked_again_later(job, town, rasa):
    rasa.reads = False
    assert job() == 1
    assert guess(town) == ("ask_forms", 0.4)
    rasa.reads = True
    job()
    assert guess(town) == ("ask_postal", 0.8)


def test_while_rasa_is_away_messages_come_in_all_the_same(town):
    assert Reviewing(town.database, RasaModels("http://127.0.0.1:9", "t0k3n"), ROOT)() == 1
    assert guess(town) == ("ask_forms", 0.4)
