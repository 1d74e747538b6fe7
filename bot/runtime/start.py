"""Starts Rasa's own command with what its command line can't set."""

from __future__ import annotations

import sys

from bot.runtime.absent import keep_tensorflow_out
from bot.settings import collect_rarely, load_settings


def keep_values_out_of_logs() -> None:
    """Log errors without the values of variables: among them are the citizen's words.

    Rasa reads this name when it sets up its log (`rasa.utils.log_utils.configure_structlog`).
    """
    import structlog
    from structlog.tracebacks import ExceptionDictTransformer

    transformer = ExceptionDictTransformer(show_locals=False)
    structlog.processors.dict_tracebacks = structlog.processors.ExceptionRenderer(transformer)


def run() -> None:
    """Run `rasa` with this program's arguments."""
    # Rasa is imported here, because TensorFlow has to be out of its reach before.
    from rasa.__main__ import main

    from bot.runtime.calls import keep_connections
    from bot.runtime.failing import end_failed_turns
    from bot.runtime.replies import use_compiled_rules
    from bot.runtime.trackers import let_failures_fail

    use_compiled_rules()
    keep_connections()
    let_failures_fail()
    end_failed_turns()
    collect_rarely()
    # As an argument the token would stand in the list of processes.
    # Joined with "=", because one in sixty-four random tokens begins with a dash.
    sys.argv.append(f"--auth-token={load_settings().rasa_token}")
    main()


if __name__ == "__main__":
    keep_values_out_of_logs()
    keep_tensorflow_out()
    run()
