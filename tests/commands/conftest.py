import pytest

from tests.factories import make_database


@pytest.fixture
def database(tmp_path):
    """The database that the commands find in `MOTCUA_HOME`, which is the test's own folder."""
    database = make_database(tmp_path)
    yield database
    database.close()
