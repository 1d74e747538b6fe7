"""Looks at everything that can go wrong around the bot, and says what to do: what `motcua doctor` prints."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import func, select
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import SQLAlchemyError

from bot.accounts.errors import AccountError
from bot.accounts.officers import Accounts
from bot.accounts.permissions import NAME, may
from bot.accounts.provider import Provider
from bot.complaints.denunciations import count_unread
from bot.complaints.naming import count_unseen
from bot.complaints.undelivered import PAGE, undelivered
from bot.database import Database, DatabaseError, now
from bot.delivery.finding import Finding
from bot.operations.jobs import Job, standings
from bot.operations.standing import Overview, look
from bot.settings import Settings
from bot.training import ledger
from bot.training.train import TrainingError, current_model

MEBIBYTE = 1024**2
LEAST_FREE = 1024 * MEBIBYTE
# SQLite takes its log back at some megabytes, unless something keeps on reading.
LARGEST_WAL = 256 * MEBIBYTE
LONGEST_WAIT = {"inbox": timedelta(minutes=2), "outbox": timedelta(minutes=15)}
# A job looks up what is due every ten seconds.
LATE_JOB = timedelta(minutes=15)
# Claims last a minute at least, and a try under way may take 45 seconds of it.
CLOCKS_APART = timedelta(seconds=5)
RENEW_WITHIN = timedelta(days=10)
_SECONDS = 5.0


def examine(
    database: Database, settings: Settings, jobs: Sequence[Job], clock: Callable[[], datetime] = now
) -> list[Finding]:
    """Look at everything but the channels' neighbours.

    Args:
        clock: this moment by this machine, aware.
    """
    found = [*_settings(settings), *_places(settings), *_model(database, settings), *_programs(settings)]
    stored = list(_database(database))
    found += stored
    if all(finding.good for finding in stored):
        with database.reading() as session:
            overview = look(session)
        found += _clock(database, clock)
        found += [*_queues(overview), *_credentials(overview), *_switches(overview), *_jobs(database, jobs)]
        found += [*_notices(database), *_accounts(database, settings)]
    return found


def _settings(settings: Settings) -> Iterator[Finding]:
    address = settings.public_url
    if settings.province in ("", "demo"):
        yield Finding(
            "province", True, "none: the bot is only tried out", "Set MOTCUA_PROVINCE before citizens use it."
        )
    if not address.startswith("https://"):
        yield Finding("public address", True, f"{address}, for this machine only", "Set MOTCUA_PUBLIC_URL to https://…")
        return
    try:
        with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
            status = client.get(f"{address}/healthz").status_code
        said, good = f"{address} answers {status}", status == 200
    except httpx.HTTPError as error:
        said, good = f"{address}: {type(error).__name__}", False
    yield Finding("public address", good, said, "" if good else "Look at the web server in front and its certificate.")


def _places(settings: Settings) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(settings.home).free
    except OSError:
        yield Finding("disk", False, f"{settings.home} can't be read", "Make the folder, or set MOTCUA_HOME.")
        return
    said = f"{free // MEBIBYTE} MiB free at {settings.home}"
    yield _judge("disk", free >= LEAST_FREE, said, "Make room: when the disk is full, nothing more is taken.")
    try:
        settings.evidence.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.evidence) as file:
            file.write(b"x")
        yield Finding("evidence folder", True, "can be written")
    except OSError as error:
        yield Finding("evidence folder", False, str(error.strerror), f"Let this user write to {settings.evidence}.")


def _model(database: Database, settings: Settings) -> Iterator[Finding]:
    train = "'motcua train' makes one, 'motcua run' starts with it."
    todo = f"'motcua models rollback' goes back to the one before; {train}"
    try:
        row = None
        with database.reading() as session:
            row = ledger.live(session)
        said = f"{row.id} ({row.name})" if row else ""
        if row:
            ledger.file_of(row, settings.models)
    except TrainingError as error:
        yield Finding("model", False, str(error), todo)
        return
    except SQLAlchemyError:
        said = ""
    if row and row.dropped:
        said += f" was made of {row.dropped} sentences that those who said them took back ({row.dropped_at:%Y-%m-%d})"
        todo = "Put a model live that was made since: 'motcua models list'; the job 'retrain' makes one at night."
        yield Finding("model", False, said, todo)
        return
    if row and row.reason == ledger.NOT_COMPARED:
        said += f", {row.reason}"
    fresh = bool(said) or current_model(settings.models) is not None
    yield _judge("model", fresh, said or ("fits today's data" if fresh else "none of this version"), train)


def _programs(settings: Settings) -> Iterator[Finding]:
    addresses = {
        "rasa": f"{settings.rasa_url}/status?token={settings.rasa_token}",
        "actions": f"{settings.actions_url}/health",
        "web": f"{settings.web_url}/healthz",
    }
    for name, address in addresses.items():
        todo = f"Start the bot ('motcua run'), or see {settings.logs / name}.log."
        try:
            with httpx.Client(timeout=_SECONDS, trust_env=False) as client:
                status = client.get(address).status_code
        except httpx.HTTPError:
            yield Finding(name, False, "does not answer", todo)
            continue
        yield _judge(name, status == 200, f"answers {status}", todo)


def _database(database: Database) -> Iterator[Finding]:
    try:
        migrated = database.is_migrated()
    except (DatabaseError, SQLAlchemyError) as error:
        said = str(error) if isinstance(error, DatabaseError) else type(error).__name__
        yield Finding("database", False, said, "Look at MOTCUA_DATABASE_URL and at the server.")
        return
    kind = "SQLite" if database.embedded else "PostgreSQL"
    said = f"{kind}, tables {'of this version' if migrated else 'of another version'}"
    yield _judge("database", migrated, said, "Start the bot once ('motcua run'): it brings the tables up to date.")
    if database.embedded:
        log = Path(f"{make_url(database.url).database}-wal")
        size = log.stat().st_size if log.exists() else 0
        todo = "Something keeps the database open for reading; start the bot again."
        yield _judge("database log", size <= LARGEST_WAL, f"{size // MEBIBYTE} MiB", todo)


def _clock(database: Database, clock: Callable[[], datetime]) -> Iterator[Finding]:
    """Whether this machine and the database's agree on the time: each program judges others' claims by its own."""
    if database.embedded:
        return
    with database.reading() as session:
        session.execute(select(1))
        before = clock()
        # Not now(), which is when the transaction began.
        there = session.execute(select(func.clock_timestamp())).scalar_one()
        after = clock()
    # Somewhere between the two it was asked.
    apart = max(before - there, there - after, timedelta(0))
    said = f"{apart.total_seconds():.1f} s from the database's"
    yield _judge("clock", apart <= CLOCKS_APART, said, "Let every machine keep its clock by NTP (timedatectl).")


def _queues(overview: Overview) -> Iterator[Finding]:
    todo = {
        "inbox": "See the logs of rasa, actions and web; 'motcua delivery list' shows what waits.",
        "outbox": "'motcua delivery list' shows why; see the channel's own line here.",
    }
    for box, longest in LONGEST_WAIT.items():
        for channel in sorted({queue.channel for queue in overview.queues if queue.box == box}):
            age = overview.age(box, channel)
            said = f"{overview.waiting(box, channel)} wait, the oldest for {age:.0f} s"
            yield _judge(f"{box} {channel}", age <= longest.total_seconds(), said, todo[box])
    for (box, channel), count in sorted(overview.failed_lately.items()):
        # What citizens can't be sent because they left is theirs to decide; what was not answered is ours.
        said = f"{count} given up within a day"
        yield _judge(f"{box} {channel}", box == "outbox", said, "'motcua delivery list --state failed' shows why.")


def _credentials(overview: Overview) -> Iterator[Finding]:
    for one in overview.credentials:
        todo = f"'motcua channels zalo login' makes a new pair for {one.name}."
        if one.problem:
            yield Finding(f"{one.name} token", False, one.problem, todo)
            continue
        good = one.renewable_until is None or one.renewable_until > overview.at + RENEW_WITHIN
        said = f"good until {_moment(one.expires_at)}, renewable until {_moment(one.renewable_until)}"
        yield _judge(f"{one.name} token", good, said, todo)


def _switches(overview: Overview) -> Iterator[Finding]:
    for name in overview.off:
        yield Finding(
            f"switch {name}", True, "off", f"'motcua switch on {name}' when citizens are to be answered again."
        )


def _jobs(database: Database, jobs: Sequence[Job]) -> Iterator[Finding]:
    moment = now()
    bad = 0
    for one in standings(database, jobs, moment):
        late = one.due_at is not None and one.due_at < moment - LATE_JOB and not one.running
        ahead = one.started_at is not None and one.started_at > moment + timedelta(minutes=5)
        if one.failures:
            why = "being tried again" if one.running else one.error
            said, todo = f"failed {one.failures} times: {why}", f"See web.log; 'motcua jobs run {one.job.name}'."
        elif ahead:
            said, todo = "last ran in the future", "Set this machine's clock."
        elif late:
            said, todo = f"due since {_moment(one.due_at)}", "The web program runs it: is it running?"
        else:
            continue
        bad += 1
        yield Finding(f"job {one.job.name}", False, said, todo)
    if not bad:
        yield Finding("jobs", True, f"{len(jobs)} on time")


def _notices(database: Database) -> Iterator[Finding]:
    count = len(undelivered(database, restricted=True))
    said = f"{count}{' or more' if count == PAGE else ''} did not reach citizens"
    yield _judge(
        "notices", not count, said, "'motcua complaints undelivered' lists them; ring where there is a number."
    )


def _accounts(database: Database, settings: Settings) -> Iterator[Finding]:
    people = [person for person in Accounts(database).all() if not person.disabled]
    if not people:
        yield Finding("accounts", True, "none: the console is shut", "'motcua users first-admin' makes the first one.")
        return
    unseen = count_unseen(database, people)
    screened = any(may(person.roles, NAME) for person in people)
    said = f"{len(people)}, {'' if screened else 'no supervisor, '}feedback about persons that nobody sees: {unseen}"
    todo = "Make a supervisor's account, of a unit that it does not tell of: 'motcua users add NAME --role supervisor'."
    yield _judge("accounts", screened and not unseen, said, todo)
    unread = count_unread(database, people, settings.restricted_readers)
    todo = "Name accounts of several units in MOTCUA_RESTRICTED_READERS; nobody sees one that tells of them."
    yield _judge("denunciations", not unread, f"{unread} that no reader sees", todo)
    if settings.oidc.issuer:
        yield _provider(settings)


def _provider(settings: Settings) -> Finding:
    provider = Provider(settings.oidc, settings.public_url)
    try:
        provider.begin()
    except AccountError as error:
        return Finding("log-in provider", False, str(error), "Look at MOTCUA_OIDC_ISSUER and at the provider.")
    finally:
        provider.close()
    return Finding("log-in provider", True, "says where it is")


def _judge(about: str, good: bool, said: str, todo: str) -> Finding:
    return Finding(about, good, said, "" if good else todo)


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "any time"
