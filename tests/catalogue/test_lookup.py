import yaml

from bot.catalogue.check import check_knowledge
from bot.catalogue.lookup import lookup_text
from bot.catalogue.model import Name

NAMES = [
    Name("a", "Đăng ký khai tử", ("làm giấy báo tử", "bà mất thì khai ở đâu", "khai tử")),
    Name("b", "Chứng thực", ("sao y",)),
    Name("c", "Một cái tên dài tới nỗi không ai gõ lại như thế", ()),
]


def phrases(names):
    table = yaml.safe_load(lookup_text(names))["nlu"][0]
    assert table["lookup"] == "procedure"
    return [line.removeprefix("- ") for line in table["examples"].splitlines()]


def test_names_and_wordings_stand_in_it_with_and_without_their_verbs():
    expected = {"chứng thực", "giấy báo tử", "khai tử", "ký khai tử", "làm giấy báo tử", "sao y", "đăng ký khai tử"}
    assert set(phrases(NAMES)) == expected


def test_the_order_of_the_content_does_not_matter():
    assert lookup_text(NAMES) == lookup_text(NAMES[::-1])


def test_a_table_that_is_not_of_today_is_an_error(folder, tmp_path):
    table = tmp_path / "procedure.yml"
    table.write_text(lookup_text(NAMES), encoding="utf-8")
    assert "motcua knowledge lookups" in check_knowledge(folder.path, lookups=table).errors[-1]
