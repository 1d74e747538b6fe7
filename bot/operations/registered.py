"""The jobs of this installation: one line each. A job must bear to be run twice, and to be killed half-way."""

from __future__ import annotations

from datetime import date, time, timedelta

from bot.complaints import chain, clock
from bot.complaints.retention import Retention, load_retention
from bot.complaints.rules import Rules
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now
from bot.delivery.sweeping import sweep
from bot.operations.erasure import AskRasa, Stores, run_erasures
from bot.operations.jobs import Job
from bot.operations.promotion import RasaModels, open_promotion
from bot.operations.retention import run_retention
from bot.operations.retraining import retrain, run_program
from bot.operations.reviewing import Reviewing
from bot.operations.watching import watch
from bot.settings import ROOT, Settings
from bot.training import shadow
from bot.training.gate import load_bounds

_ON_ITS_WAY = timedelta(minutes=5)


def list_jobs(database: Database, rules: Rules, settings: Settings) -> list[Job]:
    """Every job, in the order operators are shown them. Citizens are told nothing at night but what was missed."""

    def today() -> date:
        return settings.today or day_in_viet_nam(now())

    stores = Stores(database, rules, settings.evidence, AskRasa(settings), home=settings.home)
    periods = load_retention(ROOT / "knowledge")
    promotion = open_promotion(database, settings)

    return [
        Job(
            "overdue",
            "tells citizens that the date has passed, and what they may do",
            lambda: clock.tell_overdue(database, today()),
            at=time(7, 30),
        ),
        Job(
            "remind",
            "reminds citizens of what the centre asked them",
            lambda: clock.ask_again(database, rules, today()),
            at=time(8, 0),
        ),
        Job(
            "close_answered",
            "closes what was answered and nobody objected to",
            lambda: clock.close_answered(database, rules, today()),
            at=time(8, 30),
        ),
        # Never by MOTCUA_TODAY: what is filed today belongs to a day that is not over; nor is it while something filed
        # just before midnight may still be on its way.
        Job(
            "close_days",
            "closes the days of the chain that are over",
            lambda: len(chain.close_days(database, day_in_viet_nam(now() - _ON_ITS_WAY))),
            at=time(0, 10),
        ),
        Job(
            "erasures",
            "does citizens' requests to delete",
            lambda: run_erasures(stores),
            every=timedelta(seconds=15),
        ),
        Job(
            "live_model",
            "lets Rasa have the model that is live, whoever made it live",
            promotion.settle,
            every=timedelta(seconds=30),
        ),
        Job(
            "watch_model",
            "takes a model back that citizens fare worse with",
            lambda: watch(database, promotion, load_bounds(ROOT / "knowledge")),
            every=timedelta(minutes=5),
        ),
        Job(
            "retrain",
            "has the trainings that were asked for; at night those that deletions made due",
            lambda: retrain(database, settings.models, lambda: run_program(settings, "train")),
            every=timedelta(seconds=15),
        ),
        Job(
            "shadow",
            "lets a candidate read along without answering",
            lambda: _read_along(database, settings),
            every=timedelta(minutes=10),
        ),
        Job(
            "sweep",
            "puts messages that got stuck back on their way, or ends them by name",
            lambda: sum(_sweep(database, settings, periods).values()),
            every=timedelta(minutes=5),
        ),
        Job(
            "review",
            "takes in what the bot did not understand, and out what nobody agrees to any more",
            Reviewing(database, RasaModels(settings.rasa_url, settings.rasa_token), home=settings.home),
            every=timedelta(hours=1),
        ),
        # Never by MOTCUA_TODAY: nobody should lose data to a day that was set for looking at content.
        Job(
            "retention",
            "takes out what is older than knowledge/retention.yml allows",
            lambda: sum(run_retention(stores, periods, day_in_viet_nam(now())).values()),
            at=time(2, 30),
        ),
    ]


def _read_along(database: Database, settings: Settings) -> str | None:
    with database.reading() as session:
        row = shadow.reading(session)
    # A program of its own: this one has citizens to answer, and Rasa would stay in its memory.
    return run_program(settings, "models", "shadow", "--now", must=True) if row else None


def _sweep(database: Database, settings: Settings, periods: Retention) -> dict[str, int]:
    # Never by MOTCUA_TODAY, as retention.
    held_before = periods.before("outbox", day_in_viet_nam(now()))
    return sweep(database, settings.push_channels, held_before)
