import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.database import Database, now
from bot.delivery import correspondents, inbox, outbox, switches
from bot.delivery.adapter import TryAgain
from bot.delivery.model import FAILED, HELD, ChannelCredential, Correspondent, InboxMessage, OutboxMessage
from bot.delivery.outbox import Reply
from bot.operations.health import health_routes
from bot.operations.model import JobRun
from tests.delivery.sending import Clock, send_all
from tests.factories import KEY, accept, make_settings
from tests.fakes.adapter import FakeAdapter
from tests.fakes.rasa import FakeRasa

METRICS_KEY = "m3tr1cs-k3Y-that-is-l0ng-en0ugh-AbCdEf"


@pytest.fixture
def rasa():
    with FakeRasa().serving() as fake:
        yield fake


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path, METRICS_KEY=METRICS_KEY)


def ask(database, settings, path, address="127.0.0.1", channels=("web", "telegram"), **headers):
    app = Starlette(routes=health_routes(database, settings, channels))
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return TestClient(app, client=(address, 1)).get(path, headers=names)


def metrics(database, settings):
    lines = ask(database, settings, "/metrics").text.splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def add(database, *rows):
    with database.transaction() as session:
        session.add_all(rows)


def send(database, conversation, **values):
    with database.transaction() as session:
        (row_id,) = outbox.enqueue(session, conversation, [Reply("chào")])
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == row_id).values(**values, channel=channel_of(conversation))
        )


def channel_of(conversation):
    return conversation.split(":")[0]


def test_what_waits_is_counted_by_channel_with_its_age(database, settings):
    accept(database, conversation="telegram:1", channel="telegram")
    accept(database, conversation="telegram:2", channel="telegram")
    inbox.claim_next(database)
    with database.transaction() as session:
        session.execute(update(InboxMessage).values(received_at=now() - timedelta(seconds=90)))
    send(database, "zalo_oa:1", state=HELD)
    found = metrics(database, settings)
    assert found['motcua_queue_messages{box="inbox",channel="telegram",state="pending"}'] == "1.0"
    assert found['motcua_queue_messages{box="inbox",channel="telegram",state="claimed"}'] == "1.0"
    assert found['motcua_queue_messages{box="outbox",channel="zalo_oa",state="held"}'] == "1.0"
    assert 90 <= float(found['motcua_queue_oldest_seconds{box="inbox",channel="telegram",state="pending"}']) < 200


def test_what_nobody_looked_at_on_the_page_is_no_queue(database, settings):
    send(database, "web:an")
    assert not [name for name in metrics(database, settings) if 'box="outbox"' in name]


def age(database, settings):
    return float(
        metrics(database, settings)['motcua_queue_oldest_seconds{box="outbox",channel="zalo_oa",state="pending"}']
    )


def put_off(database, outcome, clock=None):
    """Try what is due, and let the channel answer this."""
    channel = FakeAdapter("zalo_oa")
    channel.script["zalo_oa:1"] = [outcome]
    send_all(database, channel, clock=clock)


def test_what_waits_for_the_morning_makes_no_channel_late_nor_does_what_stands_behind_it(database, rasa, settings):
    long_ago = now() - timedelta(hours=2)
    send(database, "zalo_oa:1", created_at=long_ago)
    send(database, "zalo_oa:1", created_at=long_ago)
    put_off(database, TryAgain("night", after=6 * 3600.0))
    assert age(database, settings) == 0
    assert ask(database, settings, "/readyz", channels=("zalo_oa",)).json()["channels"] == {"zalo_oa": "ok"}
    send(database, "zalo_oa:2", created_at=now() - timedelta(minutes=6))
    assert 360 <= age(database, settings) < 500
    assert ask(database, settings, "/readyz", channels=("zalo_oa",)).json()["channels"] == {"zalo_oa": "late"}


def test_what_was_put_off_and_may_go_all_the_same_is_as_old_as_it_is(database, settings):
    send(database, "zalo_oa:1", created_at=now() - timedelta(hours=2))
    put_off(database, TryAgain("night", after=6 * 3600.0))
    with database.transaction() as session:
        correspondents.heard(session, "zalo_oa:1")
    assert age(database, settings) >= 7200


def test_what_waited_for_the_morning_is_as_old_as_the_morning(database, settings):
    evening = Clock()
    evening.move(-7 * 3600)
    send(database, "zalo_oa:1", created_at=evening.moment, next_attempt_at=evening.moment)
    put_off(database, TryAgain("night", after=6 * 3600.0), evening)
    assert 3500 < age(database, settings) < 4000


@pytest.mark.parametrize("why", [TryAgain("busy"), TryAgain("package_too_small", after=300.0, everybody=True)])
def test_what_a_channel_in_trouble_keeps_waiting_gets_older(database, rasa, settings, why):
    send(database, "zalo_oa:1", created_at=now() - timedelta(hours=2))
    put_off(database, why)
    if not why.everybody:
        with database.transaction() as session:
            session.execute(update(OutboxMessage).values(first_attempt_at=now() - timedelta(minutes=6)))
    assert age(database, settings) > 300
    assert ask(database, settings, "/readyz", channels=("zalo_oa",)).json()["channels"] == {"zalo_oa": "late"}


def test_what_failed_within_a_day_is_counted_and_older_is_not(database, settings):
    send(database, "telegram:1", state=FAILED)
    send(database, "telegram:2", state=FAILED, created_at=now() - timedelta(hours=25))
    assert metrics(database, settings)['motcua_failed_last_day{box="outbox",channel="telegram"}'] == "1.0"


def test_who_is_gone_which_job_fails_and_which_token_ends_is_told(database, settings):
    add(
        database,
        Correspondent(conversation="telegram:1", channel="telegram", gone_at=now(), gone_reason="blocked"),
        Correspondent(conversation="telegram:2", channel="telegram"),
        JobRun(name="overdue", failures=2),
        JobRun(name="retrain", failures=1, lease_until=now() + timedelta(minutes=1)),
        ChannelCredential(name="zalo_oa", value=b"x", expires_at=now() + timedelta(hours=25), problem="refused"),
    )
    switches.switch_off(database, "telegram", "an", "nghỉ")
    found = metrics(database, settings)
    assert found['motcua_gone{channel="telegram"}'] == "1.0"
    assert found['motcua_job_failures{job="overdue"}'] == "2.0"
    assert found['motcua_job_failures{job="retrain"}'] == "0.0"
    assert found['motcua_token_problem{name="zalo_oa"}'] == "1.0"
    assert 89_000 < float(found['motcua_token_expires_seconds{name="zalo_oa"}']) <= 90_000
    assert found['motcua_switched_off{name="telegram"}'] == "1.0"


def test_without_its_database_the_program_still_tells_what_it_counted(tmp_path, settings):
    nowhere = Database(f"sqlite:///{tmp_path / 'empty.db'}", (KEY,))
    assert metrics(nowhere, settings)["motcua_database_up"] == "0.0"


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.9", {}, 401),
        ("127.0.0.1", {"x_forwarded_for": "127.0.0.1"}, 401),
        ("203.0.113.9", {"authorization": f"Bearer {METRICS_KEY}"}, 200),
        ("203.0.113.9", {"authorization": "Bearer é".encode()}, 401),
        ("203.0.113.9", {"authorization": "Bearer "}, 401),
    ],
)
def test_figures_are_for_this_machine_and_for_who_has_the_key(tmp_path, settings, address, headers, status):
    nowhere = Database(f"sqlite:///{tmp_path / 'empty.db'}", (KEY,))
    assert ask(nowhere, settings, "/metrics", address, **headers).status_code == status


def test_without_a_key_nobody_else_reads_figures(tmp_path):
    nowhere, settings = Database(f"sqlite:///{tmp_path / 'empty.db'}", (KEY,)), make_settings(tmp_path)
    assert ask(nowhere, settings, "/metrics", "203.0.113.9", authorization="Bearer ").status_code == 401


def test_nothing_of_a_citizen_stands_in_the_figures(database, settings):
    accept(database, "tôi tên An, số 0912345678", "telegram:987654321", channel="telegram")
    assert not {"0912345678", "987654321"} & set(ask(database, settings, "/metrics").text.replace('"', " ").split())


def test_it_is_ready_when_everything_answers_and_each_channel_tells_how_it_is(database, rasa, tmp_path):
    settings = make_settings(tmp_path, RASA_PORT=rasa.url.rsplit(":", 1)[1], ACTIONS_PORT=rasa.url.rsplit(":", 1)[1])
    switches.switch_off(database, "web", "an", "nghỉ")
    add(database, ChannelCredential(name="zalo_oa", value=b"x", problem="refused"))
    accept(database, conversation="zalo_bot:1", channel="zalo_bot")
    with database.transaction() as session:
        session.execute(update(InboxMessage).values(received_at=now() - timedelta(minutes=6)))
    told = ask(database, settings, "/readyz", channels=("web", "telegram", "zalo_oa", "zalo_bot"))
    assert told.json()["channels"] == {"web": "off", "telegram": "ok", "zalo_oa": "token", "zalo_bot": "late"}


@pytest.fixture
def whole(database, rasa, tmp_path):
    """A bot of which everything answers, and its clock."""
    port, clock = rasa.url.rsplit(":", 1)[1], Clock()
    settings = make_settings(tmp_path, RASA_PORT=port, ACTIONS_PORT=port)
    return Starlette(routes=health_routes(database, settings, ("web",), clock.seconds)), clock


def test_what_changes_is_seen_within_two_seconds_and_not_looked_for_before(whole, database, rasa):
    app, clock = whole
    client = TestClient(app)
    assert client.get("/readyz").json()["channels"] == {"web": "ok"}
    asked = rasa.asked
    switches.switch_off(database, "web", "an", "nghỉ")
    assert [client.get("/readyz").json()["channels"] for _ in range(20)] == [{"web": "ok"}] * 20
    assert rasa.asked == asked
    clock.move(2)
    assert client.get("/readyz").json()["channels"] == {"web": "off"}


def test_all_who_ask_at_once_share_one_look(whole, rasa):
    app, _ = whole

    async def crowd():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://t") as client:
            return await asyncio.gather(*(client.get("/readyz") for _ in range(30)))

    assert {answer.text for answer in asyncio.run(crowd())} == {TestClient(app).get("/readyz").text}
    # Of Rasa and of the action server, once each.
    assert rasa.asked == 2


def test_it_is_not_ready_without_rasa_but_alive(database, settings):
    told = ask(database, settings, "/readyz")
    assert (told.status_code, told.json()["database"], told.json()["rasa"]) == (503, True, False)
    assert ask(database, settings, "/healthz").status_code == 200
