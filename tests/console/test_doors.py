"""Every door × every role, and what a form needs to be taken."""

import re
from dataclasses import replace
from functools import partial

import pytest
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from bot.accounts import audit
from bot.accounts.permissions import ADMINISTRATOR, GRANTS, NAME, OFFICER, ROLES, may
from bot.accounts.sessions import DONE, csrf_of
from bot.complaints import casework
from bot.console.doors import PUBLIC, READERS, Guard
from bot.console.visit import HOME
from tests.console.conftest import HOA, JUSTICE, MINH, NAM, ROLE_OF, has_own_script_alone, text_of


def path_of(door, code):
    return re.sub(r"{\w+}", "1", door.path.replace("{code}", code).replace("{rest:path}", "khong-co"))


def test_nothing_of_the_console_stands_without_a_door(office):
    for route in office.console.routes():
        if isinstance(route, Mount):
            assert route.path == f"{HOME}/tinh"
        else:
            assert isinstance(route, Route)
            assert isinstance(route.endpoint.__self__, Guard)


def test_every_door_says_who_may_come_in(office):
    known = {door.path for door in office.console.doors() if door.needs == PUBLIC}
    assert known == {"/dang-nhap", "/{rest:path}"}
    for door in office.console.doors():
        assert door.needs.act == "" or door.needs.act in GRANTS
        assert not door.needs.act or door.needs.steps == {DONE}


def test_without_a_session_no_door_opens(office):
    code = office.centre.file().code
    for door in office.console.doors():
        # What is for readers alone looks like nothing at all: tests/console/test_denunciations.py.
        if door.needs in (PUBLIC, READERS):
            continue
        browser = office.stranger()
        response = browser.get(path_of(door, code)) if door.method == "GET" else browser.post(path_of(door, code))
        assert response.status_code == (303 if door.method == "GET" else 401), door
        assert code not in response.text
        if door.method == "GET":
            assert response.headers["location"] == "/can-bo/dang-nhap"


@pytest.mark.parametrize("role", ROLES)
def test_every_door_opens_to_those_roles_alone_that_the_table_names(office, role):
    code, browser = office.centre.file().code, office.browser(ROLE_OF[role])
    for door in office.console.doors():
        if not door.needs.act:
            continue
        path = path_of(door, code)
        response = browser.get(path) if door.method == "GET" else browser.post(path)
        assert (response.status_code == 403) == (not may({role}, door.needs.act)), (role, door)
        if response.status_code == 403:
            assert code not in response.text


def test_through_no_door_is_an_id_reached_that_is_not_ones_own_to_know(office):
    others, hidden = office.centre.file().code, office.centre.file(kind="attitude").code
    casework.assign(office.centre.database, others, MINH, unit=JUSTICE)
    browser = office.browser(HOA)
    for door in office.console.doors():
        if not re.search(r"{\w+}", door.path) or not may({OFFICER}, door.needs.act):
            continue
        answers = []
        for code in (others, hidden, "PA-0000-0000-0001"):
            ask = browser.get if door.method == "GET" else partial(browser.post, version="1", why="x", text="x")
            answer = ask(path_of(door, code))
            answers.append((answer.status_code, answer.text.replace(code, "")))
        assert answers == [(404, answers[0][1])] * 3, door


def test_what_was_denied_is_in_the_log(office):
    office.browser(HOA).get("/nhat-ky")
    latest = audit.list_entries(office.centre.database)[0]
    assert (latest.by, latest.act, latest.detail) == (HOA, "denied", "audit.read")


@pytest.mark.parametrize("csrf", ["", "x", "é", csrf_of("somebody else's"), "0" * 64])
def test_no_form_is_taken_without_the_token_of_its_session(office, csrf):
    code = office.centre.file().code
    browser = office.browser(HOA)
    for door in office.console.doors():
        open_to_her = not door.needs.steps or (DONE in door.needs.steps and door.needs.act != NAME)
        if door.method == "POST" and open_to_her:
            assert browser.post(path_of(door, code), csrf=csrf).status_code == 403, door
    assert office.centre.row(code).state == "received"
    assert browser.get("").status_code == 200


def test_a_form_that_another_site_sent_is_not_taken(office):
    browser = office.browser(HOA)
    browser.client.headers["sec-fetch-site"] = "cross-site"
    assert browser.post("/dang-xuat").status_code == 403
    browser.client.headers["sec-fetch-site"] = "same-origin"
    assert browser.post("/dang-xuat").status_code == 303


def test_what_was_typed_when_the_session_had_ended_is_shown_to_be_copied(office):
    code = office.centre.file().code
    browser = office.browser(HOA)
    office.desk.clock.pass_by(hours=2)
    response = browser.act(code, "answer", text="Đã trả <hồ sơ> ngày 20/11", reason="solved")
    assert response.status_code == 401
    assert "Đã trả &lt;hồ sơ&gt; ngày 20/11" in response.text


def test_more_than_any_form_holds_is_refused(office):
    response = office.browser(HOA).act(office.centre.file().code, "remark", text="x" * 300_000)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b'{"csrf": "x"}', "application/json"),
        (b"\xff\xfe%zz&&==;;", "application/x-www-form-urlencoded"),
        (b"a=1&" * 500, "application/x-www-form-urlencoded"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
def test_what_is_no_form_of_ours_changes_nothing(office, content, kind):
    browser = office.browser(HOA)
    response = browser.client.post("/can-bo/mat-khau", content=content, headers={"content-type": kind})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "path", ["", "/phan-anh", "/mat-khau", "/dang-nhap", "/khong-co", "/phan-anh/PA-0000-0000-0001"]
)
def test_no_page_stays_in_a_cache_or_runs_what_is_not_ours(office, path):
    for browser in (office.stranger(), office.browser(HOA)):
        headers = browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", [HOA, MINH, ROLE_OF[ADMINISTRATOR]])
def test_no_door_lets_a_cache_keep_what_is_behind_it(office, name):
    code, browser = office.centre.file().code, office.browser(name)
    for door in office.console.doors():
        if door.method == "GET":
            assert browser.get(path_of(door, code)).headers["cache-control"] == "no-store", door


def test_pages_have_nothing_inline(office):
    code = office.centre.file(description="<script>alert(1)</script>").code
    browser = office.browser(MINH)
    for path in ("", "/phan-anh", f"/phan-anh/{code}", "/nhat-ky", "/mat-khau", "/xac-thuc"):
        page = browser.get(path).text
        assert has_own_script_alone(page)
        assert " style=" not in page
        assert not re.search(r"<[^>]+ on[a-z]+=", page)


def test_the_cookie_is_for_the_console_alone(office):
    browser = office.stranger()
    browser.get("/dang-nhap")
    csrf = csrf_of(browser.client.cookies["motcua_can_bo_form"])
    response = browser.post("/dang-nhap", csrf, name=HOA, password="sáng nay trời mưa to")
    cookie = response.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/can-bo"))
    assert "max-age" not in cookie


def test_by_https_no_other_host_of_the_domain_can_put_an_officer_into_its_session(office):
    office.console = replace(office.console, secure=True)
    session = office.browser(NAM).client.cookies["motcua_can_bo"]
    client = TestClient(office.app(), base_url="https://motcua.example.vn", follow_redirects=False)
    for name in ("motcua_can_bo", "\xa0__Host-motcua_can_bo"):
        planted = {"Cookie": f"{name}={session}".encode("latin-1")}
        assert client.get("/can-bo", headers=planted).headers["location"] == "/can-bo/dang-nhap"
    client.get("/can-bo/dang-nhap")
    csrf = csrf_of(client.cookies["__Host-motcua_can_bo_form"])
    form = {"csrf": csrf, "name": HOA, "password": "sáng nay trời mưa to"}
    planted = {"Cookie": f"motcua_can_bo_form={client.cookies.pop('__Host-motcua_can_bo_form')}"}
    assert client.post("/can-bo/dang-nhap", data=form, headers=planted).status_code == 403
    own = {"Cookie": planted["Cookie"].replace("motcua", "__Host-motcua")}
    flags = client.post("/can-bo/dang-nhap", data=form, headers=own).headers["set-cookie"].split("; ")
    assert flags[0].startswith("__Host-motcua_can_bo=")
    assert {"Secure", "Path=/", "HttpOnly", "SameSite=strict"} <= set(flags)


def test_a_page_that_does_not_exist_is_not_found(office):
    assert office.browser(HOA).get("/khong-co").status_code == 404
    assert "Không có trang này" in text_of(office.stranger().get("/khong-co"))
