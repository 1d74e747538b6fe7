"""A small Rasa over HTTP: the REST channel, the tracker and the action server's health, as Rasa 3.6 behaves."""

import json
from collections import defaultdict, deque
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.factories import TOKEN
from tests.fakes.server import FakeServer, Quiet


class Fault(Enum):
    """What may happen to one turn, in place of an answer."""

    CRASH = auto()  # the turn raises: nothing is saved, Rasa answers 200 with []
    SILENT = auto()  # the action says nothing: the citizen's message is saved, Rasa answers 200 with []
    ERROR = auto()  # 500, nothing is saved
    LOST = auto()  # the turn is saved, then the connection breaks
    LATE = auto()  # the turn is saved, but the answer comes when nobody waits any more
    HANG = auto()  # no answer, nothing is saved
    AWAY = auto()  # the connection breaks, nothing is saved


@dataclass(frozen=True)
class Received:
    conversation: str
    message: str
    metadata: dict


def say(text, buttons=(), **turn):
    """What an answering action says: a text, and the log of its turn."""
    message = {"text": text, "buttons": list(buttons)} if buttons else {"text": text}
    return [message, {"custom": {"turn": turn or {"outcome": "form"}}}]


def echo(received):
    return say(f"Đã nghe: {received.message}")


class FakeRasa(FakeServer):
    """Set `answer`, `faults` (one for each coming turn), `*_away`, `in_form`; see `received`, `events`, `asked`."""

    def __init__(self):
        self.answer = echo
        self.faults = deque()
        self.away = False
        self.actions_away = False
        self.health_asked = 0
        self.asked = 0
        self.received = []
        self.events = defaultdict(list)
        self.in_form = set()
        # What each turn does to slots and forms.
        self.moves = []
        self.overlapped = False
        self._running = set()
        super().__init__(_Handler)
        self.actions_url = f"{self.url}/actions"

    def kept(self, conversation):
        """The citizen's messages, one that was run again counted once."""
        said = [event for event in self.events[conversation] if event["event"] == "user"]
        return list({event["metadata"].get("inbox_id"): event["text"] for event in said}.values())

    def remember(self, received, messages):
        """Save a turn as the tracker does."""
        action = {"event": "action", "name": "action_listen"}
        user = {"event": "user", "text": received.message, "parse_data": {}, "input_channel": "rest"}
        user["metadata"] = {**received.metadata, "model_id": "m"}
        bots = [_bot_event(message) for message in messages]
        self.events[received.conversation] += [action, user, *self.moves, *bots]

    def take_turn(self, received):
        """What the REST channel answers, or the fault that meets the connection."""
        self.overlapped |= received.conversation in self._running
        self._running.add(received.conversation)
        self.received.append(received)
        fault = self.faults.popleft() if self.faults else None
        messages = self.answer(received) if fault in (None, Fault.LOST, Fault.LATE) else []
        if fault in (None, Fault.LOST, Fault.LATE, Fault.SILENT):
            self.remember(received, messages)
        self._running.discard(received.conversation)
        return fault, [part for message in messages for part in _rest_messages(received.conversation, message)]


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        self.fake.asked += 1
        path = urlsplit(self.path).path
        if path == "/actions/health":
            self.fake.health_asked += 1
            return self._break() if self.fake.actions_away else self._send(200, {"status": "ok"})
        if self.fake.away:
            return self._break()
        if not self._knows_token():
            return self._send(401, {"reason": "NotAuthenticated"})
        conversation = _conversation_in(path, "/tracker")
        tracker = {"active_loop": {"name": "complaint_form"} if conversation in self.fake.in_form else {}}
        if parse_qs(urlsplit(self.path).query).get("include_events") != ["NONE"]:
            tracker["events"] = self.fake.events[conversation]
        return self._send(200, tracker)

    def do_POST(self):
        path = urlsplit(self.path).path
        body = json.loads(self.body())
        if self.fake.away:
            return self._break()
        if path == "/webhooks/rest/webhook":
            return self._turn(Received(body["sender"], body["message"].strip(), body.get("metadata") or {}))
        if not self._knows_token():
            return self._send(401, {"reason": "NotAuthenticated"})
        self.fake.events[_conversation_in(path, "/tracker/events")] += body if isinstance(body, list) else [body]
        return self._send(200, {})

    def do_DELETE(self):
        query = parse_qs(urlsplit(self.path).query)
        if self.fake.away:
            return self._break()
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._send(403, {})
        if "before" in query:
            return self._send(200, {"forgotten": len(self.fake.events)})
        return self._send(200, {"forgotten": len(self.fake.events.pop(query["conversation"][0], ()))})

    def _turn(self, received):
        fault, messages = self.fake.take_turn(received)
        if fault in (Fault.LATE, Fault.HANG):
            self.fake.wait_for_the_end()
        if fault in (None, Fault.CRASH, Fault.SILENT):
            return self._send(200, messages)
        return self._send(500, {}) if fault is Fault.ERROR else self._break()

    def _send(self, status, content):
        raw = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _break(self):
        self.close_connection = True

    def _knows_token(self):
        return parse_qs(urlsplit(self.path).query).get("token") == [TOKEN]


def _conversation_in(path, ending):
    # Not decoded, as Rasa's web server does not.
    return path.removeprefix("/conversations/").removesuffix(ending)


def _bot_event(message):
    data = {
        name: message.get(name) for name in ("elements", "quick_replies", "buttons", "attachment", "image", "custom")
    }
    return {"event": "bot", "text": message.get("text"), "data": data, "metadata": {}}


def _rest_messages(conversation, message):
    """The REST channel cuts a text at its blank lines; the buttons go with the last part."""
    parts = [part for part in (message.get("text") or "").split("\n\n") if part] or [None]
    for number, part in enumerate(parts, 1):
        shown = {"text": part, "recipient_id": conversation}
        if number == len(parts):
            shown.update({name: message.get(name) for name in ("buttons", "custom")})
        yield {name: value for name, value in shown.items() if value}
