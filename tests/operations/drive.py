"""Runs the supervisor over the programs in argv[1] (JSON), with what argv[2] (JSON) says; prints what it is told."""

import asyncio
import json
import os
import sys
from pathlib import Path

from bot.operations.supervisor import Program, StartError, Supervisor


def say(sentence):
    print(sentence, flush=True)


programs = [Program(**given) for given in json.loads(sys.argv[1])]
more = json.loads(sys.argv[2])
logs = Path(more.pop("logs"))
supervisor = Supervisor(programs, os.environ, logs.parent, logs, say, **{"stop_patience": 2, **more})
try:
    asyncio.run(supervisor.run(lambda: say("READY")))
except StartError as error:
    sys.exit(f"START ERROR: {error}")
say("BYE")
