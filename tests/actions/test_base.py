"""What every action does when it fails."""

import logging

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import AnsweringAction

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
