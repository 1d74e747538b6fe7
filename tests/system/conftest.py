from collections.abc import Iterator

import pytest

from bot.database import Database, open_database
from tests.conftest import RunningBot


@pytest.fixture
def database(bot: RunningBot) -> Iterator[Database]:
    """The database that the module's bot works on."""
    database = open_database(bot.settings)
    yield database
    database.close()
