"""The Zalo Bot Platform over HTTP. `python -m tests.fakes.zalo_bot --port N` runs it alone; see `/fake/sent`."""

import argparse
import json
import queue
import threading
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler

import httpx

from tests.fakes.server import FakeServer, Quiet

TOKEN = "12345689:abc-xyz"


class Fault(Enum):
    """What may happen to one message on its way."""

    LATE = auto()  # delivered, and the answer never comes
    LOST = auto()  # not delivered, and the answer never comes
    BROKEN = auto()  # not delivered, the connection breaks
    DOWN = auto()  # 502 with a page for people


@dataclass(frozen=True)
class Http:
    """A status of HTTP with a page for people, as a server in front answers."""

    status: int


class FakeZaloBot(FakeServer):
    """Set `faults` (faults, error codes or `Http`, one for each coming message); look at `sent` as (chat id, text).

    `delete_fault` is what deleteWebhook meets; while `unknown`, everything is answered 404.
    """

    def __init__(self, port=0, poll_seconds=0.2, wrapped=True):
        self.faults, self.poll_faults = deque(), deque()
        self.sent, self.asked = [], []
        self.webhook = None
        self.delete_fault, self.unknown = None, False
        self.poll_seconds = poll_seconds
        self.wrapped = wrapped
        self.files = {}
        self._updates = queue.Queue()
        super().__init__(_Handler, port)

    def wrote(self, update):
        """Somebody wrote: pushed to the webhook when there is one, else kept for the next who asks."""
        body = {"ok": True, "result": update} if self.wrapped else update
        if self.webhook is None:
            return self._updates.put(update)
        headers = {"X-Bot-Api-Secret-Token": self.webhook["secret_token"]}
        return httpx.post(self.webhook["url"], json=body, headers=headers, timeout=2, trust_env=False).status_code

    def texts(self, chat_id):
        return [text for chat, text in self.sent if chat == chat_id]

    def call(self, method, body):
        """(answer, fault) of a method."""
        if self.unknown:
            return _bad(404), None
        if method == "getMe":
            return _good({"id": "1459232241454765289", "account_name": "bot.thu", "account_type": "BASIC"}), None
        if method == "getUpdates":
            return self._poll()
        if method == "setWebhook":
            if not body["url"].startswith("https://") or not 8 <= len(body["secret_token"]) <= 256:
                return _bad(400), None
            self.webhook = body
            return _good({"url": body["url"], "updated_at": 1}), None
        if method == "deleteWebhook":
            self.webhook = None
            return _bad(self.delete_fault) if self.delete_fault else _good({}), None
        if method == "sendChatAction":
            return {"ok": True}, None
        return self._send_message(body) if method == "sendMessage" else (_bad(404), None)

    def _poll(self):
        if self.poll_faults:
            fault = self.poll_faults.popleft()
            return (None, fault) if isinstance(fault, Http) else (_bad(fault), None)
        try:
            # One update, no list, and given out once.
            return _good(self._updates.get(timeout=self.poll_seconds)), None
        except queue.Empty:
            return _bad(408), None

    def _send_message(self, body):
        fault = self.faults.popleft() if self.faults else None
        if isinstance(fault, int):
            return _bad(fault), None
        if not 1 <= len(body["text"]) <= 2000:
            return _bad(400), None
        if fault in (None, Fault.LATE):
            self.sent.append((body["chat_id"], body["text"]))
        return _good({"message_id": f"{len(self.sent):020x}", "date": 1749632637199}), fault


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/fake/sent":
            return self._send(self.fake.sent)
        if self.path.startswith("/files/"):
            content = self.fake.files.get(self.path.removeprefix("/files/"))
            return self._send(content or b"", 200 if content is not None else 404)
        return self.do_POST()

    def do_POST(self):
        raw = self.body()
        token, _, method = self.path.removeprefix("/bot").rpartition("/")
        self.fake.asked.append(method)
        if token != TOKEN:
            return self._send(_bad(401))
        answer, fault = self.fake.call(method, json.loads(raw or b"{}"))
        if fault in (Fault.LATE, Fault.LOST):
            self.fake.wait_for_the_end()
        if fault in (Fault.LATE, Fault.LOST, Fault.BROKEN):
            self.close_connection = True
            return None
        status = fault.status if isinstance(fault, Http) else 502
        return self._send(b"<html></html>", status) if fault else self._send(answer)

    def _send(self, content, status=200):
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _good(result):
    return {"ok": True, "result": result}


def _bad(code):
    return {"ok": False, "error_code": code, "description": "no"}


def main():
    """Run it alone until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    fake = FakeZaloBot(parser.parse_args().port, poll_seconds=30)
    with fake.serving():
        print(fake.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
