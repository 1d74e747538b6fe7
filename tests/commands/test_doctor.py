import json

from click.testing import CliRunner

from bot.cli import cli
from tests.factories import KEY, TOKEN


def doctor(folder, *words):
    environment = {"MOTCUA_HOME": str(folder), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}
    ports = dict.fromkeys(("MOTCUA_PORT", "MOTCUA_RASA_PORT", "MOTCUA_ACTIONS_PORT"), "1")
    return CliRunner().invoke(cli, ["doctor", *words], env={**environment, **ports, "MOTCUA_MODELS": str(folder)})


def test_a_bot_that_does_not_run_is_not_well(tmp_path):
    told = doctor(tmp_path)
    assert told.exit_code == 1
    model = "BAD  model              none of this version  → 'motcua train' makes one, 'motcua run' starts with it."
    assert model in told.output.splitlines()


def test_other_programs_get_the_same_as_json(tmp_path):
    told = doctor(tmp_path, "--json")
    assert told.exit_code == 1
    findings = {finding["about"]: finding for finding in json.loads(told.output)}
    assert not findings["rasa"]["good"]
    assert findings["disk"]["todo"] == ""
