"""Rasa's memory in a file: the same conversation through it and through a tracker that keeps everything."""

import asyncio
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasa.core import agent
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.runtime.trackers import TrackerFile, let_failures_fail

DOMAIN = Domain.from_yaml("""
version: "3.1"
intents: [ask, tell]
slots:
  procedure: {type: text, influence_conversation: false, mappings: [{type: custom}]}
  tries: {type: float, initial_value: 0, influence_conversation: false, mappings: [{type: custom}]}
  words: {type: any, influence_conversation: false, mappings: [{type: custom}]}
  office: {type: text, influence_conversation: false, mappings: [{type: from_text}]}
forms: {complaint_form: {required_slots: [office]}}
actions: [action_answer]
""")
NAME = "web:an"
LISTEN = "action_listen"
LISTENS = [ActionExecuted(LISTEN)]


def asked(number, intent="ask"):
    said = {"intent": {"name": intent, "confidence": 1.0}, "metadata": {"inbox_id": number}}
    return UserUttered(f"câu {number}", said["intent"], parse_data=said, metadata={"inbox_id": number})


def session():
    return [ActionExecuted("action_session_start"), SessionStarted(), ActionExecuted(LISTEN)]


def turn(number, *more):
    answer = [ActionExecuted("action_answer"), BotUttered(f"đáp {number}"), *more, ActionExecuted(LISTEN)]
    return [asked(number), *answer]


def begin_form(number):
    loop = [ActionExecuted("complaint_form"), ActiveLoop("complaint_form"), SlotSet("requested_slot", "office")]
    return [asked(number), *loop, BotUttered("Ở đâu ạ?"), ActionExecuted(LISTEN)]


def answer_form(number):
    return [asked(number, "tell"), ActionExecuted("complaint_form"), BotUttered("Dạ"), ActionExecuted(LISTEN)]


def end_form(number):
    over = [ActionExecuted("complaint_form"), ActiveLoop(None), SlotSet("requested_slot", None)]
    return [asked(number), *over, ActionExecuted(LISTEN)]


def open_store(folder, **options):
    return TrackerFile(DOMAIN, db=str(folder / "tracker.db"), **options)


def run(work):
    return asyncio.run(work)


def add(store, events, name=NAME):
    """One turn as Rasa's processor runs it."""

    async def work():
        tracker = await store.get_or_create_tracker(name, append_action_listen=False)
        tracker.update_with_events(events, DOMAIN, override_timestamp=False)
        await store.save(tracker)

    run(work())


def state_of(tracker):
    loop = tracker.active_loop and (tracker.active_loop.name, tracker.active_loop.is_interrupted)
    heard = tracker.latest_message.text if tracker.latest_message else None
    return tracker.current_slot_values(), loop, tracker.latest_action_name, heard


def last_states(tracker, count):
    """What rules look at: the last states before the next action."""
    return tracker.past_states(DOMAIN)[-count:]


def seen(store, name=NAME):
    return run(store.retrieve_full_tracker(name))


@pytest.fixture
def store(tmp_path):
    store = open_store(tmp_path)
    yield store
    store.close()


OUTSIDE = ["ask", "slot", "words", "begin", "restart", "expire"]
INSIDE = ["answer", "answer", "interrupt", "end", "expire"]


def events_of(kind, number):
    unhappy = [ActionExecutionRejected("complaint_form"), ActionExecuted("action_answer"), BotUttered("Chen ngang")]
    return {
        "ask": lambda: turn(number),
        "slot": lambda: turn(number, SlotSet("procedure", f"p{number}"), SlotSet("tries", number)),
        "words": lambda: turn(number, SlotSet("words", [["office", f"w{number}"]]), SlotSet("procedure", None)),
        "begin": lambda: begin_form(number),
        "answer": lambda: answer_form(number),
        "interrupt": lambda: [asked(number), *unhappy, *answer_form(number)[1:-1], LoopInterrupted(True), *LISTENS],
        "end": lambda: end_form(number),
        "restart": lambda: [asked(number), Restarted(), *session()],
        "expire": lambda: [*session()[:2], SlotSet("procedure", "kept"), *LISTENS, *turn(number)],
    }[kind]()


@st.composite
def conversations(draw):
    """The turns of a conversation, one list of events each."""
    told, in_form = [session(), turn(0)], False
    for number in range(1, draw(st.integers(1, 30))):
        kind = draw(st.sampled_from(INSIDE if in_form else OUTSIDE))
        in_form = kind == "begin" or (in_form and kind not in ("end", "expire"))
        told.append(events_of(kind, number))
    return told


@settings(max_examples=60, deadline=None)
@given(conversations(), st.sampled_from([(2, 1), (4, 2), (8, 4)]), st.booleans())
def test_a_conversation_that_is_cut_is_in_the_state_of_the_whole_one(tmp_path_factory, turns, sizes, restarted):
    folder = tmp_path_factory.mktemp("trackers")
    options = {"most_turns": sizes[0], "kept_turns": sizes[1]}
    store, told = open_store(folder, **options), []
    for events in turns:
        told += events
        add(store, events)
        if restarted:
            store.close()
            store = open_store(folder, **options)
        whole = DialogueStateTracker.from_events(NAME, told, DOMAIN.slots)
        kept = run(store.retrieve(NAME))
        assert state_of(kept) == state_of(whole)
        assert last_states(kept, 2) == last_states(whole, 2)
        run(store.save(kept))
    store.close()


def test_a_long_conversation_stays_short(store):
    add(store, session())
    for number in range(100):
        add(store, turn(number, SlotSet("procedure", f"p{number}")))
    heard = [event for event in seen(store).events if isinstance(event, UserUttered)]
    assert 4 <= len(heard) <= 9
    assert heard[-1].metadata["inbox_id"] == 99


def test_the_last_turns_can_be_found_and_taken_back(store):
    add(store, session())
    for number in range(20):
        add(store, turn(number, SlotSet("procedure", f"p{number}")))
        add(store, [UserUtteranceReverted()])
        assert seen(store).get_slot("procedure") == (f"p{number - 1}" if number else None)
        add(store, turn(number, SlotSet("procedure", f"p{number}")))
    assert seen(store).get_slot("procedure") == "p19"


def test_in_a_form_only_the_last_turn_is_taken_back(store):
    add(store, session())
    add(store, begin_form(1))
    add(store, [*answer_form(2)[:-1], SlotSet("office", "phường"), SlotSet("requested_slot", "time"), *LISTENS])
    before = state_of(seen(store))
    add(store, [*answer_form(3)[:-1], SlotSet("tries", 7), *LISTENS])
    add(store, [UserUtteranceReverted()])
    assert state_of(seen(store)) == before
    assert before[:2] == ({**before[0], "office": "phường", "tries": 0}, ("complaint_form", False))


def test_a_form_that_is_cut_holds_no_message_twice(store):
    add(store, session())
    add(store, begin_form(0))
    for number in range(1, 40):
        add(store, answer_form(number))
        heard = [event.metadata.get("inbox_id") for event in seen(store).events if isinstance(event, UserUttered)]
        assert [one for one in heard if one] == list(range(number + 1))[-len([one for one in heard if one]) :]
        assert len(heard) <= 9


def test_of_a_turn_that_fails_nothing_is_left(store):
    add(store, session())
    add(store, turn(1))

    async def fail():
        tracker = await store.retrieve(NAME)
        tracker.update(asked(2), DOMAIN)
        return await store.retrieve(NAME)

    assert run(fail()).latest_message.text == "câu 1"


def test_of_a_first_turn_that_fails_nothing_is_left(store):
    async def fail():
        tracker = await store.get_or_create_tracker(NAME, append_action_listen=False)
        tracker.update_with_events([*session(), asked(1)], DOMAIN)
        return await store.retrieve(NAME)

    assert run(fail()) is None


def test_conversations_in_memory_and_on_disk_are_the_same(tmp_path, store):
    add(store, session())
    add(store, turn(1, SlotSet("procedure", "khai sinh")))
    again = open_store(tmp_path)
    assert state_of(seen(again)) == state_of(run(store.retrieve(NAME)))
    assert seen(again).events == seen(store).events
    again.close()


def test_a_file_of_rasas_own_store_is_taken_over(tmp_path):
    theirs = SQLTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    told = [*session(), *[event for number in range(30) for event in turn(number)], *begin_form(30)]
    run(theirs.save(DialogueStateTracker.from_events(NAME, told, DOMAIN.slots)))
    theirs.engine.dispose()
    store = open_store(tmp_path)
    assert state_of(run(store.retrieve(NAME)))[1] == ("complaint_form", False)
    add(store, answer_form(31))
    assert len(seen(store).events) < 60
    store.close()
    # And back: who takes our store out loses nothing either.
    theirs = SQLTrackerStore(DOMAIN, db=str(tmp_path / "tracker.db"))
    assert run(theirs.retrieve(NAME)).active_loop.name == "complaint_form"
    theirs.engine.dispose()


def test_what_could_not_be_stored_is_not_remembered(tmp_path):
    store = open_store(tmp_path)
    add(store, session())
    other = sqlite3.connect(tmp_path / "tracker.db", isolation_level=None)
    other.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.Error, match="disk full"):
        add(store, turn(1))
    other.execute("DROP TRIGGER full")
    other.close()
    assert run(store.retrieve(NAME)).latest_message.text is None
    add(store, turn(2))
    assert [event.text for event in seen(store).events if isinstance(event, UserUttered)] == ["câu 2"]
    store.close()


def test_what_somebody_else_writes_into_the_file_is_seen(tmp_path, store):
    add(store, session())
    add(store, turn(1))
    other = sqlite3.connect(tmp_path / "tracker.db", isolation_level=None)
    other.execute("UPDATE events SET data = replace(data, 'u 1', 'u 7') WHERE type_name = 'user'")
    other.close()
    assert run(store.retrieve(NAME)).latest_message.text == "câu 7"


def test_a_store_that_fails_lets_the_turn_fail(store, monkeypatch):
    monkeypatch.setattr(agent, "FailSafeTrackerStore", agent.FailSafeTrackerStore)
    let_failures_fail()
    assert agent.Agent(domain=DOMAIN, tracker_store=store).tracker_store is store


def test_only_the_latest_conversations_stay_in_memory(store, monkeypatch):
    monkeypatch.setattr("bot.runtime.trackers.LIVE", 2)
    for number in range(4):
        add(store, [*session(), *turn(number)], f"web:{number}")
    assert list(store._live) == ["web:2", "web:3"]
    assert seen(store, "web:0").latest_message.text == "câu 0"
    assert sorted(run(store.keys())) == [f"web:{number}" for number in range(4)]
