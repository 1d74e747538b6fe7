"""Taking conversations out of Rasa's own tracker store: real store, real file, the route over HTTP."""

import asyncio
from types import SimpleNamespace

import httpx
import pytest
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import AwaitableTrackerStore, FailSafeTrackerStore, SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import event

from tests.factories import TOKEN

OLD, NEW = 1_600_000_000.0, 1_800_000_000.0


class Memory:
    """A tracker store in a file, behind the channel's address."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.sql = SQLTrackerStore(Domain.empty(), db=str(folder / "tracker.db"))
        # Some builds of SQLite overwrite what is deleted, others do not.
        event.listen(self.sql.engine, "connect", lambda connection, _: connection.execute("PRAGMA secure_delete=OFF"))

    def tell(self, conversation, text, at=NEW):
        events = [UserUttered(text, timestamp=at), BotUttered(f"nghe: {text}", timestamp=at)]
        earlier = asyncio.run(self.sql.retrieve_full_tracker(conversation))
        tracker = DialogueStateTracker.from_events(conversation, [*(earlier.events if earlier else ()), *events])
        asyncio.run(self.sql.save(tracker))

    def knows(self, text):
        # In Rasa's JSON letters with tones are written out as numbers.
        return text.encode() in b"".join(path.read_bytes() for path in self.folder.iterdir())

    def forget(self, token=TOKEN, **which):
        headers = {"Authorization": f"Bearer {token}"}
        address = f"{self.url}/webhooks/rest/conversations"
        return httpx.delete(address, params=which, headers=headers, trust_env=False)


@pytest.fixture(params=[AwaitableTrackerStore, FailSafeTrackerStore])
def memory(request, served, tmp_path):
    memory = Memory(tmp_path, served.url)
    store, lock_store = request.param(memory.sql), InMemoryLockStore()
    served.app.ctx.agent = SimpleNamespace(tracker_store=store, lock_store=lock_store)
    return memory


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
