"""Runs the supervisor over the programs in argv[1] (JSON), with what argv[2] (JSON) says; prints what it is told."""

import asyncio
import json
import os
import sys
from pathlib import Path

from bot.operations.supervisor import Program, StartError, Supervisor


def say(sentence):
    print(sentence, flush=True)


def read_again(file):
    """The command for another start, read from a file; not to be started while there is none."""
    if not Path(file).exists():
        raise StartError("rasa: there is no model.")
    return json.loads(Path(file).read_text())


def make_program(again=None, **given):
    return Program(**given, again=again and (lambda: read_again(again)))


programs = [make_program(**given) for given in json.loads(sys.argv[1])]
more = json.loads(sys.argv[2])
logs = Path(more.pop("logs"))
supervisor = Supervisor(programs, os.environ, logs.parent, logs, say, **{"stop_patience": 2, **more})
try:
    asyncio.run(supervisor.run(lambda: say("READY")))
except StartError as error:
    sys.exit(f"START ERROR: {error}")
say("BYE")
