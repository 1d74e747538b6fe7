import re

import pytest

from bot.delivery import sentences
from bot.delivery.outbox import Button
from tests.conftest import Conversation

pytestmark = pytest.mark.server

WISH = Button("Nhận thông báo ở kênh khác", "/link_channel")
CODE = re.compile(r"NK-\w{4}-\w{4}")


def code_of(citizen):
    citizen.press(WISH)
    return CODE.search(citizen.text).group()


def test_a_conversation_goes_along_to_another_channel(citizen, bot_database):
    other = Conversation(bot_database)
    other.say(f"mã của tôi {code_of(citizen)}")
    assert "Nối chứ ạ?" in other.text
    other.tap(sentences.LINK_YES)
    assert "Đã nối" in other.text


def test_a_code_works_once_and_a_new_one_is_given_on_the_same_wish(citizen, bot_database):
    first, second = code_of(citizen), code_of(citizen)
    assert first != second
    other = Conversation(bot_database)
    other.say(first)
    assert "không đúng" in other.text
    other.say(second)
    other.tap(sentences.LINK_NO)
    assert other.text == sentences.LINK_LEFT_OUT


def test_rasa_never_hears_the_code(citizen, bot):
    code = code_of(citizen)
    assert not any(code.encode() in path.read_bytes() for path in bot.settings.home.glob("*tracker*"))
