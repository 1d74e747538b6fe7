"""Checks the action server's replies by Rasa's own rules, compiled once.

Rasa compiles its JSON schema anew for each reply, and checks the schema itself besides: most of a stock server's time.
To be without it, take `use_compiled_rules` out of `bot/runtime/start.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jsonschema import ValidationError
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

Check = Callable[[RemoteAction, dict[str, Any]], bool]


def use_compiled_rules() -> None:
    """Let every reply in this process be checked by compiled rules."""
    RemoteAction._validate_action_result = compile_rules()


def compile_rules() -> Check:
    """A method that checks one reply as Rasa's does."""
    schema = RemoteAction.action_response_format_spec()
    rules = validator_for(schema)(schema)

    def check(_: RemoteAction, result: dict[str, Any]) -> bool:
        error = next(rules.iter_errors(result), None)
        if error:
            # Rasa's own words would quote the reply, which holds the citizen's.
            place = "/".join(str(step) for step in error.schema_path)
            raise ValidationError(f"the action server's reply breaks the rule {place}")
        return True

    return check
