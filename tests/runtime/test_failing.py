import asyncio
import json

import pytest
from aiohttp import ClientConnectionError
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError

from bot.runtime.failing import TurnFailedError, end_failed_turns


class Endpoint:
    """An action server that answers what it is told to."""

    def __init__(self, outcome):
        self.outcome = outcome
        self.kwargs = {}

    async def request(self, **_):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@pytest.fixture
def run():
    """Runs a remote action as Rasa does while failed turns end."""
    original = RemoteAction.run
    end_failed_turns()

    def run(outcome):
        action = RemoteAction("action_x", Endpoint(outcome))
        tracker = DialogueStateTracker("web:a", [])
        return asyncio.run(action.run(None, None, tracker, Domain.empty()))

    yield run
    RemoteAction.run = original


def test_an_action_that_answers_is_left_alone(run):
    assert run({"events": [], "responses": []}) == []


@pytest.mark.parametrize(
    "failure", [ClientConnectionError(), asyncio.TimeoutError(), ClientResponseError(500, "error", "{}")]
)
def test_an_action_that_fails_ends_the_turn(run, failure):
    with pytest.raises(TurnFailedError, match="action_x"):
        run(failure)


def test_an_answer_that_is_none_ends_the_turn(run):
    with pytest.raises(TurnFailedError):
        run({"events": "none"})


def test_an_answer_that_a_form_does_not_take_goes_on(run):
    refusal = json.dumps({"action_name": "action_x", "error": "no answer"})
    with pytest.raises(ActionExecutionRejection):
        run(ClientResponseError(400, "rejected", refusal))


def test_rasa_does_not_swallow_it():
    assert not issubclass(TurnFailedError, Exception)
