from dataclasses import replace

import pytest
from click.testing import CliRunner

from bot.commands import review
from bot.commands.review import Session
from tests.review.conftest import LEAD, Town
from tests.review.conftest import town as town

NAMES = {"ask_forms": "Tải biểu mẫu, tờ khai", "ask_hotline": "Số đường dây nóng", "ask_postal": "Bưu điện"}


@pytest.fixture
def kind_of_database():
    return "sqlite"


def typed(town: Town, keys: str, by: str = LEAD, **more: object) -> str:
    """What somebody sees who presses these keys, one after the other, before they stop."""
    import click

    @click.command()
    def labelling() -> None:
        Session(replace(town.desk, **more), by, NAMES).run(100)

    result = CliRunner().invoke(labelling, input=keys)
    assert result.exception is None, result.output
    return result.output


def fill(town, *texts):
    for number, text in enumerate(texts):
        town.say(text, f"web:{number}")
    town.collect()


def test_a_name_before_the_command_is_refused_where_it_would_not_count():
    from bot.cli import cli

    told = CliRunner().invoke(cli, ["review", "--by", "Lê An", "label", "ask_postal", "3"])
    assert told.exit_code == 2
    assert "'--by' stands behind 'label'" in told.output


def test_one_key_labels_a_message_with_a_guess(town):
    fill(town, "xin mẫu ct01")
    shown = typed(town, "2")
    assert "xin mẫu ct01" in shown
    assert "Số đường dây nóng" in shown
    assert "Nothing waits for you." in shown
    assert (town.item().state, town.item().intent) == ("accepted", "ask_hotline")


def test_stopped_it_goes_on_where_it_was(town):
    fill(town, "xin mẫu ct01", "gọi số nào để hỏi")
    typed(town, "1q")
    assert sorted(row.state for row in town.rows(type(town.item()))) == ["accepted", "waiting"]
    assert typed(town, "q").count("#") == 1


def test_a_search_in_all_intents(town):
    fill(town, "gửi về nhà thì sao")
    typed(town, "/buu dien\n1")
    assert town.item().intent == "ask_postal"


@pytest.mark.parametrize(
    ("keys", "state"), [("s", "waiting"), ("u", "unusable"), ("usq", "unusable"), ("xq", "waiting")]
)
def test_skip_unusable_undo_and_a_key_that_means_nothing(town, keys, state):
    fill(town, "gửi về nhà thì sao")
    typed(town, keys)
    assert town.item().state == state


def test_the_procedure_goes_along(town):
    fill(town, "tờ khai khai sinh đâu")
    typed(town, "pkhai_sinh\n1")
    assert town.item().procedure == "khai_sinh"


def test_the_procedure_is_found_by_words_of_its_name(town):
    fill(town, "tờ khai khai sinh đâu")
    shown = typed(town, "psinh\n21", procedures={"chung_sinh": "Giấy chứng sinh", "khai_sinh": "Đăng ký khai sinh"})
    assert "Đăng ký khai sinh" in shown
    assert town.item().procedure == "khai_sinh"


def test_a_new_intent_is_asked_for_its_definition(town):
    fill(town, "nuôi chó có phải khai không")
    typed(town, "nregister_pet\nkhai báo vật nuôi\n")
    assert (town.item().state, town.item().asks) == ("second", "new,unexpected")


def test_where_nobody_leads_a_label_says_that_it_waits(town):
    town.rules = replace(town.rules, leads=())
    fill(town, "xin mẫu ct01")
    assert "unproven" in typed(town, "1q")


def test_every_command_of_the_review_explains_itself():
    for command in review.review.commands.values():
        assert command.help
