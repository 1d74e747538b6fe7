import asyncio

import pytest

from bot.channels.registry import CALM, PAUSES, keep_going, open_channels
from bot.delivery.intake import Intake
from tests.factories import make_database, make_settings

ZALO = {
    "ZALO_APP_ID": "1",
    "ZALO_OA_ID": "2",
    "ZALO_APP_SECRET": "app-secret-of-tests",
    "ZALO_OA_SECRET_KEY": "key-of-tests",
}


class EndedError(Exception):
    pass


def pauses_of(failures, runs_for=1.0):
    """The pauses after so many failures of something that runs so long each time."""
    seconds, paused, runs = [0.0], [], []

    async def work():
        seconds[0] += runs_for
        runs.append(1)
        if len(runs) <= failures:
            raise EndedError

    async def sleep(pause):
        paused.append(pause)

    asyncio.run(keep_going("receiver", work, sleep, lambda: seconds[0]))
    return paused


def test_what_fails_is_begun_again_after_growing_pauses():
    assert pauses_of(7) == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_what_went_well_for_long_begins_with_the_shortest_pause():
    assert pauses_of(3, runs_for=CALM + 1) == [PAUSES[0]] * 3


def test_what_ends_by_itself_is_not_begun_again():
    assert pauses_of(0) == []


def test_the_log_keeps_quiet_about_what_a_neighbour_says(caplog):
    caplog.set_level("INFO")

    async def work():
        raise RuntimeError("https://api/bot123:token")

    async def sleep(_):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_going("receiver", work, sleep))
    assert ("RuntimeError" in caplog.text, "token" in caplog.text) == (True, False)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, []),
        ({"TELEGRAM_TOKEN": "1:abc"}, ["telegram"]),
        (ZALO, ["zalo_oa"]),
        ({"ZALO_BOT_TOKEN": "1:x"}, ["zalo_bot"]),
    ],
)
def test_a_channel_is_open_when_its_settings_are_there(tmp_path, given, names):
    database = make_database(tmp_path)
    intake = Intake(database, lambda: None)
    opened = open_channels(database, make_settings(tmp_path, **given), intake)
    assert [channel.adapter.channel for channel in opened] == names
    database.close()
