"""Ranks the imported records of the national portal for a message: by name, by citizens' wordings, by steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.catalogue.contrast import Contrast
from bot.catalogue.imported import ImportedName
from bot.catalogue.model import Name
from bot.catalogue.search import Hit
from bot.catalogue.vectors import Nearness
from bot.catalogue.wordings import plain

INTERNAL = "STANDARD_INTERNAL"
OF_A_PROVINCE = "SPECIFIC"
MOST_STEPS = 1500
# How much the views count, and what a province's own record loses against the national one. Chosen on wordings held out
# of the index and on tests/catalogue/dev/.
WHOLE, STEPS, OWN = 1.0, 0.3, 0.02
# The nearest so many are told apart among themselves, which counts this much.
NEAREST, CONTRAST = 8, 0.4
# A match this near and this far ahead of the next is sure, a weaker one than the last is none. On the development set
# 155 of 200 messages had a sure match, and 98 of 100 of these were right.
SURE, MARGIN, WEAK = 0.30, 0.10, 0.20


@dataclass(frozen=True)
class NationalMatch:
    """What a message says about an imported procedure: one that is sure, or several that may be meant."""

    sure: ImportedName | None = None
    doubtful: tuple[ImportedName, ...] = ()


class NationalSearch:
    """An index over imported names; records of the same name count as one.

    Args:
        names: what was imported; procedures inside the administration are left out.
        wordings: code → how people ask for it.
    """

    def __init__(self, names: Iterable[ImportedName], wordings: Mapping[str, Sequence[str]]) -> None:
        groups: dict[str, list[ImportedName]] = {}
        for name in names:
            if name.type != INTERNAL:
                groups.setdefault(plain(name.name), []).append(name)
        self._groups = [sorted(group, key=_standing) for group in groups.values()]
        self.codes = [frozenset(code for name in group for code in name.codes) for group in self._groups]
        self._by_code = {
            code: group[0] for group, codes in zip(self._groups, self.codes, strict=True) for code in codes
        }
        self._codes_of = {group[0].key: codes for group, codes in zip(self._groups, self.codes, strict=True)}
        own = [group[0].type == OF_A_PROVINCE for group in self._groups]
        self._penalty = np.array(own) * OWN
        told = [[plain(w) for code in sorted(codes) for w in wordings.get(code, ())] for codes in self.codes]
        texts = list(groups)
        about = [_about(group) for group in self._groups]
        self._whole = Nearness(f"{t} {t} {' '.join(w)} {a}" for t, w, a in zip(texts, told, about, strict=True))
        steps = (plain(max((name.steps for name in group), key=len)[:MOST_STEPS]) for group in self._groups)
        self._contrast = Contrast([[text, *own] for text, own in zip(texts, told, strict=True)])
        self._steps = Nearness((f"{t} {t} {t} {a} {s}" for t, a, s in zip(texts, about, steps, strict=True)), min_df=2)

    def find(self, text: str, limit: int = 10) -> list[Hit]:
        """The procedures nearest to a message, best first."""
        query = plain(text)
        scores = self._score(query)
        nearest = _best(scores, NEAREST)
        if scores[nearest].max(initial=0) > 0:
            scores[nearest] += CONTRAST * self._contrast.score(query, nearest)
        order = _best(scores, limit)
        return [Hit(self._groups[place][0], float(scores[place])) for place in order if scores[place] > 0]

    def by_code(self, code: str) -> list[ImportedName]:
        """The records that bear a code, the national one only."""
        found = self._by_code.get(code)
        return [found] if found else []

    def codes_of(self, name: Name) -> frozenset[str]:
        """The codes of all records that bear a name: the national one's and those of provinces."""
        return self._codes_of.get(name.key, frozenset(name.codes))

    def match(self, text: str) -> NationalMatch:
        """Decide between a sure match, a few doubtful ones, and none."""
        hits = self.find(text, limit=3)
        if not hits or hits[0].score < WEAK:
            return NationalMatch()
        ahead = hits[0].score - (hits[1].score if len(hits) > 1 else 0.0)
        names = [hit.procedure for hit in hits if isinstance(hit.procedure, ImportedName)]
        if hits[0].score >= SURE and ahead >= MARGIN:
            return NationalMatch(sure=names[0])
        return NationalMatch(doubtful=tuple(names))

    def _score(self, query: str) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = (
            WHOLE * self._whole.score(query) + STEPS * self._steps.score(query) - self._penalty
        )
        return scores


def _best(scores: NDArray[np.float32], most: int) -> NDArray[np.int64]:
    """The places of the highest scores, best first."""
    places = np.argpartition(-scores, most)[:most] if len(scores) > most else np.arange(len(scores))
    best: NDArray[np.int64] = places[np.argsort(-scores[places], kind="stable")]
    return best


def _standing(name: ImportedName) -> tuple[bool, str]:
    return name.type == OF_A_PROVINCE or bool(name.province), name.key


def _about(group: Sequence[ImportedName]) -> str:
    return plain(" ".join(dict.fromkeys(word for name in group for word in (*name.fields, *name.synonyms))))
