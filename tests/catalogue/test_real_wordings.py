"""Citizens' wordings in knowledge/wordings/: enough of them, each once, none of a set that measures."""

import json
from collections import Counter

import pytest

from bot.catalogue.loader import load_knowledge
from bot.settings import ROOT
from bot.text.copies import copies, plain

KNOWLEDGE = load_knowledge(ROOT / "knowledge")[0]
BLIND = sorted((ROOT / "tests" / "heldout" / "search").glob("*.jsonl"))
DEV = sorted((ROOT / "tests" / "catalogue" / "dev").glob("*.jsonl"))
TOO_NEAR = 0.8


def queries(paths):
    return [json.loads(line)["text"] for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_procedure_has_enough_wordings_and_no_other_has():
    assert set(KNOWLEDGE.wordings) == set(KNOWLEDGE.procedures)
    assert {key: len(own) for key, own in KNOWLEDGE.wordings.items() if len(own) < 40} == {}


def test_no_wording_stands_twice():
    counts = Counter(plain(text) for own in KNOWLEDGE.wordings.values() for text in own)
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("path", [*BLIND, *DEV], ids=lambda path: path.stem)
def test_no_wording_is_a_near_copy_of_a_query_that_measures(path):
    own = [text for texts in KNOWLEDGE.wordings.values() for text in texts]
    own += [text for name in KNOWLEDGE.names() for text in name.synonyms if len(text) > 25]
    assert list(copies(own, queries([path]), TOO_NEAR)) == []


def test_the_sets_that_measure_share_no_query():
    counts = Counter(plain(text) for text in queries([*BLIND, *DEV]))
    assert [text for text, count in counts.items() if count > 1] == []
