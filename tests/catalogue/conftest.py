import shutil
from pathlib import Path

import pytest

from bot.catalogue.loader import load_knowledge
from bot.settings import ROOT

FIXTURES = Path(__file__).parent / "fixtures"


class Folder:
    """A copy of the small knowledge folder that a test may spoil."""

    def __init__(self, path):
        self.path = path
        shutil.copytree(FIXTURES / "knowledge", path)

    def change(self, name, before, after):
        text = (self.path / name).read_text(encoding="utf-8")
        assert before in text
        self.write(name, text.replace(before, after))

    def write(self, name, text, encoding="utf-8"):
        (self.path / name).write_text(text, encoding=encoding)

    def load(self):
        knowledge, refusals = load_knowledge(self.path)
        return knowledge, {refusal.path: refusal.reason for refusal in refusals}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "knowledge")


@pytest.fixture(scope="session")
def small():
    return load_knowledge(FIXTURES / "knowledge")[0]


@pytest.fixture(scope="session")
def real_folder():
    return ROOT / "knowledge"


@pytest.fixture(scope="session")
def real(real_folder):
    return load_knowledge(real_folder)[0]
