"""The storm: messages in, programs killed, neighbours failing; and the quieter runs that are measured."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from benchmarks.gateway_bot import Bot, RunError
from benchmarks.gateway_check import openings_of
from benchmarks.gateway_fakes import TELEGRAM, ZALO, Neighbour
from benchmarks.gateway_posts import Post, Provider, Tally, make_post, plan, shuffle
from bot.channels import telegram, zalo_oa
from bot.delivery.adapter import Adapter
from bot.delivery.intake import Intake
from bot.settings import ROOT

CHANNELS = (TELEGRAM, ZALO)
# Kept unanswered at the most; a real queue may be longer, but then it is the queue that is measured.
MOST_WAITING = 400
WAYS_TO_ASK = ("Thủ tục {} cần giấy tờ gì?", "Lệ phí {} bao nhiêu?", "{} bao lâu thì có kết quả?")
_people = itertools.count(50_000)


@dataclass(frozen=True)
class Weather:
    """How the storm blows.

    Attributes:
        web, actions, rasa: from and to how many seconds pass between two kills; (0, 0) for none.
        failing: the share of calls that the neighbours fail.
        once: each program is killed only once.
        expiries: how often Zalo's token ends, spread over the run.
    """

    messages: int = 50_000
    people: int = 2_000
    doubles: float = 0.05
    failing: float = 0.10
    web: tuple[float, float] = (10, 20)
    actions: tuple[float, float] = (10, 20)
    rasa: tuple[float, float] = (90, 90)
    writers: int = 16
    seed: int = 1
    once: bool = False
    expiries: int = 1


@dataclass
class Course:
    """What happened: posts in their order, kills, seconds from the first post to the last answer stored and sent."""

    posts: list[Post]
    tally: Tally
    kills: Counter[str] = field(default_factory=Counter)
    posting: float = 0.0
    total: float = 0.0


def find_questions(bot: Bot, many: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Questions whose answers begin differently from each other and always the same, with how they begin.

    Each is asked twice: by somebody new, and among others.

    Raises:
        RunError: there are too few.
    """
    dice = random.Random(seed)
    asked = _candidates(many * 2, dice)
    alone = [make_post(TELEGRAM, next(_people), number, text) for number, text in enumerate(asked)]
    order = list(enumerate(asked))
    dice.shuffle(order)
    among = [
        make_post(TELEGRAM, person, number, text)
        for person, some in zip(_people, _in_groups(order, 8), strict=False)
        for number, text in some
    ]
    asyncio.run(post_all(bot, alone + among, Tally()))
    bot.wait_until_done()
    found = openings_of(bot.database, alone + among)
    said: dict[int, set[str]] = {}
    for number, opening in found:
        said.setdefault(number, set()).add(opening)
    steady = {number: openings.pop() for number, openings in said.items() if len(openings) == 1 and "" not in openings}
    common = Counter(steady.values())
    chosen = [number for number, opening in steady.items() if common[opening] == 1][:many]
    if len(chosen) < many // 2:
        raise RunError(f"only {len(chosen)} questions have answers of their own")
    return [asked[number] for number in chosen], [steady[number] for number in chosen]


def storm(bot: Bot, neighbours: Mapping[str, Neighbour], questions: Sequence[str], weather: Weather) -> Course:
    """Let it blow until everything is answered and sent."""
    dice = random.Random(weather.seed)
    lines = plan(weather.messages, weather.people, questions, dice, CHANNELS)
    for neighbour in neighbours.values():
        neighbour.fail(weather.failing)
    course = asyncio.run(_blow(bot, neighbours, lines, weather, dice))
    for neighbour in neighbours.values():
        neighbour.fail(0.0)
    return course


def calm(
    bot: Bot, messages: int, people: int, questions: Sequence[str], channels: Sequence[str], writers: int
) -> Course:
    """Post as fast as it goes, kill nothing, and wait for the last answer."""
    dice = random.Random(2)
    posts = shuffle(plan(messages, people, questions, dice, channels), dice)
    course = Course(posts, Tally())
    begun = time.monotonic()
    asyncio.run(post_all(bot, posts, course.tally, writers))
    course.posting = time.monotonic() - begun
    bot.wait_until_done()
    course.total = time.monotonic() - begun
    return course


def steady(
    bot: Bot, rate: float, seconds: float, people: int, questions: Sequence[str], channel: str = TELEGRAM
) -> tuple[dict[str, float], Tally]:
    """Post so many messages a second, whether the former are answered or not; when each post began, by its key."""
    dice = random.Random(3)
    posts = shuffle(plan(int(rate * seconds), people, questions, dice, (channel,)), dice)
    tally = Tally()

    async def post_evenly() -> dict[str, float]:
        begun: dict[str, float] = {}
        free: asyncio.LifoQueue[Provider] = asyncio.LifoQueue()
        for _ in range(64):
            free.put_nowait(Provider(bot.ports, tally))

        async def post_one(post: Post) -> None:
            provider = await free.get()
            await provider.deliver(post)
            free.put_nowait(provider)

        watching = asyncio.create_task(tally.watch_delays())
        start, tasks = time.monotonic(), []
        for number, post in enumerate(posts):
            await asyncio.sleep(max(0.0, start + number / rate - time.monotonic()))
            begun[post.key] = time.monotonic()
            tasks.append(asyncio.create_task(post_one(post)))
        await asyncio.gather(*tasks)
        watching.cancel()
        return begun

    return asyncio.run(post_evenly()), tally


def open_adapters(bot: Bot) -> dict[str, Adapter]:
    """The channels' adapters, for their renderers."""
    intake = Intake(bot.database, lambda: None)
    opened = [module.open_channel(bot.database, bot.settings, intake) for module in (telegram, zalo_oa)]
    return {channel.adapter.channel: channel.adapter for channel in opened if channel}


async def _blow(
    bot: Bot,
    neighbours: Mapping[str, Neighbour],
    lines: Sequence[Sequence[Post]],
    weather: Weather,
    dice: random.Random,
) -> Course:
    course = Course(shuffle(lines, dice), Tally())
    pauses = {"web": weather.web, "actions": weather.actions, "rasa": weather.rasa}
    killers = [
        asyncio.create_task(_kill(bot, name, pause, random.Random(weather.seed + number), course, weather.once))
        for number, (name, pause) in enumerate(pauses.items())
        if pause[1]
    ]
    begun = time.monotonic()
    ends = asyncio.create_task(_expire(neighbours[ZALO], course, weather.expiries))
    try:
        await post_all(bot, course.posts, course.tally, weather.writers, weather.doubles, dice, MOST_WAITING)
        course.posting = time.monotonic() - begun
        await ends
        # Kills go on until everything is answered; what is on its way when they end is then sent in peace.
        await asyncio.to_thread(_wait_for_answers, bot)
    finally:
        for killer in killers:
            killer.cancel()
        await asyncio.gather(*killers, return_exceptions=True)
        ends.cancel()
    await asyncio.to_thread(bot.wait_until_done)
    course.total = time.monotonic() - begun
    return course


def _wait_for_answers(bot: Bot, patience: float = 300.0) -> None:
    until = time.monotonic() + patience
    while bot.unfinished()[0]:
        if time.monotonic() > until:
            raise RunError("the inbox does not get empty")
        time.sleep(0.2)


async def _kill(
    bot: Bot, program: str, pause: tuple[float, float], dice: random.Random, course: Course, once: bool
) -> None:
    while not (once and course.kills[program]):
        await asyncio.sleep(dice.uniform(*pause))
        if await asyncio.to_thread(bot.kill, program):
            course.kills[program] += 1


async def _expire(zalo: Neighbour, course: Course, times: int) -> None:
    for number in range(1, times + 1):
        while len(course.tally.seconds) < len(course.posts) * number // (times + 1):
            await asyncio.sleep(0.1)
        await asyncio.to_thread(zalo.expire)


async def post_all(
    bot: Bot,
    posts: Sequence[Post],
    tally: Tally,
    writers: int = 16,
    doubles: float = 0.0,
    dice: random.Random | None = None,
    most_waiting: int = 0,
) -> None:
    """Post everything over so many connections, each person over one of them, so that each person's order is kept."""
    dice = dice or random.Random(4)
    room = asyncio.Event()
    room.set()
    watching = [asyncio.create_task(tally.watch_delays())]
    if most_waiting:
        watching.append(asyncio.create_task(_watch_queue(bot, most_waiting, room)))
    lines: list[list[Post]] = [[] for _ in range(writers)]
    for post in posts:
        lines[int(post.conversation.rsplit(":", 1)[1]) // len(CHANNELS) % writers].append(post)
    try:
        dices = [random.Random(dice.random()) for _ in lines]
        work = [_write(bot.ports, line, tally, doubles, own, room) for line, own in zip(lines, dices, strict=True)]
        await asyncio.gather(*work)
    finally:
        for task in watching:
            task.cancel()


async def _write(
    ports: Sequence[int], line: Sequence[Post], tally: Tally, doubles: float, dice: random.Random, room: asyncio.Event
) -> None:
    provider = Provider(ports, tally)
    later: list[tuple[int, Post]] = []
    for number, post in enumerate(line):
        await room.wait()
        twice = dice.random() < doubles
        at_once = twice and dice.random() < 0.5
        await provider.deliver(post, doubled=at_once)
        if twice and not at_once:
            later.append((number + dice.randint(1, 30), post))
        due = [one for one in later if one[0] <= number or number == len(line) - 1]
        for one in due:
            later.remove(one)
            tally.doubles += 1
            await provider.deliver(one[1])
    provider.close()


async def _watch_queue(bot: Bot, most: int, room: asyncio.Event) -> None:
    while True:
        waiting = (await asyncio.to_thread(bot.unfinished))[0]
        (room.set if waiting < most else room.clear)()
        await asyncio.sleep(0.25)


def _candidates(many: int, dice: random.Random) -> list[str]:
    names = []
    for path in sorted((ROOT / "knowledge" / "procedures").glob("*.yml")):
        with contextlib.suppress(yaml.YAMLError, KeyError):
            names.append(yaml.safe_load(path.read_text(encoding="utf-8"))["name"])
    dice.shuffle(names)
    return [way.format(name) for name, way in zip(names[:many], itertools.cycle(WAYS_TO_ASK), strict=False)]


def _in_groups(items: Sequence[tuple[int, str]], size: int) -> Iterator[Sequence[tuple[int, str]]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
