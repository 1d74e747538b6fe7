from dataclasses import replace

import pytest
from sqlalchemy import update

from bot.delivery.model import Turn
from tests.console.conftest import EDITOR, HOA, KEEPER, MINH, text_of
from tests.review.conftest import Town


@pytest.fixture
def town(office, tmp_path):
    town = Town(office.centre.database, tmp_path)
    office.console = replace(office.console, titles={"birth_registration": "Đăng ký khai sinh"})
    return town


@pytest.mark.parametrize("name", [KEEPER, EDITOR])
def test_what_nobody_could_answer_is_shown_without_who_asked(office, town, name):
    town.say("tôi là Nguyễn Văn An, nuôi hổ <b> được không", outcome="handover")
    page = office.browser(name).get("/thieu-noi-dung")
    assert "tôi là <hoten>, nuôi hổ <b> được không 1 1 mời gặp cán bộ –" in text_of(page)
    assert "hổ &lt;b&gt;" in page.text
    assert "web:an" not in page.text


def test_answers_that_did_not_help_are_counted(office, town):
    number = town.say("khai sinh cần gì", outcome="answer")
    with town.database.transaction() as session:
        own = update(Turn).where(Turn.inbox_id == number)
        session.execute(own.values(procedure="birth_registration", feedback="down"))
    office.centre.file("web:an")
    assert "Đăng ký khai sinh (thủ tục) 1 1 1" in text_of(office.browser(EDITOR).get("/thieu-noi-dung"))


def test_nothing_missing_says_so(office):
    assert "Không có câu nào." in text_of(office.browser(EDITOR).get("/thieu-noi-dung"))


@pytest.mark.parametrize("name", [HOA, MINH])
def test_nobody_else_comes_in(office, name):
    browser = office.browser(name)
    assert browser.get("/thieu-noi-dung").status_code == 403
    assert "Thiếu nội dung" not in browser.get("").text
