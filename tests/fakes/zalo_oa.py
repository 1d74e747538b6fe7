"""A Zalo Official Account over HTTP: OAuth, messages, quotas, templates, uploads, files, and events pushed with their
signature. Errors are in the body of a 200. `python -m tests.fakes.zalo_oa --port N` runs it alone; see `/fake/…`."""

import argparse
import base64
import hashlib
import hmac
import itertools
import json
import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.parser import BytesParser
from email.policy import HTTP
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tests.fakes import zalo_checks
from tests.fakes.server import FakeServer, Quiet
from tests.fakes.zalo_checks import error
from tests.fakes.zalo_events import APP_ID, OA_ID

APP_SECRET = "app-s3cret-0f-the-fake"
FIRST_REFRESH, FIRST_ACCESS = "refresh-0", "access-0"
LIFETIME = 90_000
DOCUMENTS = (
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/csv",
)


class Fault(Enum):
    """What may happen to one message on its way."""

    LATE = auto()  # delivered, and the answer never comes
    LOST = auto()  # not delivered, and the answer never comes
    BROKEN = auto()  # not delivered, the connection breaks
    DOWN = auto()  # 502 with a page for people


@dataclass(frozen=True)
class Sent:
    """One message that a citizen sees."""

    number: int
    user_id: str
    message: dict
    fault: str | None = None

    @property
    def text(self):
        return self.message.get("text", "")

    @property
    def upload(self):
        """What of the uploads the message names."""
        payload = self.message.get("attachment", {}).get("payload", {})
        return payload.get("token") or next((one["attachment_id"] for one in payload.get("elements", ())), None)

    @property
    def buttons(self):
        return self.message.get("attachment", {}).get("payload", {}).get("buttons", [])


@dataclass(frozen=True)
class Uploaded:
    """A file that was uploaded."""

    kind: str
    name: str
    media_type: str
    content: bytes


@dataclass
class Token:
    ends: float
    calls: int | None


@dataclass
class Refresh:
    """What is known of a refresh token; `answers` counts how often it was shown after it had served."""

    used: bool = False
    again: int = 0
    answered: bool = True


@dataclass
class Rules:
    """How it behaves; each may be changed while it runs.

    Attributes:
        calls: calls that an access token serves for, None for no end.
        faults: faults and error codes, one for each coming message; None lets it pass.
        quota_faults: error codes, one for each coming question about window and quota.
        shares: fault or code → share of messages that it meets, by chance.
        grants: faults for each coming renewal: "late" serves and never answers, "refused" and "down" do not serve.
        calls_a_minute: of all to the account's interface, before -32; minutes are those of the fake's clock.
        quota: user id → messages left before -211; between 48 hours and seven days the package goes on.
        last_interaction: user id → when they last did what opens their window, None for never; others just now.
        errors: user id → code that every message meets.
        proof: whether `appsecret_proof` is demanded.
        renewable: whether a refresh token is given with an access token.
        account: what is left of the account's package, None for messages that need none of it.
        buttons: code that messages with buttons meet, None to take them.
        upload_faults: faults and error codes, one for each coming upload; 429 and 500 are HTTP's.
        parameters: what the template names, each with the most characters that it takes.
        nested: whether templates name their reader within `recipient`.
        uploads_end: how many of the coming uploads have ended by the time a message names them.
    """

    lifetime: float = LIFETIME
    calls: int | None = None
    faults: deque = field(default_factory=deque)
    template_faults: deque = field(default_factory=deque)
    quota_faults: deque = field(default_factory=deque)
    shares: dict = field(default_factory=dict)
    grants: deque = field(default_factory=deque)
    calls_a_minute: int = zalo_checks.MOST_A_MINUTE
    quota: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)
    last_interaction: dict = field(default_factory=dict)
    proof: bool = False
    renewable: bool = True
    account: int | None = None
    buttons: int | None = None
    upload_faults: deque = field(default_factory=deque)
    parameters: dict = field(default_factory=lambda: {"code": 30})
    nested: bool = False
    uploads_end: int = 0


class FakeZaloOA(FakeServer):
    """Set `rules`; look at `sent`, `templates`, `renewals` and `violations`."""

    def __init__(self, port=0, seed=0, clock=lambda: datetime.now(timezone.utc), **rules):
        self.rules, self.clock = Rules(**rules), clock
        self.sent, self.templates, self.uploads, self.asked = [], [], [], []
        self.files, self.redirects = {}, {}
        # What has been uploaded and can be named in a message.
        self.alive = {}
        self.renewals, self.violations, self.codes = [], [], {}
        # Called when tokens were given out and the answer is not on its way yet.
        self.on_grant = None
        self.access = {FIRST_ACCESS: Token(time.monotonic() + self.rules.lifetime, self.rules.calls)}
        self.refresh = {FIRST_REFRESH: Refresh()}
        self._numbers, self._pairs = itertools.count(1), itertools.count(1)
        self._minute, self._calls = None, 0
        self._random, self._lock = random.Random(seed), threading.RLock()
        super().__init__(_Handler, port)

    def consent(self, challenge, code="code-1"):
        """An administrator agrees; the code serves once."""
        self.codes[code] = challenge
        return code

    def expire(self):
        """Every access token has ended."""
        with self._lock:
            for token in self.access.values():
                token.ends = 0.0

    def hear(self, user_id, **ago):
        """The person did something that opens their window, so long ago."""
        with self._lock:
            self.rules.last_interaction[user_id] = self.clock() - timedelta(**ago)

    def texts(self, user_id):
        return [one.text for one in self.sent if one.user_id == user_id]

    def report(self):
        """What a storm wants to know of it."""
        with self._lock:
            return {
                "sent": len(self.sent),
                "late": sum(one.fault == "LATE" for one in self.sent),
                "templates": len(self.templates),
                "renewals": len(self.renewals),
                "violations": list(self.violations),
                "reused": {name: one.again for name, one in self.refresh.items() if one.again},
            }

    # OAuth

    def grant(self, headers, form):
        """What the token endpoint answers: (status, body), or None for no answer."""
        with self._lock:
            fault = self.rules.grants.popleft() if self.rules.grants else None
            if headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
                return 200, _no_grant(-14004, "Invalid secret key")
            if fault == "down":
                return 502, "<html>bad gateway</html>"
            if fault == "refused":
                return 200, _no_grant(-14020, "Invalid refresh token")
            if form.get("grant_type") == "authorization_code":
                return 200, self._grant_for_code(form)
            answer = self._grant_for_token(form.get("refresh_token", ""), fault)
            return None if fault == "late" else (200, answer)

    def _grant_for_code(self, form):
        challenge = self.codes.pop(form.get("code"), None)
        raw = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if challenge != base64.urlsafe_b64encode(raw).decode().rstrip("="):
            return _no_grant(-14019, "Invalid code")
        return self._new_pair()

    def _grant_for_token(self, token, fault):
        self.renewals.append(token)
        known = self.refresh.get(token)
        if known is None:
            return _no_grant(-14020, "Invalid refresh token")
        if known.used:
            known.again += 1
            if known.answered:
                self.violations.append(f"{token} was used again")
            return _no_grant(-14020, "Invalid refresh token")
        known.used, known.answered = True, fault != "late"
        # The harsh way: the pair before is worth nothing from this moment on.
        self.access.clear()
        return self._new_pair()

    def _new_pair(self):
        number = next(self._pairs)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.access[access] = Token(time.monotonic() + self.rules.lifetime, self.rules.calls)
        self.refresh[refresh] = Refresh()
        # A text, as documented.
        pair = {"access_token": access, "refresh_token": refresh, "expires_in": str(int(self.rules.lifetime))}
        return pair if self.rules.renewable else {**pair, "refresh_token": None}

    def door(self, headers):
        """The error that these headers meet, None when they are let in."""
        with self._lock:
            if self._is_one_too_many():
                return error(-32, "Your application reached limit call api")
            name = headers.get("access_token", "")
            if headers.get("Authorization"):
                self.violations.append("a token in the Authorization header")
            token = self.access.get(name)
            if token is None:
                return error(-216, "Access token is invalid")
            if token.ends <= time.monotonic() or token.calls == 0:
                return error(-220, "access_token is expired or removed")
            proof = hmac.new(APP_SECRET.encode(), name.encode(), hashlib.sha256).hexdigest()
            if self.rules.proof and headers.get("appsecret_proof") != proof:
                return error(-242, "Invalid appsecret_proof provided in the API argument")
            if token.calls is not None:
                token.calls -= 1
            return None

    def _is_one_too_many(self):
        minute = self.clock().replace(second=0, microsecond=0)
        self._calls = self._calls + 1 if minute == self._minute else 1
        self._minute = minute
        return self._calls > self.rules.calls_a_minute

    def is_sent_as(self, kind, headers):
        """Whether the header names the kind of body that is documented."""
        given = (headers.get("Content-Type") or "").partition(";")[0].strip()
        if given != kind:
            self.violations.append(f"{given or 'nothing'} in place of {kind}")
        return given == kind

    # Messages

    def message(self, body):
        """(answer, fault) of a consultation message."""
        with self._lock:
            fault = self._fault()
            user_id = body.get("recipient", {}).get("user_id")
            refused = zalo_checks.check_message(body, self.alive) or self._refusal(user_id)
            if self.rules.buttons and "buttons" in body["message"].get("attachment", {}).get("payload", {}):
                refused = refused or error(self.rules.buttons, "attachment is invalid!")
            if isinstance(fault, int):
                refused = refused or error(fault, "scripted")
            if refused or fault in (Fault.LOST, Fault.BROKEN, Fault.DOWN):
                return refused, None if refused else fault
            number = next(self._numbers)
            self.sent.append(Sent(number, user_id, body["message"], fault.name if fault else None))
            data = {"message_id": f"m{number}", "user_id": user_id, "quota": self._take_quota(user_id)}
            return {"data": data, "error": 0, "message": "Success"}, fault

    def upload(self, kind, name, media_type, content):
        """The answer to a file."""
        most, taken = (1, ("image/jpeg", "image/png")) if kind == "image" else (5, DOCUMENTS)
        if media_type not in taken or len(content) > most * 1024 * 1024:
            return error(-210, "Parameter exceeds allowable limit")
        with self._lock:
            self.uploads.append(Uploaded(kind, name, media_type, content))
            number = f"{kind}-{len(self.uploads)}"
            if self.rules.uploads_end:
                self.rules.uploads_end -= 1
            else:
                self.alive[number] = self.uploads[-1]
        data = {"attachment_id": number} if kind == "image" else {"token": number}
        return {"data": data, "error": 0, "message": "Success"}

    def template(self, body):
        """(answer, fault) of a template by user id."""
        with self._lock:
            fault = self.rules.template_faults.popleft() if self.rules.template_faults else None
            if isinstance(fault, int):
                return error(fault, "scripted"), None
            reader = body.get("recipient", {}) if self.rules.nested else body
            if not isinstance(reader.get("user_id"), str) or not body.get("template_id"):
                return error(-201, "user_id is invalid!"), None
            wrong = zalo_checks.check_template(body.get("template_data", {}), self.rules.parameters)
            if wrong:
                return wrong, None
            if fault in (None, Fault.LATE):
                self.templates.append(body)
            return {"data": {"message_id": f"t{len(self.templates)}"}, "error": 0, "message": "Success"}, fault

    def quota(self, body):
        """The answer to a look at window and quota."""
        if self.rules.quota_faults:
            return error(self.rules.quota_faults.popleft(), "scripted")
        user_id = body.get("user_id")
        last = self._last_interaction(user_id)
        told = {"last_interaction": str(int(last.timestamp() * 1000))} if last else {}
        remain = self.rules.quota.get(user_id, 8)
        return {"data": {**told, "cs_reply": {"remain": remain, "total": 8}}, "error": 0}

    def _last_interaction(self, user_id):
        return self.rules.last_interaction.get(user_id, self.clock())

    def _fault(self):
        if self.rules.faults:
            return self.rules.faults.popleft()
        dice = self._random.random()
        for fault, share in self.rules.shares.items():
            if dice < share:
                return fault
            dice -= share
        return None

    def _refusal(self, user_id):
        if user_id in self.rules.errors:
            return error(self.rules.errors[user_id], "as told")
        last = self._last_interaction(user_id)
        silent = None if last is None else self.clock() - last
        return zalo_checks.check_window(silent, self.rules.quota.get(user_id), self.rules.account)

    def _take_quota(self, user_id):
        if self.rules.account is not None:
            self.rules.account -= 1
            return {"quota_type": "sub_quota", "remain": str(self.rules.account), "total": "500"}
        if user_id in self.rules.quota:
            self.rules.quota[user_id] -= 1
        return {"quota_type": "reply", "remain": str(self.rules.quota.get(user_id, 8)), "total": "8"}


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/fake/report":
            return self._send(self.fake.report())
        if url.path == "/fake/sent":
            later = self.fake.sent[int(asked.get("after", 0)) :]
            return self._send([{"user_id": s.user_id, "message": s.message, "fault": s.fault} for s in later])
        if url.path in self.fake.redirects:
            return self._send(b"", 302, {"Location": self.fake.redirects[url.path]})
        if url.path.startswith("/files/"):
            content = self.fake.files.get(url.path.removeprefix("/files/"))
            return self._send(content or b"", 200 if content is not None else 404)
        closed = self.fake.door(self.headers)
        if closed:
            return self._send(closed)
        if url.path == "/v2.0/oa/getoa":
            return self._send({"data": {"oa_id": OA_ID, "name": "Trung tâm thử"}, "error": 0, "message": "Success"})
        if url.path == "/v3.0/oa/user/detail":
            user = json.loads(asked["data"])["user_id"]
            return self._send({"data": {"user_id": user, "display_name": "Người thử"}, "error": 0})
        return self._send(error(-209, "Not supported this api"))

    def do_POST(self):
        path = urlsplit(self.path).path
        raw = self.body()
        self.fake.asked.append(path)
        if path == "/fake/expire":
            self.fake.expire()
            return self._send({})
        if path == "/v4/oa/access_token":
            said = parse_qs(raw.decode()) if self.fake.is_sent_as(zalo_checks.FORM, self.headers) else {}
            return self._answer(self.fake.grant(self.headers, {name: values[0] for name, values in said.items()}))
        closed = self.fake.door(self.headers)
        if closed:
            return self._send(closed)
        if path.startswith("/v2.0/oa/upload/"):
            return self._upload(path.rpartition("/")[2], raw)
        body = json.loads(raw)
        if path == "/v3.0/oa/message/cs":
            if not self.fake.is_sent_as(zalo_checks.JSON, self.headers):
                return self._send(error(-201, "Content-Type is invalid!"))
            return self._message(*self.fake.message(body))
        if path == "/v3.0/oa/message/template":
            return self._message(*self.fake.template(body))
        known = path == "/v3.0/oa/quota/message"
        return self._send(self.fake.quota(body) if known else error(-209, "Not supported this api"))

    def _upload(self, kind, raw):
        fault = self.fake.rules.upload_faults.popleft() if self.fake.rules.upload_faults else None
        if fault in (429, 500):
            return self._send(b"<html>busy</html>", fault)
        if fault is not None:
            return self._message(error(fault, "scripted") if isinstance(fault, int) else {}, fault)
        form = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode() + raw
        (part,) = BytesParser(policy=HTTP).parsebytes(form).iter_parts()
        assert part.get_param("name", header="content-disposition") == "file"
        content = part.get_payload(decode=True)
        return self._send(self.fake.upload(kind, part.get_filename(), part.get_content_type(), content))

    def _message(self, answer, fault):
        if fault in (Fault.LATE, Fault.LOST):
            self.fake.wait_for_the_end()
        if fault in (Fault.LATE, Fault.LOST, Fault.BROKEN):
            self.close_connection = True
            return
        if fault is Fault.DOWN:
            self._send(b"<html>bad gateway</html>", 502)
            return
        self._send(answer)

    def _answer(self, granted):
        if self.fake.on_grant:
            self.fake.on_grant()
        if granted is None:
            self.fake.wait_for_the_end()
            self.close_connection = True
            return
        status, body = granted
        self._send(body.encode() if isinstance(body, str) else body, status)

    def _send(self, content, status=200, headers=None):
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)


def _no_grant(code, name):
    return {"error": code, "error_name": name, "error_description": name, "ref_doc": ""}


def main():
    """Run it alone until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--lifetime", type=float, default=LIFETIME, help="seconds that an access token serves")
    parser.add_argument("--calls", type=int, help="calls that an access token serves for")
    parser.add_argument("--fail", type=float, default=0.0, help="share of messages that meet a fault")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    kinds = (-32, -200, Fault.DOWN, Fault.BROKEN, Fault.LATE, Fault.LOST)
    shares = {kind: given.fail / len(kinds) for kind in kinds} if given.fail else {}
    fake = FakeZaloOA(given.port, given.seed, lifetime=given.lifetime, calls=given.calls, shares=shares)
    with fake.serving():
        print(fake.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
