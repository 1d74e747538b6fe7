import asyncio
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bot.channels.bodies import BodyError, read_body, read_json, refuse


def request_of(*chunks, headers=(), ends=True, pause=0.0):
    """A request whose body comes in pieces; one that does not end breaks off, or is silent for `pause` seconds."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends:
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        if not waiting and pause:
            await asyncio.sleep(pause)
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    return Request({"type": "http", "method": "POST", "headers": [*headers]}, receive)


def refusal_of(request, most=10, seconds=5.0):
    with pytest.raises(BodyError) as refused:
        asyncio.run(read_body(request, most, seconds))
    return refused.value.status, refused.value.reason


def test_a_body_is_read_byte_for_byte():
    assert asyncio.run(read_body(request_of(b"\xff\x00 ", b"\r\n"), 10, 5)) == b"\xff\x00 \r\n"


def test_a_body_of_just_the_limit_is_taken():
    assert asyncio.run(read_body(request_of(b"12345", b"67890"), 10, 5)) == b"1234567890"


def test_a_body_that_announces_too_much_is_refused_before_it_comes():
    assert refusal_of(request_of(headers=[(b"content-length", b"11")], ends=False, pause=60)) == (413, "too_large")


def test_a_body_that_brings_more_than_it_announced_is_refused():
    assert refusal_of(request_of(b"12345", b"678901", headers=[(b"content-length", b"5")])) == (413, "too_large")


@pytest.mark.parametrize("length", [b"", b"x", b"-1", b"9" * 50, "٣".encode()])
def test_a_length_that_is_none_does_no_harm(length):
    assert asyncio.run(read_body(request_of(b"1", headers=[(b"content-length", length)]), 10, 5)) == b"1"


def test_a_body_that_dribbles_is_given_up():
    assert refusal_of(request_of(b"1", ends=False, pause=60), seconds=0.05) == (408, "too_slow")


def test_a_body_that_breaks_off_is_refused():
    assert refusal_of(request_of(b"1", ends=False)) == (400, "cut_off")


def test_the_connection_of_a_refused_body_is_closed():
    response = refuse(BodyError(413, "too_large"))
    assert (response.status_code, response.headers["connection"]) == (413, "close")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"-" + b"9" * 50,
        b"[" * 41 + b"]" * 41,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
)
def test_what_is_no_good_json_is_refused(raw):
    with pytest.raises(BodyError) as refused:
        read_json(raw)
    assert (refused.value.status, refused.value.reason) == (400, "no_json")


def test_ids_beyond_what_a_float_holds_are_kept_to_the_last_figure():
    assert read_json(b'{"id": 9007199254740993}') == {"id": 9007199254740993}


def test_a_text_that_no_database_takes_is_mended():
    assert read_json(rb'{"\ud800x": ["a\u0000b", "\ud83d\ude00"]}') == {"?x": ["a\ufffdb", "\U0001f600"]}


LEAVES = st.none() | st.booleans() | st.integers(-(10**38), 10**38) | st.floats() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=30)


@given(VALUES)
def test_json_of_any_kind_is_read_or_refused_and_what_is_read_can_be_stored(value):
    try:
        read = read_json(json.dumps(value).encode())
    except BodyError:
        assert any(not math.isfinite(leaf) for leaf in leaves_of(value) if isinstance(leaf, float))
        return
    json.dumps(read, ensure_ascii=False, allow_nan=False).encode()


def leaves_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if inner is None else [leaf for one in inner for leaf in leaves_of(one)]
