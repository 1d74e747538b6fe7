"""Rasa's memory of conversations in an SQLite file: what the rules need is kept, not every event since the beginning.

Rasa's own SQL store reads and replays a whole conversation for each message, so that message 400 takes ten times as
long as message 5. Here a conversation is cut after some turns: what was before the cut becomes the few events that a
session begins with (values of slots, the running form). To be without it, name Rasa's store in `endpoints.yml` again:
the table is the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from rasa.core import agent
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    Event,
    LoopInterrupted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

# A conversation that has more turns is cut down to the fewer. The last one must be there to be taken back, and a tap
# on "none of these" asks for the message typed before it.
MOST_TURNS, KEPT_TURNS = 8, 4
# Conversations whose tracker stays in memory, about 100 kB each.
LIVE = 500
# The columns of Rasa's own store; `intent_name` and `action_name` are for people, and in `data` as well.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER NOT NULL PRIMARY KEY, sender_id VARCHAR(255) NOT NULL, type_name VARCHAR(255) NOT NULL,
    timestamp FLOAT, intent_name VARCHAR(255), action_name VARCHAR(255), data TEXT);
CREATE INDEX IF NOT EXISTS ix_events_sender_id ON events (sender_id);
"""
_STORED = "events_on_disk"


class TrackerFile(TrackerStore):
    """Trackers in a file that only this program opens.

    A tracker that is handed out is no longer in memory until it is saved: of a turn that fails, nothing is left.

    Args:
        db: path of the file; one of Rasa's own SQL store is taken over.
    """

    def __init__(
        self,
        domain: Domain | None,
        event_broker: Any = None,
        db: str = "rasa-tracker.db",
        most_turns: int = MOST_TURNS,
        kept_turns: int = KEPT_TURNS,
        **_: Any,
    ) -> None:
        self._live: OrderedDict[str, DialogueStateTracker] = OrderedDict()
        self._most, self._kept = most_turns, kept_turns
        self._file = sqlite3.connect(Path(db), isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        # Survives a killed program. After a power cut the bot may have forgotten the last seconds of a conversation
        # and ask once more; messages and feedback are in our own database, which waits for the disk.
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.executescript(_SCHEMA)
        self._seen = self._changes()
        super().__init__(domain, event_broker)

    @property
    def domain(self) -> Domain:
        """The domain of the model."""
        return self._domain

    @domain.setter
    def domain(self, domain: Domain | None) -> None:
        self._live.clear()
        self._domain = domain or Domain.empty()

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A new conversation; it is handed out, so it is not kept in memory."""
        tracker = await super().create_tracker(sender_id, append_action_listen)
        self._live.pop(sender_id, None)
        return tracker

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """A conversation, for a turn that saves it again; None when there is none."""
        # Somebody else wrote into the file.
        if self._changes() != self._seen:
            self._live.clear()
            self._seen = self._changes()
        tracker = self._live.pop(sender_id, None)
        # What was changed after it was saved is not on disk.
        if tracker is not None and len(tracker.events) == getattr(tracker, _STORED):
            return tracker
        return self._load(sender_id)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """A conversation to look at."""
        return self._load(conversation_id)

    async def keys(self) -> Iterable[str]:
        """The names of all conversations."""
        return [name for (name,) in self._file.execute("SELECT DISTINCT sender_id FROM events")]

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new, cut what has become too long."""
        await self.stream_events(tracker)
        shorter = self._shorten(tracker)
        name = tracker.sender_id
        self._file.execute("BEGIN IMMEDIATE")
        try:
            if shorter:
                self._file.execute("DELETE FROM events WHERE sender_id = ?", (name,))
            first = 0 if shorter else self._stored(tracker)
            tracker = shorter or tracker
            self._insert(name, list(tracker.events)[first:])
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._keep(tracker)

    def delete(self, conversations: Iterable[str]) -> int:
        """Forget conversations; returns how many events they had."""
        deleted = 0
        for name in conversations:
            self._live.pop(name, None)
            deleted += self._file.execute("DELETE FROM events WHERE sender_id = ?", (name,)).rowcount
        return deleted

    def quiet_since(self, moment: float) -> list[str]:
        """The conversations in which nothing happened since (seconds since 1970)."""
        last = "SELECT sender_id FROM events GROUP BY sender_id HAVING max(timestamp) < ? ORDER BY sender_id"
        return [name for (name,) in self._file.execute(last, (moment,))]

    def scrub(self) -> None:
        """Leave no byte of deleted events in the file.

        Rasa's event loop stands still meanwhile, as in each of its own writes.
        """
        self._file.execute("VACUUM")
        # Until it is cut, the log beside the file holds the pages as they were.
        self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give back the file."""
        self._file.close()

    def _changes(self) -> int:
        return int(self._file.execute("PRAGMA data_version").fetchone()[0])

    def _insert(self, name: str, events: Iterable[Event]) -> None:
        rows = [(name, event.type_name, event.timestamp, json.dumps(event.as_dict())) for event in events]
        self._file.executemany("INSERT INTO events (sender_id, type_name, timestamp, data) VALUES (?, ?, ?, ?)", rows)

    def _keep(self, tracker: DialogueStateTracker) -> None:
        setattr(tracker, _STORED, len(tracker.events))
        self._live[tracker.sender_id] = tracker
        self._live.move_to_end(tracker.sender_id)
        if len(self._live) > LIVE:
            self._live.popitem(last=False)

    def _load(self, name: str) -> DialogueStateTracker | None:
        rows = self._file.execute("SELECT data FROM events WHERE sender_id = ? ORDER BY id", (name,)).fetchall()
        if not rows:
            return None
        events = [json.loads(data) for (data,) in rows]
        tracker = DialogueStateTracker.from_dict(name, events, self.domain.slots)
        setattr(tracker, _STORED, len(tracker.events))
        return tracker

    def _stored(self, tracker: DialogueStateTracker) -> int:
        """How many of its events are on disk; a tracker that was made elsewhere begins with those that are."""
        known: int | None = getattr(tracker, _STORED, None)
        if known is not None:
            return known
        count = "SELECT count(*) FROM events WHERE sender_id = ?"
        return int(self._file.execute(count, (tracker.sender_id,)).fetchone()[0])

    def _shorten(self, tracker: DialogueStateTracker) -> DialogueStateTracker | None:
        """The same conversation with fewer events behind it, None while it is short."""
        events = list(tracker.events)
        shorter = self._cut(tracker.sender_id, _current_session(_without_last_turn(events)))
        return None if len(shorter) == len(events) else self._replay(tracker.sender_id, shorter)

    def _cut(self, name: str, events: list[Event]) -> list[Event]:
        turns = [place for place, pair in enumerate(pairwise(events)) if _is_turn(*pair)]
        if len(turns) <= self._most:
            return events
        cut = turns[-self._kept]
        return [*_beginning(self._replay(name, events[:cut]), events[cut].timestamp), *events[cut:]]

    def _replay(self, name: str, events: list[Event]) -> DialogueStateTracker:
        return DialogueStateTracker.from_events(name, events, self.domain.slots)


def let_failures_fail() -> None:
    """Let a turn fail whose conversation can't be read or stored.

    Rasa would begin the conversation anew, or answer and forget it; of a turn that fails the gateway knows what to do.
    """
    agent.FailSafeTrackerStore = lambda store: store


def _is_turn(event: Event, following: Event) -> bool:
    """Whether a turn begins with this pause."""
    listens = isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME
    return listens and isinstance(following, UserUttered)


def _without_last_turn(events: list[Event]) -> list[Event]:
    """What is left when the last turn is taken back, where that was asked for.

    In a form Rasa's own way of taking back goes further: to the message that began the form.
    """
    heard = [place for place, event in enumerate(events) if isinstance(event, UserUttered)]
    return events[: heard[-1]] if heard and isinstance(events[-1], UserUtteranceReverted) else events


def _current_session(events: list[Event]) -> list[Event]:
    """As in Rasa's own store: what was before the session is no longer read."""
    sessions = [place for place, event in enumerate(events) if isinstance(event, SessionStarted)]
    heard_before = sessions and any(isinstance(event, UserUttered) for event in events[: sessions[-1]])
    return events[sessions[-1] :] if heard_before else events


def _beginning(tracker: DialogueStateTracker, moment: float) -> list[Event]:
    """The events of a session that begins in this state."""
    events: list[Event] = [ActionExecuted(ACTION_SESSION_START_NAME), SessionStarted()]
    changed = (slot for slot in tracker.slots.values() if slot.value != slot.initial_value)
    events += [SlotSet(slot.name, slot.value) for slot in changed]
    loop = tracker.active_loop
    if loop and loop.name:
        # Rules know a form by the message before it.
        messages = [event for event in tracker.applied_events() if isinstance(event, UserUttered)][-1:]
        events += [part for message in messages for part in (ActionExecuted(ACTION_LISTEN_NAME), _unnamed(message))]
        events += [ActionExecuted(loop.name), ActiveLoop(loop.name)]
        events += [LoopInterrupted(True)] if loop.is_interrupted else []
    for event in events:
        event.timestamp = moment
    return events


def _unnamed(message: UserUttered) -> UserUttered:
    """The message without its metadata: nobody shall take it for a turn that was never answered."""
    parsed = {name: value for name, value in (message.parse_data or {}).items() if name != "metadata"}
    return UserUttered(message.text, message.intent, message.entities, parsed)
