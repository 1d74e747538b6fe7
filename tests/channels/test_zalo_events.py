"""Events of the Official Account and updates of the Bot Platform: one payload each, and whatever else may come."""

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.bodies import read_json
from bot.channels.zalo_bot_updates import is_nobodys, read_update
from bot.channels.zalo_oa_events import Meaning, read_event, read_moment, text_of
from tests.fakes.zalo_events import OA_ID, make_event

FOLDER = Path(__file__).parent / "fixtures"
AN = "246845883529197922"
# What is kept of each payload; everything that stands nowhere here makes nothing.
KEPT = {
    "user_send_text": ("text", "làm giấy khai sinh cần giấy tờ gì"),
    "user_send_text_quote": ("text", "ý em là mục này"),
    "user_send_image": ("image", "ổ gà trước nhà"),
    "user_send_gif": ("sticker", ""),
    "user_send_link": ("text", "Thông báo của phường\nhttps://vidu.vn/thong-bao"),
    "user_send_sticker": ("sticker", ""),
    "user_send_audio": ("voice", ""),
    "user_send_video": ("video", ""),
    "user_send_file": ("file", ""),
    "user_send_location": ("location", "10.77690, 106.70090"),
    "user_click_chatnow": ("follow", ""),
    "follow": ("follow", ""),
    "unfollow": ("unfollow", ""),
    "numbers_for_texts": ("text", "số"),
    "console_test": ("text", "This is testing message"),
}
DONE = {
    "oa_send_text_by_hand": Meaning.HUMAN,
    "user_withdraw": Meaning.WITHDRAWN,
    "other_account": Meaning.FOREIGN,
}
BOT_KEPT = {
    "text": ("text", "xin chào"),
    "text_wrapped": ("text", "xin chào"),
    "image": ("image", "ổ gà"),
    "image_documented": ("image", ""),
    "sticker": ("sticker", ""),
    "voice": ("voice", ""),
    "link": ("text", "https://vidu.vn/thong-bao"),
    "unsupported": ("unsupported", ""),
}
WORDS = st.sampled_from(
    ("", "id", "text", "url", "payload", "attachments", "coordinates", "#mc:a", "ệ", "1", "-", "x" * 300)
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
NAMES = sorted(path.stem for path in (FOLDER / "zalo_oa").glob("*.json"))
FIELDS = ("event_name", "sender", "recipient", "message", "timestamp", "follower", "oa_id", "user_id", "app_id")


def load(name, channel="zalo_oa"):
    return read_json((FOLDER / channel / f"{name}.json").read_bytes())


def read(name):
    return read_event(load(name), OA_ID)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_event_is_kept_as_what_it_is(name):
    event = read(name)
    kept = (event.arrival.kind, event.arrival.text) if event.arrival else None
    assert kept == KEPT.get(name)
    assert event.meaning is DONE.get(name, Meaning.ARRIVAL if name in KEPT else Meaning.NOTHING)


@pytest.mark.parametrize("name", sorted(path.stem for path in (FOLDER / "zalo_bot").glob("*.json")))
def test_every_recorded_update_is_kept_as_what_it_is(name):
    arrival = read_update(load(name, "zalo_bot"))
    assert ((arrival.kind, arrival.text) if arrival else None) == BOT_KEPT.get(name)


def test_the_person_is_named_by_the_account_whatever_the_shape():
    assert {read(name).user_id for name in KEPT} == {AN}
    assert {read(name).arrival.conversation for name in KEPT} == {f"zalo_oa:{AN}"}


def test_files_are_told_with_what_they_are_fetched_by():
    file = read("user_send_file").arrival.files[0]
    assert (file.kind, file.reference, file.name, file.size) == ("file", "https://file.zdn.vn/1.pdf", "đơn.pdf", 9999)
    assert read_update(load("voice", "zalo_bot")).files[0].reference == "https://voice.zdn.vn/1.aac"


def test_no_two_events_share_a_key():
    keys = [read(name).arrival.external_key for name in KEPT]
    assert len(set(keys)) == len(keys)


def test_the_test_button_of_the_console_is_no_duplicate_of_itself():
    body = load("console_test")
    later = read_event({**body, "timestamp": "1763776900000"}, OA_ID)
    assert later.arrival.external_key != read("console_test").arrival.external_key


def test_a_key_that_is_too_long_becomes_its_fingerprint():
    event = read_event(json.loads(make_event(message={"msg_id": "x" * 500})), OA_ID)
    other = read_event(json.loads(make_event(message={"msg_id": "x" * 501})), OA_ID)
    assert len(event.arrival.external_key) < 100
    assert event.arrival.external_key != other.arrival.external_key


def test_numbers_keep_every_figure():
    assert text_of(9007199254740993) == "9007199254740993"
    assert (text_of(9.0e18), text_of(True), text_of(None)) == (None, None, None)


def test_a_tap_is_a_text_that_has_the_shape_of_our_payloads():
    def tapped(text, name="user_send_text"):
        return read_event(json.loads(make_event(name, message={"text": text})), OA_ID).button

    assert tapped("#mc:Ab_c-12") == "Ab_c-12"
    assert [tapped(text) for text in ("#mc:", "#mc:a b", " x #mc:abc", "#mc:" + "a" * 17)] == [None] * 4
    assert tapped("#mc:abc", "user_send_image") is None


@pytest.mark.parametrize("value", ["", "mai", "-1", "1" * 20, "9" * 15, 1.5, None, [], "१२३"])
def test_a_moment_that_is_none_is_none(value):
    assert read_moment(value) is None


def test_a_moment_is_read_from_text_and_number():
    moment = datetime(2025, 11, 22, 2, 0, 0, 123000, tzinfo=timezone.utc)
    assert read_moment("1763776800123") == read_moment(1763776800123) == moment


def test_somebody_whom_zalo_does_not_name_is_known_to_be_nobody():
    assert is_nobodys(load("unsupported_without_message", "zalo_bot"))
    assert not is_nobodys(load("unsupported", "zalo_bot"))


@given(
    body=st.dictionaries(st.sampled_from(FIELDS), JSON), name=st.sampled_from([*KEPT, "oa_send_text", "user_withdraw"])
)
def test_no_event_breaks_the_reader(body, name):
    event = read_event({**body, "event_name": name}, OA_ID)
    if event.arrival:
        assert len(event.arrival.external_key) <= 200
        assert len(event.arrival.conversation) <= 100


@given(
    changed=st.dictionaries(st.sampled_from(("sender", "recipient", "message", "timestamp")), JSON),
    name=st.sampled_from(NAMES),
)
def test_no_part_of_a_real_event_breaks_the_reader(changed, name):
    read_event({**load(name), **changed}, OA_ID)


@given(body=JSON | st.fixed_dictionaries({"event_name": st.just("message.text.received"), "message": JSON}))
def test_no_update_breaks_the_reader(body):
    read_update(body)
    is_nobodys(body)
