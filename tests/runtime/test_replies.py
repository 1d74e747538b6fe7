"""The action server's replies are taken and refused as by Rasa itself."""

import subprocess
import sys

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction

from bot.runtime.replies import compile_rules

TAKEN = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "a", "value": None, "timestamp": None}], "responses": [{"text": "Chào"}]},
    {"events": [{"event": "active_loop", "name": None}]},
    {"events": [{"event": "bot", "text": "a", "metadata": {}}, {"event": "followup", "name": "b"}]},
    {},
]
REFUSED = [
    [],
    "Chào",
    None,
    {"events": {}},
    {"events": ["Chào"]},
    {"events": [{"name": "a"}]},
    {"events": [{"event": "slot", "name": 1, "value": 2}]},
    {"events": [{"event": "no such event"}]},
    {"events": [], "responses": ["Chào"]},
]


def refused(check, reply):
    try:
        check(RemoteAction("action", None), reply)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("reply", [*TAKEN, *REFUSED])
def test_replies_are_judged_as_by_rasa(reply):
    ours = refused(compile_rules(), reply)
    assert ours == refused(RemoteAction._validate_action_result, reply)
    assert ours == (reply in REFUSED)


def test_a_refusal_does_not_repeat_the_reply():
    with pytest.raises(ValidationError, match="rule") as raised:
        compile_rules()(RemoteAction("action", None), {"events": ["nhà tôi ở phố Nọ"]})
    assert "phố" not in str(raised.value)


def test_every_call_of_the_server_is_checked_so():
    code = (
        "from bot.runtime.replies import use_compiled_rules; use_compiled_rules();"
        "from rasa.core.actions.action import RemoteAction;"
        "print(RemoteAction('a', None)._validate_action_result({'events': []}))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
