"""Zalo's tokens: renewed by one program, stored before they are used, and what happens when that is cut off."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from bot.channels.zalo_errors import TokenError
from bot.channels.zalo_oauth import REFRESH_LIFE
from bot.channels.zalo_tokens import NAME
from bot.database import now
from bot.delivery.credentials import Turn, ask_to_renew, load_credential
from bot.settings import ROOT
from tests.channels.zalo import Clock, end_pause, log_in, oa_settings, opened, renew, with_tokens
from tests.factories import KEY, TOKEN, raw_bytes
from tests.fakes.zalo_oa import FIRST_ACCESS, FIRST_REFRESH

CHILD = """
import asyncio, sys, httpx
from bot.channels.zalo_tokens import ZaloTokens
from bot.database import open_database
from bot.settings import load_settings

async def main():
    settings = load_settings()
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        tokens = ZaloTokens(open_database(settings), settings.zalo, client)
        await tokens.current()
        print("ready", flush=True)
        sys.stdin.readline()
        stale = "access-0"
        for _ in range(4):
            stale = await tokens.renew(stale)
            print(stale, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def settings(tmp_path, zalo_oa):
    return oa_settings(tmp_path, zalo_oa)


def current(tokens):
    return tokens.current()


async def no_sleep(seconds):
    await asyncio.sleep(0)


def test_without_a_log_in_there_is_no_token(database, settings):
    with pytest.raises(TokenError, match="not_logged_in"):
        with_tokens(database, settings, current)
    with pytest.raises(TokenError, match="not_logged_in"):
        with_tokens(database, settings, renew("x"))


def test_a_token_that_serves_is_given_out_without_asking_zalo(database, settings, zalo_oa):
    log_in(database)
    assert with_tokens(database, settings, current) == FIRST_ACCESS
    assert zalo_oa.asked == []


def test_an_ended_token_is_renewed_and_the_new_pair_stored(database, settings, zalo_oa):
    clock = Clock()
    log_in(database, moment=clock())
    clock.go(hours=26)
    assert with_tokens(database, settings, current, clock) == "access-1"
    known = load_credential(database, NAME)
    assert dict(known.value) == {"access_token": "access-1", "refresh_token": "refresh-1"}
    assert known.former["refresh_token"] == FIRST_REFRESH
    # The life of a token is what the answer says, in figures that are a text.
    assert known.expires_at == clock() + timedelta(seconds=90_000)
    assert known.renewable_until == clock() + REFRESH_LIFE
    assert (known.problem, zalo_oa.renewals) == (None, [FIRST_REFRESH])


def test_tokens_lie_nowhere_in_the_clear(database, settings):
    log_in(database, access="acc3ss-in-the-clear", refresh="r3fresh-in-the-clear")
    log_in(database)
    assert b"in-the-clear" not in raw_bytes(database)


def test_the_more_new_tokens_are_refused_the_longer_none_is_bought(database, settings):
    clock = Clock()
    log_in(database)

    async def doubt(tokens):
        pauses = []
        for _ in range(5):
            await tokens.doubt(FIRST_ACCESS)
            pauses.append(round((load_credential(database, NAME).ready_at - now()).total_seconds()))
        clock.go(hours=1)
        await tokens.doubt(FIRST_ACCESS)
        return [*pauses, round((load_credential(database, NAME).ready_at - now()).total_seconds())]

    assert with_tokens(database, settings, doubt, clock) == [5, 60, 600, 1800, 1800, 5]


def test_many_who_meet_the_end_at_once_renew_once(database, settings, zalo_oa):
    log_in(database)

    async def all_at_once(tokens):
        return await asyncio.gather(*(tokens.renew(FIRST_ACCESS) for _ in range(20)))

    assert set(with_tokens(database, settings, all_at_once)) == {"access-1"}
    assert zalo_oa.renewals == [FIRST_REFRESH]


def test_who_comes_late_takes_what_somebody_else_bought(database, settings, zalo_oa):
    log_in(database)
    with_tokens(database, settings, renew(FIRST_ACCESS))
    assert with_tokens(database, settings, renew(FIRST_ACCESS)) == "access-1"
    assert zalo_oa.renewals == [FIRST_REFRESH]


def test_four_programs_at_once_use_each_refresh_token_once(database, settings, zalo_oa, tmp_path):
    log_in(database)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
    zalo = settings.zalo
    given = {"HOME": tmp_path, "SECRET_KEY": KEY, "RASA_TOKEN": TOKEN, "DATABASE_URL": database.url}
    given |= {"ZALO_APP_ID": zalo.app_id, "ZALO_OA_ID": zalo.oa_id, "ZALO_APP_SECRET": zalo.app_secret}
    given |= {"ZALO_OA_SECRET_KEY": zalo.secret_key, "ZALO_API_URL": zalo_oa.url, "ZALO_OAUTH_URL": zalo_oa.url}
    environment |= {f"MOTCUA_{name}": str(value) for name, value in given.items()}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT, "env": environment}
    programs = [subprocess.Popen([sys.executable, "-c", CHILD], **pipes) for _ in range(4)]
    assert [program.stdout.readline() for program in programs] == ["ready\n"] * 4
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    told = [program.communicate()[0].split() for program in programs]
    assert all(len(tokens) == 4 for tokens in told)
    assert zalo_oa.violations == []
    assert sorted(set(zalo_oa.renewals)) == sorted(zalo_oa.renewals)
    assert len(zalo_oa.renewals) == max(int(token.removeprefix("access-")) for tokens in told for token in tokens)


def test_it_is_renewed_hours_before_its_end(database, settings, zalo_oa):
    clock = Clock()
    log_in(database, moment=clock())
    clock.go(hours=19)
    with_tokens(database, settings, lambda tokens: tokens.renew_if_due(), clock)
    assert zalo_oa.renewals == []
    clock.go(hours=2)
    with_tokens(database, settings, lambda tokens: tokens.renew_if_due(), clock)
    assert zalo_oa.renewals == [FIRST_REFRESH]


def test_keeping_fresh_goes_on_after_a_failure(database, settings, zalo_oa):
    clock, rounds = Clock(), []
    log_in(database, moment=clock())
    clock.go(hours=21)
    zalo_oa.rules.grants.append("down")

    async def pause(seconds):
        rounds.append(len(zalo_oa.renewals))
        if len(rounds) == 3:
            raise asyncio.CancelledError
        # Past the pause that the failure put on everybody, which the database's own clock measures.
        await asyncio.to_thread(end_pause, database)

    with pytest.raises(asyncio.CancelledError):
        with_tokens(database, settings, lambda tokens: tokens.keep_fresh(), clock, sleep=pause)
    assert rounds == [0, 1, 1]


def test_zalo_out_of_reach_changes_nothing(database, settings, zalo_oa, tmp_path):
    log_in(database)
    away = oa_settings(tmp_path, ZALO_OAUTH_URL="http://127.0.0.1:9")
    with pytest.raises(TokenError, match="oauth_unreachable"):
        with_tokens(database, away, renew(FIRST_ACCESS))
    known = load_credential(database, NAME)
    assert (known.value["refresh_token"], known.problem) == (FIRST_REFRESH, None)
    # Nobody hammers at a closed door, and the token that still serves is given out.
    with pytest.raises(TokenError, match="not_renewed"):
        with_tokens(database, settings, renew(FIRST_ACCESS))
    assert with_tokens(database, settings, current) == FIRST_ACCESS
    end_pause(database)
    assert with_tokens(database, settings, renew(FIRST_ACCESS)) == "access-1"


def test_a_refusal_is_told_with_what_to_do_and_without_secrets(database, settings, zalo_oa, caplog):
    caplog.set_level("INFO")
    log_in(database)
    zalo_oa.rules.grants.append("refused")
    with pytest.raises(TokenError):
        with_tokens(database, settings, renew(FIRST_ACCESS))
    problem = load_credential(database, NAME).problem
    assert "Invalid refresh token" in problem
    assert "motcua channels zalo login" in problem
    assert FIRST_REFRESH not in caplog.text + problem
    assert settings.zalo.app_secret not in caplog.text


def test_a_program_that_died_before_it_asked_is_inherited(database, settings, zalo_oa, caplog):
    log_in(database)
    assert ask_to_renew(database, NAME, "dead", FIRST_ACCESS)[0] is Turn.OURS
    assert ask_to_renew(database, NAME, "other", FIRST_ACCESS)[0] is Turn.SOMEBODY
    end_pause(database)
    assert with_tokens(database, settings, renew(FIRST_ACCESS), sleep=no_sleep) == "access-1"
    assert "cut off" in caplog.text
    assert load_credential(database, NAME).problem is None


def test_a_program_that_died_after_it_asked_is_reported_loudly(database, settings, zalo_oa, caplog):
    log_in(database)
    ask_to_renew(database, NAME, "dead", FIRST_ACCESS)
    zalo_oa.refresh[FIRST_REFRESH].used = True
    zalo_oa.refresh[FIRST_REFRESH].answered = False
    end_pause(database)
    with pytest.raises(TokenError):
        with_tokens(database, settings, renew(FIRST_ACCESS), sleep=no_sleep)
    assert "may be used up" in load_credential(database, NAME).problem
    assert "motcua channels zalo login" in caplog.text
    # The access token goes on serving meanwhile.
    assert with_tokens(database, settings, current) == FIRST_ACCESS
    assert zalo_oa.violations == []


def test_an_answer_that_never_came_is_told(database, settings, zalo_oa):
    log_in(database)
    zalo_oa.rules.grants.append("late")
    with pytest.raises(TokenError, match="oauth_no_answer"):
        with_tokens(database, settings, renew(FIRST_ACCESS), timeout=0.2)
    assert "no answer" in load_credential(database, NAME).problem


def test_a_wrong_log_in_does_not_lose_the_pair_before_it(database, settings, zalo_oa):
    log_in(database)
    log_in(database, access="wrong", refresh="made-up")
    assert with_tokens(database, settings, renew("wrong")) == "access-1"
    assert zalo_oa.renewals == ["made-up", FIRST_REFRESH]


def test_a_former_pair_that_was_spent_is_not_tried(database, settings, zalo_oa):
    log_in(database)
    with_tokens(database, settings, renew(FIRST_ACCESS))
    zalo_oa.rules.grants.append("refused")
    with pytest.raises(TokenError):
        with_tokens(database, settings, renew("access-1"))
    assert zalo_oa.renewals == [FIRST_REFRESH]
    assert zalo_oa.violations == []


def test_a_pair_that_can_not_be_renewed_is_a_problem_from_its_first_hour(database, settings, zalo_oa):
    clock = Clock()
    log_in(database, refresh="", moment=clock())
    known = load_credential(database, NAME)
    assert (known.renewable_until, "no refresh token" in known.problem) == (None, True)
    assert "motcua channels zalo login" in known.problem
    clock.go(hours=26)
    with pytest.raises(TokenError):
        with_tokens(database, settings, current, clock)
    assert "no refresh token" in load_credential(database, NAME).problem
    assert zalo_oa.renewals == []
    log_in(database, access="access-x")
    assert load_credential(database, NAME).problem is None


def test_a_log_in_ends_the_trouble(database, settings, zalo_oa):
    log_in(database)
    zalo_oa.rules.grants.append("refused")
    with pytest.raises(TokenError):
        with_tokens(database, settings, renew(FIRST_ACCESS))
    log_in(database, access="access-x")
    known = load_credential(database, NAME)
    assert (known.problem, known.ready_at) == (None, None)
    assert with_tokens(database, settings, renew(FIRST_ACCESS)) == "access-x"


def test_a_log_in_during_a_renewal_is_not_overwritten(database, settings, zalo_oa):
    log_in(database)
    zalo_oa.on_grant = lambda: log_in(database, access="access-x", refresh="refresh-x")
    assert with_tokens(database, settings, renew(FIRST_ACCESS)) == "access-x"
    known = load_credential(database, NAME)
    assert (known.value["refresh_token"], known.problem, known.ready_at) == ("refresh-x", None, None)
    # What was bought is kept: it serves if the log-in should turn out to be worth nothing.
    zalo_oa.on_grant = None
    assert with_tokens(database, settings, renew("access-x")) == "access-2"
    assert zalo_oa.renewals == [FIRST_REFRESH, "refresh-x", "refresh-1"]
    assert zalo_oa.violations == []


def test_a_renewal_is_finished_when_its_asker_gives_up(database, settings, zalo_oa):
    log_in(database)

    async def give_up(tokens):
        asking = asyncio.create_task(tokens.renew(FIRST_ACCESS))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    with_tokens(database, settings, give_up)
    assert load_credential(database, NAME).value["access_token"] == "access-1"


def test_who_waits_for_another_in_vain_says_so(database, settings):
    log_in(database)
    ask_to_renew(database, NAME, "slow", FIRST_ACCESS)
    with pytest.raises(TokenError, match="renewed_elsewhere"):
        with_tokens(database, settings, renew(FIRST_ACCESS), sleep=no_sleep)


def doctor_looks(database, settings, clock=now):
    async def look():
        async with opened(database, settings, clock) as channel:
            return [(one.good, one.said, one.todo) for one in await channel.check()]

    ((good, said, todo),) = asyncio.run(look())
    return good, said, todo


def test_doctor_hears_whether_the_account_answers(database, settings):
    assert doctor_looks(database, settings)[:2] == (False, "not_logged_in")
    log_in(database)
    assert doctor_looks(database, settings) == (True, "answers as Trung tâm thử", "")


def test_doctor_says_that_a_token_ended_and_leaves_the_renewal_to_the_bot(database, zalo_oa, settings):
    clock = Clock()
    log_in(database, moment=clock())
    before = load_credential(database, NAME)
    clock.go(hours=26)
    good, said, todo = doctor_looks(database, settings, clock)
    assert (good, said) == (False, f"not asked: the token ended {before.expires_at:%Y-%m-%d %H:%M} UTC")
    assert "before the next message" in todo
    assert (zalo_oa.renewals, load_credential(database, NAME)) == ([], before)
    with_tokens(database, settings, current, clock)
    assert (zalo_oa.renewals, doctor_looks(database, settings, clock)[0]) == ([FIRST_REFRESH], True)


def test_doctor_renews_no_token_that_zalo_refuses_and_doubts_none(database, zalo_oa, settings):
    log_in(database)
    before = load_credential(database, NAME)
    zalo_oa.expire()
    good, said, todo = doctor_looks(database, settings)
    assert (good, said) == (False, "token_expired")
    assert "before the next message" in todo
    assert (zalo_oa.renewals, load_credential(database, NAME)) == ([], before)
