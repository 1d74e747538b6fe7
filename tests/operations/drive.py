"""Runs the supervisor over the programs in argv[1] (JSON), logs in argv[2]; says what it is told, line by line."""

import asyncio
import json
import os
import sys
from pathlib import Path

from bot.operations.supervisor import Program, StartError, Supervisor


def say(sentence):
    print(sentence, flush=True)


programs = [Program(**given) for given in json.loads(sys.argv[1])]
supervisor = Supervisor(programs, os.environ, Path(sys.argv[2]).parent, Path(sys.argv[2]), say, stop_patience=2)
try:
    asyncio.run(supervisor.run(lambda: say("READY")))
except StartError as error:
    sys.exit(f"START ERROR: {error}")
say("BYE")
