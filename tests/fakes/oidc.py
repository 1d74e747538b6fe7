"""A small OpenID Connect provider over HTTP: discovery, keys, the page that sends browsers back, tokens."""

import base64
import contextlib
import hashlib
import json
import secrets
import time
from collections import deque
from enum import Enum, auto
from functools import cache
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.fakes.server import FakeServer, Quiet

CLIENT, SECRET = "motcua", "bí mật:+/ của trung tâm".encode().hex()


class Fault(Enum):
    """What may happen to one request, in place of an answer."""

    HANG = auto()  # no answer
    AWAY = auto()  # the connection breaks
    ERROR = auto()  # 500
    HTML = auto()  # 200 with a page for people
    LARGE = auto()  # 200 with more than any answer
    LIST = auto()  # 200, JSON of another shape


class FakeProvider(FakeServer):
    """Set `person` (claims of who logs in); change `document`, `claims`, `faults`; sign with another `key`."""

    def __init__(self):
        self.key = make_key("one")
        self.shown = [self.key]
        self.person = {"sub": "u-1", "email": "hoa@tayninh.example", "email_verified": True}
        self.claims, self.document, self.faults = {}, {}, deque()
        self.algorithm = "RS256"
        self.asked, self.forms, self.requests = [], [], 0
        self.token = None
        self.clock = time.time
        self._codes = {}
        super().__init__(_Handler)

    @property
    def issuer(self):
        return self.url

    def describe(self):
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            **self.document,
        }

    def keys(self):
        return {"keys": [key.as_dict(private=False) for key in self.shown]}

    def change_key(self, name="two"):
        """Sign with a new key from now on, and show it alone."""
        self.key = make_key(name)
        self.shown = [self.key]

    def authorize(self, address):
        """Where the browser is sent back to after somebody logged in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.asked.append(asked)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        given = {"code": code, "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(given)}"

    def exchange(self, form, authorization):
        """(status, answer) to a code."""
        self.forms.append(form)
        asked = self._codes.pop(form.get("code"), None)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ":"
        client, secret = (unquote(part) for part in pair.split(":"))
        if (form.get("client_id", client), form.get("client_secret", secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != base64.urlsafe_b64encode(challenge).decode().rstrip("=")
        ):
            return 400, {"error": "invalid_grant"}
        token = self.sign(asked) if self.token is None else self.token
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token}

    def sign(self, asked):
        moment = int(self.clock())
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": asked["nonce"], "iat": moment, "exp": moment + 300}
        claims = {**claims, **self.person, **self.claims}
        header = {"alg": self.algorithm, **({"kid": self.key.kid} if self.key.kid else {})}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])


@cache
def make_key(name, kind="RSA"):
    if kind == "EC":
        return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def make_shared_key(text):
    """A key of both sides, such as the client's secret, under the name of the provider's own."""
    return OctKey.import_key(text, {"kid": "one"})


class _Handler(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        if self._hit():
            return None
        path = urlsplit(self.path).path
        if path == "/.well-known/openid-configuration":
            return self._answer(200, self.fake.describe())
        if path == "/keys":
            return self._answer(200, self.fake.keys())
        if path == "/authorize":
            return self._send_back(self.fake.authorize(self.path))
        return self._answer(404, {})

    def do_POST(self):
        body = self.body().decode()
        if self._hit():
            return
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(*self.fake.exchange(form, self.headers.get("Authorization", "")))

    def _send_back(self, address):
        self.send_response(302)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _hit(self):
        self.fake.requests += 1
        fault = self.fake.faults.popleft() if self.fake.faults else None
        if fault is Fault.HANG:
            self.fake.wait_for_the_end()
        if fault in (Fault.HANG, Fault.AWAY):
            self.close_connection = True
        elif fault is Fault.ERROR:
            self._answer(500, {"error": "server_error"})
        elif fault is Fault.LIST:
            self._answer(200, [["issuer", self.fake.issuer]])
        elif fault:
            self._send(200, b"<html>" + b" " * (1_000_000 if fault is Fault.LARGE else 1), "text/html")
        return fault is not None

    def _answer(self, status, body):
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status, content, kind):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        # Who has read enough goes away.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)
