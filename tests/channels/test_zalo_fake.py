"""The fake account is as strict as what is known of Zalo: what it takes wrongly, nobody would find before the day."""

import socket
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest

from tests.channels.zalo import AN, BINH, CODE
from tests.fakes.zalo_oa import FIRST_ACCESS

IMAGE = {"media_type": "image", "url": "https://vidu.vn/a.jpg"}
TAP = {"title": "Có", "type": "oa.query.hide", "payload": "#mc:1"}


@pytest.fixture
def post(zalo_oa):
    """Posts to the fake; gives the code that it answers, or all of it."""

    def run(body, path="message/cs", whole=False, **headers):
        headers = {"access_token": FIRST_ACCESS, **headers}
        answer = httpx.post(f"{zalo_oa.url}/v3.0/oa/{path}", json=body, headers=headers, trust_env=False).json()
        return answer if whole else answer["error"]

    return run


def message(user_id=AN, **parts):
    return {"recipient": {"user_id": user_id}, "message": parts}


def template(text="Chọn", **payload):
    return message(text=text, attachment={"type": "template", "payload": payload})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (message(text="a"), 0),
        (message(text="a" * 2000, quote_message_id="93f8"), 0),
        (message(text="a" * 2001), -210),
        (message(), -210),
        (message(user_id=7, text="a"), -201),
        (template(buttons=[TAP] * 5), 0),
        (template(buttons=[{"title": "Mở", "type": "oa.open.url", "payload": {"url": "https://vidu.vn"}}]), 0),
        (template(buttons=[TAP] * 6), -201),
        (template(buttons=[]), -201),
        (template(text="", buttons=[TAP]), -201),
        (template(buttons=[{**TAP, "title": "a" * 101}]), -201),
        (template(buttons=[{**TAP, "payload": "a" * 1001}]), -201),
        (template(buttons=[{**TAP, "type": "oa.click"}]), -201),
        (template(buttons=[{**TAP, "type": "oa.open.sms", "payload": {"content": "a" * 161}}]), -201),
        (template(template_type="button", buttons=[TAP]), -233),
        (template(template_type="list", elements=[IMAGE]), -233),
        (message(text="a", attachment={"type": "image", "payload": {"url": "https://vidu.vn"}}), -233),
        (template(template_type="media", elements=[IMAGE]), 0),
        (template(template_type="media", elements=[IMAGE, IMAGE]), -201),
        (template(template_type="media", elements=[]), -201),
        (template(template_type="media", elements=[{"url": "https://vidu.vn/a.jpg"}]), -201),
        (template(template_type="media", elements=[{**IMAGE, "media_type": "video"}]), -201),
        (template(template_type="media", elements=[{"media_type": "image", "attachment_id": "made-up"}]), -100),
        (template(template_type="media", elements=[{"media_type": "gif", "attachment_id": "g"}]), -201),
        (template(template_type="media", elements=[{"media_type": "sticker", "attachment_id": "bfe4"}]), 0),
        (template("", template_type="request_user_info", elements=[{"title": "a", "subtitle": "b"}]), 0),
        (template("", template_type="request_user_info", elements=[{"title": "a"}] * 2), -201),
        (message(attachment={"type": "file", "payload": {"token": "made-up"}}), -100),
    ],
)
def test_only_documented_shapes_are_taken(post, body, code):
    assert post(body) == code


def test_a_message_that_is_no_json_by_its_header_is_refused(post, zalo_oa):
    assert post(message(text="a"), **{"Content-Type": "text/plain"}) == -201
    assert (zalo_oa.sent, len(zalo_oa.violations)) == ([], 1)
    assert post(message(text="a"), **{"Content-Type": "application/json; charset=utf-8"}) == 0


def test_a_token_is_asked_for_with_a_form(zalo_oa):
    answer = httpx.post(f"{zalo_oa.url}/v4/oa/access_token", json={"grant_type": "refresh_token"}, trust_env=False)
    assert ("access_token" in answer.json(), len(zalo_oa.violations)) == (False, 1)


@pytest.mark.parametrize(
    ("ago", "code"),
    [({"minutes": 1}, 0), ({"days": 7}, 0), ({"days": 7, "seconds": 1}, -230), (None, -232)],
)
def test_window_and_quota_go_by_the_same_interaction(post, zalo_oa, clock, ago, code):
    if ago is None:
        zalo_oa.rules.last_interaction[AN] = None
    else:
        zalo_oa.hear(AN, **ago)
    told = post({"user_id": AN}, "quota/message", whole=True)["data"]
    heard_at = (clock() - timedelta(**ago)) if ago else None
    assert told.get("last_interaction") == (heard_at and str(int(heard_at.timestamp() * 1000)))
    assert post(message(text="a")) == code
    zalo_oa.hear(AN)
    assert post(message(text="a")) == 0


@pytest.mark.parametrize(("hours", "account", "code"), [(47, 5, -211), (49, 5, 0), (49, 0, -211), (49, None, -211)])
def test_after_48_hours_the_package_pays_for_what_is_beyond_the_quota(post, zalo_oa, hours, account, code):
    zalo_oa.hear(AN, hours=hours)
    zalo_oa.rules.quota[AN], zalo_oa.rules.account = 0, account
    assert post({"user_id": AN}, "quota/message", whole=True)["data"]["cs_reply"]["remain"] == 0
    assert post(message(text="a")) == code


def test_one_call_too_many_waits_for_the_next_minute(post, zalo_oa, clock):
    clock.moment = clock().replace(second=59)
    zalo_oa.rules.calls_a_minute = 3
    assert post({"user_id": AN}, "quota/message") == 0
    assert [post(message(who, text="a")) for who in (AN, BINH, AN)] == [0, 0, -32]
    asked = {"user_id": AN, "template_id": "t", "template_data": {"code": CODE}}
    assert post(asked, "message/template") == -32
    clock.go(seconds=1)
    assert post(asked, "message/template") == 0


@pytest.mark.parametrize(("kind", "asked"), [("telegram", "calls"), ("zalo_oa", "asked")])
def test_a_request_that_was_cut_short_never_came(request, kind, asked):
    fake = request.getfixturevalue(kind)
    address = urlsplit(fake.url)
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(b"POST /bot/sendMessage HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nchat_id=7")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""
    assert getattr(fake, asked) == []
