"""What the channels post in the storm, and a small HTTP client that costs little beside the bot."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.gateway_fakes import TELEGRAM, ZALO
from tests.fakes import telegram
from tests.fakes.zalo_events import make_event, sign

SECRET = "st0rm-w3bh00k-s3cret-l0ng-en0ugh-XyZ9"
PATHS = {TELEGRAM: "/webhooks/telegram", ZALO: "/webhooks/zalo"}
# Chats and users begin here, so that numbers have their usual length.
FIRST = {TELEGRAM: 700_000_000, ZALO: 246_845_883_000_000_000}
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NAP = 0.01
# Seconds that a channel waits for its answer, and those before its further tries: Zalo's ladder a hundred times as
# fast, after whose last try it calls no more at all. Telegram goes on for as long as it must.
_PATIENCE = {TELEGRAM: 10.0, ZALO: 2.0}
_ZALO_LADDER = (0.3, 3.0, 9.0, 18.0, 36.0)
_updates = itertools.count(874_000_000)


@dataclass(frozen=True)
class Post:
    """One webhook call.

    Attributes:
        key: the key under which the inbox knows it.
    """

    channel: str
    conversation: str
    key: str
    question: int
    text: str
    raw: bytes
    headers: dict[str, str]


def make_post(channel: str, person: int, question: int, text: str) -> Post:
    """A person asks a question."""
    user = FIRST[channel] + person
    if channel == TELEGRAM:
        number = next(_updates)
        who = {"id": user, "is_bot": False, "first_name": "Mai", "language_code": "vi"}
        chat = {"id": user, "type": "private", "first_name": "Mai"}
        message = {"message_id": number, "from": who, "chat": chat, "date": int(time.time()), "text": text}
        raw = json.dumps({"update_id": number, "message": message}).encode()
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}
        key = f"{telegram.TOKEN.split(':')[0]}:{number}"
    else:
        message = {"text": text, "msg_id": f"{next(_updates):020x}"}
        raw = make_event(user_id=str(user), message=message)
        headers = sign(raw)
        key = f"user_send_text:{message['msg_id']}:{json.loads(raw)['timestamp']}"
    return Post(channel, f"{channel}:{user}", key, question, text, raw, headers)


@dataclass
class Tally:
    """What became of the posts.

    Attributes:
        seconds: of each that was answered 200.
        statuses: of the others that were answered.
        broken: tries whose connection was refused or broke, or that were answered too late.
        given_up: events after whose last try Zalo would have called no more.
        delays: by how much a nap of the poster itself was too long, now and then: what its own times are too long by.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    broken: int = 0
    given_up: int = 0
    delays: list[float] = field(default_factory=list)
    doubles: int = 0

    @property
    def errors(self) -> int:
        """Answers 5xx."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    def percentile(self, share: float) -> float:
        """Milliseconds within which so many of the posts were answered."""
        return _percentile(self.seconds, share)

    @property
    def delay(self) -> float:
        """Milliseconds by which 99 of 100 naps of the poster were too long at the most."""
        return _percentile(self.delays, 0.99)

    async def watch_delays(self) -> None:
        """Take naps until cancelled."""
        while True:
            begun = time.monotonic()
            await asyncio.sleep(_NAP)
            self.delays.append(time.monotonic() - begun - _NAP)


def _percentile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


class Line:
    """One connection that is kept, and made again when it breaks."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, raw: bytes, headers: dict[str, str]) -> int:
        """The status of the answer.

        Raises:
            OSError, asyncio.IncompleteReadError: there was none.
        """
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(raw)}\r\n{lines}\r\n"
            writer.write(head.encode() + raw)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(answer)
            await reader.readexactly(int(length.group(1)) if length else 0)
        except BaseException:
            self.close()
            raise
        if b"connection: close" in answer.lower():
            self.close()
        return int(answer[9:12])

    def close(self) -> None:
        """Give the connection back."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


class Provider:
    """A channel's side of the webhook: posts until it is answered 200, as channels do, only sooner.

    Args:
        ports: of the web programs, each try at another one, as a server in front would have it.
    """

    def __init__(self, ports: Sequence[int], tally: Tally) -> None:
        # Two at least, or the same message could not come twice at the same moment.
        self._lines = [Line(port) for port in (ports if len(ports) > 1 else [*ports, *ports])]
        self._turns = itertools.count()
        self._tally = tally

    async def deliver(self, post: Post, doubled: bool = False) -> None:
        """Post until it is taken; `doubled` posts it twice at the same moment."""
        if doubled:
            half = len(self._lines) // 2
            tries = (self._until_taken(post, self._lines[:half]), self._until_taken(post, self._lines[half:]))
            await asyncio.gather(*tries)
            self._tally.doubles += 1
        else:
            await self._until_taken(post, self._lines)

    async def _until_taken(self, post: Post, lines: Sequence[Line]) -> None:
        for number, pause in enumerate(_pauses(post.channel)):
            begun = time.monotonic()
            line = lines[next(self._turns) % len(lines)]
            headers = {**post.headers, "num_retry": str(number)} if number and post.channel == ZALO else post.headers
            try:
                posting = line.post(PATHS[post.channel], post.raw, headers)
                status = await asyncio.wait_for(posting, _PATIENCE[post.channel])
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                self._tally.broken += 1
            else:
                if status == 200:
                    self._tally.seconds.append(time.monotonic() - begun)
                    return
                self._tally.statuses[status] = self._tally.statuses.get(status, 0) + 1
            await asyncio.sleep(pause)
        self._tally.given_up += 1

    def close(self) -> None:
        """Give the connections back."""
        for line in self._lines:
            line.close()


def _pauses(channel: str) -> Iterator[float]:
    """Seconds after each try that failed; a channel that gives up waits no more after its last."""
    if channel == ZALO:
        return iter((*_ZALO_LADDER, 0.0))
    return (min(0.05 * 2**number, 1.0) for number in itertools.count())


def plan(
    messages: int, people: int, questions: Sequence[str], dice: random.Random, channels: Sequence[str]
) -> list[list[Post]]:
    """For each person what is asked, in order; no question twice in a row. People are spread over the channels."""
    counts = [messages // people + (person < messages % people) for person in range(people)]
    lines = []
    for person, count in enumerate(counts):
        channel = channels[person % len(channels)]
        asked = list(_no_repeats(count, len(questions), dice))
        lines.append([make_post(channel, person, one, questions[one]) for one in asked])
    return lines


def shuffle(lines: Sequence[Sequence[Post]], dice: random.Random) -> list[Post]:
    """All posts in one row, people mixed, each person's in order."""
    order = [person for person, posts in enumerate(lines) for _ in posts]
    dice.shuffle(order)
    waiting = [iter(posts) for posts in lines]
    return [next(waiting[person]) for person in order]


def _no_repeats(count: int, many: int, dice: random.Random) -> Iterator[int]:
    last = -1
    for _ in range(count):
        last = dice.choice([one for one in range(many) if one != last])
        yield last
