"""A channel that does what a test tells it to, and remembers what it was given."""

from collections import defaultdict

from bot.delivery.adapter import Fetched, FetchError, Taken
from bot.delivery.rendering import render_pieces


class FakeAdapter:
    """Takes everything unless `script` says otherwise.

    Attributes:
        script: conversation → outcomes of the next tries there, an exception to raise it, "lost" for one that arrives
            and never says so.
        taken: (conversation, text) in the order in which they were taken.
        files: reference → the file's bytes, or the error that asking for it meets; several in a list, one for each try.
        gates: conversation → an event that a try there waits for.
    """

    def __init__(self, channel="fake", per_conversation=0.0, per_second=0.0, limit=40, shown=3):
        self.channel = channel
        self.per_conversation, self.per_second = per_conversation, per_second
        self._limit, self._shown = limit, shown
        self.script = defaultdict(list)
        self.taken = []
        self.tries = []
        self.buttons = []
        self.files = {}
        self.fetched = []
        self.gates = {}

    def render(self, reply):
        return [
            {"text": piece.text, "buttons": [button.title for button in piece.buttons]}
            for piece in render_pieces(reply, self._limit, len, self._shown)
        ]

    async def deliver(self, conversation, part):
        self.tries.append((conversation, part["text"]))
        if conversation in self.gates:
            await self.gates[conversation].wait()
        outcome = self.script[conversation].pop(0) if self.script[conversation] else Taken(f"m{len(self.taken)}")
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, tuple):
            # It arrived, and what is said about it is something else.
            self._take(conversation, part)
            return outcome[1]
        if isinstance(outcome, Taken):
            self._take(conversation, part)
        return outcome

    def _take(self, conversation, part):
        self.taken.append((conversation, part["text"]))
        self.buttons.append(part["buttons"])

    async def fetch(self, reference, most):
        self.fetched.append(reference)
        found = self.files.get(reference, FetchError("gone"))
        if isinstance(found, list):
            found = found.pop(0)
        if isinstance(found, FetchError):
            raise found
        if len(found) > most:
            raise FetchError("too_large")
        return Fetched("photo.jpg", found)

    def texts_of(self, conversation):
        return [text for name, text in self.taken if name == conversation]
