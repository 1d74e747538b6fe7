import pytest

from tests.factories import make_database


@pytest.fixture
def database(tmp_path):
    database = make_database(tmp_path)
    yield database
    database.close()
