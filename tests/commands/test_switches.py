import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.delivery.sentences import SWITCHED_OFF
from tests.factories import KEY, TOKEN


@pytest.fixture
def motcua(tmp_path):
    environment = {"MOTCUA_HOME": str(tmp_path), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}
    return lambda *words: CliRunner().invoke(cli, [*words], env=environment)


def test_a_channel_is_switched_off_listed_and_switched_on(motcua):
    assert "telegram is off." in motcua("switch", "off", "telegram", "--by", "Chị Lan").output
    listed = motcua("switch", "list").output
    assert "telegram" in listed
    assert "by Chị Lan" in listed
    assert SWITCHED_OFF in listed
    assert motcua("switch", "on", "telegram").output == "telegram is on.\n"
    assert motcua("switch", "list").output == "Nothing is switched off.\n"
    assert motcua("switch", "on", "telegram").output == "telegram was not off.\n"


def test_the_notice_is_the_operators_own(motcua):
    motcua("switch", "off", "all", "--by", "an", "--notice", "Nghỉ đến 13 giờ.")
    assert "Nghỉ đến 13 giờ." in motcua("switch", "list").output


def test_an_empty_notice_and_an_unknown_channel_are_refused(motcua):
    assert motcua("switch", "off", "all", "--by", "an", "--notice", " ").exit_code == 2
    assert motcua("switch", "off", "fax", "--by", "an").exit_code == 2
