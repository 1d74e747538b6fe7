"""The small Telegram's side of HTTP: the Bot API's methods, files, and `/sim/` for who plays citizens by hand."""

import json
import socket
import struct
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.server import Quiet
from tests.fakes.telegram_faults import UNAUTHORIZED, Fault


class Handler(Quiet, BaseHTTPRequestHandler):
    # One write for head and body: two would wait for each other's acknowledgement.
    wbufsize = -1

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def _answer(self):
        url = urlsplit(self.path)
        raw = self.body()
        if url.path.startswith("/file/bot"):
            return self._give_file(unquote(url.path).removeprefix("/file/bot"))
        if url.path.startswith("/sim/"):
            return self._send(200, json.dumps(_simulate(self.fake, url.path, raw)).encode())
        token, _, method = url.path.removeprefix("/bot").partition("/")
        if token != self.fake.token:
            return self._fail(UNAUTHORIZED)
        given = {**dict(parse_qsl(url.query)), **_read_form(self.headers, raw)}
        answer = self.fake.call(method, given)
        return self._fail(answer) if isinstance(answer, Fault) else self._send(200, json.dumps(answer).encode())

    def _give_file(self, rest):
        token, _, path = rest.partition("/")
        self.fake.given.append(path)
        content = self.fake.content_at(path) if token == self.fake.token else None
        return self._send(404, b"") if content is None else self._send(200, content, "application/octet-stream")

    def _fail(self, fault):
        if fault.hang:
            self.fake.wait_for_the_end()
        if fault.hang or fault.away:
            # A connection that breaks, not one that ends.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return None
        if fault.raw:
            return self._send(fault.status, fault.raw, "text/html")
        body = {"ok": False, "error_code": fault.status, "description": fault.description}
        if fault.parameters:
            body["parameters"] = fault.parameters
        return self._send(fault.status, json.dumps(body).encode())

    def _send(self, status, raw, media_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _read_form(headers, raw):
    kind = headers.get("Content-Type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    if kind.startswith("application/json"):
        return json.loads(raw or b"{}")
    if kind.startswith("multipart/form-data"):
        parts = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw).iter_parts()
        return {part.get_param("name", header="content-disposition"): _content(part) for part in parts}
    return {}


def _content(part):
    """The text of a field, or name and bytes of a file."""
    content = part.get_payload(decode=True)
    return (part.get_filename(), content) if part.get_filename() else content.decode()


def _simulate(fake, path, raw):
    given = json.loads(raw or b"{}")
    if path == "/sim/message":
        return fake.citizen(int(given["chat"])).write(given["text"])
    if path == "/sim/tap":
        return fake.citizen(int(given["chat"])).tap(given["title"])
    chat = int(path.removeprefix("/sim/chat/"))
    sent = [one for one in list(fake.sent) if one.chat == chat]
    return [{"text": one.text, "buttons": [button["text"] for button in one.buttons]} for one in sent]
