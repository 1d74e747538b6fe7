"""The lookup table of procedure names for Rasa's training data, made from the reviewed content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.catalogue.model import Name, Procedure
from bot.text.normalise import words

TABLE = "procedure"
# Verbs before a name, left out once so that "giấy khai sinh" is known beside "làm giấy khai sinh".
_VERBS = frozenset(("làm", "đăng", "ký", "xin", "cấp", "nộp", "thủ", "tục", "đổi", "lại", "mở", "khai", "báo"))
# A wording that asks something would take the question along.
_QUESTIONS = frozenset(("không", "đâu", "gì", "bao", "nào", "mấy", "thế", "thì", "chưa", "what", "how", "where"))
# One word names too many things; a longer phrase is never typed again as it stands here.
_SHORTEST, _LONGEST = 2, 7


def lookup_text(procedures: Iterable[Procedure | Name]) -> str:
    """`data/lookups/procedure.yml` as it should be for these procedures."""
    phrases = sorted({phrase for procedure in procedures for phrase in _phrases(procedure)})
    lines = "".join(f"    - {phrase}\n" for phrase in phrases)
    head = "# Made from knowledge/ by 'motcua knowledge lookups'; not to be edited.\n"
    return f'{head}version: "3.1"\nnlu:\n- lookup: {TABLE}\n  examples: |\n{lines}'


def _phrases(procedure: Procedure | Name) -> Iterator[str]:
    for wording in (procedure.name, *procedure.synonyms):
        said = words(wording)
        if _QUESTIONS.intersection(said) or said[-1] == "sao":
            continue
        while len(said) >= _SHORTEST:
            if len(said) <= _LONGEST:
                yield " ".join(said)
            if said[0] not in _VERBS:
                break
            said = said[1:]
