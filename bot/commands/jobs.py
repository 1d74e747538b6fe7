"""What runs by the clock, and what did not reach citizens."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from bot.commands.common import migrated_database
from bot.commands.complaints import complaints
from bot.commands.officers import by, seen_by
from bot.complaints.reading import Look
from bot.complaints.rules import load_rules
from bot.complaints.undelivered import UNREAD, Undelivered, undelivered
from bot.complaints.workdays import VIET_NAM
from bot.database import now
from bot.delivery.model import HELD
from bot.operations.jobs import Job, Scheduler, Standing, standings
from bot.operations.registered import list_jobs
from bot.settings import ROOT, Settings

# Why the citizen can't be reached now, by the beginning of the reason in the outbox, and what may follow it.
_BECAUSE = {
    "window_closed": "they have not written for seven days",
    "paid_window": "they have not written for 48 hours, and later messages may cost money",
    "not_following": "they do not follow the account",
    "out_of_quota": "the account may send them nothing more now",
    "out_of_money": "no money is left in the Zalo Cloud Account",
    "no_cloud_account": "there is no Zalo Cloud Account to pay from",
}
_AND_THEN = {"_template_sent": "a template told them so", "_template_unsure": "a template may have told them so"}


@click.group()
def jobs() -> None:
    """Look at what runs by the clock."""


@jobs.command("list")
@click.pass_obj
def jobs_list(settings: Settings) -> None:
    """List the jobs: when each runs, how its last run went, when it runs next."""
    scheduler = _scheduler(settings)
    moment = now()
    for standing in standings(scheduler.database, scheduler.jobs, moment):
        click.echo(f"{standing.job.name:15} {_schedule(standing.job):15} {standing.job.about}")
        click.echo(f"{'':15} {_last(standing)}; {_next(standing, moment)}")


@jobs.command("run")
@click.argument("name")
@click.pass_obj
def jobs_run(settings: Settings, name: str) -> None:
    """Run a job at once, due or not."""
    click.echo(f"{name}: {_scheduler(settings).run_now(name) or 'done'}")


@complaints.command("undelivered")
@click.option("--days", type=click.IntRange(0), default=3, show_default=True, help="Not fetched for so many days.")
@click.option("--after", type=int, default=0, help="Read on after the notice with this number.")
@by
@click.pass_obj
def complaints_undelivered(settings: Settings, days: int, after: int, by: str) -> None:
    """List notices that citizens did not fetch, that wait for them to write, or that their channel refused."""
    database = migrated_database(settings)
    found = undelivered(database, timedelta(days=days), after, viewer=seen_by(database, Look(by)).viewer)
    for one in found:
        whom = "follower" if one.follower else "sender"
        told = f"{one.told_at.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"
        click.echo(f"{one.id:6}  {one.code}  {told}  {one.state:7} {one.about:17} {one.channel}, {whom}")
        if one.state != UNREAD:
            click.echo(f"{'':6}  {_why(one)}")
    click.echo(f"{len(found)} notices.")


def _why(one: Undelivered) -> str:
    reason = one.reason or "no reason was kept"
    if one.state != HELD:
        when = "tries it again" if one.reachable else "when they are back, for they are still out of reach"
        return f"given up: {reason}; 'motcua delivery resend {one.outbox_id}' {when}"
    known = next((name for name in _BECAUSE if reason.startswith(name)), None)
    then = reason[len(known or "") :]
    said = _BECAUSE[known] if known else reason
    if known and then:
        said += f"; {_AND_THEN.get(then, 'no template could tell them: ' + then.lstrip('_'))}"
    return f"cannot be reached now, because {said}"


def _scheduler(settings: Settings) -> Scheduler:
    rules = load_rules(ROOT / "knowledge", settings.province)
    database = migrated_database(settings)
    return Scheduler(database, list_jobs(database, rules, settings))


def _schedule(job: Job) -> str:
    return f"at {job.at:%H:%M}" if job.at else f"every {job.every}"


def _last(standing: Standing) -> str:
    if standing.started_at is None:
        return "never run"
    began = _moment(standing.started_at)
    if standing.running:
        return f"running since {began}"
    if standing.failures:
        return f"failed {standing.failures} times in a row, last {began}: {standing.error}"
    return f"last {began} ({standing.seconds:.1f} s): {standing.result or 'done'}"


def _next(standing: Standing, moment: datetime) -> str:
    if standing.due_at is None or standing.due_at <= moment:
        return "next at once"
    return f"next {_moment(standing.due_at)}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"
