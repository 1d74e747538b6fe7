"""Starts Rasa's own command with what its command line can't set."""

from __future__ import annotations

import sys

import structlog
from rasa.__main__ import main
from structlog.tracebacks import ExceptionDictTransformer

from bot.settings import load_settings


def keep_values_out_of_logs() -> None:
    """Log errors without the values of variables: among them are the citizen's words.

    Rasa reads this name when it sets up its log (`rasa.utils.log_utils.configure_structlog`).
    """
    transformer = ExceptionDictTransformer(show_locals=False)
    structlog.processors.dict_tracebacks = structlog.processors.ExceptionRenderer(transformer)


if __name__ == "__main__":
    keep_values_out_of_logs()
    # As an argument the token would stand in the list of processes.
    # Joined with "=", because one in sixty-four random tokens begins with a dash.
    sys.argv.append(f"--auth-token={load_settings().rasa_token}")
    main()
