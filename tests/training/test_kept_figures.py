import pytest

from bot.training import ledger
from bot.training.kept_figures import keep, look
from bot.training.measure import Prediction
from bot.training.model import CANDIDATE, LIVE
from tests.training.models import make_model, pass_gate, read_as, write_blind_set

FEE, TIME, PETS = "lệ phí bao nhiêu", "bao lâu thì xong", "mua chó ở đâu"
TWIN = "le phi bao nhieu"
RIGHT = {FEE: "fee", TIME: "time", PETS: "out_of_scope", TWIN: "fee"}


def readings(**wrong):
    """What a model reads, rightly but for what is named."""
    parts = {TWIN: "no_tones"}
    return [
        (text, truth, ((wrong.get(text, truth), 0.8), ("greet", 0.2)), parts.get(text, "clean"))
        for text, truth in RIGHT.items()
    ]


@pytest.fixture
def blind(tmp_path):
    rows = [(text, truth, "no_tones" if text == TWIN else "clean") for text, truth in RIGHT.items()]
    return write_blind_set(tmp_path / "heldout", *rows)


def seen(database, number, blind):
    with database.reading() as session:
        return look(session, ledger.find(session, str(number)), blind)


def test_a_model_is_shown_beside_the_live_one(database, tmp_path, blind):
    live = make_model(database, tmp_path, "motcua-a", LIVE)
    number = make_model(database, tmp_path, "motcua-b", CANDIDATE)
    read_as(database, live, readings(**{FEE: "time", TWIN: "time"}))
    read_as(database, number, readings(**{TIME: "fee"}))
    found = seen(database, number, blind)
    assert (found.beside, found.unseen) == (live, 0)
    assert [one.text for one in found.comparison.better] == [FEE, TWIN]
    assert [one.text for one in found.comparison.worse] == [TIME]
    assert found.report["confused"] == [{"truth": "time", "taken_for": "fee", "times": 1, "texts": [TIME]}]
    assert found.report["parts"]["no_tones"]["accuracy"] == 1


def test_the_live_one_is_shown_beside_the_one_it_was_compared_with(database, tmp_path, blind):
    before = make_model(database, tmp_path, "motcua-a", LIVE)
    number = make_model(database, tmp_path, "motcua-b", CANDIDATE)
    pass_gate(database, number, before, readings())
    read_as(database, before, readings())
    with database.transaction() as session:
        ledger.promote(session, str(number), tmp_path, "an", None)
    assert seen(database, number, blind).beside == before
    assert seen(database, before, blind).beside == number


def test_what_was_not_measured_has_no_figures(database, tmp_path, blind):
    number = make_model(database, tmp_path, "motcua-a", LIVE)
    assert seen(database, number, blind) is None
    with database.transaction() as session:
        keep(session, "motcua-a", [Prediction(*one) for one in readings()])
    found = seen(database, number, blind)
    assert (found.beside, found.comparison) == (None, None)
    assert seen(database, number, tmp_path / "nowhere") is None


def test_messages_that_were_added_since_are_counted_and_the_others_still_tell(database, tmp_path, blind):
    number = make_model(database, tmp_path, "motcua-a", LIVE)
    read_as(database, number, readings())
    with (blind / "messages.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "h9", "text": "câu mới", "intent": "fee"}\n')
    found = seen(database, number, blind)
    assert (found.unseen, found.report["parts"]["clean"]["messages"]) == (1, 2)
