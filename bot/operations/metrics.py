"""What monitoring systems read: the counters of this program, and how the stores stand at the moment of asking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Database
from bot.delivery.counters import REGISTRY
from bot.operations.standing import Overview, look

CONTENT_TYPE = CONTENT_TYPE_LATEST


def render(database: Database) -> bytes:
    """Everything in the text form of Prometheus; without the gauges when the database does not answer."""
    return generate_latest(REGISTRY) + generate_latest(_Gauges(database))


class _Gauges(CollectorRegistry):
    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("motcua_database_up", "Whether the database answers.")
        try:
            with self._database.reading() as session:
                overview = look(session)
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from _queues(overview)
        yield from _standing(overview)
        yield from _credentials(overview)


def _queues(overview: Overview) -> Iterator[Metric]:
    labels = ["box", "channel", "state"]
    depth = GaugeMetricFamily("motcua_queue_messages", "Messages that wait, are worked on, or are held.", labels=labels)
    age = GaugeMetricFamily("motcua_queue_oldest_seconds", "Age of the oldest of them.", labels=labels)
    for queue in overview.queues:
        names = [queue.box, queue.channel, queue.state]
        depth.add_metric(names, queue.count)
        age.add_metric(names, (overview.at - queue.oldest).total_seconds())
    yield depth
    yield age
    failed = GaugeMetricFamily("motcua_failed_last_day", "Messages given up within a day.", labels=["box", "channel"])
    for (box, channel), count in overview.failed_lately.items():
        failed.add_metric([box, channel], count)
    yield failed


def _standing(overview: Overview) -> Iterator[Metric]:
    yield _family("motcua_gone", "Citizens that a channel can't reach any more.", "channel", overview.gone)
    yield _family("motcua_job_failures", "Failed runs in a row of a job.", "job", overview.failures)
    yield _family("motcua_switched_off", "What is switched off.", "name", dict.fromkeys(overview.off, 1))


def _credentials(overview: Overview) -> Iterator[Metric]:
    def left(moment: datetime | None) -> float | None:
        return (moment - overview.at).total_seconds() if moment else None

    known = overview.credentials
    good = {one.name: left(one.expires_at) for one in known}
    renewable = {one.name: left(one.renewable_until) for one in known}
    problem = {one.name: 1 if one.problem else 0 for one in known}
    yield _family("motcua_token_expires_seconds", "How long a token is still good.", "name", good)
    yield _family("motcua_token_renewable_seconds", "How long it can still be renewed.", "name", renewable)
    yield _family("motcua_token_problem", "Whether an operator must look at it.", "name", problem)


def _family(name: str, about: str, label: str, values: dict[str, int] | dict[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key], value)
    return family
