from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.accounts.attempts import FREE_TRIES, FREE_TRIES_OF_ADDRESS
from bot.accounts.errors import WaitError, WeakPasswordError, WrongCodeError, WrongLoginError
from bot.accounts.passwords import AT_ONCE, check_strength
from bot.accounts.permissions import ADMINISTRATOR
from bot.accounts.second_step import RECOVERY_CODES
from bot.accounts.sessions import CODE, DONE, ENROL
from tests.accounts.conftest import ADMIN, CHEAP, HERE, HOA, PASSWORD

WRONG = "không phải mật khẩu"


def fail(desk, times=1, name=HOA, address=HERE):
    for _ in range(times):
        with pytest.raises(WrongLoginError):
            desk.log_in(name, WRONG, address)


@pytest.mark.parametrize("name", [HOA, "le thi hoa", "LÊ THỊ HOÀ"])
def test_an_officer_logs_in_with_tones_or_without(desk, name):
    desk.add_ready()
    assert desk.log_in(name).person.name == HOA


@pytest.mark.parametrize("name", [HOA, "Không Ai", "", "a" * 5000, "\ud800", "' or 1=1 --", "\x00"])
def test_a_wrong_password_and_a_name_that_does_not_exist_are_told_alike(desk, name):
    desk.add_ready()
    with pytest.raises(WrongLoginError, match="Name or password is wrong"):
        desk.log_in(name, WRONG)


@pytest.mark.parametrize("password", ["", "x" * 100_000, "\ud800", "\x00" * 20])
def test_no_password_breaks_the_log_in(desk, password):
    desk.add_ready()
    with pytest.raises(WrongLoginError):
        desk.log_in(HOA, password)


def test_the_same_letters_composed_otherwise_are_the_same_password(desk):
    desk.add_ready()
    assert desk.log_in(password="sa\u0301ng nay tro\u031b\u0300i mu\u031ba to").step == DONE


@pytest.mark.parametrize("name", [HOA, "Không Ai"])
def test_after_some_wrong_tries_even_the_right_password_has_to_wait(desk, name):
    desk.add_ready()
    fail(desk, FREE_TRIES, name)
    with pytest.raises(WaitError) as wait:
        desk.log_in(name)
    assert wait.value.seconds <= 61


def test_the_wait_doubles_and_ends(desk):
    desk.add_ready()
    fail(desk, FREE_TRIES)
    desk.clock.pass_by(seconds=61)
    fail(desk)
    desk.clock.pass_by(seconds=61)
    with pytest.raises(WaitError):
        desk.log_in()
    desk.clock.pass_by(seconds=61)
    assert desk.log_in().step == DONE
    fail(desk, FREE_TRIES)


def test_the_wait_is_never_longer_than_half_an_hour(desk):
    desk.add_ready()
    for _ in range(FREE_TRIES + 8):
        fail(desk)
        desk.clock.pass_by(minutes=31)
    assert desk.log_in().step == DONE


def test_one_address_cannot_try_many_names(desk):
    desk.add_ready()
    for number in range(FREE_TRIES_OF_ADDRESS):
        fail(desk, name=f"Người {number}")
    with pytest.raises(WaitError):
        desk.log_in()
    assert desk.log_in(address="198.51.100.9").step == DONE


def test_wrong_tries_at_the_same_moment_all_count(desk):
    desk.add_ready()

    def guess(_):
        try:
            desk.log_in(HOA, WRONG)
        except (WrongLoginError, WaitError) as error:
            return type(error)

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(guess, range(20)))
    assert told.count(WrongLoginError) == FREE_TRIES


def test_more_log_ins_at_once_than_the_machine_bears_have_to_wait_and_count_as_none(desk):
    desk.add_ready()
    busy = [CHEAP._turns for _ in range(AT_ONCE)]
    assert all(turns.acquire(timeout=1) for turns in busy)
    try:
        for _ in range(FREE_TRIES):
            with pytest.raises(WaitError):
                desk.log_in()
    finally:
        for turns in busy:
            turns.release()
    assert desk.log_in().step == DONE


def test_an_administrator_can_let_somebody_try_again(desk):
    desk.add_ready()
    fail(desk, FREE_TRIES)
    desk.accounts.unlock(HOA, ADMIN)
    assert desk.log_in().step == DONE


def test_a_session_ends_after_an_hour_without_a_page(desk):
    desk.add_ready()
    token = desk.log_in().token
    for _ in range(5):
        desk.clock.pass_by(minutes=50)
        assert desk.sessions.of(token)
    desk.clock.pass_by(minutes=60)
    assert desk.sessions.of(token) is None


def test_a_session_ends_after_a_day_of_work(desk):
    desk.add_ready()
    token = desk.log_in().token
    for _ in range(14):
        desk.clock.pass_by(minutes=50)
        desk.sessions.of(token)
    desk.clock.pass_by(minutes=25)
    assert desk.sessions.of(token) is None


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 10_000])
def test_a_token_that_was_never_given_opens_nothing(desk, token):
    assert desk.sessions.of(token) is None


def test_after_a_log_out_the_token_opens_nothing(desk):
    desk.add_ready()
    token = desk.log_in().token
    desk.sessions.log_out(token)
    desk.sessions.log_out(token)
    assert desk.sessions.of(token) is None


def test_a_new_password_ends_every_other_session(desk):
    desk.add_ready()
    elsewhere, here = desk.log_in().token, desk.log_in().token
    after = desk.sessions.change_password(here, PASSWORD, "chiều nay trời nắng", HERE).token
    assert [bool(desk.sessions.of(token)) for token in (elsewhere, here, after)] == [False, False, True]


def test_a_stolen_session_cannot_guess_the_password(desk):
    desk.add_ready()
    token = desk.log_in().token
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongLoginError):
            desk.sessions.change_password(token, WRONG, "chiều nay trời nắng", HERE)
    with pytest.raises(WaitError):
        desk.sessions.change_password(token, PASSWORD, "chiều nay trời nắng", HERE)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("ngắn quá", "short"),
        ("x" * 300, "long"),
        ("aaaaaaaaaaaaaaaa", "simple"),
        ("123456789012345", "simple"),
        ("lê thị hoa 2026", "name"),
        ("lethihoa@@2026", "name"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused(password, reason):
    with pytest.raises(WeakPasswordError) as refused:
        check_strength(password, HOA)
    assert refused.value.reason == reason


def test_an_administrator_has_to_set_up_the_second_step(desk):
    desk.add_ready("Bà Hai", roles=(ADMINISTRATOR,))
    session = desk.log_in("Bà Hai")
    assert session.step == ENROL
    _, after, codes = desk.enrol(session.token)
    assert (after.step, len(set(codes))) == (DONE, RECOVERY_CODES)
    assert desk.sessions.of(session.token) is None


def test_a_secret_that_was_shown_to_another_log_in_never_counts(desk):
    """Whoever once had the password saw it, before the owner came or chose a new one."""
    once = desk.add("Bà Hai", roles=(ADMINISTRATOR,))
    first = desk.sessions.log_in("Bà Hai", once, HERE)
    seen, _ = desk.sessions.begin_second_step(first.token)
    owner = desk.sessions.change_password(desk.sessions.log_in("Bà Hai", once, HERE).token, once, PASSWORD, HERE)
    secret, _ = desk.sessions.begin_second_step(owner.token)
    assert secret != seen
    assert desk.sessions.begin_second_step(owner.token)[0] == secret
    with pytest.raises(WrongCodeError):
        desk.sessions.confirm_second_step(owner.token, desk.code(seen))
    _, codes = desk.sessions.confirm_second_step(owner.token, desk.code(secret))
    assert codes


def test_with_a_second_step_the_password_alone_opens_nothing(desk):
    desk.add_ready()
    secret, *_ = desk.enrol(desk.log_in().token)
    desk.clock.pass_by(minutes=1)
    session = desk.log_in()
    assert session.step == CODE
    assert desk.sessions.pass_code(session.token, desk.code(secret), HERE).step == DONE
    assert desk.sessions.of(session.token) is None


def test_a_code_counts_once(desk):
    desk.add_ready()
    secret, *_ = desk.enrol(desk.log_in().token)
    desk.clock.pass_by(minutes=1)
    first, second = desk.log_in().token, desk.log_in().token
    desk.sessions.pass_code(first, desk.code(secret), HERE)
    with pytest.raises(WrongCodeError):
        desk.sessions.pass_code(second, desk.code(secret), HERE)


def test_a_code_of_two_minutes_ago_is_too_old_and_one_of_half_a_minute_ago_is_not(desk):
    desk.add_ready()
    secret, *_ = desk.enrol(desk.log_in().token)
    desk.clock.pass_by(minutes=5)
    old = desk.code(secret)
    desk.clock.pass_by(minutes=2)
    token, recent = desk.log_in().token, desk.code(secret)
    with pytest.raises(WrongCodeError):
        desk.sessions.pass_code(token, old, HERE)
    desk.clock.pass_by(seconds=30)
    assert desk.sessions.pass_code(token, recent, HERE).step == DONE


def test_a_new_log_in_gives_no_new_tries_at_the_code(desk):
    desk.add_ready()
    desk.enrol(desk.log_in().token)
    for _ in range(FREE_TRIES):
        with pytest.raises(WrongCodeError):
            desk.sessions.pass_code(desk.log_in().token, "000000", HERE)
    with pytest.raises(WaitError):
        desk.sessions.pass_code(desk.log_in().token, "000000", HERE)


def test_a_recovery_code_counts_once(desk):
    desk.add_ready()
    _, _, codes = desk.enrol(desk.log_in().token)
    assert desk.sessions.pass_code(desk.log_in().token, codes[0].upper(), HERE).step == DONE
    with pytest.raises(WrongCodeError):
        desk.sessions.pass_code(desk.log_in().token, codes[0], HERE)


def test_a_recovery_code_is_its_owners_alone(desk):
    desk.add_ready()
    desk.add_ready("Bà Hai")
    _, _, codes = desk.enrol(desk.log_in().token)
    desk.enrol(desk.log_in("Bà Hai").token)
    with pytest.raises(WrongCodeError):
        desk.sessions.pass_code(desk.log_in("Bà Hai").token, codes[0], HERE)


def test_a_second_step_that_counts_cannot_be_set_up_anew_with_the_password_alone(desk):
    desk.add_ready()
    desk.enrol(desk.log_in().token)
    token = desk.log_in().token
    with pytest.raises(WrongCodeError):
        desk.sessions.begin_second_step(token)
    with pytest.raises(WrongCodeError):
        desk.sessions.confirm_second_step(token, "000000")


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\ud800", "x" * 10_000])
def test_what_is_no_code_is_refused(desk, typed):
    desk.add_ready()
    desk.enrol(desk.log_in().token)
    with pytest.raises(WrongCodeError):
        desk.sessions.pass_code(desk.log_in().token, typed, HERE)
