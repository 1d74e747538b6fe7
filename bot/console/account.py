"""An officer's own account: who they are here, their sessions, another telephone, new recovery codes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from bot.accounts.errors import AccountError
from bot.accounts.own import NewSecret, OwnAccount
from bot.accounts.sessions import DONE, LoggedIn, Sessions
from bot.complaints.kinds import Kind
from bot.console.doors import Door, at
from bot.console.log_in import ACCOUNT, carry_session, status_of, telephone_of
from bot.console.pages import Frame
from bot.console.sentences import DONE as WAS_DONE
from bot.console.sentences import sentence_of
from bot.console.visit import Visit, go_to

_PAGE = "/tai-khoan"
_TELEPHONE = f"{_PAGE}/dien-thoai"


@dataclass(frozen=True)
class AccountPages:
    """Handlers of the page and of its forms.

    Attributes:
        secure: whether the console is reached by https.
    """

    sessions: Sessions
    kinds: dict[str, Kind]
    frame: Frame
    secure: bool

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [
            Door(_PAGE, self.show, at(DONE)),
            Door(f"{_PAGE}/phien", self.end_sessions, at(DONE), "POST"),
            Door(_TELEPHONE, self.begin_other_telephone, at(DONE), "POST"),
            Door(f"{_TELEPHONE}/moi", self.finish_other_telephone, at(DONE), "POST"),
            Door(f"{_PAGE}/ma-du-phong", self.make_recovery_codes, at(DONE), "POST"),
        ]

    @property
    def own(self) -> OwnAccount:
        """What is done with the account."""
        return OwnAccount(self.sessions)

    def show(self, visit: Visit) -> Response:
        """GET: the account."""
        return self._page(visit)

    def end_sessions(self, visit: Visit) -> Response:
        """POST: end the session that is named, or all but this."""
        token, mark = visit.session.token, visit.form.get("mark")
        try:
            if mark:
                self.own.end_session(token, mark)
            else:
                self.own.end_others(token)
        except AccountError as error:
            return self._page(visit, error, 404)
        return go_to(f"{ACCOUNT}?xong=sessions")

    def begin_other_telephone(self, visit: Visit) -> Response:
        """POST: a code of the old telephone; shows the secret for the new one."""
        try:
            new = self.own.begin_other_telephone(visit.session.token, visit.form.get("code"), visit.address)
        except AccountError as error:
            return self._page(visit, error)
        return self._telephone_page(visit, new)

    def finish_other_telephone(self, visit: Visit) -> Response:
        """POST: the first code of the new telephone; shows the recovery codes, this once."""
        token, sealed, typed = visit.session.token, visit.form.get("sealed"), visit.form.get("code")
        try:
            new = self.own.find_new_secret(token, sealed)
        except AccountError as error:
            return self._page(visit, error)
        try:
            login, codes = self.own.finish_other_telephone(token, sealed, typed)
        except AccountError as error:
            return self._telephone_page(visit, new, sentence_of(error), status_of(error))
        return self._codes_page(visit, login, codes)

    def make_recovery_codes(self, visit: Visit) -> Response:
        """POST: a code of the telephone; shows new recovery codes, this once."""
        try:
            codes = self.own.make_recovery_codes(visit.session.token, visit.form.get("code"), visit.address)
        except AccountError as error:
            return self._page(visit, error)
        return self.frame.page(visit, "recovery.html", codes=codes)

    def _codes_page(self, visit: Visit, login: LoggedIn, codes: list[str]) -> Response:
        response = self.frame.page(replace(visit, login=login, csrf=login.csrf), "recovery.html", codes=codes)
        return carry_session(response, login, self.secure)

    def _telephone_page(self, visit: Visit, new: NewSecret, error: str = "", status: int = 200) -> Response:
        return self.frame.page(
            visit,
            "second_step.html",
            status=status,
            error=error,
            action=f"{_TELEPHONE}/moi",
            sealed=new.sealed,
            **telephone_of(new.secret, new.address),
        )

    def _page(self, visit: Visit, error: AccountError | None = None, status: int = 0) -> Response:
        token, kinds = visit.session.token, visit.person.kinds
        return self.frame.page(
            visit,
            "account.html",
            status=status or (status_of(error) if error else 200),
            error=sentence_of(error) if error else "",
            done=WAS_DONE.get(visit.asked("xong"), ""),
            kinds=sorted(self.kinds[kind].label for kind in kinds if kind in self.kinds),
            codes_left=self.own.count_recovery_codes(token),
            sessions=self.own.list_sessions(token),
        )
