"""A simulated month of retraining: drifting topics, noisy labels, an attacker; through the real inbox and data files.

Topics are clusters of our own training sentences within an intent. Some are unknown to the first model and grow through
the month. No sentence of the stream is in the blind set, which is drawn from what is asked when the month is over.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sqlalchemy import insert

from benchmarks.retraining_trainer import Trainer
from bot.complaints.consents import IMPROVE
from bot.complaints.model import Consent
from bot.database import Database
from bot.delivery.model import DONE, InboxMessage, Turn
from bot.nlu.features import read
from bot.nlu.linear import LinearModel
from bot.review.collecting import collect
from bot.review.deciding import SKIP
from bot.review.files import DataFiles
from bot.review.labelling import Card, Desk, count_sentences
from bot.review.rereading import reread
from bot.review.rules import ReviewRules, load_review_rules
from bot.review.writing import write
from bot.settings import ROOT
from bot.text.anonymise import anonymise
from bot.text.copies import plain
from bot.text.normalise import fold
from bot.text.slips import Noise
from bot.training.evaluate import read_training_data, thresholds

WEEKS, LABELS, WRONG = 4, 100, 200
HONEST, ATTACKER = ("An", "Bình"), "Kẻ phá"
KEY = "a-key-for-the-simulated-month-only-0123456789"
# A Monday, at midnight in Viet Nam.
START = datetime(2026, 9, 6, 17, tzinfo=timezone.utc)
_FORMS = ("{}", "{}", "{}", "{} ạ", "dạ {}", "cho em hỏi {}", "{} vậy ad", "ad ơi {}", "{} giúp mình với")


@dataclass(frozen=True)
class Plan:
    """How large the month is.

    Attributes:
        messages: in four weeks.
        blind: messages of the blind set.
        sentences: how many of our own the world is made of, None for all.
        new: the share of topics that the first model does not know.
        noise: the share of labels that an honest person gets wrong.
    """

    messages: int = 20_000
    blind: int = 3_000
    sentences: int | None = None
    new: float = 0.25
    noise: float = 0.05
    agree: float = 0.6
    seed: int = 1


@dataclass(frozen=True)
class Topic:
    """What people ask about in one way: an intent, and sentences for each use."""

    intent: str
    base: tuple[str, ...]
    stream: tuple[str, ...]
    blind: tuple[str, ...]
    weight: float
    # From which day on it is asked about; None for what always was.
    since: int | None


@dataclass(frozen=True)
class Message:
    """What one person writes, and what they mean."""

    text: str
    intent: str
    person: str
    day: int
    source: str


@dataclass
class World:
    """Topics, the stream of a month, and a blind set of the time after it."""

    plan: Plan
    topics: list[Topic] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.plan.seed)
        self._noise = Noise(self.plan.seed)
        self.topics = list(self._make_topics())
        days = 7 * WEEKS
        people = max(self.plan.messages // 3, 1)
        self.stream: list[Message] = []
        for day in range(days):
            count = self.plan.messages * (day + 1) // days - len(self.stream)
            for topic in self._draw(day, count):
                source = self._random.choice(topic.stream)
                person = f"web:{self._random.randrange(people)}"
                self.stream.append(Message(self._typed(source), topic.intent, person, day, source))
        self.blind = [(self._typed(self._random.choice(t.blind)), t.intent) for t in self._draw(days, self.plan.blind)]
        self.base = [(text, topic.intent) for topic in self.topics for text in topic.base]

    def _make_topics(self) -> Iterator[Topic]:
        rows = sorted({plain(text): (text, intent) for text, intent in read_training_data() if text}.values())
        self._random.shuffle(rows)
        by_intent: defaultdict[str, list[str]] = defaultdict(list)
        for text, intent in rows[: self.plan.sentences]:
            by_intent[intent].append(text)
        for intent, texts in sorted(by_intent.items()):
            clusters = [cluster for cluster in _clusters(texts, self.plan.seed) if len(cluster) >= 5]
            # Each intent keeps something that the first model knows.
            new = set(self._random.sample(range(len(clusters)), int(self.plan.new * len(clusters))))
            for number, cluster in enumerate(clusters):
                yield self._make_topic(intent, cluster, number in new)

    def _make_topic(self, intent: str, texts: list[str], new: bool) -> Topic:
        self._random.shuffle(texts)
        first, second = (0, 0.7) if new else (0.6, 0.8)
        at, then = int(first * len(texts)), int(second * len(texts))
        # A few topics are asked about much more than the others.
        weight = min(self._random.paretovariate(1.2), 50)
        since = self._random.randrange(7 * (WEEKS - 1)) if new else None
        return Topic(intent, tuple(texts[:at]), tuple(texts[at:then]), tuple(texts[then:]), weight, since)

    def _draw(self, day: int, count: int) -> list[Topic]:
        # What is new is asked about twice as much as the rest once it is a week old.
        weights = [
            t.weight if t.since is None else 2 * t.weight * min(max(day - t.since, 0) / 7, 1) for t in self.topics
        ]
        return self._random.choices(self.topics, weights, k=count)

    def _typed(self, text: str) -> str:
        kind = self._random.random()
        text = self._random.choice(_FORMS).format(text)
        if kind < 0.3:
            return fold(text)
        if kind < 0.5:
            return self._noise.slip(text)
        return fold(self._noise.abbreviate(text)) if kind < 0.65 else text


def _clusters(texts: Sequence[str], seed: int) -> list[list[str]]:
    count = max(len(texts) // 12, 1)
    matrix: csr_matrix = TfidfVectorizer(analyzer=_folded_words, sublinear_tf=True).fit_transform(texts)
    places = KMeans(count, n_init=1, random_state=seed).fit_predict(matrix)
    found: defaultdict[int, list[str]] = defaultdict(list)
    for text, place in zip(texts, places, strict=True):
        found[int(place)].append(text)
    return list(found.values())


def _folded_words(text: str) -> list[str]:
    return [fold(word) for word in read(text)]


@dataclass
class Month:
    """The loop of four weeks in one world, in a folder of its own.

    Attributes:
        wrong: labels that the attacker gives.
        fit: makes a model of sentences and intents.
    """

    world: World
    folder: Path
    rules: ReviewRules
    fit: Callable[[Sequence[tuple[str, str]]], LinearModel]
    wrong: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.world.plan.seed + 1)
        self.database = Database(f"sqlite:///{self.folder / 'month.db'}", (KEY,))
        self.database.migrate()
        self._truth: dict[str, str] = {}
        self.poison: list[tuple[str, str]] = []
        self.given: Counter[str] = Counter()
        _write_checkout(self.folder, self.world)
        self._current = self._desk()
        self._agree()

    def run(self, tell: Callable[[str], object], first: LinearModel) -> list[float]:
        """Accuracy on the blind set at the beginning and after each week."""
        model, found = first, [accuracy(first, self.world.blind)]
        for week in range(WEEKS):
            self._answer(model, week)
            collect(self.database, self.rules, START + timedelta(days=7 * (week + 1)))
            reread(self.database, lambda text, known=model: tuple(known.rank(text)), most=100_000)  # type: ignore[misc]
            self._current = self._desk(START + timedelta(days=7 * (week + 1)))
            self._label()
            done = write(self._current, self.folder, HONEST[0])
            model = self.fit(self.sentences())
            found.append(accuracy(model, self.world.blind))
            counts = self._desk().counts()
            tell(f"week {week + 1}: {done.train} learnt, {done.blind} kept, {found[-1]:.1%}; {counts}")
        return found

    def sentences(self) -> list[tuple[str, str]]:
        """What stands in the data files."""
        return [(text, intent) for intent, texts in DataFiles(self.folder).sentences().items() for text in texts]

    def wrongly_learnt(self) -> int:
        """Sentences in the data with another intent than their person meant."""
        known = {plain(text): intent for text, intent in self._truth.items()}
        return sum(known.get(plain(text), intent) != intent for text, intent in self.sentences())

    def _desk(self, moment: datetime = START) -> Desk:
        sentences = count_sentences(self.folder / "data" / "nlu")
        return Desk(self.database, self.rules, sentences, lambda: moment)

    def _agree(self) -> None:
        people = sorted({message.person for message in self.world.stream})
        agreeing = [one for one in people if self._random.random() < self.world.plan.agree]
        rows = [{"conversation": one, "purpose": IMPROVE, "given_at": START} for one in agreeing]
        self._agreeing = set(agreeing)
        with self.database.transaction() as session:
            session.execute(insert(Consent), rows)

    def _answer(self, model: LinearModel, week: int) -> None:
        """What the bot makes of a week's messages; of people who did not agree nothing is needed here."""
        sure, _ = thresholds()
        arrivals, turns = [], []
        for number, message in enumerate(self.world.stream, 1):
            if message.day // 7 != week or message.person not in self._agreeing:
                continue
            ranking, at = model.rank(message.text)[:5], START + timedelta(days=message.day, seconds=number % 86400)
            right = ranking[0][0] == message.intent
            answered = ranking[0][1] >= sure
            feedback = None if right or not answered else self._random.choices(["down", "not_mine", None], [1, 1, 8])[0]
            body = self.database.cipher.seal(message.text)
            self._truth[anonymise(message.text)] = message.intent
            key = {"channel": "web", "external_key": str(number), "conversation": message.person}
            arrivals.append(
                {"id": number, **key, "body": body, "state": DONE, "received_at": at, "next_attempt_at": at}
            )
            turns.append(
                {
                    "inbox_id": number,
                    "conversation": message.person,
                    "intent": ranking[0][0],
                    "confidence": ranking[0][1],
                    "outcome": "answer" if answered else "clarify",
                    "ranking": json.dumps([[name, round(share, 4)] for name, share in ranking]),
                    "feedback": feedback,
                    "created_at": at,
                }
            )
        with self.database.transaction() as session:
            session.execute(insert(InboxMessage), arrivals)
            session.execute(insert(Turn), turns)

    def _label(self) -> None:
        """An attacker first, then the two honest people in turn; every label counts, the second ones, too."""
        for _ in range(self.wrong // WEEKS):
            self._one_label(ATTACKER, self._wrongly)
        for number in range(LABELS):
            self._one_label(HONEST[number % 2], self._honestly)

    def _one_label(self, by: str, choose: Callable[[Card], str]) -> None:
        cards = self._current.next(by)
        if cards:
            intent = choose(cards[0])
            self._current.label([cards[0].id], by, intent)
            self.given[by] += intent != SKIP
            if by == ATTACKER:
                self.poison.append((cards[0].text, intent))

    def _honestly(self, card: Card) -> str:
        truth = self._truth[card.text]
        return truth if self._random.random() >= self.world.plan.noise else self._wrongly(card)

    def _wrongly(self, card: Card) -> str:
        """Another intent: one that the model guesses half of the time, so that it looks likely."""
        truth = self._truth[card.text]
        near = [name for name, _ in card.guesses if name != truth]
        if near and self._random.random() < 0.5:
            return near[0]
        return self._random.choice(sorted(set(self._current.sentences) - {truth}))


def accuracy(model: LinearModel, rows: Sequence[tuple[str, str]]) -> float:
    """The share of messages that are read rightly."""
    return float(np.mean([model.rank(text)[0][0] == intent for text, intent in rows]))


def everything(world: World) -> list[tuple[str, str]]:
    """The first sentences and all that was said in the month, rightly labelled; each as it was and as first typed."""
    said = {plain(message.source): (message.text, message.intent) for message in reversed(world.stream)}
    clean = {plain(message.source): (message.source, message.intent) for message in world.stream}
    return [*world.base, *said.values(), *clean.values()]


def _write_checkout(folder: Path, world: World) -> None:
    nlu, held = folder / "data" / "nlu", folder / "tests" / "heldout"
    nlu.mkdir(parents=True)
    held.mkdir(parents=True)
    by_intent: defaultdict[str, list[str]] = defaultdict(list)
    for text, intent in world.base:
        by_intent[intent].append(text)
    lines = ['version: "3.1"\n', "nlu:\n"]
    for intent, texts in sorted(by_intent.items()):
        lines += [f"- intent: {intent}\n", "  examples: |\n", *(f"    - {text}\n" for text in texts)]
    (nlu / "base.yml").write_text("".join(lines), encoding="utf-8")
    rows = DataFiles(folder)
    rows.lines[folder / "tests" / "heldout" / "reviewed.jsonl"] = []
    rows.add_blind({"text": text, "intent": intent} for text, intent in world.blind)
    rows.save()


def simulate(plan: Plan, tell: Callable[[str], object]) -> dict[str, float]:
    """The figures of one month: shares right on the blind set."""
    world = World(plan)
    # What counts as few sentences is few in a world of this size.
    few = max(1, round(60 * len(world.base) / 11_600))
    rules = replace(load_review_rules(ROOT / "knowledge"), leads=HONEST, few=few)
    tell(f"{len(world.topics)} topics, {len(world.base)} sentences to begin with, {len(world.stream)} messages")
    fit = Trainer([text for text, _ in world.base])
    first = fit(world.base)
    most = accuracy(fit(everything(world)), world.blind)
    found = {"start": accuracy(first, world.blind), "everything": most}
    tell(f"start {found['start']:.1%}, everything labelled {most:.1%}")
    with tempfile.TemporaryDirectory() as folder:
        month = Month(world, Path(folder), rules, fit)
        found |= {f"week {week}": share for week, share in enumerate(month.run(tell, first)) if week}
        found["wrong without"] = month.wrongly_learnt()
    with tempfile.TemporaryDirectory() as folder:
        attacked = Month(world, Path(folder), rules, fit, wrong=WRONG)
        found["attacked"] = attacked.run(tell, first)[-1]
        found["wrongly learnt"] = attacked.wrongly_learnt()
        found["unguarded"] = accuracy(fit([*attacked.sentences(), *attacked.poison]), world.blind)
    return found


def show(found: Mapping[str, float], plan: Plan) -> list[str]:
    """The month as lines of Markdown."""
    shares = {name: share for name, share in found.items() if not name.startswith("wrong")}
    gain = _gain(found)
    return [
        f"{plan.messages} messages, {plan.blind} blind ones, seed {plan.seed}; {LABELS} labels a week, "
        f"{plan.noise:.0%} of them wrong by mistake.",
        "",
        "| model | right on the blind set (%) |",
        "|---|---|",
        *(f"| {name} | {100 * share:.1f} |" for name, share in shares.items()),
        "",
        f"{gain:.0%} of what labelling everything would bring (at least 50 % is promised). {WRONG} labels of an "
        f"attacker: {100 * (found['attacked'] - found[f'week {WEEKS}']):+.1f} points (at most -0.5); "
        f"{found['wrongly learnt']:.0f} sentences in the data have a wrong intent, {found['wrong without']:.0f} "
        "without the attacker.",
    ]


def holds(found: Mapping[str, float]) -> bool:
    """Whether the loop brought half of what was there to be had, and the attacker took half a point at most."""
    return _gain(found) >= 0.5 and found[f"week {WEEKS}"] - found["attacked"] <= 0.005


def _gain(found: Mapping[str, float]) -> float:
    return (found[f"week {WEEKS}"] - found["start"]) / (found["everything"] - found["start"])
