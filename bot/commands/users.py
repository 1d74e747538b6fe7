"""Accounts of staff, and the log of what staff did."""

from __future__ import annotations

import click

from bot.accounts import audit as audit_log
from bot.accounts.errors import AccountError
from bot.accounts.identities import Entered
from bot.accounts.officers import Accounts
from bot.accounts.permissions import ROLES
from bot.commands.common import migrated_database
from bot.commands.officers import Name, by, print_table, rules_of, shown_moment
from bot.complaints.errors import ComplaintError
from bot.settings import Settings

_role = click.option("--role", "roles", multiple=True, type=click.Choice(list(ROLES)), help="May be given again.")
_kind = click.option("--kind", "kinds", multiple=True, help="Only this kind of feedback; may be given again.")
_ONCE = "Shown once; to be changed at the first log-in."


@click.group()
def users() -> None:
    """Make and change accounts of staff, and check what staff did."""


@users.command("first-admin")
@click.argument("name", type=Name())
@click.pass_obj
def first_admin(settings: Settings, name: str) -> None:
    """Make the first administrator and print a one-time password."""
    _tell(Accounts(migrated_database(settings)).add_first_administrator(name))


@users.command("add")
@click.argument("name", type=Name())
@click.option("--unit", default="", help="The officer's unit, as it stands in complaints.")
@_role
@_kind
@by
@click.pass_obj
def add(settings: Settings, name: str, unit: str, roles: tuple[str, ...], kinds: tuple[str, ...], by: str) -> None:
    """Make an account and print its one-time password; without --role an officer's."""
    _check_kinds(settings, kinds)
    _tell(Accounts(migrated_database(settings)).add(name, unit, roles or ("officer",), kinds, by))


@users.command("list")
@click.pass_obj
def users_list(settings: Settings) -> None:
    """List the accounts."""
    rows = [
        (
            one.name,
            ", ".join(sorted(one.roles)),
            one.unit or "–",
            ", ".join(sorted(one.kinds)) or "all kinds",
            "second step" if one.second_step else "password only",
            "disabled" if one.disabled else "",
        )
        for one in Accounts(migrated_database(settings)).all()
    ]
    print_table(rows, ("Name", "Roles", "Unit", "Kinds", "Log-in", ""))


@users.command("reset")
@click.argument("name", type=Name())
@by
@click.pass_obj
def reset(settings: Settings, name: str, by: str) -> None:
    """Print a new one-time password; sessions and second step of the account end."""
    _tell(Accounts(migrated_database(settings)).reset(name, by))


@users.command("disable")
@click.argument("name", type=Name())
@by
@click.pass_obj
def disable(settings: Settings, name: str, by: str) -> None:
    """Close an account and log it out everywhere; its name stays in every history."""
    Accounts(migrated_database(settings)).disable(name, by)


@users.command("enable")
@click.argument("name", type=Name())
@by
@click.pass_obj
def enable(settings: Settings, name: str, by: str) -> None:
    """Open a disabled account again."""
    Accounts(migrated_database(settings)).enable(name, by)


@users.command("unlock")
@click.argument("name", type=Name())
@by
@click.pass_obj
def unlock(settings: Settings, name: str, by: str) -> None:
    """Forget an account's wrong tries, so that it need not wait."""
    Accounts(migrated_database(settings)).unlock(name, by)


@users.command("role")
@click.argument("name", type=Name())
@click.option("--unit", default=None, help="The new unit; '' is none.")
@_role
@_kind
@click.option("--all-kinds", is_flag=True, help="Every kind of feedback again.")
@by
@click.pass_obj
def role(
    settings: Settings,
    name: str,
    unit: str | None,
    roles: tuple[str, ...],
    kinds: tuple[str, ...],
    all_kinds: bool,
    by: str,
) -> None:
    """Change roles, unit or kinds of an account; what is not given stays. It is logged out."""
    if not (roles or kinds or all_kinds) and unit is None:
        raise click.UsageError("Say what is to change: --role, --unit, --kind or --all-kinds.")
    _check_kinds(settings, kinds)
    accounts = Accounts(migrated_database(settings))
    new_kinds = () if all_kinds else kinds or None
    accounts.change(name, by, unit=unit, roles=roles or None, kinds=new_kinds)


@users.command("identity")
@click.argument("name", type=Name())
@click.option("--email", default="", help="The e-mail address that the provider has checked.")
@click.option("--subject", default="", help="The provider's own name for them, in place of the address.")
@by
@click.pass_obj
def identity(settings: Settings, name: str, email: str, subject: str, by: str) -> None:
    """Say by what the OpenID Connect provider knows an officer; without options, by nothing. They are logged out."""
    entered = Entered(email, settings.oidc.issuer if subject else "", subject)
    Accounts(migrated_database(settings)).set_identity(name, by, entered)


@users.command("audit")
@click.option("--verify", is_flag=True, help="Check the chain instead of listing it.")
@click.option("--noted", help="NUMBER:DIGEST of an entry that was noted elsewhere; it must still be there.")
@click.option("--before", type=click.IntRange(1), help="Read on before the entry with this number.")
@click.option("--of", "name", default="", help="Only what this officer did.")
@click.option("--about", default="", help="Only about this receipt code or officer.")
@click.pass_obj
def audit(settings: Settings, verify: bool, noted: str | None, before: int | None, name: str, about: str) -> None:
    """List what staff did, newest first, or check that nothing of it was changed."""
    database = migrated_database(settings)
    if not verify:
        for row in audit_log.list_entries(database, before, name, about):
            told = "  ".join(part for part in (row.subject, row.detail) if part)
            click.echo(f"{row.id:7}  {shown_moment(row.done_at)}  {row.by}  {row.act}  {told}")
        return
    verdict = audit_log.verify(database, _noted(noted))
    if verdict.broken is not None:
        raise AccountError(f"The audit log does not fit from entry {verdict.broken} on: it was changed.")
    click.echo(f"{verdict.entries} entries fit. Note elsewhere: {verdict.last[0]}:{verdict.last[1]}")


def _noted(given: str | None) -> tuple[int, str] | None:
    if given is None:
        return None
    number, _, digest = given.strip().partition(":")
    if not (number.isascii() and number.isdigit() and digest):
        raise click.BadParameter("it looks like 128:3f9a…", param_hint="--noted")
    return int(number), digest


def _check_kinds(settings: Settings, kinds: tuple[str, ...]) -> None:
    known = rules_of(settings).kinds
    for kind in kinds:
        if kind not in known:
            raise ComplaintError(f"There is no kind '{kind}'; there are: {', '.join(known)}.")


def _tell(password: str) -> None:
    click.echo(password)
    click.echo(_ONCE, err=True)
