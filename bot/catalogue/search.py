"""Finds the procedure a message is about: words and characters of names and citizens' wordings, tone-insensitive."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.catalogue.grams import Arrays, read_json, write_json
from bot.catalogue.learnt import learnt
from bot.catalogue.model import Name, Procedure
from bot.catalogue.ranker import Ranker
from bot.catalogue.wordings import WordingIndex, plain
from bot.text.abbreviations import expand
from bot.text.codes import PROCEDURE_CODE
from bot.text.normalise import fold, words
from bot.text.questions import split_parts

# A match below the first is none; between them it is doubtful; two matches this close are a doubt, too.
WEAK, SURE, MARGIN = 0.08, 0.55, 0.20
_CODE_LENGTH = len("1.004194")
# Up to so many words, each must be the procedure's own.
FEW_WORDS = 4
EXACT = 0.99
# From this nearness on a part of a message is a procedure's name.
NAMED = 0.8
# What is nearer to a name is no example of other procedures.
NO_OTHER = 0.4
# Messages whose readings are remembered.
_RECENT = 64
# A pair of words that more procedures have in their names says which of them is meant no longer.
MOST_NAMES = 2


@dataclass(frozen=True)
class Hit:
    """A procedure that a message may be about.

    Attributes:
        score: from 0 to 1.
        code: of several codes the one that was meant, where that is known.
    """

    procedure: Procedure | Name
    score: float
    code: str | None = None


class ProcedureSearch:
    """Ranks procedures for a message; built once per content.

    Args:
        wordings: the key of a procedure → messages of citizens who need it, beside its names.
        elsewhere: messages of people who need none of these procedures.
        shadowed: further codes that mean a procedure, such as those that were replaced → its key.
        memory: the folder where what is learnt is kept for the next start.
    """

    def __init__(
        self,
        procedures: Iterable[Procedure | Name],
        wordings: Mapping[str, Sequence[str]] | None = None,
        elsewhere: Sequence[str] = (),
        shadowed: Mapping[str, str] | None = None,
        memory: Path | None = None,
    ) -> None:
        self._procedures = list(procedures)
        told = wordings or {}
        by_key = {p.key: p for p in self._procedures}
        own = {code: p for p in self._procedures for code in (*p.codes, *p.old_codes)}
        self._codes = {**{code: by_key[key] for code, key in (shadowed or {}).items()}, **own}
        # Without tones "hộ", "bản" and "tử" look like asides; in these pairs they are not. "Đăng ký" names nothing.
        pairs = Counter(pair for p in self._procedures for pair in _pairs(p.name))
        never = [(first, second) for first, second in (pair.split() for pair in _read_asides()["never"])]
        self._verbs = frozenset(_read_asides()["verbs"])
        self._names = frozenset([*(pair for pair, names in pairs.items() if names <= MOST_NAMES), *never])
        # Each wording whole, and what a question leaves of it, unless that is the mere "ký" of "đăng ký ô tô".
        self._index = WordingIndex(
            {p.key: [text for w in (p.name, *p.synonyms) for text in self._forms(w)] for p in self._procedures}
        )
        # What a question leaves of a wording → whose it is, and the wording.
        self._left: dict[str, list[tuple[str, str]]] = {}
        for p in self._procedures:
            for wording in (p.name, *p.synonyms):
                self._left.setdefault(self._forms(wording)[1], []).append((p.key, plain(wording)))
        said = {p.key: (p.name, *p.synonyms, *told.get(p.key, ())) for p in self._procedures}
        known = learnt(memory, [said, list(elsewhere)], lambda: self._learn(said, elsewhere))
        self._vocabularies = {key: frozenset(own) for key, own in read_json(known["vocabularies"]).items()}
        self._known_words = frozenset().union(*self._vocabularies.values())
        self._ranker = Ranker.of_arrays(known) if len(said) > 1 else None
        # One turn asks several times about the same message, and about the same parts of it.
        self._rank, self._nearness = lru_cache(_RECENT)(self._rank_anew), lru_cache(_RECENT)(self._nearness_anew)
        self._subject = lru_cache(_RECENT)(lambda text: tuple(topic_words(text, self._names)))

    def _learn(self, said: Mapping[str, Sequence[str]], elsewhere: Sequence[str]) -> Arrays:
        vocabularies = {key: sorted({word for w in own for word in plain(w).split()}) for key, own in said.items()}
        # "Mất bao lâu" asks for the time; without tones its "mất" would be a loss.
        asked = {key: [without_aside_phrases(text) for text in own] for key, own in said.items()}
        others = [without_aside_phrases(text) for text in elsewhere]
        # The portal has the same procedure under several codes.
        near = self._index.nearest(others) if others else ()
        others = [text for text, nearness in zip(others, near, strict=True) if nearness < NO_OTHER]
        ranked = Ranker(asked, others).arrays() if len(said) > 1 else {}
        return {"vocabularies": write_json(vocabularies), **ranked}

    def find(self, text: str, limit: int = 10) -> list[Hit]:
        """The procedures nearest to a message, best first."""
        by_code = self.by_code(text)
        if by_code:
            return [Hit(procedure, 1.0) for procedure in by_code[:limit]]
        if not self._known_words.intersection(self.subject_of(text)):
            return []
        best = self._rank(text)
        order = np.argsort(-best)[:limit]
        return [Hit(self._procedures[place], float(best[place])) for place in order if best[place] > 0]

    def nearness(self, text: str) -> float:
        """How near a message is to the nearest name or wording of a name (0 to 1)."""
        return float(self._nearness(text).max(initial=0.0))

    def nearness_to(self, procedure: Procedure | Name, text: str) -> float:
        """How near a message is to the names of one procedure (0 to 1)."""
        return float(self._nearness(text)[self._index.keys.index(procedure.key)])

    def _rank_anew(self, text: str) -> NDArray[np.float64]:
        return self._ranker.rank(without_aside_phrases(self._named(text))) if self._ranker else self._nearness(text)

    def _nearness_anew(self, text: str) -> NDArray[np.float64]:
        # The whole message, too: what is left of "giấy chưa vợ" says little.
        return self._index.score(" ".join(self.subject_of(text)), plain(text))

    def subject_of(self, text: str) -> list[str]:
        """The words of a message that may name its procedure, without tones; none in "còn lệ phí?"."""
        return list(self._subject(text))

    def covers(self, procedure: Procedure | Name, text: str) -> bool:
        """Whether a procedure's own wordings account for what a message names.

        "Giấy phép karaoke" is near to "giấy phép xây dựng", and its one word too many says that it is another.
        A story has words that name nothing: of many words half are enough.
        """
        named = self.subject_of(text)
        if set(named) <= self._verbs:
            # "Cấp lại" could be said of many things, whatever it is nearest to.
            return False
        if len(named) < 2 and self.nearness(text) < EXACT:
            # One word alone, "lại" or "đất", names a procedure only where it is all of a wording.
            return False
        strange = [word for word in named if word not in self._vocabularies[procedure.key]]
        return not strange if len(named) <= FEW_WORDS else len(strange) <= len(named) / 2

    def is_named_whole(self, procedure: Procedure | Name, text: str) -> bool:
        """Whether one name of a procedure has every word of a message that may name something."""
        named = frozenset(self.subject_of(text))
        return any(named <= set(plain(name).split()) for name in (procedure.name, *procedure.synonyms))

    def by_code(self, text: str) -> list[Procedure | Name]:
        """The procedures whose codes, old or new, stand in a text."""
        # Portals append the office ("1.004194.000.00.00.H08"), people the next sentence ("1.004194.Cần gì?").
        codes = PROCEDURE_CODE.findall(text)
        found = [self._codes.get(code) or self._codes.get(code[:_CODE_LENGTH]) for code in codes]
        return list({procedure.key: procedure for procedure in found if procedure}.values())

    def _named(self, text: str) -> str:
        """The wording of one procedure that a message is but for asides, else the message.

        "Làm khai sinh ở đâu" means birth as such: its "ở" is no word for one abroad. No word of the wording may be
        missing: "sang tên nhà" is not "sang tên ô tô", though without asides both are "sang tên".
        """
        said = set(plain(text).split())
        left = self._left.get(" ".join(self.subject_of(text)), ())
        named = [(key, wording) for key, wording in left if said.issuperset(wording.split())]
        return max((wording for _, wording in named), key=len) if len({key for key, _ in named}) == 1 else text

    def _forms(self, wording: str) -> list[str]:
        left = topic_words(wording, self._names)
        return [plain(wording), " ".join(left if len(left) > 1 else [])]


@dataclass(frozen=True)
class Match:
    """What a message says about its procedure: one that is sure, or several that may be meant."""

    sure: Procedure | Name | None = None
    doubtful: tuple[Procedure | Name, ...] = ()


def match_procedure(search: ProcedureSearch, text: str) -> Match:
    """Decide between a sure match, a few doubtful ones, and none."""
    hits = search.find(text, limit=3)
    if not hits or hits[0].score < WEAK:
        return Match()
    runner_up = hits[1].score if len(hits) > 1 else 0.0
    # A short message has little for the ranker to go by, and may be a name all the same.
    likely = hits[0].score >= SURE or search.nearness_to(hits[0].procedure, text) >= NAMED
    clear = likely and hits[0].score - runner_up >= MARGIN
    if hits[0].score == 1.0 and PROCEDURE_CODE.search(text):
        clear = len(hits) == 1
    elif clear:
        clear = search.covers(hits[0].procedure, text)
    if clear:
        return Match(sure=hits[0].procedure)
    near = [hit.procedure for hit in hits if hit.score >= max(WEAK, hits[0].score - 3 * MARGIN)]
    return Match(doubtful=tuple(near))


def _pairs(name: str) -> set[tuple[str, str]]:
    # "Tạm trú, thị thực" has no pair "trú thì" in it.
    parts = re.split(r"[,;/()–]", name)
    return {pair for part in parts for pair in pairwise(plain(part).split())}


def match_several(search: ProcedureSearch, text: str) -> list[Procedure | Name]:
    """The procedures that a message names one after the other, in its order; fewer than two when it names one."""
    parts = split_parts(text)
    best = search.find(text, limit=1)
    if len(parts) < 2 or not best or search.is_named_whole(best[0].procedure, text):
        # A name may itself have an "and" in it.
        return []
    found = [match_procedure(search, part).sure for part in parts if search.nearness(part) >= NAMED]
    return list({procedure.key: procedure for procedure in found if procedure}.values())


def without_aside_phrases(text: str) -> str:
    """A message without the phrases that only say which aspect is asked, in normal form and without tones."""
    return " ".join(_asides()[0].sub(" ", plain(text)).split())


def topic_words(text: str, names: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
    """The words of a message that may name its subject, without tones; those in pairs of `names` always do."""
    phrases, single, toned = _asides()
    # "Còn" is an aside, "con" a child: where tones were typed, they count.
    written = " ".join(word for word in expand(words(text)) if word not in toned)
    found = phrases.sub(" ", fold(written)).split()
    named = {place + side for place, pair in enumerate(pairwise(found)) if pair in names for side in (0, 1)}
    return [word for place, word in enumerate(found) if word not in single or place in named]


def _read_asides() -> dict[str, list[str]]:
    """`asides`, pairs of them that are `never` asides together ("sổ đỏ"), and `verbs` that name nothing alone."""
    content: dict[str, list[str]] = json.loads(Path(__file__).with_name("asides.json").read_text(encoding="utf-8"))
    return content


@lru_cache(maxsize=1)
def _asides() -> tuple[re.Pattern[str], frozenset[str], frozenset[str]]:
    """Phrases, words, and words with tones that say which aspect is asked, or are only manners.

    "mất" alone may be a lost passport, "mất bao lâu" never is.
    """
    known = _read_asides()["asides"]
    phrases = "|".join(re.escape(aside) for aside in known if " " in aside)
    single = frozenset(aside for aside in known if " " not in aside and aside == fold(aside))
    return re.compile(rf"\b(?:{phrases})\b"), single, frozenset(aside for aside in known if aside != fold(aside))
