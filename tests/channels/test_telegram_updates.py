import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from telegram import Bot, Update

from bot.channels.telegram_updates import UNREADABLE, Addressed, Back, Self, Tap, read_update, salvage
from bot.delivery.inbox import Arrival
from bot.text.mask import find_personal_values
from tests.fakes.telegram import TOKEN
from tests.fakes.telegram_people import NAME

FIXTURES = Path(__file__).parent / "fixtures" / "telegram"
ME = Self(4242, NAME)
GROUP = Addressed("telegram:-1001900000001")
LARGE = ("image", "AgACAgUAAxkBAAIB-x", "", 148211)
TAP = ("telegram:7001", "q8Zk2mWv1XyA")
# What each recorded update says: kind, text, payload, files; a tap's chat and button; nothing.
SAYS = {
    "text": ("text", "Làm khai sinh cần giấy tờ gì?", None, []),
    "command": ("text", "/phananh", "/submit_complaint", []),
    "start_with_code": ("text", "NK-7K2M-9XQ4", None, []),
    "other_command": ("text", "/restart", None, []),
    "photo": ("image", "Rác đổ ở đây từ thứ hai", None, [LARGE]),
    "album": ("image", "", None, [LARGE]),
    "document": ("file", "", None, [("file", "BQACAgUAAxkBAAIB-d", "đơn phản ánh.pdf", 48211)]),
    "voice": ("voice", "", None, [("voice", "AwACAgUAAxkBAAIB-v", "", 9120)]),
    "audio": ("voice", "", None, [("voice", "CQACAgUAAxkBAAIB-a", "ghi am.m4a", 512000)]),
    "video": ("video", "", None, [("video", "BAACAgUAAxkBAAIB-b", "IMG_1.mp4", 31457280)]),
    "animation": ("video", "", None, [("video", "CgACAgUAAxkBAAIB-g", "a.mp4", 20480)]),
    "location": ("location", "10.77690, 106.70090", None, []),
    "venue": ("location", "UBND phường Tân Ninh, Cách Mạng Tháng Tám, Tây Ninh (11.31020, 106.09830)", None, []),
    "contact": ("text", "+84912345678", None, []),
    "sticker": ("sticker", "👍", None, []),
    "poll": ("unsupported", "", None, []),
    "edited": ("edited", "Làm khai sinh cho cháu cần giấy tờ gì?", None, []),
    "my_chat_member_kicked": ("left", "", None, []),
    "my_chat_member_back": Back("telegram:7001", datetime.fromtimestamp(1795000000, timezone.utc)),
    "callback": TAP,
    "callback_inaccessible": TAP,
    "group_mention": GROUP,
    "group_command": GROUP,
    "group_reply": GROUP,
    "group_talk": None,
    "group_other_bots_command": None,
    "my_chat_member_group": None,
    "live_location": None,
    "pinned": None,
    "from_a_bot": None,
    "channel_post": None,
    "unknown": None,
    "missing_key": None,
    "unreadable_part": ("unsupported", "", None, []),
}
UNREADABLE_ONES = ("missing_key", "unreadable_part")


def load(name):
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def read(raw, me=ME):
    return read_update(Update.de_json(raw, Bot(TOKEN)), me)


def message(**content):
    return {"update_id": 5, "message": {**load("text")["message"], "text": None, **content}}


def shown(reading):
    if isinstance(reading, Tap):
        return reading.conversation, reading.button
    if isinstance(reading, Arrival):
        files = [(file.kind, file.reference, file.name, file.size) for file in reading.files]
        return reading.kind, reading.text, reading.payload, files
    return reading


def test_every_recorded_update_has_its_meaning_here():
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(SAYS)


@pytest.mark.parametrize("name", [name for name in SAYS if name not in UNREADABLE_ONES])
def test_an_update_is_read(name):
    assert shown(read(load(name))) == SAYS[name]


@pytest.mark.parametrize("name", UNREADABLE_ONES)
def test_of_an_update_that_can_not_be_read_is_kept_that_somebody_wrote(name):
    with pytest.raises(UNREADABLE):
        read(load(name))
    assert shown(salvage(load(name), ME)) == SAYS[name]


@pytest.mark.parametrize("rest", [{}, {"message": 1}, {"message": {"chat": {"id": "x", "type": "private"}}}])
def test_where_nobody_wrote_nothing_is_kept(rest):
    assert salvage({"update_id": 1, **rest}, ME) is None


def test_a_message_belongs_to_its_chat_and_to_its_update():
    arrival = read(load("text"))
    assert (arrival.channel, arrival.conversation) == ("telegram", "telegram:7001")
    assert arrival.external_key == "4242:874000100"


@pytest.mark.parametrize(
    ("name", "second"),
    [("text", 1795000000), ("photo", 1795000000), ("edited", 1795000060), ("my_chat_member_kicked", 1795000000)],
)
def test_an_arrival_knows_when_it_was_written_or_corrected_or_happened(name, second):
    assert read(load(name)).at == datetime.fromtimestamp(second, timezone.utc)


@pytest.mark.parametrize(
    "text, payload",
    [
        ("/start", "/greet"),
        ("/START", "/greet"),
        ("/start qr-o-quay-so-3", "/greet"),
        ("/help", "/bot_identity"),
        ("/trangthai@motcua_bot", "/check_complaint_status"),
        ("/riengtu", "/privacy_request"),
        ("/riengtu@other_bot", None),
        ("/ask_hotline", None),
        ("/ /restart", None),
        ("xem /help", None),
    ],
)
def test_only_the_commands_of_the_menu_are_commands(text, payload):
    assert read(message(text=text)).payload == payload


def test_a_shared_phone_number_is_seen_as_one():
    text = read(load("contact")).text
    assert [value.kind for value in find_personal_values(text)] == ["sodienthoai"]


@pytest.mark.parametrize("text", ["\ud83d", "a\0b", "e\u0301" * 5000])
def test_a_text_is_one_that_every_database_takes(text):
    read(message(text=text)).text.encode()
    assert "\0" not in read(message(text=text)).text
    assert len(read(message(text=text)).text) <= 4096


def test_before_the_bot_knows_its_name_no_mention_is_taken_for_one():
    assert read(load("group_mention"), Self(4242)) is None
    assert read(load("group_reply"), Self(4242)) == GROUP
