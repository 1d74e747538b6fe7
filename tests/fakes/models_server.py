"""A Rasa of which only the model can be asked and changed."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.factories import TOKEN
from tests.fakes.server import FakeServer, Quiet


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        self.say({"model_file": f"{self.fake.model}.tar.gz"}, 200 if self._may() else 401)

    def do_PUT(self):
        path = Path(json.loads(self.body())["model_file"])
        if path.name in self.fake.unloadable:
            return self.say({"reason": "BadRequest"}, 400)
        self.fake.model = path.name.removesuffix(".tar.gz")
        self.fake.loads.append(self.fake.model)
        self.fake.on_load()
        return self.say(None, 204 if self._may() else 401)

    def _may(self):
        return self.path.endswith(f"?token={TOKEN}")


class FakeModelServer(FakeServer):
    """Rasa's two addresses for models."""

    def __init__(self):
        super().__init__(_Handler)
        self.model, self.loads, self.unloadable = "motcua-a", [], set()
        self.on_load = lambda: None
