import pytest
from click.testing import CliRunner
from sqlalchemy import update

from bot.accounts.errors import AccountError
from bot.accounts.model import AuditEntry
from bot.accounts.officers import Accounts
from bot.cli import cli
from bot.commands.users import users
from bot.database import open_database
from tests.factories import KEY, TOKEN, make_settings

ADMIN = "Trần Quản"
ENVIRONMENT = {"MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}


@pytest.fixture
def settings(tmp_path):
    return make_settings(tmp_path)


def run(settings, *arguments):
    result = CliRunner().invoke(users, arguments, obj=settings)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def accounts(settings):
    return Accounts(open_database(settings))


def test_the_first_administrator_is_made_by_command_and_only_once(settings):
    password = run(settings, "first-admin", ADMIN).stdout.strip()
    assert len(password) == 23
    with pytest.raises(AccountError):
        run(settings, "first-admin", "Kẻ Khác")


def test_accounts_are_made_changed_and_listed(settings):
    run(settings, "first-admin", ADMIN)
    run(settings, "add", "Lê Thị Hoa", "--unit", "Phòng Đất đai", "--kind", "late", "--by", ADMIN)
    run(settings, "role", "le thi hoa", "--role", "unit_head", "--all-kinds", "--by", ADMIN)
    run(settings, "disable", "Lê Thị Hoa", "--by", ADMIN)
    line = run(settings, "list").stdout.splitlines()[1]
    assert line.split("  ")[0] == "Lê Thị Hoa"
    assert all(part in line for part in ("unit_head", "Phòng Đất đai", "all kinds", "disabled"))


@pytest.mark.parametrize(
    "arguments", [("role", "Hoa"), ("add", "Hoa", "--role", "king"), ("add", ""), ("audit", "--verify", "--noted", "x")]
)
def test_what_makes_no_sense_is_refused(settings, arguments):
    assert run(settings, *arguments).exit_code == 2


def test_the_log_is_listed_and_checked(settings):
    run(settings, "first-admin", ADMIN)
    run(settings, "add", "Hoa", "--by", ADMIN)
    assert "officer.add  Hoa" in run(settings, "audit", "--of", ADMIN).stdout
    noted = run(settings, "audit", "--verify").stdout.split()[-1]
    assert run(settings, "audit", "--verify", "--noted", noted).exit_code == 0


def test_a_log_that_was_changed_is_an_error(settings):
    run(settings, "first-admin", ADMIN)
    database = open_database(settings)
    with database.transaction() as session:
        session.execute(update(AuditEntry).values(by="Kẻ Khác"))
    with pytest.raises(AccountError, match="from entry 1 on"):
        run(settings, "audit", "--verify")


def complaints(settings, *arguments):
    return CliRunner().invoke(cli, ["complaints", *arguments], env=ENVIRONMENT | {"MOTCUA_HOME": str(settings.home)})


def test_with_accounts_feedback_is_shown_to_accounts_only(settings):
    assert complaints(settings, "list", "--by", "Hoa").exit_code == 0
    run(settings, "first-admin", ADMIN)
    run(settings, "add", "Hoa", "--by", ADMIN)
    assert complaints(settings, "list", "--by", "Hoa").exit_code == 0
    for stranger in ("Kẻ Khác", ADMIN):
        assert "has no account that may read" in str(complaints(settings, "list", "--by", stranger).exception)


def test_by_what_a_provider_knows_an_officer_is_entered(settings):
    run(settings, "first-admin", ADMIN)
    run(settings, "identity", ADMIN, "--email", "Quan@tayninh.example", "--by", ADMIN)
    assert accounts(settings).identity_of(ADMIN).email == "quan@tayninh.example"
    run(settings, "identity", ADMIN, "--by", ADMIN)
    assert accounts(settings).identity_of(ADMIN).email == ""
    for wrong in (("--email", "không phải"), ("--subject", "u-1")):
        with pytest.raises(AccountError):
            run(settings, "identity", ADMIN, *wrong, "--by", ADMIN)
