"""What was bought for a refresh token is stored, however long the database takes nothing, and at a stop."""

import asyncio
import contextlib
from datetime import timedelta

import httpx
import pytest

from bot.channels.zalo_errors import TokenError
from bot.channels.zalo_oauth import Pair
from bot.channels.zalo_tokens import LAST_TRIES, NAME, STORE_TRIES, ZaloTokens, keep_pair_surely
from bot.delivery.credentials import load_credential
from tests.channels.zalo import Clock, allow_writes, end_pause, forbid_writes, log_in, oa_settings, renew, with_tokens
from tests.fakes.zalo_oa import FIRST_ACCESS, FIRST_REFRESH


@pytest.fixture
def settings(tmp_path, zalo_oa):
    return oa_settings(tmp_path, zalo_oa)


async def short_sleep(seconds):
    await asyncio.sleep(0.01)


def test_a_pair_is_stored_as_soon_as_the_database_takes_it(database, settings, zalo_oa, caplog):
    caplog.set_level("INFO")
    log_in(database)
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            await asyncio.to_thread(allow_writes, database)

    zalo_oa.on_grant = lambda: forbid_writes(database)
    assert with_tokens(database, settings, renew(FIRST_ACCESS), sleep=pause) == "access-1"
    assert load_credential(database, NAME).value["refresh_token"] == "refresh-1"
    assert pauses == list(STORE_TRIES[:3])
    assert "not stored yet (" in caplog.text
    assert "refresh-1" not in caplog.text
    # What the database says of its error stands in none of our logs.
    assert not [record for record in caplog.records if record.exc_info]


def test_a_pair_is_stored_however_long_the_database_takes_none(database, settings, zalo_oa):
    clock = Clock()
    log_in(database, moment=clock())
    bought_at, pauses = clock(), []

    async def pause(seconds):
        pauses.append(seconds)
        clock.go(seconds=seconds)
        if len(pauses) == 40:
            await asyncio.to_thread(allow_writes, database)

    zalo_oa.on_grant = lambda: forbid_writes(database)
    assert with_tokens(database, settings, renew(FIRST_ACCESS), clock, sleep=pause) == "access-1"
    assert (pauses[: len(STORE_TRIES)], set(pauses[len(STORE_TRIES) :])) == (list(STORE_TRIES), {STORE_TRIES[-1]})
    known = load_credential(database, NAME)
    assert (known.value["refresh_token"], known.problem) == ("refresh-1", None)
    # Its life began when it was bought.
    assert known.expires_at == bought_at + timedelta(seconds=90_000)
    assert (zalo_oa.renewals, zalo_oa.violations) == ([FIRST_REFRESH], [])


def test_whoever_waits_meanwhile_is_told_to_ask_again(database, settings, zalo_oa):
    log_in(database)
    zalo_oa.on_grant = lambda: forbid_writes(database)

    async def work(tokens):
        for _ in range(2):
            with pytest.raises(TokenError, match="renewal_under_way"):
                await tokens.renew(FIRST_ACCESS)
        await asyncio.to_thread(allow_writes, database)
        while True:
            with contextlib.suppress(TokenError):
                return await tokens.renew(FIRST_ACCESS)

    assert with_tokens(database, settings, work, sleep=short_sleep, patience=0.3) == "access-1"
    assert (zalo_oa.renewals, zalo_oa.violations) == ([FIRST_REFRESH], [])


class LongPause:
    """Takes long pauses for ever, short ones not at all.

    Attributes:
        asked: seconds of each.
        begun: set when the first long one has begun.
    """

    def __init__(self):
        self.asked, self.begun = [], asyncio.Event()

    async def __call__(self, seconds):
        self.asked.append(seconds)
        if seconds > 1:
            self.begun.set()
            await asyncio.sleep(3600)


def test_a_stop_waits_for_no_database_and_says_what_is_lost(database, settings, zalo_oa, caplog):
    log_in(database)
    pause = LongPause()

    async def stop(tokens):
        asking = asyncio.create_task(tokens.renew(FIRST_ACCESS))
        await pause.begun.wait()
        await tokens.close()
        with pytest.raises(TokenError, match="not_stored"):
            await asking

    zalo_oa.on_grant = lambda: forbid_writes(database)
    with_tokens(database, settings, stop, sleep=pause)
    assert pause.asked[-len(LAST_TRIES) :] == list(LAST_TRIES)
    assert "are lost: run 'motcua channels zalo login'" in caplog.text
    allow_writes(database)


def test_a_stop_stores_what_the_database_takes_again(database, settings, zalo_oa):
    log_in(database)
    pause = LongPause()

    async def stop(tokens):
        asking = asyncio.create_task(tokens.renew(FIRST_ACCESS))
        await pause.begun.wait()
        await asyncio.to_thread(allow_writes, database)
        await tokens.close()
        return await asking

    zalo_oa.on_grant = lambda: forbid_writes(database)
    assert with_tokens(database, settings, stop, sleep=pause) == "access-1"
    assert load_credential(database, NAME).value["refresh_token"] == "refresh-1"


def test_who_inherits_a_lease_waits_for_its_holder_to_store(database, settings, zalo_oa):
    """One program holds a pair that the database did not take; its lease ends before the database is back."""
    log_in(database)
    zalo_oa.on_grant = lambda: forbid_writes(database)
    holds, back = asyncio.Event(), asyncio.Event()

    async def hold(seconds):
        if seconds > 1:
            holds.set()
            await back.wait()

    async def until_stored(seconds):
        back.set()
        while (await asyncio.to_thread(load_credential, database, NAME)).value["access_token"] == FIRST_ACCESS:
            await asyncio.sleep(0.01)

    async def work(first):
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            second = ZaloTokens(database, settings.zalo, client, sleep=until_stored)
            holding = asyncio.create_task(first.renew(FIRST_ACCESS))
            await holds.wait()
            await asyncio.to_thread(allow_writes, database)
            await asyncio.to_thread(end_pause, database)
            return await asyncio.gather(second.renew(FIRST_ACCESS), holding)

    assert with_tokens(database, settings, work, sleep=hold) == ["access-1", "access-1"]
    assert (zalo_oa.renewals, zalo_oa.violations) == ([FIRST_REFRESH], [])


def test_a_command_gives_up_after_a_minute(database, caplog):
    log_in(database)
    forbid_writes(database)
    pauses = []

    async def pause(seconds):
        pauses.append(seconds)

    with pytest.raises(TokenError, match="not_stored"):
        asyncio.run(keep_pair_surely(database, Pair("access-1", "refresh-1", 90_000), sleep=pause))
    assert pauses == list(STORE_TRIES)
    assert "motcua channels zalo login" in caplog.text
    allow_writes(database)
