"""A small national portal over HTTP: the list with its paging and single procedures, as its interface is described."""

import json
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from time import monotonic

from tests.fakes.server import FakeServer, Quiet

LIST = "/submitting/formality/list-all-formality-by-citizen"
DETAIL = "/configuring/formality/get-formality-by-citizen"


class Fault(Enum):
    """What may happen to one request, in place of an answer."""

    HANG = auto()  # no answer
    AWAY = auto()  # the connection breaks
    BUSY = auto()  # 429, to be left alone for a while
    ERROR = auto()  # 500
    FORBIDDEN = auto()  # 403, as a firewall does
    GONE = auto()  # 404
    CUT = auto()  # 200 with JSON that ends in the middle
    HTML = auto()  # 200 with a page for people
    NO_DATA = auto()  # 200, {code: OK} and nothing in it
    REFUSED = auto()  # 200, another code than OK
    OTHER = auto()  # 200 with another procedure


@dataclass(frozen=True)
class Request:
    path: str
    body: dict
    agent: str
    at: float


class FakePortal(FakeServer):
    """Give it `details` and list `rows`; set `faults`, one for each coming request; look at `requests`."""

    def __init__(self, details, rows, page_size=2, retry_after="3"):
        self.details = {record["id"]: record for record in details}
        self.rows = list(rows)
        self.page_size = page_size
        self.retry_after = retry_after
        self.endless = False
        self.faults = deque()
        self.requests = []
        super().__init__(_Handler)
        self.url += "/api/v1"

    def asked(self, path=DETAIL):
        """The ids that were asked for, or the places in the list."""
        key = "id" if path == DETAIL else "lastId"
        return [request.body.get(key, "") for request in self.requests if request.path == path]

    def answer(self, path, body):
        if path == DETAIL:
            record = self.details.get(body["id"])
            return wrap(record) if record else wrap(None, "NOT_FOUND", "không có")
        ids = [row["id"] for row in self.rows]
        start = ids.index(body["lastId"]) + 1 if body.get("lastId") in ids else 0
        if self.endless and start >= len(ids):
            start = 0
        items = self.rows[start : start + min(self.page_size, body["limit"])]
        return wrap({"items": items, "lastId": items[-1]["id"] if items else None, "total": len(ids)})


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.body())
        path = self.path.removeprefix("/api/v1")
        self.fake.requests.append(Request(path, body, self.headers["User-Agent"], monotonic()))
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault is Fault.HANG:
            self.fake.wait_for_the_end()
        if fault in (Fault.HANG, Fault.AWAY):
            self.close_connection = True
            return
        self._send(*self._answer(fault, path, body))

    def _answer(self, fault, path, body):
        raw = json.dumps(self.fake.answer(path, body)).encode()
        special = {
            Fault.BUSY: (429, b"{}"),
            Fault.ERROR: (500, b"{}"),
            Fault.FORBIDDEN: (403, b"{}"),
            Fault.GONE: (404, b"{}"),
            Fault.CUT: (200, raw[:-30]),
            Fault.HTML: (200, b"<html></html>"),
            Fault.NO_DATA: (200, json.dumps(wrap(None)).encode()),
            Fault.REFUSED: (200, json.dumps(wrap(None, "DENIED", "bận")).encode()),
            Fault.OTHER: (200, json.dumps(wrap({"id": "x"})).encode()),
        }
        return special.get(fault, (200, raw))

    def _send(self, status, raw):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        if status == 429:
            self.send_header("Retry-After", self.fake.retry_after)
        self.end_headers()
        self.wfile.write(raw)


def wrap(data, code="OK", message=""):
    return {"code": code, "data": data, "message": message}
