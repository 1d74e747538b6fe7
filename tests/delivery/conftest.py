import pytest

from tests.fakes.rasa import FakeRasa


@pytest.fixture
def rasa():
    with FakeRasa().serving() as fake:
        yield fake
