import pytest

from tests.factories import make_database
from tests.fakes.rasa import FakeRasa


@pytest.fixture
def database(tmp_path):
    database = make_database(tmp_path)
    yield database
    database.close()


@pytest.fixture
def rasa():
    with FakeRasa().serving() as fake:
        yield fake
