"""What tests of Zalo's channels share: settings for the fake, the channel at work, a clock to turn."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

import httpx
from sqlalchemy import update

from bot.channels import zalo_oa
from bot.channels.zalo_oauth import Pair
from bot.channels.zalo_tokens import ZaloTokens, keep_pair
from bot.database import now
from bot.delivery import correspondents
from bot.delivery.intake import Intake
from bot.delivery.model import ChannelCredential
from bot.delivery.outbox import Reply
from bot.text.codes import new_receipt_code
from tests.factories import make_settings
from tests.fakes.zalo_events import APP_ID, OA_ID, SECRET_KEY
from tests.fakes.zalo_oa import APP_SECRET, FIRST_ACCESS, FIRST_REFRESH

AN, BINH = "246845883529197922", "4339761418830368433"
AN_TALKS = f"zalo_oa:{AN}"
DAY = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
CODE = new_receipt_code()
NOTICE = Reply(f"Phản ánh {CODE} đã có trả lời: đã sửa xong đường.", notice=True)


class Clock:
    """A moment that stands still until it is moved."""

    def __init__(self, moment=None):
        self.moment = moment or now()

    def __call__(self):
        return self.moment

    def go(self, **by):
        self.moment += timedelta(**by)


def oa_settings(folder, fake=None, **more):
    url = fake.url if fake else "http://127.0.0.1:1"
    given = {
        "ZALO_APP_ID": APP_ID,
        "ZALO_OA_ID": OA_ID,
        "ZALO_APP_SECRET": APP_SECRET,
        "ZALO_OA_SECRET_KEY": SECRET_KEY,
        "ZALO_API_URL": url,
        "ZALO_OAUTH_URL": url,
    }
    return make_settings(folder, **{**given, **more})


def log_in(database, lifetime=90_000, moment=None, access=FIRST_ACCESS, refresh=FIRST_REFRESH):
    """Store the fake's first pair."""
    keep_pair(database, Pair(access, refresh, lifetime), moment or now())


def forbid_writes(database):
    """The database takes no tokens any more."""
    with database.transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE channel_credentials RENAME TO away")


def allow_writes(database):
    """It takes them again."""
    with database.transaction() as session:
        session.connection().exec_driver_sql("ALTER TABLE away RENAME TO channel_credentials")


@asynccontextmanager
async def opened(database, settings, clock=now, **more):
    """The channel, open."""
    channel = zalo_oa.open_channel(database, settings, Intake(database, lambda: None), clock, **more)
    try:
        yield channel
    finally:
        await channel.closing()


def on_channel(database, settings, work, clock=now, **more):
    """What `work(adapter)` gives on an open channel."""

    async def run():
        async with opened(database, settings, clock, **more) as channel:
            return await work(channel.adapter)

    return asyncio.run(run())


def sends(database, folder, fake, clock):
    """Renders and delivers one reply, logged in; gives the outcomes of its parts."""
    log_in(database, moment=clock())

    def send(reply, conversation=AN_TALKS, **settings):
        async def work(adapter):
            return [await adapter.deliver(conversation, part) for part in adapter.render(reply)]

        return on_channel(database, oa_settings(folder, fake, **settings), work, clock)

    return send


def heard(database, clock, **ago):
    """The citizen wrote so long ago."""
    with database.transaction() as session:
        correspondents.heard(session, AN_TALKS, clock() - timedelta(**ago))


def with_tokens(database, settings, work, clock=now, timeout=5.0, **more):
    """What `work(tokens)` gives."""

    async def run():
        async with httpx.AsyncClient(timeout=timeout, trust_env=False) as client:
            tokens = ZaloTokens(database, settings.zalo, client, clock, **more)
            try:
                return await work(tokens)
            finally:
                await tokens.close()

    return asyncio.run(run())


def renew(stale):
    return lambda tokens: tokens.renew(stale)


def end_pause(database):
    """As if the lease, or the pause after a failure, had run out."""
    with database.transaction() as session:
        session.execute(update(ChannelCredential).values(lease_until=now() - timedelta(seconds=1)))
