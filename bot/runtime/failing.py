"""A turn whose action fails ends there, and Rasa keeps nothing of it.

Rasa would go on without what the action should have done: a form would forget the answer it was given and a rule would
be followed by a guess, which looks like an answer. The gateway runs a turn again of which nothing was kept.
"""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import ActionExecutionRejection, RemoteAction


class TurnFailedError(BaseException):
    """An action failed; no `Exception`, because Rasa logs those and goes on."""


def end_failed_turns() -> None:
    """Let an action that fails end its turn, for this process."""
    run = RemoteAction.run

    async def run_or_end(action: RemoteAction, *given: Any, **more: Any) -> Any:
        try:
            return await run(action, *given, **more)
        except ActionExecutionRejection:
            # How an action says that the answer is none for its form.
            raise
        except Exception as error:
            raise TurnFailedError(f"{action.name()}: {type(error).__name__}") from error

    RemoteAction.run = run_or_end
