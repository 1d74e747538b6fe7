"""What is learnt from content is the same when it comes out of its file."""

import numpy as np
import pytest

from bot.catalogue.grams import read_json, write_json
from bot.catalogue.learnt import learnt
from bot.catalogue.loader import load_knowledge
from bot.catalogue.search import ProcedureSearch
from bot.settings import ROOT

SMALL = load_knowledge(ROOT / "tests" / "catalogue" / "fixtures" / "knowledge")[0]
TEXTS = ("đổi bằng lái", "bang lai het han", "xin làm trống đồng ở sao Hỏa", "đăng ký thuyền", "", "còn lệ phí?")


class Teacher:
    """Learns a number, and knows how often."""

    def __init__(self):
        self.lessons = 0

    def learn(self):
        self.lessons += 1
        return {"number": np.arange(3), "text": write_json({"tên": "Đỗ"})}


@pytest.fixture
def teacher():
    return Teacher()


def test_it_is_learnt_once(tmp_path, teacher):
    first = learnt(tmp_path / "learnt", ["a"], teacher.learn)
    again = learnt(tmp_path / "learnt", ["a"], teacher.learn)
    assert teacher.lessons == 1
    assert first.keys() == again.keys()
    assert (again["number"] == [0, 1, 2]).all()
    assert read_json(again["text"]) == {"tên": "Đỗ"}


def test_other_content_is_learnt_and_takes_the_place_of_the_first(tmp_path, teacher):
    for content in ("a", "b", "b", "a"):
        learnt(tmp_path, [content], teacher.learn)
    assert teacher.lessons == 3
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 broken", b"\x80\x04K\x01."])
def test_a_damaged_file_is_learnt_anew(tmp_path, teacher, damage):
    learnt(tmp_path, ["a"], teacher.learn)
    (file,) = tmp_path.iterdir()
    file.write_bytes(damage)
    learnt(tmp_path, ["a"], teacher.learn)
    learnt(tmp_path, ["a"], teacher.learn)
    assert teacher.lessons == 2


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path, teacher):
    (tmp_path / "file").write_text("no folder")
    assert learnt(tmp_path / "file" / "learnt", ["a"], teacher.learn)["number"].sum() == 3


def test_a_search_out_of_the_file_finds_the_same(tmp_path):
    made = [ProcedureSearch(SMALL.names(), SMALL.wordings, SMALL.elsewhere(), memory=tmp_path) for _ in range(2)]
    alone = ProcedureSearch(SMALL.names(), SMALL.wordings, SMALL.elsewhere())
    for text in TEXTS:
        assert made[0].find(text) == made[1].find(text) == alone.find(text)
