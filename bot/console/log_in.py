"""Pages of logging in: password, second step, a new password, the end of a session."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from starlette.responses import Response

from bot.accounts.errors import AccountError, WaitError
from bot.accounts.sessions import CODE, DONE, ENROL, PASSWORD, LoggedIn, Sessions
from bot.console.doors import ANY_SESSION, LOG_IN, PUBLIC, STEPS, Door, at, form_cookie, session_cookie
from bot.console.pages import Frame
from bot.console.sentences import DONE as WAS_DONE
from bot.console.sentences import sentence_of
from bot.console.visit import HOME, Visit, go_to

ACCOUNT = f"{HOME}/tai-khoan"


@dataclass(frozen=True)
class LogInPages:
    """Handlers of the pages.

    Attributes:
        secure: whether the console is reached by https.
        provider: where one may log in instead, as it is called; empty is nowhere.
    """

    sessions: Sessions
    frame: Frame
    secure: bool
    provider: str = ""

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [
            Door("/dang-nhap", self.ask, PUBLIC),
            Door("/dang-nhap", self.log_in, PUBLIC, "POST"),
            Door("/ma", self.ask_code, at(CODE)),
            Door("/ma", self.pass_code, at(CODE), "POST"),
            Door("/mat-khau", self.ask_password, at(PASSWORD, DONE)),
            Door("/mat-khau", self.change_password, at(PASSWORD, DONE), "POST"),
            Door("/xac-thuc", self.ask_second_step, at(ENROL, DONE)),
            Door("/xac-thuc", self.confirm_second_step, at(ENROL, DONE), "POST"),
            Door("/dang-xuat", self.log_out, ANY_SESSION, "POST"),
        ]

    def ask(self, visit: Visit) -> Response:
        """GET: name and password."""
        if visit.login:
            return go_to(STEPS[visit.login.step])
        return self.frame.page(visit, "log_in.html", error="", name="", provider=self.provider)

    def log_in(self, visit: Visit) -> Response:
        """POST: a session, or why not."""
        name, password = visit.form.get("name"), visit.form.exactly("password")
        try:
            login = self.sessions.log_in(name, password, visit.address, visit.device)
        except AccountError as error:
            return self._again(visit, error, "log_in.html", name=name[:100], provider=self.provider)
        if visit.login:
            self.sessions.log_out(visit.login.token)
        return self._with_session(go_to(STEPS[login.step]), login)

    def ask_code(self, visit: Visit) -> Response:
        """GET: a code of the telephone."""
        return self.frame.page(visit, "code.html", error="")

    def pass_code(self, visit: Visit) -> Response:
        """POST: the second step."""
        try:
            login = self.sessions.pass_code(visit.session.token, visit.form.get("code"), visit.address)
        except AccountError as error:
            return self._again(visit, error, "code.html")
        return self._with_session(go_to(STEPS[login.step]), login)

    def ask_password(self, visit: Visit) -> Response:
        """GET: a new password."""
        return self._password_page(visit)

    def change_password(self, visit: Visit) -> Response:
        """POST: a new password, typed twice."""
        new, again = visit.form.exactly("new"), visit.form.exactly("again")
        if new != again:
            return self._password_page(visit, "Hai lần gõ mật khẩu mới không giống nhau.", 422)
        try:
            old = visit.form.exactly("old")
            login = self.sessions.change_password(visit.session.token, old, new, visit.address)
        except AccountError as error:
            return self._password_page(visit, sentence_of(error), status_of(error))
        after = f"{ACCOUNT}?xong=password" if login.step == DONE and visit.session.step == DONE else None
        return self._with_session(go_to(after or STEPS[login.step]), login)

    def ask_second_step(self, visit: Visit) -> Response:
        """GET: the secret for a telephone, as QR code and as letters."""
        return self._second_step_page(visit)

    def confirm_second_step(self, visit: Visit) -> Response:
        """POST: the first code; shows the recovery codes, this once."""
        try:
            login, codes = self.sessions.confirm_second_step(visit.session.token, visit.form.get("code"))
        except AccountError as error:
            return self._second_step_page(visit, sentence_of(error), status_of(error))
        after = Visit(visit.request, visit.form, login, login.csrf, visit.address)
        return self._with_session(self.frame.page(after, "recovery.html", codes=codes), login)

    def log_out(self, visit: Visit) -> Response:
        """POST: the end of the session; what browsers keep of it goes, too."""
        self.sessions.log_out(visit.session.token)
        response = go_to(LOG_IN)
        for cookie in (session_cookie(self.secure), form_cookie(self.secure)):
            cookie.drop(response)
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def _password_page(self, visit: Visit, error: str = "", status: int = 200) -> Response:
        first, done = visit.session.step == PASSWORD, WAS_DONE.get(visit.asked("xong"), "")
        return self.frame.page(visit, "password.html", status=status, error=error, first=first, done=done)

    def _second_step_page(self, visit: Visit, error: str = "", status: int = 200) -> Response:
        if visit.person.second_step:
            return go_to(ACCOUNT)
        secret, address = self.sessions.begin_second_step(visit.session.token)
        return self.frame.page(
            visit, "second_step.html", status=status, error=error, action="/xac-thuc", **telephone_of(secret, address)
        )

    def _again(self, visit: Visit, error: AccountError, page: str, **more: str) -> Response:
        response = self.frame.page(visit, page, status=status_of(error), error=sentence_of(error), **more)
        if isinstance(error, WaitError):
            response.headers["Retry-After"] = str(error.seconds)
        return response

    def _with_session(self, response: Response, login: LoggedIn) -> Response:
        return carry_session(response, login, self.secure)


def carry_session(response: Response, login: LoggedIn, secure: bool) -> Response:
    """The response with the cookie of a session."""
    session_cookie(secure).keep(response, login.token)
    return response


def telephone_of(secret: str, address: str) -> dict[str, str]:
    """What a page shows of a secret: the QR code, and letters to type."""
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    # Dark on light in every theme: telephones read no other.
    return {"secret": groups, "qr": segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")}


def status_of(error: AccountError) -> int:
    """How a form is answered that an error kept from being done."""
    return 429 if isinstance(error, WaitError) else 422
