"""The comparison with a stock Rasa, on a few turns: a smoke test of `python -m benchmarks.rasa_speed`."""

import pytest

from benchmarks import rasa_speed
from benchmarks.rasa_speed import Load, Measured, compare, table

pytestmark = pytest.mark.server


# The running bot has seen to it that there is a model.
def test_both_servers_answer_the_same_and_are_measured(bot, tmp_path, monkeypatch):
    monkeypatch.setenv("MOTCUA_MODELS", str(bot.settings.models))
    stock, ours = compare(tmp_path, turns=20, long=6, rounds=1)
    assert stock.answers == ours.answers
    for measured in (stock, ours):
        assert [load.senders for load in measured.loads] == [1, 8, 32]
        assert all(0 < load.p50 <= load.p99 for load in measured.loads)
        assert list(measured.turns) == [rasa_speed.EARLY]
    assert ours.memory < stock.memory


def test_the_page_shows_both_and_how_many_times():
    stock = Measured(6.0, 500, 600, [Load(1, 20.0, 50.0, 60.0)], {5: 50.0, 200: 100.0, 400: 300.0}, "a")
    ours = Measured(2.0, 250, 260, [Load(1, 80.0, 12.5, 20.0)], {5: 10.0, 200: 10.0, 400: 11.0}, "a")
    lines = table(stock, ours, 600)
    assert "| 1 sender at a time: turns/s | 20 | 80 | 4.0 |" in lines
    assert "| turn 400 over turn 5 | 6.0 | 1.1 | |" in lines
    assert lines[-1] == "The answers of both are the same, word for word."
    assert {line.count("|") for line in lines if line.startswith("|")} == {5}
