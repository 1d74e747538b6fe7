"""A polite client of the portal's interface: slow, named, patient; what comes back is checked before it counts.

The interface is not official. Whoever runs this needs the leave of the portal's operator (`check_permission`).

Errors:
    ImportingError
    └── PortalError           the portal can't be read on: try later, or ask its operator
        └── AnswerError       one answer is wrong (cut off, other shape, no such procedure): the others go on
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.catalogue.importing.record import ImportingError

LIST_PATH = "/submitting/formality/list-all-formality-by-citizen"
DETAIL_PATH = "/configuring/formality/get-formality-by-citizen"
PAGE_SIZE = 50
TIMEOUT = 30.0
# Pauses before another try, in seconds; a longer wait that the portal asks for counts, up to the longest.
RETRY_PAUSES = (5.0, 15.0, 45.0, 120.0)
LONGEST_WAIT = 900.0
LARGEST_ANSWER = 5_000_000

_DAY = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}|\d{4}-\d{2}-\d{2}")
_FEWEST_WORDS = 4


class PortalError(ImportingError):
    """The portal refuses, or does not answer; going on makes no sense now."""


class AnswerError(PortalError):
    """One answer can't be used; the next request may be answered well."""


@dataclass(frozen=True)
class Page:
    """A page of the list: its rows as they came, where the next one begins, how many there are in all."""

    items: list[dict[str, Any]]
    last_id: str
    total: int | None


def check_permission(permission: str, contact: str) -> None:
    """Stop unless the operator says who permitted the calls and when, and how the portal can reach them.

    Raises:
        ImportingError: something is missing; the message says what to set.
    """
    if not permission:
        raise ImportingError(
            "Reading the portal is off: its interface is not official. Ask the portal's operator, then set "
            "MOTCUA_PORTAL_PERMISSION to a sentence that says who permitted it and when."
        )
    if len(permission.split()) < _FEWEST_WORDS or not _DAY.search(permission):
        raise ImportingError(
            "MOTCUA_PORTAL_PERMISSION must be a sentence that says who permitted it and on which day, not "
            f"'{permission}'."
        )
    if not contact:
        raise ImportingError(
            "MOTCUA_PORTAL_CONTACT is not set: an e-mail or web address at which the portal's operator reaches you."
        )


class Portal:
    """Asks the portal, never faster than one request per `pause` seconds."""

    def __init__(
        self,
        url: str,
        contact: str,
        pause: float,
        timeout: float = TIMEOUT,
        retry_pauses: tuple[float, ...] = RETRY_PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        agent = f"MotCua/0.1 (import of public procedure records; contact: {contact})"
        self._client = httpx.Client(
            base_url=url, timeout=timeout, headers={"User-Agent": agent, "Accept": "application/json"}
        )
        self._pause, self._retry_pauses, self._sleep = pause, retry_pauses, sleep
        self._next_at = 0.0

    def __enter__(self) -> Portal:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def page_after(self, last_id: str) -> Page:
        """The page of the list behind an id, the first one behind an empty id.

        Raises:
            PortalError: there is none to be had.
        """
        asked: dict[str, Any] = {"limit": PAGE_SIZE, "lastId": last_id} if last_id else {"limit": PAGE_SIZE}
        data = self._ask(LIST_PATH, asked)
        items, last, total = data.get("items"), data.get("lastId"), data.get("total")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise AnswerError("a page of the list holds no list of items")
        if items and (not isinstance(last, str) or not last):
            last = items[-1].get("id")
        if items and (not isinstance(last, str) or not last or last == last_id):
            raise AnswerError("a page of the list does not say where the next one begins")
        return Page(items, str(last or ""), total if isinstance(total, int) else None)

    def detail(self, uuid: str) -> dict[str, Any]:
        """One procedure, as the portal keeps it.

        Raises:
            AnswerError: this one can't be had. PortalError: none can, now.
        """
        data = self._ask(DETAIL_PATH, {"id": uuid})
        if data.get("id") != uuid:
            raise AnswerError(f"asked for {uuid}, the portal sent {str(data.get('id'))[:40]}")
        return data

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        for wait in self._retry_pauses:
            try:
                return self._ask_once(path, body)
            except _TryAgainError as error:
                self._sleep(min(max(wait, error.wait), LONGEST_WAIT))
        try:
            return self._ask_once(path, body)
        except _TryAgainError as error:
            tries = len(self._retry_pauses) + 1
            if error.only_this:
                raise AnswerError(f"{error}, {tries} times") from error
            raise PortalError(f"The portal did not answer as it should, {tries} times: {error}.") from error

    def _ask_once(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self._keep_pace()
        try:
            response = self._client.post(path, json=body)
        except httpx.TransportError as error:
            raise _TryAgainError(type(error).__name__) from error
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _TryAgainError(f"status {status}", _asked_wait(response))
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise PortalError(
                f"The portal refuses this machine (status {status}). Ask its operator before trying again."
            )
        if status != httpx.codes.OK:
            raise AnswerError(f"the portal answered with status {status}")
        if len(response.content) > LARGEST_ANSWER:
            raise AnswerError(f"the answer has {len(response.content) / 1e6:.1f} MB")
        return _data_of(response)

    def _keep_pace(self) -> None:
        wait = self._next_at - time.monotonic()
        if wait > 0:
            self._sleep(wait)
        self._next_at = time.monotonic() + self._pause


class _TryAgainError(Exception):
    """The same request may be answered later.

    Attributes:
        wait: how many seconds the portal asked to be left alone.
        only_this: whether it says something of this request only, and nothing of the portal.
    """

    def __init__(self, reason: str, wait: float = 0.0, only_this: bool = False) -> None:
        super().__init__(reason)
        self.wait, self.only_this = wait, only_this


def _asked_wait(response: httpx.Response) -> float:
    """The seconds that `Retry-After` asks for, given as seconds or as a date."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isascii() and given.isdigit():
        return float(min(int(given), LONGEST_WAIT))
    try:
        moment = parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max((aware - datetime.now(timezone.utc)).total_seconds(), 0.0)


def _data_of(response: httpx.Response) -> dict[str, Any]:
    """What an answer {code, data, message} carries."""
    try:
        answer = response.json()
    except (ValueError, RecursionError) as error:
        # Cut off on the way, most likely: the same answer may come whole.
        raise _TryAgainError("the answer is not whole JSON", only_this=True) from error
    if not isinstance(answer, dict):
        raise AnswerError("the answer is no object")
    if answer.get("code") != "OK":
        raise AnswerError(f"the portal answered '{str(answer.get('code'))[:40]}': {str(answer.get('message'))[:100]}")
    data = answer.get("data")
    if not isinstance(data, dict):
        raise AnswerError("the answer carries no data")
    return data
