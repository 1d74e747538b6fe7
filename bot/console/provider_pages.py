"""Logging in with an account that is kept elsewhere: out to the provider, and back.

Browsers send no strict cookie along when another site sends them here. So what ties the two halves together is a cookie
of its own, and the last page leads on from our own address.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.responses import Response

from bot.accounts import attempts
from bot.accounts.errors import (
    AccountError,
    ProviderDownError,
    ProviderRefusedError,
    StaleLogInError,
    UnknownPersonError,
    WaitError,
)
from bot.accounts.provider import LONGEST_LOG_IN, Provider
from bot.accounts.sessions import LoggedIn, Sessions, digest_of
from bot.console.doors import PUBLIC, STEPS, Door
from bot.console.log_in import carry_session
from bot.console.pages import Frame
from bot.console.sentences import sentence_of
from bot.console.visit import HOME, Visit, go_to
from bot.pages import OwnCookie

logger = logging.getLogger(__name__)

OUT = "/dang-nhap/co-quan"
BACK = f"{OUT}/xong"
_LONGEST_STATE, _LONGEST_CODE, _LONGEST_COOKIE = 100, 4000, 2000


@dataclass(frozen=True)
class ProviderPages:
    """Handlers of the pages.

    Attributes:
        secure: whether the console is reached by https.
    """

    sessions: Sessions
    frame: Frame
    provider: Provider
    secure: bool

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [Door(OUT, self.send_out, PUBLIC), Door(BACK, self.take_back, PUBLIC)]

    def send_out(self, visit: Visit) -> Response:
        """GET: on to the provider's page."""
        try:
            # The session's own cookie is a strict one, which does not come along on the way back.
            flow, address = self.provider.begin(digest_of(visit.login.token) if visit.login else "")
        except AccountError as error:
            return self._failed(visit, error)
        response = go_to(address)
        self._cookie().keep(response, flow.seal(self.sessions.database.cipher), int(LONGEST_LOG_IN.total_seconds()))
        return response

    def take_back(self, visit: Visit) -> Response:
        """GET: from the provider; a session, or why not."""
        try:
            login, before = self._log_in(visit)
        except AccountError as error:
            response = self._failed(visit, error)
        else:
            if before:
                self.sessions.log_out_known(before)
            response = carry_session(self.frame.page(visit, "on.html", to=STEPS[login.step]), login, self.secure)
        self._cookie().drop(response)
        return response

    def _log_in(self, visit: Visit) -> tuple[LoggedIn, str]:
        """The new session, and the digest of the one that it takes the place of."""
        given = visit.request.query_params
        state, code, kept = given.get("state", ""), given.get("code", ""), self._cookie().of(visit.request)
        if not 0 < len(state) <= _LONGEST_STATE or not 0 < len(kept) <= _LONGEST_COOKIE:
            raise StaleLogInError("Nobody began this log-in here.")
        flow = self.provider.open_flow(self.sessions.database.cipher, kept, state)
        attempt = self.sessions.begin_by_provider(state, visit.address)
        if not 0 < len(code) <= _LONGEST_CODE:
            raise ProviderRefusedError("no code")
        try:
            identity = self.provider.finish(flow, code, given.get("iss", ""))
        except (ProviderDownError, WaitError):
            # Nobody's wrong try: a provider that is down must not keep a whole office from its passwords.
            attempts.drop(self.sessions.database, attempt)
            raise
        return self.sessions.log_in_by_provider(identity, attempt, visit.address, visit.device), flow.before

    def _cookie(self) -> OwnCookie:
        # "Lax": it has to come along when the provider sends the browser back.
        return OwnCookie("motcua_can_bo_co_quan", self.secure, HOME + OUT, "lax")

    def _failed(self, visit: Visit, error: AccountError) -> Response:
        if isinstance(error, ProviderRefusedError):
            self.sessions.fail_by_provider(error.reason)
        if not isinstance(error, WaitError):
            logger.warning("console: log-in by the provider: %s", error)
        context = {"error": sentence_of(error), "name": "", "provider": self.provider.settings.label}
        response = self.frame.page(visit, "log_in.html", status=_status(error), **context)
        if isinstance(error, WaitError):
            response.headers["Retry-After"] = str(error.seconds)
        return response


def _status(error: AccountError) -> int:
    known = ((WaitError, 429), (ProviderDownError, 503), (UnknownPersonError, 403))
    return next((status for kind, status in known if isinstance(error, kind)), 422)
