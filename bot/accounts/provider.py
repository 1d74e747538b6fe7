"""An OpenID Connect provider that officers may log in with: authorisation code with PKCE, state and nonce.

Where its pages and keys are is asked of the provider itself (discovery) and kept for an hour.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
from joserfc.jwk import KeySet

from bot.accounts.errors import ProviderDownError, ProviderRefusedError, StaleLogInError, WaitError
from bot.accounts.id_tokens import Expected, read_keys, read_token
from bot.accounts.identities import Identity
from bot.accounts.passwords import RETRY_AFTER
from bot.database import Cipher, DatabaseError, now
from bot.settings import OidcSettings

KEPT, ASKED_AGAIN, LONGEST_LOG_IN = timedelta(hours=1), timedelta(minutes=1), timedelta(minutes=10)
# A provider that hangs must not take the threads that citizens' pages need.
TIMEOUT, AT_ONCE, _PATIENCE = 5.0, 4, 0.5
LEFT_ALONE = timedelta(seconds=5)
MOST_BYTES = 300_000
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Flow:
    """One log-in on its way: what the browser keeps, sealed, until it comes back.

    Attributes:
        began: seconds since 1970.
        before: the digest of the session that the browser had then, empty for none.
    """

    state: str
    nonce: str
    verifier: str
    began: int
    before: str = ""

    def seal(self, cipher: Cipher) -> str:
        """As it goes into a cookie."""
        return cipher.seal(json.dumps(asdict(self))).decode()


@dataclass(frozen=True)
class _Known:
    """What the provider said about itself."""

    document: dict[str, Any]
    keys: KeySet
    asked: datetime


class Provider:
    """The provider of this installation.

    Args:
        redirect_uri: where it sends people back to; known to the provider, letter by letter.
        clock: the moment it is.
    """

    def __init__(
        self,
        settings: OidcSettings,
        redirect_uri: str,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.settings, self.redirect_uri = settings, redirect_uri
        self._clock = clock
        self._client = httpx.Client(timeout=timeout, trust_env=False, headers={"Accept": "application/json"})
        self._turns, self._asking = threading.BoundedSemaphore(AT_ONCE), threading.Lock()
        self._known: _Known | None = None
        self._leave_alone_until = clock()

    def begin(self, before: str = "") -> tuple[Flow, str]:
        """A new log-in, and the provider's page to send the browser to.

        Args:
            before: the digest of the session that ends when the log-in has come to its own.

        Raises:
            ProviderDownError: nobody knows where that is.
            WaitError: many log in at this moment.
        """
        place = self._place(self._find_out().document, "authorization_endpoint")
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        flow = Flow(state, nonce, verifier, int(self._clock().timestamp()), before)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.settings.scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if self.settings.acr:
            asked["acr_values"] = " ".join(self.settings.acr)
        return flow, f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"

    def open_flow(self, cipher: Cipher, sealed: str, state: str) -> Flow:
        """The log-in that a browser comes back from.

        Raises:
            StaleLogInError: it was begun in no browser, in another one, or too long ago.
        """
        try:
            flow = Flow(**json.loads(cipher.unseal(sealed.encode(errors="replace"))))
        except (DatabaseError, ValueError, TypeError) as error:
            raise StaleLogInError("This log-in was not begun in this browser.") from error
        age = self._clock().timestamp() - flow.began
        if not hmac.compare_digest(flow.state.encode(), state.encode(errors="replace")):
            raise StaleLogInError("This is the answer to another log-in.")
        if age > LONGEST_LOG_IN.total_seconds():
            raise StaleLogInError("This log-in took too long.")
        return flow

    def finish(self, flow: Flow, code: str, issuer: str = "") -> Identity:
        """Whom the provider vouches for.

        Args:
            code: what it gave the browser.
            issuer: who sent the browser back, as it says itself (RFC 9207); empty when it does not say.

        Raises:
            ProviderRefusedError: it vouches for nobody, or its word does not fit.
            ProviderDownError: it does not answer.
            WaitError: many log in at this moment.
        """
        known = self._find_out()
        says_who = known.document.get("authorization_response_iss_parameter_supported") is True
        if (issuer or says_who) and issuer != self.settings.issuer:
            raise ProviderRefusedError("another issuer sent the browser back")
        token = self._exchange(known, flow, code)
        expected = Expected(
            self.settings.issuer,
            self.settings.client_id,
            flow.nonce,
            self._clock(),
            frozenset(self.settings.amr),
            frozenset(self.settings.acr),
        )
        try:
            return read_token(token, known.keys, expected)
        except ProviderRefusedError:
            # Providers change their keys; a token of a new one is not the old ones'.
            newer = self._find_out(not_before=self._clock() - ASKED_AGAIN)
            if newer is known:
                raise
            return read_token(token, newer.keys, expected)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _exchange(self, known: _Known, flow: Flow, code: str) -> Any:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": flow.verifier,
        }
        client, secret = self.settings.client_id, self.settings.client_secret
        ways = known.document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        headers = {}
        if "client_secret_basic" in ways:
            # RFC 6749 wants both encoded as in a form before they go into the header.
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client, "client_secret": secret}
        place = self._place(known.document, "token_endpoint")
        status, body = self._ask("POST", place, data=form, headers=headers)
        if status in (400, 401, 403):
            error = body.get("error") if isinstance(body, dict) else None
            raise ProviderRefusedError(error if error in _KNOWN_ERRORS else f"HTTP {status}")
        if status != 200 or not isinstance(body, dict):
            raise ProviderDownError(f"The provider answered {status} to a code.")
        return body.get("id_token")

    def _find_out(self, not_before: datetime | None = None) -> _Known:
        """What the provider says about itself, at most an hour old.

        Args:
            not_before: ask again when it was asked before this moment.
        """
        oldest = max(self._clock() - KEPT, not_before or self._clock() - KEPT)
        known = self._known
        if known and known.asked > oldest:
            return known
        with _turn(self._asking):
            if self._known and self._known is not known and self._known.asked > oldest:
                return self._known
            if self._clock() < self._leave_alone_until:
                raise ProviderDownError("The provider did not answer a moment ago.")
            self._leave_alone_until = self._clock() + LEFT_ALONE
            self._known = self._ask_about_itself()
            self._leave_alone_until = self._clock()
            return self._known

    def _ask_about_itself(self) -> _Known:
        status, document = self._ask("GET", self.settings.issuer.rstrip("/") + _WELL_KNOWN)
        if status != 200 or not isinstance(document, dict):
            raise ProviderDownError(f"The provider answered {status} when asked about itself.")
        # Letter by letter: a document of somebody else would let somebody else vouch.
        if document.get("issuer") != self.settings.issuer:
            raise ProviderRefusedError("its document names another issuer")
        status, keys = self._ask("GET", self._place(document, "jwks_uri"))
        if status != 200:
            raise ProviderDownError(f"The provider answered {status} when asked for its keys.")
        return _Known(document, read_keys(keys), self._clock())

    def _place(self, document: dict[str, Any], name: str) -> str:
        place = document.get(name)
        begins = ("https://",) if self.settings.issuer.startswith("https://") else ("https://", "http://")
        if not isinstance(place, str) or not place.startswith(begins):
            raise ProviderDownError(f"The provider does not say where its {name} is.")
        return place

    def _ask(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        body = b""
        with _turn(self._turns):
            try:
                with self._client.stream(method, url, **more) as answer:
                    for part in answer.iter_bytes():
                        body += part
                        if len(body) > MOST_BYTES:
                            raise ProviderDownError("The provider answered more than can be.")
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise ProviderDownError("The provider does not answer.") from error
        try:
            return answer.status_code, json.loads(body)
        except (ValueError, RecursionError):
            return answer.status_code, None


@contextmanager
def _turn(turns: threading.Lock | threading.BoundedSemaphore) -> Iterator[None]:
    if not turns.acquire(timeout=_PATIENCE):
        raise WaitError(RETRY_AFTER)
    try:
        yield
    finally:
        turns.release()


_KNOWN_ERRORS = (
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)
