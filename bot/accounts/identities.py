"""Whom a provider has to vouch for to let an officer in. An administrator enters it; nobody gets an account by it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts import audit
from bot.accounts.errors import BadIdentityError, TakenError
from bot.accounts.model import Officer, OfficerIdentity

LONGEST_EMAIL, LONGEST_SUBJECT = 254, 255
_EMAIL = re.compile(r"[!-?A-~]+@[0-9a-z.-]+")


@dataclass(frozen=True)
class Identity:
    """Somebody as a provider knows them.

    Attributes:
        subject: the provider's own name for them, never given to another.
        email: in small letters, empty unless the provider has checked that it is theirs.
        second_step: whether the provider asked for more than a password.
    """

    issuer: str
    subject: str
    email: str = ""
    second_step: bool = False


@dataclass(frozen=True)
class Entered:
    """What an administrator entered of an officer; what is empty is not known."""

    email: str = ""
    issuer: str = ""
    subject: str = ""


def owner_of(session: Session, identity: Identity) -> Officer | None:
    """The officer whom a provider vouches for, held until the transaction ends.

    By the subject, and the first time by the e-mail address: from then on this officer is the subject's alone.
    """
    held = select(OfficerIdentity).with_for_update()
    named = held.where(OfficerIdentity.issuer == identity.issuer, OfficerIdentity.subject == identity.subject)
    entered = session.execute(named).scalar_one_or_none()
    if entered is None and identity.email:
        unnamed = held.where(OfficerIdentity.email == identity.email, OfficerIdentity.subject.is_(None))
        entered = session.execute(unnamed).scalar_one_or_none()
    if entered is None:
        return None
    officer = session.get(Officer, entered.officer_id, with_for_update=True)
    if entered.subject is None and officer.disabled_at is None:
        entered.issuer, entered.subject = identity.issuer, identity.subject
        audit.record(session, officer.name, "officer.identity", officer.name, "first log-in by the provider")
    return officer


def enter(session: Session, officer: Officer, entered: Entered) -> bool:
    """Keep what an administrator entered; returns whether it is something else than before.

    A new e-mail address forgets the subject of the old one, unless one is entered with it.

    Raises:
        BadIdentityError: it can't be what a provider names.
        TakenError: another officer has it.
    """
    entered = _checked(entered)
    row = session.get(OfficerIdentity, officer.id, with_for_update=True)
    if row is None:
        row = OfficerIdentity(officer_id=officer.id)
    before = (row.email, row.issuer, row.subject)
    after = (entered.email or None, entered.issuer or None, entered.subject or None)
    if before == after:
        return False
    _check_free(session, officer, entered)
    row.email, row.issuer, row.subject = after
    session.add(row)
    session.flush()
    return True


def entered_of(session: Session, officer: Officer) -> Entered:
    """What was entered of an officer."""
    row = session.get(OfficerIdentity, officer.id)
    return Entered(row.email or "", row.issuer or "", row.subject or "") if row else Entered()


def _checked(entered: Entered) -> Entered:
    email, subject = entered.email.strip().lower(), entered.subject.strip()
    if email and not (len(email) <= LONGEST_EMAIL and _EMAIL.fullmatch(email)):
        raise BadIdentityError("This is no e-mail address.")
    if len(subject) > LONGEST_SUBJECT or not (subject.isascii() and (subject.isprintable() or not subject)):
        raise BadIdentityError("A subject has at most 255 plain letters, figures and signs.")
    if subject and not entered.issuer:
        raise BadIdentityError("A subject says nothing without the provider that names it.")
    return Entered(email, entered.issuer if subject else "", subject)


def _check_free(session: Session, officer: Officer, entered: Entered) -> None:
    others = select(OfficerIdentity.officer_id).where(OfficerIdentity.officer_id != officer.id)
    same = [OfficerIdentity.email == entered.email] if entered.email else []
    wanted = [others.where(one) for one in same]
    if entered.subject:
        of = (OfficerIdentity.issuer == entered.issuer, OfficerIdentity.subject == entered.subject)
        wanted.append(others.where(*of))
    if any(session.execute(one).first() for one in wanted):
        raise TakenError("Another officer logs in with this already.")
