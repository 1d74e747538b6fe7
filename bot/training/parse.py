"""Understanding alone, in process: the intents of messages without any server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bot.settings import quieten


def parse_messages(model: Path, texts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """What the model understands of each text: intent, confidence, ranking."""
    quieten()
    # Importing Rasa takes seconds; only this command needs it.
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    agent = Agent.load(str(model))
    loop = asyncio.new_event_loop()
    try:
        for text in texts:
            parsed = loop.run_until_complete(agent.parse_message(text.lstrip("/") or "?"))
            # The fallback's own entry says "not sure", not what was understood.
            ranking = [[r["name"], r["confidence"]] for r in parsed["intent_ranking"] if r["name"] != "nlu_fallback"]
            yield {"intent": ranking[0][0], "confidence": ranking[0][1], "ranking": ranking}
    finally:
        loop.close()
