"""The gateway under load: the storm, throughput beside stock Rasa, the webhook alone, latency (`make bench-gateway`).

Writes docs/benchmarks.md; ends with 1 when a promise broke.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
from sqlalchemy import select

from benchmarks import rasa_speed
from benchmarks.gateway_bot import LOG, Bot, RunError, running
from benchmarks.gateway_check import check, show
from benchmarks.gateway_fakes import TELEGRAM, ZALO, Neighbour, neighbour
from benchmarks.gateway_posts import Post, Provider, Tally, make_post, plan, shuffle
from benchmarks.gateway_storm import (
    CHANNELS,
    Course,
    Weather,
    calm,
    find_questions,
    open_adapters,
    post_all,
    steady,
    storm,
)
from benchmarks.report import replace_section
from bot.delivery.model import InboxMessage, OutboxMessage
from bot.settings import ROOT
from tests.postgres import postgres_server

PAGE = ROOT / "docs" / "benchmarks.md"
PARTS = ("webhook", "latency", "throughput", "storm", "programs")
# Of the storm on PostgreSQL: web programs at once, and how often Zalo's token ends meanwhile.
WEBS, EXPIRIES = 4, 5
PROGRAMS = ("web", "rasa", "actions")
QUESTIONS = 40
# For the webhook alone nobody answers.
ASKED = ("làm khai sinh cần gì", "lệ phí khai sinh")
WANTED_RATE, WANTED_P99 = 360, 100
LONG = 410


class Neighbours(dict[str, Neighbour]):
    """The fakes by channel."""


@contextlib.contextmanager
def bot_and_neighbours(
    folder: Path, seed: int, web_only: bool = False, webs: int = 1, **more: str
) -> Iterator[tuple[Bot, Neighbours]]:
    """Everything started, in a folder; more settings by name."""
    with contextlib.ExitStack() as stack:
        fakes = Neighbours({name: stack.enter_context(neighbour(name, seed)) for name in CHANNELS})
        bot = stack.enter_context(running(folder / "home", fakes[TELEGRAM], fakes[ZALO], web_only, webs, **more))
        yield bot, fakes


def run_programs(folder: Path, weather: Weather, questions: int = QUESTIONS) -> tuple[list[str], bool]:
    """The storm on several web programs that share one database of PostgreSQL."""
    with postgres_server(dict(os.environ), more=()) as server, server.fresh() as url:
        return run_storm(folder, weather, questions, WEBS, MOTCUA_DATABASE_URL=url)


def run_storm(
    folder: Path, weather: Weather, questions: int = QUESTIONS, webs: int = 1, **more: str
) -> tuple[list[str], bool]:
    """The storm; its table, and whether every promise held."""
    with bot_and_neighbours(folder, weather.seed, False, webs, **more) as (bot, fakes):
        texts, openings = find_questions(bot, questions)
        course = storm(bot, fakes, texts, weather)
        said = [one for fake in fakes.values() for one in fake.said()]
        verdict = check(bot.database, course.posts, said, openings, open_adapters(bot))
        zalo = fakes[ZALO].report()
        restarts = (folder / "home" / LOG).read_text(encoding="utf-8").count("ended unexpectedly")
        for what in zalo["violations"]:
            verdict.blame(f"Zalo: {what}")
        if course.tally.given_up:
            verdict.blame(f"Zalo would have called no more: {course.tally.given_up} events after the last try")
        if not zalo["renewals"] and (weather.messages > 1000 or weather.expiries > 1):
            verdict.blame("the token ended and was not renewed")
    tally = course.tally
    killed = ", ".join(f"{name} {count}" for name, count in sorted(course.kills.items()))
    rows = {
        "messages, people, web programs": f"{verdict.messages}, {weather.people}, {webs}",
        "posted twice": tally.doubles,
        "killed": killed or "nothing",
        "started again by the supervisor": restarts,
        "answered, once and in order": verdict.answered if not verdict.broken else f"{verdict.answered} (see below)",
        "messages that reached citizens": verdict.delivered,
        "copies, because the channel did not say that it had it": verdict.unknowable,
        "copies, because the sender was killed in between": verdict.killed,
        "copies for no reason": verdict.unexplained,
        "Zalo: token ended, renewals, refresh tokens used twice": (
            f"{weather.expiries}, {zalo['renewals']}, {len(zalo['violations'])}"
        ),
        "messages a second, storm included": f"{verdict.messages / course.total:.0f}",
        "webhook, p50 / p99, ms": _percentiles(tally),
        "… by which the poster itself was late, p99, ms": f"{tally.delay:.0f}",
        "webhook, answers 5xx": tally.errors,
        "webhook, connections refused or broken while it was away": tally.broken,
        "webhook, Zalo's events given up after the last try": tally.given_up,
    }
    return [*_table(rows), *show(verdict)], not verdict.broken


def run_throughput(folder: Path, messages: int) -> tuple[list[str], bool]:
    """Messages per second from webhook to sent reply, beside stock Rasa over REST."""
    with bot_and_neighbours(folder, 1) as (bot, _):
        texts, _ = find_questions(bot, QUESTIONS)
        before = {name: bot.processor_seconds(name) for name in PROGRAMS}
        course = calm(bot, messages, messages // 10, texts, CHANNELS, 32)
        ours = messages / course.total
        cost = {name: (bot.processor_seconds(name) - before[name]) / messages * 1000 for name in PROGRAMS}
    settings = rasa_speed.make_settings(folder / "stock")
    with rasa_speed.action_server(settings), rasa_speed.stock_rasa(settings) as server:
        stock = asyncio.run(_stock(server, course))
    rows = {
        "Một Cửa: webhook → Rasa → reply sent, messages/s": f"{ours:.0f}",
        "stock Rasa: REST → reply, messages/s": f"{stock:.0f}",
        "ratio": f"{ours / stock:.1f}",
        "ours: processor time, ms a message": ", ".join(f"{name} {spent:.1f}" for name, spent in cost.items()),
        "webhook meanwhile, p50 / p99, ms": _percentiles(course.tally),
        "… by which the poster itself was late, p99, ms": f"{course.tally.delay:.0f}",
    }
    return _table(rows), ours >= 3 * stock


async def _stock(server: rasa_speed.Server, course: Course) -> float:
    """The same messages, 32 people at a time, each person's in order."""
    people: dict[str, list[str]] = {}
    for post in course.posts:
        people.setdefault(post.conversation, []).append(post.text)
    waiting = list(people.items())
    begun = time.monotonic()
    async with httpx.AsyncClient(timeout=120, trust_env=False, headers=server.headers) as client:

        async def talk() -> None:
            while waiting:
                name, texts = waiting.pop()
                for text in texts:
                    body = {"sender": name, "message": text, "metadata": {"inbox_id": 1, "channel": "web"}}
                    await client.post(f"{server.url}/webhooks/rest/webhook", json=body)

        await asyncio.gather(*(talk() for _ in range(32)))
    return len(course.posts) / (time.monotonic() - begun)


def run_webhook(folder: Path, messages: int) -> tuple[list[str], bool]:
    """Requests per second of the web program alone: signature, inbox on disk, 200."""
    rows, good = {}, True
    for channel in CHANNELS:
        # Each begins anew: what one channel leaves unanswered would be looked through again and again for the next.
        with bot_and_neighbours(folder / channel, 1, web_only=True) as (bot, _):
            before = bot.processor_seconds("web")
            course = calm_posting(bot, messages, channel)
            cost = (bot.processor_seconds("web") - before) / messages * 1000
            rate = messages / course.posting
            kept = bot.kept(channel)
            _, even = steady(bot, WANTED_RATE, 10, 1_000, ASKED, channel)
            at_server = _quantile(
                {edge: count - kept.get(edge, 0.0) for edge, count in bot.kept(channel).items()}, 0.99
            )
        rows[f"{channel}: requests/s"] = f"{rate:.0f}"
        rows[f"{channel}: processor time of the web program, ms a request"] = f"{cost:.1f}"
        rows[f"{channel}: p50 / p99 at that, ms"] = _percentiles(course.tally)
        rows[f"{channel}: p50 / p99 at {WANTED_RATE} requests/s, ms"] = _percentiles(even)
        rows[f"{channel}: … at the server, from the message read to the disk, p99, ms"] = f"{at_server:.0f}"
        rows[f"{channel}: … by which the poster itself was late, p99, ms"] = f"{even.delay:.0f}"
        good &= rate >= WANTED_RATE and even.percentile(0.99) <= WANTED_P99
    return _table(rows), good


def calm_posting(bot: Bot, messages: int, channel: str) -> Course:
    """Post as fast as it goes through one channel, for nobody to answer."""
    dice = random.Random(5)
    posts = shuffle(plan(messages, messages // 5, ASKED, dice, (channel,)), dice)
    course = Course(posts, Tally())
    begun = time.monotonic()
    asyncio.run(post_all(bot, posts, course.tally, 24))
    course.posting = time.monotonic() - begun
    return course


def run_latency(folder: Path, seconds: float) -> tuple[list[str], bool]:
    """From webhook to reply sent at ten messages a second; and late turns of a long conversation beside early ones."""
    with bot_and_neighbours(folder, 1) as (bot, fakes):
        texts, _ = find_questions(bot, QUESTIONS)
        before = len(fakes[TELEGRAM].said())
        begun, _ = steady(bot, 10, seconds, int(seconds * 3), texts)
        bot.wait_until_done()
        waited = _waits(bot, begun, fakes[TELEGRAM].said(before))
        early, late = _long_conversation(bot, texts)
    p50, p95 = (statistics.quantiles(waited, n=20)[place] * 1000 for place in (9, 18))
    rows = {
        f"webhook → reply sent at 10 messages/s ({len(waited)} messages): p50, ms": f"{p50:.0f}",
        "… p95, ms": f"{p95:.0f}",
        "turn 5 of a conversation, ms": f"{early * 1000:.0f}",
        "turn 400, ms": f"{late * 1000:.0f}",
        "turn 400 over turn 5": f"{late / early:.2f}",
    }
    return _table(rows), p95 <= 150 and late <= 1.5 * early


def _waits(bot: Bot, begun: dict[str, float], said: Sequence[object]) -> list[float]:
    """Seconds from each post to its first answer at the neighbour."""
    with bot.database.reading() as session:
        keys = dict(session.execute(select(InboxMessage.id, InboxMessage.external_key)).all())
        wanted = select(OutboxMessage.conversation, OutboxMessage.inbox_id, OutboxMessage.position)
        rows = session.execute(wanted.where(OutboxMessage.channel == TELEGRAM).order_by(OutboxMessage.id)).all()
    arrivals: dict[str, list[float]] = {}
    for one in said:
        arrivals.setdefault(one.conversation, []).append(one.at)  # type: ignore[attr-defined]
    waits = []
    for conversation, inbox_id, position in rows:
        if keys[inbox_id] in begun:
            at = arrivals[conversation].pop(0)
            if position == 0:
                waits.append(at - begun[keys[inbox_id]])
    return waits


def _long_conversation(bot: Bot, texts: Sequence[str]) -> tuple[float, float]:
    """Median seconds of turns around the fifth and around the 400th, each asked when the one before is answered."""
    posts = [make_post(TELEGRAM, 99_000, number % len(texts), texts[number % len(texts)]) for number in range(LONG)]
    asyncio.run(_ask_in_turn(bot, posts))
    with bot.database.reading() as session:
        rows = session.execute(
            select(InboxMessage.received_at, OutboxMessage.created_at)
            .join(OutboxMessage, OutboxMessage.inbox_id == InboxMessage.id)
            .where(InboxMessage.conversation == posts[0].conversation, OutboxMessage.position == 0)
            .order_by(InboxMessage.id)
        ).all()
    times = [(answered - received).total_seconds() for received, answered in rows]
    return statistics.median(times[:15]), statistics.median(times[-20:])


async def _ask_in_turn(bot: Bot, posts: Sequence[Post]) -> None:
    provider = Provider(bot.ports, Tally())
    for post in posts:
        await provider.deliver(post)
        while bot.unfinished()[0]:
            await asyncio.sleep(0.005)
    provider.close()


def _percentiles(tally: Tally) -> str:
    return f"{tally.percentile(0.5):.0f} / {tally.percentile(0.99):.0f}"


def _quantile(within: Mapping[float, float], share: float) -> float:
    """Milliseconds within which so many were, evenly spread between the edges of a histogram."""
    wanted, before, below = share * max(within.values()), 0.0, 0.0
    for edge, count in sorted(within.items()):
        if count >= wanted:
            break
        before, below = edge, count
    if edge == float("inf"):
        return edge
    return (before + (edge - before) * (wanted - below) / max(count - below, 1)) * 1000


def _table(rows: dict[str, object]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows.items())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one; may be given again")
    parser.add_argument("--messages", type=int, default=50_000, help="of the storm")
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=PAGE, help="the page whose marked sections are written")
    parser.add_argument("--keep", type=Path, help="keep homes and logs in this folder")
    given = parser.parse_args(arguments)
    held = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        weather = Weather(given.messages, given.people, seed=given.seed)
        parts = {
            "webhook": lambda place: run_webhook(place, 5_000),
            "latency": lambda place: run_latency(place, 60),
            "throughput": lambda place: run_throughput(place, 3_000),
            "storm": lambda place: run_storm(place, weather),
            "programs": lambda place: run_programs(place, replace(weather, expiries=EXPIRIES)),
        }
        for name in given.part or PARTS:
            begun = time.monotonic()
            (folder / name).mkdir(parents=True, exist_ok=True)
            try:
                lines, good = parts[name](folder / name)
            except RunError as error:
                lines, good = [f"BROKEN: {error}"], False
            held &= good
            print(
                f"{name}: {time.monotonic() - begun:.0f} s, {'held' if good else 'NOT held'}",
                *lines,
                sep="\n",
                flush=True,
            )
            day, cores = time.strftime("%Y-%m-%d"), os.cpu_count()
            replace_section(given.out, f"gateway: {name}", [f"`make bench-gateway`, {day}, {cores} cores.", "", *lines])
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
