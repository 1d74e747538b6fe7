"""Zalo from end to end: pushed events in, through inbox, a small Rasa and outbox, messages at the fake account out."""

import asyncio
import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import uvicorn
from sqlalchemy import func, select
from starlette.applications import Starlette

from bot.channels import zalo_oa
from bot.channels.zalo_oa_routes import PATH
from bot.database import now
from bot.delivery import correspondents, outbox
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.intake import Intake
from bot.delivery.model import DELIVERED, DONE, HELD, InboxMessage, OutboxMessage
from bot.delivery.outbox import Reply
from bot.delivery.rasa import RasaClient
from bot.delivery.sender import Sender
from bot.text.codes import new_receipt_code
from tests.channels.zalo import AN, AN_TALKS, log_in, oa_settings
from tests.factories import TOKEN, free_port, wait_until
from tests.fakes.rasa import say
from tests.fakes.zalo_events import OA_ID, Webhook, disturb, make_event
from tests.fakes.zalo_oa import FIRST_ACCESS, FakeZaloOA, Fault

PEOPLE, QUESTIONS = 12, 6


@contextlib.contextmanager
def gateway(database, settings, rasa):
    """The parts of the web program that Zalo's messages go through, at work; gives Zalo's side of the webhook."""
    port, ready, stop = free_port(), threading.Event(), threading.Event()

    async def work():
        client = RasaClient(rasa.url, TOKEN, rasa.actions_url, 10.0)
        intake = Intake(database, lambda: dispatcher.notify())
        channel = zalo_oa.open_channel(database, settings, intake, patience=0.5)
        sender = Sender(database, {"zalo_oa": channel.adapter}, jitter=lambda: 0.0)
        dispatcher = Dispatcher(database, client, 60.0, on_stored=sender.notify)
        config = uvicorn.Config(Starlette(routes=channel.routes), port=port, log_level="error", ws="none")
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None
        tasks = [asyncio.create_task(run()) for run in (dispatcher.run, sender.run, server.serve)]
        while not stop.is_set():
            await asyncio.sleep(0.01)
            if server.started:
                ready.set()
        server.should_exit = True
        await tasks.pop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await channel.closing()
        await client.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        assert ready.wait(15)
        yield Webhook(f"http://127.0.0.1:{port}{PATH}", ladder=(0.05,))
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def fake():
    with FakeZaloOA(seed=7).serving() as fake:
        yield fake


def states(database, table):
    with database.reading() as session:
        return dict(session.execute(select(table.state, func.count(table.id)).group_by(table.state)).all())


def state_of(database, row_id):
    with database.reading() as session:
        row = session.get(OutboxMessage, row_id)
        return row.state, row.reason


def test_a_disturbed_crowd_is_answered_once_and_in_order(database, tmp_path, fake, rasa):
    """Doubles, reordering between people, tokens that end in the middle, one call in ten failing."""
    log_in(database)
    fake.access[FIRST_ACCESS].calls = 20
    fake.rules.calls = 20
    fake.rules.shares = {-200: 0.03, Fault.BROKEN: 0.02, Fault.DOWN: 0.02, Fault.LATE: 0.02, Fault.LOST: 0.01}
    people = [str(4_000_000_000_000_000_000 + number) for number in range(PEOPLE)]
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:

        def talk(person):
            said = [make_event(user_id=person, message={"text": f"câu {n}"}) for n in range(QUESTIONS)]
            return [webhook.push(raw)[-1] for raw in disturb(said, seed=int(person) % 97, distance=0)]

        with ThreadPoolExecutor(PEOPLE) as crowd:
            assert {status for statuses in crowd.map(talk, people) for status in statuses} == {200}
        wait_until(lambda: set(states(database, OutboxMessage)) == {DELIVERED}, seconds=60)
        wait_until(lambda: set(states(database, InboxMessage)) == {DONE})
    expected = [f"Đã nghe: câu {number}" for number in range(QUESTIONS)]
    # Where the answer came too late, nobody can know: there, and only there, a message stands twice.
    late = [one.number for one in fake.sent if one.fault == "LATE"]
    assert len(fake.sent) == PEOPLE * QUESTIONS + len(late)
    once = {person: [text for text, _ in itertools.groupby(fake.texts(person))] for person in people}
    assert once == dict.fromkeys(people, expected)
    assert fake.violations == []
    assert len(fake.renewals) == len(set(fake.renewals)) >= 2


def test_a_tap_comes_back_as_a_text_and_reaches_rasa_as_its_payload(database, tmp_path, fake, rasa):
    log_in(database)
    rasa.answer = lambda received: say("Chọn mục", [{"title": "Lệ phí", "payload": "/ask_procedure_fee"}])
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:
        webhook.push(make_event(message={"text": "khai sinh"}))
        wait_until(lambda: fake.sent)
        webhook.push(make_event(message={"text": fake.sent[0].buttons[0]["payload"]}))
        wait_until(lambda: len(rasa.received) == 2)
    assert [received.message for received in rasa.received] == ["khai sinh", "/ask_procedure_fee"]


def test_notices_after_seven_days_wait_and_leave_as_one(database, tmp_path, fake, rasa):
    log_in(database)
    with database.transaction() as session:
        correspondents.heard(session, AN_TALKS, now() - timedelta(days=8))
        outbox.enqueue(session, AN_TALKS, [Reply(f"Phản ánh {new_receipt_code()} đã được tiếp nhận.")])
        outbox.enqueue(session, AN_TALKS, [Reply(f"Phản ánh {new_receipt_code()} đã có trả lời.")])
    fake.hear(AN, days=8)
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:
        wait_until(lambda: states(database, OutboxMessage) == {HELD: 2})
        assert fake.sent == []
        fake.hear(AN)
        webhook.push(make_event(message={"text": "có ai không"}))
        wait_until(lambda: states(database, OutboxMessage) == {DELIVERED: 3})
    texts = fake.texts(AN)
    assert len(texts) == 2
    assert ["đã được tiếp nhận" in text and "đã có trả lời" in text for text in texts].count(True) == 1


@pytest.mark.parametrize(("refused", "state"), [(False, DELIVERED), (True, HELD)])
def test_a_notice_to_who_unfollowed_is_tried_and_zalo_decides(database, tmp_path, fake, rasa, refused, state):
    log_in(database)
    follower = {"oa_id": OA_ID, "follower": {"id": AN}, "sender": None, "recipient": None, "message": None}
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:
        webhook.push(make_event(message={"text": "xin chào"}))
        wait_until(lambda: states(database, OutboxMessage) == {DELIVERED: 1})
        webhook.push(make_event("unfollow", **follower))
        if refused:
            fake.rules.errors[AN] = -213
        with database.transaction() as session:
            (row,) = outbox.enqueue(session, AN_TALKS, [Reply("Phản ánh của anh/chị đã có trả lời.")])
        wait_until(lambda: state_of(database, row)[0] == state)
        assert state_of(database, row)[1] == ("not_following" if refused else None)


def test_while_a_person_of_the_centre_writes_the_bot_keeps_still(database, tmp_path, fake, rasa):
    log_in(database)
    by_hand = {"sender": {"id": "388613280878808645", "admin_id": "77"}, "recipient": {"id": AN}}
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:
        webhook.push(make_event("oa_send_text", **by_hand))
        webhook.push(make_event(message={"text": "dạ vâng ạ"}))
        wait_until(lambda: states(database, InboxMessage) == {DONE: 1})
    assert (rasa.received, fake.sent) == ([], [])


def test_after_the_last_try_of_one_event_zalo_calls_no_more_until_somebody_asks_for_it():
    pauses = []
    zalo = Webhook(f"http://127.0.0.1:{free_port()}{PATH}", sleep=pauses.append)
    assert zalo.push(make_event()) == [0] * 6
    assert pauses == [pytest.approx(seconds / 3600) for seconds in (30, 300, 900, 1800, 3600)]
    assert (zalo.subscribed, zalo.push(make_event())) == (False, [])


def test_no_event_that_zalo_signed_ends_its_calls(database, tmp_path, fake, rasa):
    """Of another account, of an unknown kind, of nobody, with letters that no database takes."""
    log_in(database)
    odd = [
        make_event(recipient={"id": "1"}),
        make_event("user_dances"),
        make_event(sender={"id": []}),
        make_event(message={"text": "a\0b", "msg_id": "c\0d"}).replace(b"user_id_by_app", b"\\ud83d"),
    ]
    with gateway(database, oa_settings(tmp_path, fake), rasa) as webhook:
        assert [webhook.push(raw) for raw in odd] == [[200]] * 4
        wait_until(lambda: fake.sent)
    assert webhook.subscribed
