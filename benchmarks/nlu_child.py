"""One measurement in a process of its own, so that memory and time are of this alone; prints JSON.

Modes: `train CONFIG DATA FOLDER`, `component` (our classifier without Rasa), `parse MODEL` (texts as JSON on stdin).
"""

from __future__ import annotations

import asyncio
import json
import logging
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bot.settings import quieten

WARM_UP = 50


def main(mode: str, *arguments: str) -> None:
    """Measure, and print what was found as the last line."""
    quieten()
    found = {"train": train, "component": component, "parse": parse}[mode](*arguments)
    print(json.dumps({**found, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def train(config: str, data: str, folder: str) -> dict[str, Any]:
    """Train Rasa's understanding; seconds exclude the imports."""
    from rasa.model_training import train_nlu

    wall, cpu = time.perf_counter(), time.process_time()
    path = train_nlu(config, data, folder, fixed_model_name="bench")
    seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {**seconds, "megabytes": Path(path).stat().st_size / 1e6, "model": path}


def component() -> dict[str, Any]:
    """Train our classifier alone."""
    from bot.nlu.features import make_lookup
    from bot.nlu.linear import train as train_classifier
    from bot.training.evaluate import component_options, read_lookup_tables, read_training_data

    rows = [row for row in read_training_data() if row[0]]
    wall, cpu = time.perf_counter(), time.process_time()
    train_classifier(
        [text for text, _ in rows], [i for _, i in rows], component_options(), make_lookup(read_lookup_tables())
    )
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}


def parse(model: str) -> dict[str, Any]:
    """Understand every text; milliseconds of each, rankings without the fallback's own entry."""
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.ERROR)
    texts = json.load(sys.stdin)
    wall = time.perf_counter()
    agent = Agent.load(model)
    load_seconds = time.perf_counter() - wall
    loop = asyncio.new_event_loop()
    for text in texts[:WARM_UP]:
        loop.run_until_complete(agent.parse_message(text))
    rankings, milliseconds = [], []
    for text in texts:
        start = time.perf_counter()
        parsed = loop.run_until_complete(agent.parse_message(text))
        milliseconds.append((time.perf_counter() - start) * 1000)
        rankings.append([[r["name"], r["confidence"]] for r in parsed["intent_ranking"] if r["name"] != "nlu_fallback"])
    loop.close()
    return {"load_seconds": load_seconds, "rankings": rankings, "milliseconds": milliseconds}


if __name__ == "__main__":
    main(*sys.argv[1:])
