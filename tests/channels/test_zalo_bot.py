"""The Zalo Bot Platform: webhook and long poll, numbered answers, what becomes of its errors."""

import asyncio
import json
from datetime import datetime, timezone
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels import zalo_bot
from bot.channels.zalo_bot import PATH, ZaloBotReceiver
from bot.channels.zalo_bot_api import ZaloBotApi
from bot.database import cipher_of
from bot.delivery import inbox
from bot.delivery.adapter import Fetched, Refused, Taken, TryAgain
from bot.delivery.intake import Intake
from bot.delivery.model import InboxMessage
from bot.delivery.outbox import Button, Reply
from bot.delivery.pace import Pace, Rates
from tests.factories import KEY, Stumbling, make_settings
from tests.fakes.zalo_bot import TOKEN, FakeZaloBot, Fault, Http

SECRET = "b0t-s3cret-that-is-l0ng-en0ugh-QwErTy"
CHAT = "6ede9afa66b88fe6d6a9"
FIXTURES = sorted((Path(__file__).parent / "fixtures" / "zalo_bot").glob("*.json"))


@pytest.fixture
def fake():
    with FakeZaloBot(poll_seconds=0.02).serving() as fake:
        yield fake


@pytest.fixture
def settings(tmp_path, fake):
    def make(**more):
        return make_settings(tmp_path, **{"ZALO_BOT_TOKEN": TOKEN, "ZALO_BOT_API_URL": fake.url, **more})

    return make


def opened(database, settings):
    return zalo_bot.open_channel(database, settings, Intake(database, lambda: None))


@pytest.fixture
def called(database, settings):
    """The channel as it is when Zalo calls us; closed by whoever runs it."""
    return opened(database, settings(ZALO_BOT_SECRET=SECRET, PUBLIC_URL="https://motcua.vidu.vn"))


@pytest.fixture
def zalo(called):
    """Posts an update; the status."""
    with TestClient(Starlette(routes=called.routes), raise_server_exceptions=False) as client:

        def post(raw, secret=SECRET):
            headers = {"X-Bot-Api-Secret-Token": secret.encode()} if secret is not None else {}
            return client.post(PATH, content=raw, headers=headers).status_code

        yield post


@pytest.mark.parametrize(("given", "waits"), [({}, 1.0), ({"ZALO_BOT_PAUSE": "4", "ZALO_BOT_PER_SECOND": "5"}, 4.0)])
def test_how_fast_it_is_sent_can_be_set(database, settings, given, waits):
    adapter = opened(database, settings(**given)).adapter
    assert adapter.per_second == float(given.get("ZALO_BOT_PER_SECOND", 20))
    pace = Pace({"zalo_bot": Rates(adapter.per_conversation, 0)}, lambda: 0.0)
    taken = [pace.take("zalo_bot", CHAT) for _ in range(4)]
    assert (taken[0], taken[-1]) == (0.0, pytest.approx(waits))


@pytest.fixture
def send(database, settings):
    """Renders and delivers one reply; the outcomes of its parts."""

    def make(reply, **more):
        async def run():
            channel = opened(database, settings(**more))
            outcomes = [await channel.adapter.deliver(f"zalo_bot:{CHAT}", p) for p in channel.adapter.render(reply)]
            await channel.closing()
            return outcomes

        return asyncio.run(run())

    return make


def kept(database):
    with database.reading() as session:
        rows = session.execute(select(InboxMessage).order_by(InboxMessage.id)).scalars()
        return [(row.conversation, row.kind, cipher_of(session).unseal(row.body)) for row in rows]


def update(text="xin chào", message_id="m1"):
    chat = {"id": CHAT, "chat_type": "PRIVATE"}
    return {
        "event_name": "message.text.received",
        "message": {"message_id": message_id, "text": text, "chat": chat, "date": 1763776800123},
    }


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_recorded_update_is_answered_200(zalo, path):
    assert zalo(path.read_bytes()) == 200


def test_an_update_is_kept_once_in_either_shape(zalo, database):
    raw, wrapped = json.dumps(update()), json.dumps({"ok": True, "result": update()})
    assert [zalo(raw), zalo(wrapped)] == [200, 200]
    assert kept(database) == [(f"zalo_bot:{CHAT}", "text", "xin chào")]


def test_an_update_knows_when_it_was_written(zalo, database):
    zalo(json.dumps(update()))
    assert inbox.claim_next(database).written_at == datetime(2025, 11, 22, 2, 0, 0, 123000, tzinfo=timezone.utc)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "ệ"])
def test_a_wrong_secret_is_refused_before_the_body_is_read(zalo, database, secret):
    assert zalo(b"{" * 1000, secret) == 403
    assert zalo(json.dumps(update()), secret) == 403
    assert kept(database) == []


@pytest.mark.parametrize(("raw", "status"), [(b"{", 400), (b"[" * 99_999, 400), (b"x" * 10_000_000, 413), (b"[]", 200)])
def test_what_is_no_update_makes_nothing(zalo, database, raw, status):
    assert zalo(raw) == status
    assert kept(database) == []


def test_an_update_that_could_not_be_stored_is_not_confirmed(settings):
    class Broken:
        async def accept(self, arrival):
            raise OperationalError("", None, Exception())

    receiver = ZaloBotReceiver(None, Broken(), SECRET, "https://x")
    with TestClient(Starlette(routes=receiver.routes())) as client:
        headers = {"X-Bot-Api-Secret-Token": SECRET}
        assert client.post(PATH, json=update(), headers=headers).status_code == 503


def test_without_a_public_address_there_is_no_webhook(database, settings):
    for more in ({}, {"ZALO_BOT_SECRET": SECRET}, {"PUBLIC_URL": "https://motcua.vidu.vn"}):
        channel = opened(database, settings(**more))
        assert (len(channel.routes), len(channel.receivers)) == (0, 1)
    assert zalo_bot.open_channel(database, settings(ZALO_BOT_TOKEN=""), None) is None


def receive(channel, until):
    """Run the channel's receiver until something is the case."""

    async def run():
        work = asyncio.create_task(channel.receivers[0]())
        for _ in range(500):
            if await asyncio.to_thread(until):
                break
            await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await channel.closing()

    asyncio.run(run())


def test_zalo_is_told_where_to_call(called, fake):
    receive(called, lambda: fake.webhook)
    assert fake.webhook == {"url": f"https://motcua.vidu.vn{PATH}", "secret_token": SECRET}


def test_updates_are_fetched_one_by_one_and_each_is_stored(database, settings, fake):
    for number in range(5):
        fake.wrote(update(f"tin {number}", f"m{number}"))
    receive(opened(database, settings()), lambda: len(kept(database)) == 5)
    assert [text for _, _, text in kept(database)] == [f"tin {number}" for number in range(5)]
    assert fake.asked[0] == "deleteWebhook"


def test_a_long_poll_goes_on_after_errors(database, settings, fake):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            api = ZaloBotApi(settings().zalo_bot, client)
            receiver = ZaloBotReceiver(api, Intake(database, lambda: None), "", "", pause)
            work = asyncio.create_task(receiver.poll())
            while not await asyncio.to_thread(kept, database):
                await asyncio.sleep(0.01)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    fake.poll_faults.extend([500, 401, 429])
    fake.wrote(update())
    asyncio.run(run())
    assert pauses == [1.0, 2.0, 5.0]


def test_an_update_that_the_platform_gives_out_once_is_stored_when_the_database_is_back(database, settings, fake):
    stumbling, pauses = Stumbling(database.url, (KEY,)), []
    stumbling.away = 20

    async def pause(seconds):
        pauses.append(seconds)

    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            api = ZaloBotApi(settings().zalo_bot, client)
            work = asyncio.create_task(ZaloBotReceiver(api, Intake(stumbling, lambda: None), "", "", pause).poll())
            while not await asyncio.to_thread(kept, database):
                assert not work.done()
                await asyncio.sleep(0.01)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    fake.wrote(update("một tin"))
    asyncio.run(run())
    stumbling.close()
    assert [text for _, _, text in kept(database)] == ["một tin"]
    # Stored together and then alone, each try meets the database twice.
    assert len(pauses) == 10


def test_a_reply_is_plain_text_with_numbers_for_buttons(send, fake):
    buttons = tuple(Button(f"Mục {number}", "/x", f"id{number}") for number in (1, 2))
    assert send(Reply("Anh/chị hỏi về mục nào?", buttons))[0] == Taken("00000000000000000001")
    assert fake.texts(CHAT)[0].splitlines()[1:3] == ["1. Mục 1", "2. Mục 2"]


def test_one_button_is_a_numbered_line_too(send, fake):
    send(Reply("Xem thêm?", (Button("Mục 1", "/x", "id1"),)))
    assert fake.texts(CHAT)[0].splitlines()[:2] == ["Xem thêm?", "1. Mục 1"]


def test_a_long_reply_is_cut(send, fake):
    send(Reply("Một câu khá dài về giấy tờ. " * 200))
    assert [len(text) <= 2000 for text in fake.texts(CHAT)] == [True] * 3


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (400, Refused("error_400")),
        (403, Refused("blocked", gone=True)),
        (401, TryAgain("token_refused", after=300.0, everybody=True)),
        (404, Refused("error_404")),
        (408, TryAgain("error_408", uncertain=True)),
        (429, TryAgain("too_many_calls", after=60.0, everybody=True)),
        (500, TryAgain("error_500", uncertain=True)),
        (Http(400), TryAgain("http_400")),
        (Http(403), TryAgain("http_403")),
        (Http(413), TryAgain("http_413")),
        (Http(401), TryAgain("token_refused", after=300.0, everybody=True)),
        (Http(404), Refused("error_404")),
        (Http(408), TryAgain("error_408", uncertain=True)),
        (Http(429), TryAgain("too_many_calls", after=60.0, everybody=True)),
        (Fault.DOWN, TryAgain("http_502", uncertain=True)),
        (Fault.BROKEN, TryAgain("no_answer", uncertain=True)),
    ],
)
@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_every_error_has_its_outcome(send, fake, fault, outcome):
    fake.faults.append(fault)
    assert send(Reply("Dạ")) == [outcome]
    assert fake.sent == []


def test_a_bot_that_is_found_nowhere_stops_everybody(send, fake):
    fake.unknown = True
    assert send(Reply("Dạ")) == [TryAgain("token_refused", after=300.0, everybody=True)]


@pytest.mark.parametrize("code", [400, 404])
def test_without_a_webhook_to_delete_messages_are_asked_for_all_the_same(database, settings, fake, code):
    fake.delete_fault = code
    fake.wrote(update())
    receive(opened(database, settings()), lambda: kept(database))
    assert [text for _, _, text in kept(database)] == ["xin chào"]


@pytest.mark.parametrize("answer", [408, Http(408)])
def test_a_poll_that_waits_for_nobody_is_not_asked_without_end(settings, fake, answer):
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    async def run():
        async with httpx.AsyncClient(trust_env=False) as client:
            await ZaloBotReceiver(ZaloBotApi(settings().zalo_bot, client), None, "", "", pause).poll()

    fake.poll_faults.extend([answer] * 9)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert pauses == [1.0] * 3


def test_a_wrong_token_stops_everybody_and_is_nowhere_in_the_logs(send, caplog):
    caplog.set_level("INFO")
    wrong = "999:wr0ng-token"
    assert send(Reply("Dạ"), ZALO_BOT_TOKEN=wrong)[0].everybody
    assert send(Reply("Dạ"), ZALO_BOT_API_URL="http://127.0.0.1:9") == [TryAgain("unreachable")]
    # httpx itself writes addresses, and is kept quiet by the web program.
    assert wrong not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")


def test_a_photo_is_fetched(database, settings, fake):
    fake.files["1.jpg"] = b"jpeg"

    async def run():
        channel = opened(database, settings())
        try:
            return await channel.adapter.fetch(f"{fake.url}/files/1.jpg", 10)
        finally:
            await channel.closing()

    assert asyncio.run(run()) == Fetched("1.jpg", b"jpeg")


def test_doctor_hears_whether_the_bot_answers(database, settings):
    async def look(**more):
        channel = opened(database, settings(**more))
        found = await channel.check()
        await channel.closing()
        return [(one.good, one.said) for one in found]

    assert asyncio.run(look()) == [(True, "answers as bot.thu")]
    assert asyncio.run(look(ZALO_BOT_TOKEN="1:x")) == [(False, "error_401")]
