import asyncio
import contextlib
import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels.telegram import open_channel
from bot.channels.telegram_routes import HEADER, PATH
from bot.delivery.intake import Intake
from tests.channels.telegram import FailingIntake, rows, send_button, texts
from tests.channels.test_telegram_updates import load
from tests.factories import KEY, make_settings, wait_until
from tests.fakes.telegram import TOKEN


@pytest.fixture
def hook(database, telegram, tmp_path):
    """The web program's side of the webhook, and Telegram's once it has registered."""
    settings = make_settings(
        tmp_path,
        TELEGRAM_TOKEN=TOKEN,
        TELEGRAM_SECRET=KEY,
        TELEGRAM_API_URL=telegram.url,
        PUBLIC_URL="https://motcua.example",
    )
    channel = open_channel(database, settings, Intake(database, lambda: None))

    @contextlib.asynccontextmanager
    async def lifespan(_):
        work = asyncio.create_task(channel.receivers[0]())
        yield
        work.cancel()
        await channel.closing()

    with TestClient(Starlette(routes=channel.routes, lifespan=lifespan)) as client:
        wait_until(lambda: telegram.webhook)
        client.headers[HEADER] = KEY
        yield client


@pytest.fixture
def kind_of_database():
    return "sqlite"


def test_telegram_is_told_where_to_call_and_with_which_secret(hook, telegram):
    assert telegram.webhook["url"] == "https://motcua.example/webhooks/telegram"
    assert telegram.webhook["secret_token"] == KEY
    assert telegram.webhook.get("drop_pending_updates") in (None, "false")
    assert json.loads(telegram.webhook["allowed_updates"])[0] == "message"


def test_an_update_at_the_webhook_is_stored_once(hook, database, telegram):
    update = telegram.citizen(7).write("xin chào")
    assert [hook.post(PATH, json=update).status_code for _ in range(2)] == [200, 200]
    assert texts(database) == ["xin chào"]


def test_a_tap_at_the_webhook_is_answered(hook, database, telegram):
    hook.post(PATH, json=telegram.citizen(7).tap_data(send_button(database)))
    wait_until(lambda: telegram.answered)
    assert texts(database) == ["Lệ phí"]


@pytest.mark.parametrize("name", ["unknown", "missing_key", "channel_post", "live_location"])
def test_what_is_nothing_for_us_is_confirmed_without_a_message(hook, database, name):
    assert hook.post(PATH, json=load(name)).status_code == 200
    assert rows(database) == []


@pytest.mark.parametrize("secret", ["", "wrong", KEY[:-1], KEY + "x", KEY.lower()])
def test_without_the_secret_nothing_is_looked_at(hook, database, secret):
    headers = {HEADER: secret, "content-type": "application/json"}
    assert hook.post(PATH, content=b"{" * 1000, headers=headers).status_code == 403
    assert rows(database) == []


@pytest.mark.parametrize(
    "content, kind, status",
    [
        (b"{}", "text/plain", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"x" * 600_000, "application/json", 413),
        (b"[" * 100_000, "application/json", 400),
        (b'{"update_id":1,"message":' + b'{"a":' * 500 + b"1" + b"}" * 501, "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"update_id": true}', "application/json", 400),
        (b'{"update_id": "1"}', "application/json", 400),
        (b'{"update_id": 1e999}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"update_id": 1}', "application/json; charset=utf-8", 200),
    ],
)
def test_a_body_that_is_no_update_is_refused(hook, database, content, kind, status):
    assert hook.post(PATH, content=content, headers={"content-type": kind}).status_code == status
    assert rows(database) == []


@pytest.mark.parametrize("update_id", [-1, 0, 10**30])
def test_an_id_of_any_size_is_only_a_key(hook, database, update_id):
    message = {**load("text")["message"], "text": "xin chào \ud83d"}
    # Written with escapes, as half a letter can only come.
    content = json.dumps({"update_id": update_id, "message": message})
    assert hook.post(PATH, content=content, headers={"content-type": "application/json"}).status_code == 200
    assert len(rows(database)) == 1


def test_when_nothing_can_be_stored_telegram_hears_of_it(database, telegram, tmp_path, caplog):
    settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_SECRET=KEY, PUBLIC_URL="https://motcua.example")
    channel = open_channel(database, settings, FailingIntake(database, 1))
    with TestClient(Starlette(routes=channel.routes)) as client, caplog.at_level(logging.INFO):
        client.headers[HEADER] = KEY
        update = telegram.citizen(7).write("xin chào")
        assert client.post(PATH, json=update).status_code == 503
        assert client.post(PATH, json=update).status_code == 200
    assert texts(database) == ["xin chào"]
    assert "telegram:7" not in caplog.text


def test_the_webhook_needs_a_secret_and_an_address_with_tls(database, tmp_path):
    def routes(**values):
        settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, **values)
        return len(open_channel(database, settings, Intake(database, lambda: None)).routes)

    assert routes() == routes(TELEGRAM_SECRET=KEY) == routes(PUBLIC_URL="https://motcua.example") == 0
    assert routes(TELEGRAM_SECRET=KEY, PUBLIC_URL="https://motcua.example") == 1


def test_without_a_token_there_is_no_channel(database, tmp_path):
    assert open_channel(database, make_settings(tmp_path), Intake(database, lambda: None)) is None
