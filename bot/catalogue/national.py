"""Ranks the imported records of the national portal for a message: by name, by citizens' wordings, by steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.catalogue.imported import ImportedName
from bot.catalogue.model import Name
from bot.catalogue.search import Hit
from bot.catalogue.wordings import plain

INTERNAL = "STANDARD_INTERNAL"
OF_A_PROVINCE = "SPECIFIC"
MOST_STEPS = 4000
# How much the views count, and what a province's own record loses against the national one.
# Chosen on tests/catalogue/dev/.
WHOLE, STEPS, OWN = 1.0, 0.5, 0.02
# A match this near and this far ahead of the next is sure, a weaker one than the last is none. On the development set
# a margin of 0.05 made 53 of 100 sure and 96.2 % of these right, one of 0.10 made 36 sure and 98.6 % right.
SURE, MARGIN, WEAK = 0.40, 0.08, 0.30


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
        self._codes_of = {group[0].key: codes for group, codes in zip(self._groups, self.codes, strict=True)}
        own = [group[0].type == OF_A_PROVINCE for group in self._groups]
        self._penalty = np.array(own) * OWN
        told = [[plain(w) for code in sorted(codes) for w in wordings.get(code, ())] for codes in self.codes]
        texts = list(groups)
        about = [_about(group) for group in self._groups]
        self._whole = _View(f"{t} {t} {' '.join(w)} {a}" for t, w, a in zip(texts, told, about, strict=True))
        steps = (plain(max((name.steps for name in group), key=len)[:MOST_STEPS]) for group in self._groups)
        self._steps = _View((f"{t} {t} {t} {a} {s}" for t, a, s in zip(texts, about, steps, strict=True)), min_df=2)

    def find(self, text: str, limit: int = 10) -> list[Hit]:
        """The procedures nearest to a message, best first."""
        scores = self._score(text)
        order = np.argsort(-scores)[:limit]
        return [Hit(self._groups[place][0], float(scores[place])) for place in order if scores[place] > 0]

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

    def _score(self, text: str) -> NDArray[np.float32]:
        query = plain(text)
        scores: NDArray[np.float32] = (
            WHOLE * self._whole.score(query) + STEPS * self._steps.score(query) - self._penalty
        )
        return scores


class _View:
    """Cosine of words and word pairs between a query and many texts."""

    def __init__(self, texts: Iterable[str], min_df: int = 1) -> None:
        self._vectorizer = TfidfVectorizer(
            ngram_range=(1, 2),
            token_pattern=r"\S+",  # noqa: S106 - no password
            sublinear_tf=True,
            min_df=min_df,
            dtype=np.float32,
        )
        # By word, so that a query touches only the words it has.
        self._texts: csr_matrix = self._vectorizer.fit_transform(texts).T.tocsr()

    def score(self, query: str) -> NDArray[np.float32]:
        found: NDArray[np.float32] = (self._vectorizer.transform([query]) @ self._texts).toarray().ravel()
        return found


def read_wordings(path: Path) -> dict[str, list[str]]:
    """Citizens' wordings by code: one JSON object {"code", "wordings"} a line."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    return {row["code"]: row["wordings"] for row in rows}


def _standing(name: ImportedName) -> tuple[bool, str]:
    return name.type == OF_A_PROVINCE or bool(name.province), name.key


def _about(group: Sequence[ImportedName]) -> str:
    return plain(" ".join(dict.fromkeys(word for name in group for word in (*name.fields, *name.synonyms))))
