"""Taking conversations out of Rasa's own tracker store: real store, real file, the route over HTTP."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from rasa.core.tracker_store import AwaitableTrackerStore, FailSafeTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered

from bot.runtime.locks import WakingLocks
from bot.runtime.trackers import TrackerFile
from tests.factories import TOKEN

OLD, NEW = 1_600_000_000.0, 1_800_000_000.0


class Memory:
    """A tracker store in a file, behind the channel's address."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.store = TrackerFile(Domain.empty(), db=str(folder / "tracker.db"), most_turns=100)
        # Some builds of SQLite overwrite what is deleted, others do not.
        self.store._file.execute("PRAGMA secure_delete=OFF")

    def tell(self, conversation, text, at=NEW):
        events = [UserUttered(text, timestamp=at), BotUttered(f"nghe: {text}", timestamp=at)]
        asyncio.run(self._add(conversation, events))

    async def _add(self, conversation, events):
        tracker = await self.store.get_or_create_tracker(conversation, append_action_listen=False)
        tracker.update_with_events(events, Domain.empty(), override_timestamp=False)
        await self.store.save(tracker)

    def knows(self, text):
        # In Rasa's JSON letters with tones are written out as numbers.
        return text.encode() in b"".join(path.read_bytes() for path in self.folder.iterdir())

    def forget(self, token=TOKEN, **which):
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.url}/webhooks/rest/conversations"
        return httpx.delete(address, params=which, headers=headers, trust_env=False)


@pytest.fixture(params=[lambda store: store, AwaitableTrackerStore, FailSafeTrackerStore])
def memory(request, served, tmp_path):
    memory = Memory(tmp_path, served.url)
    agent = SimpleNamespace(tracker_store=request.param(memory.store), lock_store=WakingLocks())
    served.app.ctx.agent = agent
    yield memory
    memory.store.close()


def test_nothing_of_a_forgotten_conversation_is_left_in_the_file(memory):
    for number in range(40):
        memory.tell("web:an", f"bi mat {number} " + "x" * number * 50)
        memory.tell("web:binh", f"chuyen khac {number} " + "y" * number * 70)
    assert memory.forget(conversation="web:an").json() == {"forgotten": 80}
    assert not memory.knows("bi mat")
    assert not memory.knows("web:an")
    assert memory.knows("chuyen khac 39")
    assert memory.forget(conversation="web:an").json() == {"forgotten": 0}


def test_conversations_that_have_been_silent_are_forgotten_whole(memory):
    memory.tell("web:an", "hoi lau roi", OLD)
    memory.tell("web:binh", "hoi tu lau", OLD)
    memory.tell("web:binh", "hoi moi day", NEW)
    moment = str(OLD + 1)
    assert memory.forget(before=moment, dry_run="1").json() == {"forgotten": 1}
    assert memory.knows("hoi lau roi")
    assert memory.forget(before=moment, dry_run="").json() == {"forgotten": 1}
    assert not memory.knows("hoi lau roi")
    assert memory.knows("hoi tu lau")


def test_nobody_makes_it_forget_without_the_token_or_without_saying_what(memory):
    memory.tell("web:an", "con day")
    assert memory.forget("wrong", conversation="web:an").status_code == 403
    assert memory.forget().status_code == 400
    assert memory.knows("con day")
