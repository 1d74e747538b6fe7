import json
from pathlib import Path

import pytest

from bot.text import concepts
from bot.text.concepts import find_concepts
from bot.text.normalise import fold

WORDINGS = json.loads(Path(concepts.__file__).with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text, found",
    [
        ("het bao nhieu tien", ["FEE", "FEE", "FEE>FEE"]),
        ("can giay to gi", ["PAPERS"]),
        ("o dau", ["WHERE"]),
        ("nop o dau mat bao lau", ["WHERE", "DURATION", "WHERE>DURATION"]),
        ("con trau di bo", []),
        ("", []),
    ],
)
def test_a_phrase_names_its_concept_and_neighbours_make_pairs(text, found):
    assert find_concepts(text.split()) == found


def test_the_longest_phrase_wins():
    assert find_concepts(["danh", "gia"]) == ["RATE"]


def test_every_wording_is_without_tones_and_reachable():
    for concept, wordings in WORDINGS.items():
        for wording in wordings:
            assert wording == fold(wording).lower()
            assert len(wording.split()) <= 5
            if len(wording.split()) <= 4:
                assert concept in find_concepts(wording.split())
