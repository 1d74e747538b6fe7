"""Finds the procedure a message is about: words and characters of names and citizens' wordings, tone-insensitive."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.catalogue.model import Procedure
from bot.text.abbreviations import expand
from bot.text.codes import PROCEDURE_CODE
from bot.text.normalise import fold, words

# Words that say which aspect is asked, or are only manners, never which procedure.
ASIDES = frozenset(json.loads(Path(__file__).with_name("asides.json").read_text(encoding="utf-8")))
# A match below the first is none; between them it is doubtful; two matches this close are a doubt, too.
WEAK, SURE, MARGIN = 0.30, 0.42, 0.04


@dataclass(frozen=True)
class Hit:
    """A procedure that a message may be about, with a score from 0 to 1."""

    procedure: Procedure
    score: float


class ProcedureSearch:
    """Ranks procedures for a message; built once per content."""

    def __init__(self, procedures: Iterable[Procedure]) -> None:
        self._procedures = list(procedures)
        self._codes = {code: p for p in self._procedures for code in (*p.codes, *p.old_codes)}
        texts, owners = [], []
        for place, procedure in enumerate(self._procedures):
            for wording in {procedure.name, *procedure.synonyms}:
                texts.append(_plain(wording))
                owners.append(place)
        self._owners = np.array(owners)
        self._words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\S+", sublinear_tf=True)  # noqa: S106 - no password
        self._characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        self._word_matrix: csr_matrix = self._words.fit_transform(texts)
        self._character_matrix: csr_matrix = self._characters.fit_transform(texts)

    def find(self, text: str, limit: int = 10) -> list[Hit]:
        """The procedures nearest to a message, best first."""
        by_code = [self._codes[c] for c in PROCEDURE_CODE.findall(text) if c in self._codes]
        if by_code:
            return [Hit(procedure, 1.0) for procedure in by_code]
        query = " ".join(topic_words(text))
        if not query:
            return []
        scores = self._score(query)
        best = np.full(len(self._procedures), 0.0)
        np.maximum.at(best, self._owners, scores)
        order = np.argsort(-best)[:limit]
        return [Hit(self._procedures[place], float(best[place])) for place in order if best[place] > 0]

    def _score(self, query: str) -> NDArray[np.float64]:
        by_words = (self._word_matrix @ self._words.transform([query]).T).toarray().ravel()
        by_characters = (self._character_matrix @ self._characters.transform([query]).T).toarray().ravel()
        scores: NDArray[np.float64] = 0.5 * by_words + 0.5 * by_characters
        return scores


@dataclass(frozen=True)
class Match:
    """What a message says about its procedure: one that is sure, or several that may be meant."""

    sure: Procedure | None = None
    doubtful: tuple[Procedure, ...] = ()


def match_procedure(search: ProcedureSearch, text: str) -> Match:
    """Decide between a sure match, a few doubtful ones, and none."""
    hits = search.find(text, limit=3)
    if not hits or hits[0].score < WEAK:
        return Match()
    runner_up = hits[1].score if len(hits) > 1 else 0.0
    if hits[0].score >= SURE and hits[0].score - runner_up >= MARGIN:
        return Match(sure=hits[0].procedure)
    near = [hit.procedure for hit in hits if hit.score >= max(WEAK, hits[0].score - 3 * MARGIN)]
    return Match(doubtful=tuple(near))


def _plain(text: str) -> str:
    return fold(" ".join(expand(words(text))))


def topic_words(text: str) -> list[str]:
    """The words of a message that may name its subject, without tones."""
    return [word for word in _plain(text).split() if word not in ASIDES]
