import pytest

from bot.accounts import audit
from bot.accounts.errors import AccountError, UnknownOfficerError, WrongLoginError
from bot.accounts.passwords import make_one_time_password
from bot.accounts.permissions import ADMINISTRATOR, OFFICER, SUPERVISOR, UNIT_HEAD
from bot.accounts.sessions import DONE, PASSWORD
from tests.accounts.conftest import ADMIN, HERE, HOA, Desk
from tests.accounts.conftest import PASSWORD as CHOSEN
from tests.factories import raw_bytes


def test_the_first_administrator_is_made_once_with_a_password_of_their_own(desk):
    with pytest.raises(AccountError, match="administrator already"):
        desk.accounts.add_first_administrator("Kẻ Khác")
    assert [one.name for one in desk.accounts.all()] == [ADMIN]
    assert make_one_time_password() != make_one_time_password()


def test_a_new_officer_has_to_choose_a_password(desk):
    once = desk.add()
    session = desk.sessions.log_in(HOA, once, HERE)
    assert session.step == PASSWORD
    assert desk.sessions.change_password(session.token, once, CHOSEN, HERE).step == DONE
    with pytest.raises(WrongLoginError):
        desk.sessions.log_in(HOA, once, HERE)


def test_no_password_and_no_session_lies_in_the_database(desk):
    desk.add_ready()
    token = desk.log_in().token
    kept = raw_bytes(desk.database)
    assert CHOSEN.encode() not in kept
    assert token.encode() not in kept


@pytest.mark.parametrize("taken", ["Lê Thị Hoa", "le thi hoa", "  LÊ  Thị Hòa "])
def test_nobody_gets_a_name_that_only_tones_tell_from_anothers(desk, taken):
    desk.add()
    with pytest.raises(AccountError, match="already"):
        desk.add(taken)


@pytest.mark.parametrize("name", ["", "   ", "citizen", "System", "x" * 101, "\u200b"])
def test_a_name_that_means_something_else_or_nothing_is_refused(desk, name):
    with pytest.raises(AccountError):
        desk.add(name)


@pytest.mark.parametrize("roles", [(), ("king",), (OFFICER, "king")])
def test_only_roles_of_the_table_are_given(desk, roles):
    with pytest.raises(AccountError, match="A role is one of"):
        desk.add(roles=roles)


def test_one_administrator_is_always_left(desk):
    with pytest.raises(AccountError, match="administrator"):
        desk.accounts.disable(ADMIN, ADMIN)
    with pytest.raises(AccountError, match="administrator"):
        desk.accounts.change(ADMIN, ADMIN, roles=(OFFICER,))
    desk.add("Bà Hai", roles=(ADMINISTRATOR,))
    desk.accounts.disable(ADMIN, "Bà Hai")
    assert desk.accounts.find(ADMIN).disabled


@pytest.mark.parametrize("act", ["disable", "reset", "change"])
def test_what_changes_an_account_logs_it_out(desk, act):
    desk.add_ready()
    token = desk.log_in().token
    if act == "change":
        desk.accounts.change(HOA, ADMIN, roles=(UNIT_HEAD,))
    else:
        getattr(desk.accounts, act)(HOA, ADMIN)
    assert desk.sessions.of(token) is None


def test_a_disabled_officer_cannot_log_in_and_an_enabled_one_can(desk):
    desk.add_ready()
    desk.accounts.disable(HOA, ADMIN)
    with pytest.raises(WrongLoginError):
        desk.log_in()
    desk.accounts.enable(HOA, ADMIN)
    assert desk.log_in().step == DONE


def test_what_is_not_given_stays(desk):
    desk.accounts.add(HOA, "Phòng Đất đai", (OFFICER,), ("late",), ADMIN)
    desk.accounts.change(HOA, ADMIN, roles=(OFFICER, SUPERVISOR))
    person = desk.accounts.find("le thi hoa")
    assert (person.unit, person.roles, person.kinds) == (
        "Phòng Đất đai",
        frozenset({OFFICER, SUPERVISOR}),
        frozenset({"late"}),
    )


def test_an_unknown_officer_is_one_sentence(desk):
    with pytest.raises(UnknownOfficerError, match="no officer 'Không Ai'"):
        desk.accounts.reset("Không Ai", ADMIN)


def test_every_change_is_in_the_log_with_who_made_it(desk):
    desk.add()
    desk.accounts.change(HOA, ADMIN, unit="Phòng Đất đai")
    desk.accounts.disable(HOA, ADMIN)
    told = [(one.by, one.act, one.subject) for one in audit.list_entries(desk.database)]
    assert told[:3] == [
        (ADMIN, "officer.disable", HOA),
        (ADMIN, "officer.change", HOA),
        (ADMIN, "officer.add", HOA),
    ]


def test_a_desk_without_an_administrator_can_be_given_one(database):
    desk = Desk(database)
    desk.add()
    assert desk.accounts.add_first_administrator(ADMIN)
