import asyncio
import contextlib
import itertools
import logging
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from bot.database import now
from bot.delivery import inbox, outbox, sentences, turns
from bot.delivery.dispatcher import IDLE_SECONDS, Dispatcher
from bot.delivery.model import CLAIMED, DONE, FAILED, InboxMessage, Switch
from bot.delivery.rasa import RasaClient
from bot.delivery.turns import TurnLog
from bot.settings import ROOT
from bot.text.mask import TOKEN_PATTERN
from tests.factories import (
    KEY,
    TOKEN,
    accept,
    dispatching,
    row_of,
    texts_of,
    turn_of,
    wait_for_texts,
    wait_until,
)
from tests.fakes.rasa import Fault, Received, say

LOG = {
    "intent": "ask_hotline",
    "confidence": 0.9,
    "outcome": "answer",
    "topic": "hotline",
    "ranking": [["ask_hotline", 0.9]],
}
BUTTON = {"title": "Lệ phí", "payload": '/ask_procedure_fee{"procedure": "khai-sinh"}'}

CLAIM_AND_WAIT = """
import sys, time
from bot.database import Database
from bot.delivery import inbox
print(inbox.claim_next(Database(sys.argv[1], (sys.argv[2],))).id, flush=True)
time.sleep(60)
"""


def slow_echo(received):
    time.sleep(0.01)
    return say(received.message)


def received_by(rasa, conversation="web:an"):
    return [one.message for one in rasa.received if one.conversation == conversation]


def finish_in_rasa(rasa, inbox_id, messages):
    rasa.remember(Received("web:an", "xin chào", {"inbox_id": inbox_id, "channel": "web"}), messages)


def program_is_gone(database, inbox_id):
    """What its claims wait for: on a server, where others may be at work, the end of the lease."""
    if not database.embedded:
        expire(database, inbox_id)


def test_a_message_is_answered_and_done(database, rasa):
    inbox_id = accept(database, "giấy khai sinh")
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: giấy khai sinh"]
    assert row_of(database, inbox_id).state == DONE


def test_the_key_of_the_turn_travels_with_the_message(database, rasa):
    inbox_id = accept(database)
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    assert rasa.received == [Received("web:an", "xin chào", {"inbox_id": inbox_id, "channel": "web"})]


def test_several_workers_keep_the_order_within_each_conversation(database, rasa):
    rasa.answer = slow_echo
    names = [f"web:{n}" for n in range(4)]
    ids = [accept(database, f"câu {n}", name) for n in range(6) for name in names]
    with dispatching(database, rasa, workers=8):
        wait_until(lambda: all(row_of(database, one).state == DONE for one in ids))
    assert all(received_by(rasa, name) == [f"câu {n}" for n in range(6)] for name in names)
    assert not rasa.overlapped


def test_a_slow_conversation_does_not_hold_up_another(database, rasa):
    rasa.faults.append(Fault.HANG)
    slow = accept(database, conversation="web:an")
    with dispatching(database, rasa, workers=2, timeout=3):
        wait_until(lambda: rasa.received)
        assert wait_for_texts(database, accept(database, "nhanh", "web:binh")) == ["Đã nghe: nhanh"]
        assert row_of(database, slow).state == CLAIMED


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.LATE])
def test_a_turn_that_rasa_finished_is_not_sent_again_and_its_answers_are_used(database, rasa, fault):
    rasa.faults.append(fault)
    inbox_id = accept(database)
    with dispatching(database, rasa, timeout=0.3):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert received_by(rasa) == ["xin chào"]
    assert row_of(database, inbox_id).attempts == 2


def test_answers_that_are_found_when_giving_up_are_said(database, rasa):
    rasa.faults.append(Fault.LOST)
    inbox_id = accept(database)
    with dispatching(database, rasa, give_up_after=0):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert (row_of(database, inbox_id).state, received_by(rasa)) == (DONE, ["xin chào"])


def test_what_rasa_has_answered_is_said_though_the_bot_was_switched_off_since(database, rasa):
    inbox_id = accept(database)
    inbox.claim_next(database)
    finish_in_rasa(rasa, inbox_id, say("Mã biên nhận PA-0000-0000-0000"))
    program_is_gone(database, inbox_id)
    with database.transaction() as session:
        session.add(Switch(name="all", off_at=now(), off_by="An", notice="Tạm nghỉ"))
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Mã biên nhận PA-0000-0000-0000"]


def test_a_turn_finished_before_the_program_was_killed_is_not_sent_again(database, rasa):
    inbox_id = accept(database)
    inbox.claim_next(database)
    finish_in_rasa(rasa, inbox_id, say("Lời đã nói trước khi máy tắt"))
    program_is_gone(database, inbox_id)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Lời đã nói trước khi máy tắt"]
    assert rasa.received == []


def test_a_recorded_turn_brings_its_log_and_buttons(database, rasa):
    inbox_id = accept(database)
    inbox.claim_next(database)
    finish_in_rasa(rasa, inbox_id, say("Chào", [BUTTON], **LOG))
    program_is_gone(database, inbox_id)
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    with database.reading() as session:
        button = outbox.replies_to(session, inbox_id)[0].buttons[0]
    assert (button.title, button.payload) == (BUTTON["title"], BUTTON["payload"])
    assert turn_of(database, inbox_id).topic == "hotline"


def test_a_turn_that_ended_without_an_answer_is_taken_back_and_sent_again(database, rasa):
    rasa.faults.append(Fault.SILENT)
    inbox_id = accept(database)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert received_by(rasa) == ["xin chào", "xin chào"]
    assert rasa.kept("web:an") == ["xin chào"]


def test_a_recorded_turn_without_words_is_run_again(database, rasa):
    inbox_id = accept(database)
    inbox.claim_next(database)
    finish_in_rasa(rasa, inbox_id, say("", **LOG))
    program_is_gone(database, inbox_id)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert rasa.kept("web:an") == ["xin chào"]


@pytest.mark.parametrize("fault", [Fault.CRASH, Fault.ERROR, Fault.HANG, Fault.AWAY])
def test_a_turn_that_rasa_did_not_keep_is_sent_again(database, rasa, fault):
    rasa.faults.append(fault)
    inbox_id = accept(database)
    with dispatching(database, rasa, timeout=0.3):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]
    assert rasa.kept("web:an") == ["xin chào"]
    assert [event["event"] for event in rasa.events["web:an"]].count("user") == 1


def test_a_message_nobody_could_answer_is_set_aside_and_the_citizen_told(database, rasa):
    rasa.away = True
    inbox_id = accept(database)
    with dispatching(database, rasa, give_up_after=0.4):
        assert wait_for_texts(database, inbox_id) == [sentences.NOT_ANSWERED]
    row = row_of(database, inbox_id)
    assert (row.state, row.reason, row.attempts) == (FAILED, "unreachable", 2)


def test_rasa_coming_back_in_time_answers_without_an_excuse(database, rasa):
    rasa.away = True
    inbox_id = accept(database)
    with dispatching(database, rasa):
        wait_until(lambda: row_of(database, inbox_id).attempts > 0)
        rasa.away = False
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]


def test_no_turn_is_begun_while_the_action_server_is_away(database, rasa):
    rasa.actions_away = True
    inbox_id = accept(database)
    with dispatching(database, rasa):
        wait_until(lambda: row_of(database, inbox_id).attempts > 0)
        assert rasa.received == []
        rasa.actions_away = False
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]


@pytest.mark.parametrize("messages", [[], [{"text": ""}], [{"custom": {"turn": LOG}}], [{"text": "Xin chờ"}]])
def test_a_blank_or_half_answer_is_a_failure_the_citizen_is_told_of(database, rasa, messages):
    rasa.answer = lambda _: messages
    inbox_id = accept(database)
    with dispatching(database, rasa, give_up_after=0.4):
        assert wait_for_texts(database, inbox_id) == [sentences.NOT_ANSWERED]
    assert row_of(database, inbox_id).reason == "no_answer"


def test_a_message_that_can_not_be_worked_on_does_not_block_the_next(database, rasa):
    rasa.answer = lambda one: say("Chọn", [{"title": "?"}]) if one.message == "hỏng" else slow_echo(one)
    broken, sound = accept(database, "hỏng"), accept(database, "lành")
    with dispatching(database, rasa, give_up_after=0.4):
        assert wait_for_texts(database, broken) == [sentences.NOT_ANSWERED]
        assert wait_for_texts(database, sound) == ["lành"]
    assert row_of(database, broken).reason == "error"


def test_an_error_that_quotes_the_citizen_is_logged_without_its_words(database, rasa, caplog):
    async def stumble(claim):
        raise ValueError(f"cannot read {claim.text}")

    inbox_id = accept(database, "Tôi là Nguyễn Thị Mai")
    with caplog.at_level(logging.DEBUG), dispatching(database, rasa, give_up_after=0.4, attend=lambda _: (stumble,)):
        assert wait_for_texts(database, inbox_id) == [sentences.NOT_ANSWERED]
    assert "met an error: ValueError in test_dispatcher.py:" in caplog.text
    assert "Nguyễn Thị Mai" not in caplog.text


def test_typed_text_never_reaches_rasa_as_a_command(database, rasa):
    typed = ["/restart", '/greet{"a": 1}', "\u00a0/\n/deny", *map("".join, itertools.product("/ a", repeat=3))]
    ids = [accept(database, text, f"web:{n}") for n, text in enumerate(typed)]
    with dispatching(database, rasa, workers=8):
        wait_until(lambda: all(row_of(database, one).state == DONE for one in ids), seconds=30)
    messages = [one.message for one in rasa.received]
    assert len(messages) == len(typed)
    assert [message for message in messages if not message or message.startswith("/")] == []


def test_a_typed_command_keeps_its_words(database, rasa):
    inbox_id = accept(database, "/restart giúp tôi")
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    assert received_by(rasa) == ["restart giúp tôi"]


def test_personal_values_are_only_tokens_for_rasa(database, rasa):
    text = "tôi 0912345678, ba.tu@example.com, căn cước 001203004567, stk 19031234567890"
    inbox_id = accept(database, text)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == [f"Đã nghe: {text}"]
    seen = received_by(rasa)[0]
    assert len(TOKEN_PATTERN.findall(seen)) == 4
    assert not [c for c in TOKEN_PATTERN.sub("", seen) if c.isdigit() or c == "@"]


def test_a_retried_message_carries_the_same_token(database, rasa):
    rasa.faults.append(Fault.CRASH)
    inbox_id = accept(database, "gọi 0912345678")
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    first, second = received_by(rasa)
    assert first == second


def test_the_payload_of_a_button_reaches_rasa_unchanged(database, rasa):
    inbox_id = accept(database, BUTTON["title"], payload=BUTTON["payload"])
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    assert received_by(rasa) == [BUTTON["payload"]]


def test_the_turn_log_is_kept_and_taken_out_of_the_reply(database, rasa):
    rasa.answer = lambda _: say("1800 1096", [BUTTON], **LOG)
    inbox_id = accept(database)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["1800 1096"]
    assert turn_of(database, inbox_id) == TurnLog(
        "ask_hotline", 0.9, "answer", None, "hotline", (("ask_hotline", 0.9),)
    )


@pytest.mark.parametrize(("outcome", "rated"), [("answer", True), ("clarify", False), ("form", False), (None, False)])
def test_only_answers_ask_whether_they_helped(database, rasa, outcome, rated):
    rasa.answer = lambda _: say("1800 1096", outcome=outcome)
    inbox_id = accept(database)
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    with database.reading() as session:
        assert [line.rate for line in outbox.read_lines(session, "web:an", 0).lines] == [rated]


def test_what_a_killed_program_held_is_worked_off_by_the_next(database, rasa):
    inbox_id = accept(database)
    with subprocess.Popen([sys.executable, "-c", CLAIM_AND_WAIT, database.url, KEY], cwd=ROOT, stdout=-1) as program:
        assert int(program.stdout.readline()) == inbox_id
        program.kill()
    assert row_of(database, inbox_id).state == CLAIMED
    program_is_gone(database, inbox_id)
    with dispatching(database, rasa):
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]


def test_a_message_whose_lease_ran_out_is_answered_by_another_worker(database, rasa):
    with dispatching(database, rasa):
        wait_for_texts(database, accept(database, "mở đầu", "web:binh"))
        inbox_id = claim_elsewhere(database)
        assert texts_of(database, inbox_id) == []
        expire(database, inbox_id)
        assert wait_for_texts(database, inbox_id) == ["Đã nghe: xin chào"]


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_on_a_server_a_program_that_starts_leaves_the_claims_of_others_alone(database, rasa):
    inbox_id = accept(database)
    inbox.claim_next(database)
    with dispatching(database, rasa):
        wait_for_texts(database, accept(database, "sau", "web:binh"))
    assert (row_of(database, inbox_id).state, texts_of(database, inbox_id)) == (CLAIMED, [])


def claim_elsewhere(database):
    """A message that another program took, and will never give back."""
    inbox_id = accept(database, conversation="web:an", key="elsewhere")
    with database.transaction() as session:
        held = {"state": CLAIMED, "attempts": 1, "first_attempt_at": now(), "claimed_until": now() + timedelta(hours=1)}
        session.execute(update(InboxMessage).where(InboxMessage.id == inbox_id).values(**held))
    return inbox_id


def expire(database, inbox_id):
    with database.transaction() as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(InboxMessage).where(InboxMessage.id == inbox_id).values(claimed_until=past))


def test_a_worker_that_is_too_slow_says_nothing_twice(database, rasa):
    inbox_id = accept(database)
    rasa.answer = lambda received: lose_the_claim(database, inbox_id) or say("quá muộn")
    with dispatching(database, rasa, workers=1):
        wait_until(lambda: rasa.received)
        assert wait_for_texts(database, inbox_id) == []
        wait_for_texts(database, accept(database, "sau", "web:binh"))
    assert texts_of(database, inbox_id) == []
    assert row_of(database, inbox_id).state == DONE


def lose_the_claim(database, inbox_id):
    """Another worker took the message over and finished it."""
    with database.transaction() as session:
        taken = {"state": DONE, "attempts": 2}
        session.execute(update(InboxMessage).where(InboxMessage.id == inbox_id).values(**taken))


def test_feedback_buttons_and_answers_share_one_turn(database, rasa):
    rasa.answer = lambda _: say("1800 1096", **LOG)
    inbox_id = accept(database)
    with dispatching(database, rasa):
        wait_for_texts(database, inbox_id)
    with database.transaction() as session:
        assert turns.give_feedback(session, "web:an", inbox_id, "up")
        assert outbox.read_lines(session, "web:an", 0).lines[0].feedback == "up"


def test_who_waits_for_news_is_woken_by_an_answer(database, rasa):
    async def wait_for_one_answer():
        client = RasaClient(rasa.url, TOKEN, rasa.actions_url, 10)
        dispatcher = Dispatcher(database, client, 60)
        work = asyncio.create_task(dispatcher.run())
        waiting = asyncio.create_task(dispatcher.wait_for_news(60))
        accept(database)
        dispatcher.notify()
        await asyncio.wait_for(waiting, 10)
        work.cancel()
        await client.close()

    asyncio.run(wait_for_one_answer())


def test_waiting_for_news_ends_without_news(database, rasa):
    async def wait():
        await Dispatcher(database, RasaClient(rasa.url, TOKEN, rasa.actions_url, 10), 60).wait_for_news(0.01)

    asyncio.run(asyncio.wait_for(wait(), 10))


def test_the_next_message_is_taken_with_the_commit_that_ends_the_one_before(database, rasa):
    commits = []
    ids = [accept(database, f"tin {number}") for number in range(20)]
    event.listen(database.engine, "commit", lambda connection: commits.append(is_writing(connection)))
    with dispatching(database, rasa, workers=1):
        assert wait_for_texts(database, ids[-1]) == ["Đã nghe: tin 19"]
    assert received_by(rasa) == [f"tin {number}" for number in range(20)]
    # One to take the first, and on SQLite one to begin with.
    assert sum(commits) <= len(ids) + 2


@pytest.mark.parametrize("commit", [1, 2], ids=["the first look", "the last answer"])
def test_what_was_taken_when_it_was_stopped_is_another_programs_at_once(database, rasa, commit):
    """What is taken is stored while the dispatcher is stopped."""
    ids = [accept(database, f"tin {number}", f"web:{number}") for number in range(2)]
    commits, storing, stopped = [], threading.Event(), threading.Event()
    # On SQLite one is for what a killed program has left.
    awaited = commit + database.embedded

    def stand_still(connection):
        commits.append(is_writing(connection))
        if sum(commits) == awaited and commits[-1]:
            storing.set()
            stopped.wait(10)

    async def work():
        client = RasaClient(rasa.url, TOKEN, rasa.actions_url, 10.0)
        task = asyncio.create_task(Dispatcher(database, client, 60.0, 1).run())
        while not storing.is_set():
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.05)
        stopped.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await client.close()

    event.listen(database.engine, "commit", stand_still)
    asyncio.run(work())
    assert [row_of(database, one).state for one in ids[: commit - 1]] == [DONE] * (commit - 1)
    assert inbox.claim_next(database).id == ids[commit - 1]


def test_while_rasa_can_not_be_reached_hardly_anything_is_taken_up(database, rasa):
    rasa.away = True
    workers = 2
    for number in range(60):
        accept(database, conversation=f"web:{number}")
    began = time.monotonic()
    with dispatching(database, rasa, workers=workers):
        wait_until(lambda: tried(database) >= 4)
    # Each takes one up, and the next one a while after that has failed.
    assert tried(database) <= workers * (1 + (time.monotonic() - began) / IDLE_SECONDS)
    assert rasa.received == []


def tried(database):
    with database.reading() as session:
        tries = select(func.count()).where(InboxMessage.attempts > 0)
        return session.execute(tries).scalar_one()


def is_writing(connection):
    options = connection.get_execution_options()
    return not (options.get("reading") or options.get("postgresql_readonly"))
