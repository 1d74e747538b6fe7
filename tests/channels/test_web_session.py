"""Whose request it is: our own page, the chat in a frame of another page, or somebody else's page."""

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from bot.channels.web import open_web
from bot.delivery import sentences
from bot.pages import sender_of
from tests.channels.conftest import IdleWorker
from tests.factories import make_settings

MESSAGES, FRAME = "/api/web/messages", "/api/web/frame"
PORTAL = "https://tayninh.gov.vn"
COOKIE = {"X-Motcua-Frame": "cookie"}
SAID = {"client_id": "0c9f6a52-1", "text": "chào"}


@pytest.fixture
def browser(database, tmp_path):
    """A browser on an https address, as cookies of frames need it."""
    settings = make_settings(tmp_path, WIDGET_ORIGINS=PORTAL, PUBLIC_URL="https://motcua.example.vn")
    app = Starlette(routes=open_web(database, IdleWorker(), settings).routes())
    return TestClient(app, base_url="https://motcua.example.vn")


def ask_for_frame(client, body=None, **headers):
    return client.post(FRAME, json=body or {}, headers={**COOKIE, **headers})


def test_a_frame_gets_a_cookie_that_only_frames_on_that_page_send(browser):
    response = ask_for_frame(browser)
    name, *flags = response.headers["set-cookie"].split("; ")
    assert (response.status_code, response.json()) == (201, {"cookie": False})
    assert name.startswith("__Host-motcua_frame=")
    assert {"HttpOnly", "Secure", "SameSite=None", "Partitioned", "Path=/"} <= set(flags)
    assert not [flag for flag in flags if flag.startswith("Domain")]
    assert ask_for_frame(browser).json() == {"cookie": True}


def test_a_frame_whose_cookie_came_back_talks_and_reads(browser):
    ask_for_frame(browser)
    assert browser.post(MESSAGES, json=SAID, headers=COOKIE).status_code == 202
    response = browser.get(MESSAGES, headers=COOKIE)
    assert [message["text"] for message in response.json()["messages"]] == ["chào"]
    assert "set-cookie" not in response.headers


def test_a_frame_that_keeps_no_cookie_holds_a_token(browser):
    token = ask_for_frame(browser, {"token": True}).json()["token"]
    browser.cookies.clear()
    assert browser.post(MESSAGES, json=SAID, headers={"X-Motcua-Frame": token}).status_code == 202
    assert len(browser.get(MESSAGES, headers={"X-Motcua-Frame": token}).json()["messages"]) == 1
    assert list(browser.cookies) == []


# Any host of the domain can have set these; the last two differ from our own by a sign that is no space to a browser.
PLANTED = ["motcua", "motcua_frame", "__host-motcua", "\xa0__Host-motcua", "\x85__Host-motcua_frame"]


@pytest.mark.parametrize("name", PLANTED)
def test_a_conversation_that_another_host_of_the_domain_planted_is_not_taken_up(browser, name):
    planted = {"Cookie": f"{name}={'a' * 43}".encode("latin-1")}
    assert browser.post(MESSAGES, json=SAID, headers=planted).status_code == 403
    assert browser.post(MESSAGES, json=SAID, headers={**COOKIE, **planted}).status_code == 403
    assert ask_for_frame(browser, **planted).json() == {"cookie": False}
    browser.cookies.clear()
    kept = browser.get(MESSAGES, headers=planted).headers["set-cookie"]
    assert kept.startswith("__Host-motcua=")
    assert "a" * 43 not in kept


def test_a_planted_cookie_does_not_hide_the_one_that_we_gave(browser):
    ours = browser.get(MESSAGES).headers["set-cookie"].split(";")[0]
    browser.cookies.clear()
    sent = f"motcua={'a' * 43}; \xa0__Host-motcua={'b' * 43}; {ours}; \x85__Host-motcua={'c' * 43}"
    assert browser.get(MESSAGES, headers={"Cookie": sent.encode("latin-1")}).headers["set-cookie"].startswith(ours)


@pytest.mark.parametrize("shown", ["cookie", "", "short", "a" * 101, "x" * 30 + "\u00e9"])
def test_a_frame_without_what_opens_a_conversation_is_refused(browser, shown):
    header = {"X-Motcua-Frame": shown.encode("latin-1")}
    for response in (browser.get(MESSAGES, headers=header), browser.post(MESSAGES, json=SAID, headers=header)):
        assert (response.status_code, response.json()["error"]) == (403, sentences.NOT_UNDERSTOOD_REQUEST)


def test_the_cookie_of_a_frame_opens_nothing_on_the_page_and_the_other_way_round(browser):
    ask_for_frame(browser)
    assert browser.post(MESSAGES, json=SAID).status_code == 403
    browser.cookies.clear()
    browser.get(MESSAGES)
    assert browser.post(MESSAGES, json=SAID, headers=COOKIE).status_code == 403


def test_a_frame_is_opened_by_a_script_that_names_itself_only(browser):
    assert browser.post(FRAME, json={}).status_code == 403
    assert browser.post(FRAME, content="{}", headers={**COOKIE, "Content-Type": "text/plain"}).status_code == 415
    assert browser.get(FRAME, headers=COOKIE).status_code == 405


def test_where_no_page_may_show_the_chat_there_are_no_frames(people):
    person = people()
    assert ask_for_frame(person).status_code == 404
    assert person.get(MESSAGES, headers={"X-Motcua-Frame": "a" * 43}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": ""}, False),
        ({"Origin": "https://motcua.example.vn"}, True),
        ({"Origin": "https://motcua.example.vn", "Host": "127.0.0.1:8080"}, True),
        ({"Origin": "http://10.0.0.5:8080", "Host": "10.0.0.5:8080"}, True),
        ({"Origin": PORTAL}, False),
        ({"Origin": "https://motcua.example.vn.lua-dao.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": PORTAL, "Sec-Fetch-Site": "same-origin"}, True),
        ({}, True),
    ],
)
def test_the_browser_says_whose_page_asks(browser, headers, taken):
    browser.get(MESSAGES)
    assert (browser.post(MESSAGES, json=SAID, headers=headers).status_code == 202) is taken


def test_one_address_founds_a_few_hundred_conversations_in_ten_minutes(browser):
    codes = []
    for number in range(310):
        browser.cookies.clear()
        codes.append((browser.get(MESSAGES) if number % 2 else ask_for_frame(browser)).status_code)
    assert (codes.count(200) + codes.count(201), codes[-1]) == (300, 429)
    refused = browser.get(MESSAGES)
    assert refused.json()["error"] == sentences.TOO_MANY_NEW.format(minutes=10)
    assert int(refused.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("host", "sender"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_a_household_counts_as_one_sender(host, sender):
    assert sender_of(Request({"type": "http", "headers": [], "client": (host, 1)})) == sender


def test_nobody_known_is_one_sender():
    assert sender_of(Request({"type": "http", "headers": [], "client": None})) == ""
