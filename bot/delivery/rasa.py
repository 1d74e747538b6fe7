"""The Rasa client: one turn over the REST channel, and what Rasa's tracker knows about a turn."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from bot.delivery import turns

# Seconds for a whole tracker store to be written anew.
_REWRITING = 300.0
# For how many seconds the action server's good health is taken for granted.
_HEALTHY_FOR = 1.0
_LISTEN = "action_listen"
_ABOUT_FORMS = ("active_loop", "action_execution_rejected", "loop_interrupted")


class RasaError(Exception):
    """Rasa, or its action server, gave no usable answer; the message is a short reason."""


@dataclass(frozen=True)
class Recorded:
    """What Rasa's tracker knows of one message.

    Attributes:
        answers: of a turn that ended as it should, otherwise nothing.
        undo: events that take back what the turn did; none when there is nothing, or when others followed it.
    """

    answers: list[dict[str, Any]]
    undo: list[dict[str, Any]]


class RasaClient:
    """Talks to one Rasa server on loopback.

    Args:
        url: Rasa's address.
        token: Rasa's `--auth-token`.
        actions_url: the action server's address; a turn is not begun while it is away, because Rasa would go on
            without the action that should have answered. Its health is asked for once a second, and again at once
            after a failure; a turn in which it goes away all the same has no turn log and counts as not answered.
        clock: seconds that only go forward.
    """

    def __init__(
        self, url: str, token: str, actions_url: str, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._actions_url = actions_url
        self._params = {"token": token}
        self._timeout = timeout
        # Made within the event loop that uses it.
        self._session: aiohttp.ClientSession | None = None
        self._clock = clock
        self._healthy_until = float("-inf")
        self._asking = asyncio.Lock()

    async def send(self, conversation: str, message: str, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """Run one turn. Returns the bot's messages: something said, and the turn log.

        Raises:
            RasaError: Rasa is away, late, or answered nothing.
        """
        await self._check_actions()
        body = {"sender": conversation, "message": message, "metadata": metadata}
        headers = {"Authorization": f"Bearer {self._params['token']}"}
        try:
            messages = await self._request("POST", f"{self._url}/webhooks/rest/webhook", json=body, headers=headers)
            # Rasa answers 200 with [] when a turn has crashed, and with a part when an action has.
            if not _is_complete(messages):
                raise RasaError("no_answer")
        except RasaError:
            self._healthy_until = float("-inf")
            raise
        return list(messages)

    async def _check_actions(self) -> None:
        # One asks, and those that come meanwhile wait for the answer.
        async with self._asking:
            if self._clock() < self._healthy_until:
                return
            asked_at = self._clock()
            await self._request("GET", f"{self._actions_url}/health")
            self._healthy_until = asked_at + _HEALTHY_FOR

    async def find_turn(self, conversation: str, inbox_id: int) -> Recorded | None:
        """What is recorded for a message, None when its turn never ended."""
        tracker = await self._request("GET", self._tracker(conversation), params=self._params)
        events: list[dict[str, Any]] = tracker.get("events") or []
        said = [number for number, event in enumerate(events) if event["event"] == "user"]
        own = [number for number in said if (events[number].get("metadata") or {}).get("inbox_id") == inbox_id]
        if not own:
            return None
        # The newest of them: what is before it was taken back.
        begin = own[-1]
        last = begin == said[-1]
        end = len(events) if last else next(number for number in said if number > begin)
        answers = [_as_rest(event) for event in events[begin:end] if event["event"] == "bot"]
        undo = _undo(events[:begin], events[begin:]) if last else []
        return Recorded(answers if _is_complete(answers) else [], undo)

    async def take_back(self, conversation: str, recorded: Recorded) -> None:
        """Undo what the last turn did, which ended without an answer, so that it can be run again."""
        if recorded.undo:
            address = f"{self._tracker(conversation)}/events"
            await self._request("POST", address, params=self._params, json=recorded.undo)

    async def is_in_form(self, conversation: str) -> bool:
        """Whether a form waits for an answer."""
        params = {**self._params, "include_events": "NONE"}
        tracker = await self._request("GET", self._tracker(conversation), params=params)
        return bool((tracker.get("active_loop") or {}).get("name"))

    async def forget(self, conversation: str) -> int:
        """Take a conversation out of Rasa's tracker store; returns how many events it had.

        Raises:
            RasaError: Rasa is away or late; some of it may still be there.
        """
        return await self._forget({"conversation": _checked(conversation)})

    async def forget_before(self, moment: datetime, dry_run: bool = False) -> int:
        """Take every conversation out of which nothing was heard since; returns how many there are.

        Raises:
            RasaError: as `forget`.
        """
        return await self._forget({"before": str(moment.timestamp()), "dry_run": "1" if dry_run else ""})

    async def _forget(self, which: dict[str, str]) -> int:
        headers = {"Authorization": f"Bearer {self._params['token']}"}
        told = await self._request(
            "DELETE", f"{self._url}/webhooks/rest/conversations", params=which, headers=headers, timeout=_REWRITING
        )
        return int(told["forgotten"])

    async def close(self) -> None:
        """Give back the connections."""
        if self._session:
            await self._session.close()

    def _tracker(self, conversation: str) -> str:
        return f"{self._url}/conversations/{_checked(conversation)}/tracker"

    async def _request(self, method: str, address: str, timeout: float | None = None, **options: Any) -> Any:
        """The answer, read."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(raise_for_status=True, trust_env=False)
        patience = aiohttp.ClientTimeout(total=timeout or self._timeout)
        try:
            async with self._session.request(method, URL(address, encoded=True), timeout=patience, **options) as answer:
                return json.loads(await answer.read())
        except asyncio.TimeoutError as error:
            raise RasaError("timeout") from error
        except aiohttp.ClientResponseError as error:
            raise RasaError(f"http_{error.status}") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            raise RasaError("unreachable") from error
        except ValueError as error:
            raise RasaError("unreadable") from error


def _checked(conversation: str) -> str:
    # Rasa takes the name out of the address as it stands there: "%3A" would be another conversation, a new one.
    if quote(conversation, safe=":") != conversation:
        raise ValueError("a conversation's name is made of ASCII letters, digits and : - _ . ~")
    return conversation


def _is_complete(messages: list[dict[str, Any]]) -> bool:
    # Every answering action ends with its turn log: without one, an action failed after another had spoken.
    said = any(message.get("text") for message in messages)
    return said and any(turns.read_log(message.get("custom") or {}) for message in messages)


def _as_rest(event: dict[str, Any]) -> dict[str, Any]:
    """A tracker's bot event in the shape of the REST channel."""
    data = event.get("data") or {}
    message = {"text": event.get("text"), "buttons": data.get("buttons"), "custom": data.get("custom")}
    return {name: value for name, value in message.items() if value}


def _undo(before: list[dict[str, Any]], turn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events that bring slots and form back to where they were before a turn.

    Rasa's own "rewind" is not for this: once a form has run, Rasa leaves the citizen's former answers out when it goes
    through its events, so that a rewind takes the whole form back.
    """
    old, new = (
        {event["name"]: event.get("value") for event in part if event["event"] == "slot"} for part in (before, turn)
    )
    undo = [{"event": "slot", "name": name, "value": old.get(name)} for name in new if new[name] != old.get(name)]
    forms = [event["name"] for event in before if event["event"] == "active_loop"]
    if any(event["event"] in _ABOUT_FORMS for event in turn):
        undo.append({"event": "active_loop", "name": forms[-1] if forms else None})
    actions = [event["name"] for event in turn if event["event"] == "action"]
    return undo if actions[-1:] == [_LISTEN] and not undo else [*undo, {"event": "action", "name": _LISTEN}]
