import asyncio
import contextlib

import pytest
from rasa.shared.core.slots import TextSlot
from rasa.shared.core.trackers import DialogueStateTracker

from bot.delivery.rasa import RasaClient, RasaError, Recorded
from tests.factories import TOKEN, free_port
from tests.fakes.rasa import Fault, Received, say

CONVERSATION = "web:an-_.~1"
LISTEN = {"event": "action", "name": "action_listen"}
BUTTONS = [{"title": "Có", "payload": "/affirm"}]


def call(rasa, work, url=None, actions_url=None, token=TOKEN, timeout=10.0, **more):
    """Run `work` with a client of this fake."""

    async def run():
        client = RasaClient(url or rasa.url, token, actions_url or rasa.actions_url, timeout, **more)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(run())


def send(rasa, message="xin chào", inbox_id=7, **options):
    return call(rasa, lambda client: client.send(CONVERSATION, message, {"inbox_id": inbox_id}), **options)


def find(rasa, inbox_id=7, **options):
    return call(rasa, lambda client: client.find_turn(CONVERSATION, inbox_id), **options)


def take_back(rasa, inbox_id=7):
    async def work(client):
        await client.take_back(CONVERSATION, await client.find_turn(CONVERSATION, inbox_id))

    return call(rasa, work)


def test_a_turn_gives_what_the_bot_says(rasa):
    rasa.answer = lambda _: say("Chào anh/chị", BUTTONS, outcome="answer")
    assert send(rasa) == [
        {"text": "Chào anh/chị", "buttons": BUTTONS, "recipient_id": CONVERSATION},
        {"custom": {"turn": {"outcome": "answer"}}, "recipient_id": CONVERSATION},
    ]
    assert rasa.received == [Received(CONVERSATION, "xin chào", {"inbox_id": 7})]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.CRASH, "no_answer"),
        (Fault.SILENT, "no_answer"),
        (Fault.ERROR, "http_500"),
        (Fault.LOST, "unreachable"),
        (Fault.AWAY, "unreachable"),
        (Fault.HANG, "timeout"),
        (Fault.LATE, "timeout"),
    ],
)
def test_each_failure_has_its_short_reason(rasa, fault, reason):
    rasa.faults.append(fault)
    with pytest.raises(RasaError, match=f"^{reason}$"):
        send(rasa, timeout=0.3)


PARTS = [[{"text": ""}], [{"custom": {"turn": {}}}], [{"image": "a.png"}], [{"text": "Xin chờ"}], say("")]


@pytest.mark.parametrize("messages", PARTS)
def test_an_answer_without_words_or_without_its_log_is_no_answer(rasa, messages):
    rasa.answer = lambda _: messages
    with pytest.raises(RasaError, match="no_answer"):
        send(rasa)


def test_a_server_that_is_not_there_is_unreachable(rasa):
    with pytest.raises(RasaError, match="unreachable"):
        send(rasa, url=f"http://127.0.0.1:{free_port()}")


def test_no_turn_is_begun_while_the_action_server_is_away(rasa):
    with pytest.raises(RasaError, match="unreachable"):
        send(rasa, actions_url=f"http://127.0.0.1:{free_port()}")
    assert rasa.received == []


def test_a_turn_rasa_never_saw_is_none(rasa):
    send(rasa, inbox_id=6)
    assert find(rasa, inbox_id=7) is None


def test_a_turn_that_ended_without_an_answer_is_empty(rasa):
    rasa.faults.append(Fault.SILENT)
    with pytest.raises(RasaError):
        send(rasa)
    assert find(rasa) == Recorded([], [LISTEN])


@pytest.mark.parametrize("messages", PARTS)
def test_a_recorded_turn_that_has_only_a_part_is_empty(rasa, messages):
    rasa.remember(Received(CONVERSATION, "xin chào", {"inbox_id": 7}), messages)
    assert find(rasa) == Recorded([], [LISTEN])


def test_the_recorded_answers_look_like_those_of_the_rest_channel(rasa):
    rasa.answer = lambda _: say("Chào", BUTTONS, outcome="answer")
    said = [{name: part[name] for name in part if name != "recipient_id"} for part in send(rasa)]
    assert find(rasa).answers == said


def test_the_answers_of_other_messages_are_left_out(rasa):
    for inbox_id in (6, 7, 8):
        send(rasa, message=f"câu {inbox_id}", inbox_id=inbox_id)
    assert find(rasa).answers == say("Đã nghe: câu 7")


def test_a_turn_run_again_after_it_was_taken_back_is_found(rasa):
    rasa.faults.append(Fault.SILENT)
    with pytest.raises(RasaError):
        send(rasa)
    take_back(rasa)
    send(rasa, message="xin chào lại")
    assert find(rasa).answers == say("Đã nghe: xin chào lại")


def test_the_tracker_needs_the_token(rasa):
    with pytest.raises(RasaError, match="http_401"):
        find(rasa, token="another")


def slot(name, value):
    return {"event": "slot", "name": name, "value": value}


def form(name):
    return {"event": "active_loop", "name": name}


def action(name):
    return {"event": "action", "name": name}


FORM = "complaint_form"


def user(text, inbox_id):
    return {"event": "user", "text": text, "parse_data": {}, "metadata": {"inbox_id": inbox_id}}


# A form that was begun, and one answer to it.
BEGUN = [
    *(action("action_listen"), user("phản ánh", 1)),
    *(action(FORM), form(FORM), slot("told", None), slot("requested_slot", "told")),
    *(action("action_listen"), user("chuyện", 2)),
    *(action(FORM), slot("told", "chuyện"), slot("requested_slot", "where")),
]
TURNS = {
    "nothing": [],
    "an answer": [action(FORM), slot("where", "ở đây"), slot("requested_slot", "when"), action("action_listen")],
    "an action that failed": [action(FORM), action("action_listen")],
    "the end of the form": [action(FORM), slot("requested_slot", None), form(None), action("action_listen")],
    "something else": [action(FORM), {"event": "action_execution_rejected", "name": FORM}, action("action_listen")],
}


@pytest.mark.parametrize("moves", TURNS.values(), ids=TURNS)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_whatever_a_turn_of_a_form_did_it_can_be_taken_back(rasa, moves, times):
    rasa.events[CONVERSATION] += BEGUN
    rasa.moves = moves
    for _ in range(times):
        rasa.faults.append(Fault.SILENT)
        with pytest.raises(RasaError):
            send(rasa)
        take_back(rasa)
    slots = [TextSlot(name, []) for name in ("told", "where", "when", "requested_slot")]
    tracker = DialogueStateTracker.from_dict(CONVERSATION, rasa.events[CONVERSATION], slots)
    assert (tracker.active_loop_name, tracker.is_active_loop_rejected) == (FORM, False)
    assert tracker.latest_action_name == "action_listen"
    kept = {name: value for name, value in tracker.current_slot_values().items() if value}
    assert kept == {"told": "chuyện", "requested_slot": "where"}


def test_a_turn_that_others_followed_is_not_taken_back(rasa):
    rasa.moves = [slot("told", "chuyện")]
    rasa.faults.append(Fault.SILENT)
    with pytest.raises(RasaError):
        send(rasa, inbox_id=7)
    send(rasa, inbox_id=8)
    assert find(rasa) == Recorded([], [])


@pytest.mark.parametrize("waits", [True, False])
def test_a_form_that_waits_is_known(rasa, waits):
    rasa.in_form |= {CONVERSATION} if waits else set()
    assert call(rasa, lambda client: client.is_in_form(CONVERSATION)) is waits


def test_good_health_is_taken_for_granted_for_a_second_and_never_after_a_failure(rasa):
    seconds = [0.0]

    async def talk(client):
        for number, (at, fault) in enumerate([(0, None), (0.9, None), (1, None), (1.1, Fault.ERROR), (1.2, None)]):
            seconds[0] = at
            rasa.faults.extend([fault] if fault else [])
            with contextlib.suppress(RasaError):
                await client.send(CONVERSATION, f"câu {number}", {"inbox_id": number})
        return rasa.health_asked

    assert call(rasa, talk, clock=lambda: seconds[0]) == 3


@pytest.mark.parametrize("name", ["web:an/1", "web:an?1", "web:đan", "web:an 1", "web:%3A"])
def test_a_name_that_rasa_would_read_as_another_is_refused(rasa, name):
    with pytest.raises(ValueError, match="name"):
        call(rasa, lambda client: client.find_turn(name, 7))
