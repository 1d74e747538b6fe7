"""What every action does when it fails."""

import logging
import time
from types import SimpleNamespace

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import AnsweringAction, Services
from bot.complaints.workdays import day_in_viet_nam
from bot.database import now

NAME = "Nguyễn Thị Mai, 0912 345 678"


class Failing(AnsweringAction):
    hears_places = False

    def name(self):
        return "action_failing"

    def answer(self, say, tracker):
        say.say("utter_greet")
        raise ValueError(f"cannot read {tracker.latest_message['text']}")


@pytest.fixture
def tracker():
    message = {"text": NAME, "intent": {"name": "greet", "confidence": 1.0}, "metadata": {"inbox_id": 5}}
    return Tracker("web:an", {}, message, [{"event": "user", **message}], False, None, {}, "action_listen")


def test_an_action_that_fails_says_nothing_and_logs_no_words(tracker, caplog):
    dispatcher = CollectingDispatcher()
    with caplog.at_level(logging.DEBUG):
        assert Failing().run(dispatcher, tracker, {}) == []
    assert dispatcher.messages == []
    assert "action_failing failed: ValueError in test_base.py:" in caplog.text
    assert NAME not in caplog.text


@pytest.fixture(params=["Etc/GMT+12", "Etc/GMT-14"])
def machine_elsewhere(request, monkeypatch):
    """At every moment, one of them has another day than Viet Nam."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_today_is_the_day_in_viet_nam_wherever_the_machine_thinks_it_is(machine_elsewhere):
    services = Services(*(None,) * 10, settings=SimpleNamespace(today=None))
    before = day_in_viet_nam(now())
    assert before <= services.today <= day_in_viet_nam(now())
