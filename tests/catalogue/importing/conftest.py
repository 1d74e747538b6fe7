import pytest

from tests.factories import make_database


@pytest.fixture
def database(tmp_path):
    database = make_database(tmp_path)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """What runs on this machine is not asked for through somebody else's."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
