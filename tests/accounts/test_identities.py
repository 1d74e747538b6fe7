"""Whom a provider vouches for, and an officer's own sessions; on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.accounts.errors import (
    BadIdentityError,
    StaleLogInError,
    TakenError,
    UnknownPersonError,
    UnknownSessionError,
    WrongCodeError,
)
from bot.accounts.identities import Entered, Identity
from bot.accounts.own import OwnAccount
from bot.accounts.permissions import ADMINISTRATOR
from bot.accounts.sessions import CODE, DONE, ENROL
from tests.accounts.conftest import ADMIN, HERE, HOA, PASSWORD

ISSUER, EMAIL = "https://sso.example", "hoa@tayninh.example"
BA = "Bà Hai"


def vouched(desk, state="s", **known):
    identity = Identity(**{"issuer": ISSUER, "subject": "u-1", "email": EMAIL, **known})
    return desk.sessions.log_in_by_provider(identity, desk.sessions.begin_by_provider(state, HERE), HERE, "Firefox")


def test_the_address_counts_once_and_then_the_subject(desk):
    desk.add(HOA)
    desk.accounts.set_identity(HOA, ADMIN, Entered(EMAIL))
    assert vouched(desk, "1").person.name == HOA
    assert vouched(desk, "2", email="").person.name == HOA
    for number, other in enumerate(({"subject": "u-2"}, {"subject": "u-2", "email": ""}, {"issuer": "https://x"})):
        with pytest.raises(UnknownPersonError):
            vouched(desk, f"other {number}", **other)


def test_a_new_address_forgets_the_subject_of_the_old(desk):
    desk.add(HOA)
    desk.accounts.set_identity(HOA, ADMIN, Entered(EMAIL))
    session = vouched(desk, "1")
    desk.accounts.set_identity(HOA, ADMIN, Entered("moi@tayninh.example"))
    assert desk.sessions.of(session.token) is None
    with pytest.raises(UnknownPersonError):
        vouched(desk, "2")
    assert vouched(desk, "3", subject="u-9", email="moi@tayninh.example").person.name == HOA


def test_nobody_is_known_by_what_is_anothers(desk):
    for name in (HOA, BA):
        desk.add(name)
    desk.accounts.set_identity(HOA, ADMIN, Entered(EMAIL, ISSUER, "u-1"))
    for entered in (Entered(EMAIL), Entered("", ISSUER, "u-1")):
        with pytest.raises(TakenError):
            desk.accounts.set_identity(BA, ADMIN, entered)
    desk.accounts.set_identity(BA, ADMIN, Entered("", "https://x.example", "u-1"))
    desk.accounts.set_identity(HOA, ADMIN, Entered())
    desk.accounts.set_identity(BA, ADMIN, Entered(EMAIL))


@pytest.mark.parametrize(
    "entered", [Entered("x"), Entered("x@"), Entered("a b@c.vn"), Entered("é@c.vn"), Entered("", "", "u")]
)
def test_what_nobody_could_be_known_by_is_refused(desk, entered):
    with pytest.raises(BadIdentityError):
        desk.accounts.set_identity(ADMIN, ADMIN, entered)


def test_a_state_counts_once_also_at_the_same_moment(desk):
    def begin(_):
        try:
            return desk.sessions.begin_by_provider("s", HERE)
        except StaleLogInError:
            return None

    with ThreadPoolExecutor(4) as pool:
        assert len([attempt for attempt in pool.map(begin, range(8)) if attempt]) == 1


@pytest.mark.parametrize(("second", "step"), [(True, DONE), (False, ENROL)])
def test_an_administrator_needs_a_second_step_here_or_there(desk, second, step):
    desk.add(BA, roles=(ADMINISTRATOR,))
    desk.accounts.set_identity(BA, ADMIN, Entered(EMAIL))
    assert vouched(desk, second_step=second).step == step


def test_who_has_a_second_step_here_is_asked_for_it(desk):
    desk.add_ready()
    secret, *_ = desk.enrol(desk.log_in().token)
    desk.clock.pass_by(minutes=1)
    desk.accounts.set_identity(HOA, ADMIN, Entered(EMAIL))
    session = vouched(desk)
    assert session.step == CODE
    assert desk.sessions.pass_code(session.token, desk.code(secret), HERE).step == DONE


def test_a_session_remembers_from_where_it_is_through_all_its_steps(desk):
    desk.add(HOA)
    desk.accounts.set_identity(HOA, ADMIN, Entered(EMAIL))
    _, session, _ = desk.enrol(vouched(desk).token)
    (own,) = OwnAccount(desk.sessions).list_sessions(session.token)
    assert (own.device, own.address, own.by_provider, own.this) == ("Firefox", HERE, True, True)
    assert session.step == DONE


def test_own_sessions_are_listed_and_ended(desk):
    desk.add_ready()
    desk.add_ready(BA)
    own, mine, other, stranger = OwnAccount(desk.sessions), desk.log_in(), desk.log_in(), desk.log_in(BA)
    listed = own.list_sessions(mine.token)
    assert listed[0].this
    theirs = own.list_sessions(stranger.token)[0].mark
    with pytest.raises(UnknownSessionError):
        own.end_session(mine.token, theirs)
    own.end_others(mine.token)
    assert desk.sessions.of(other.token) is None
    assert desk.sessions.of(stranger.token)
    own.end_session(mine.token, listed[0].mark)
    with pytest.raises(UnknownSessionError):
        own.end_others(mine.token)


def test_a_session_that_has_run_out_is_not_listed(desk):
    desk.add_ready()
    desk.log_in()
    desk.clock.pass_by(minutes=61)
    assert len(OwnAccount(desk.sessions).list_sessions(desk.log_in().token)) == 1


def test_another_telephone_takes_the_place_of_the_old(desk):
    desk.add_ready()
    old, session, codes = desk.enrol(desk.log_in().token)
    desk.clock.pass_by(minutes=1)
    own = OwnAccount(desk.sessions)
    assert own.count_recovery_codes(session.token) == 8
    new = own.begin_other_telephone(session.token, desk.code(old), HERE)
    after, fresh = own.finish_other_telephone(session.token, new.sealed, desk.code(new.secret))
    assert (after.step, set(fresh) & set(codes)) == (DONE, set())
    desk.clock.pass_by(minutes=1)
    with pytest.raises(WrongCodeError):
        own.make_recovery_codes(after.token, desk.code(old), HERE)
    assert len(own.make_recovery_codes(after.token, desk.code(new.secret), HERE)) == 8
    assert desk.log_in(HOA, PASSWORD).step == CODE
