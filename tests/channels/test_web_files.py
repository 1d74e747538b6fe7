import asyncio
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels.files import FileAttendant
from bot.channels.web import web_routes
from bot.channels.web_files import file_routes
from bot.channels.web_session import COOKIE, conversation_behind
from bot.complaints import evidence
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.model import Evidence
from bot.delivery import inbox, sentences
from bot.delivery.inbox import Arrival, File
from bot.settings import ROOT
from tests.complaints import files
from tests.factories import make_settings
from tests.fakes.adapter import FakeAdapter

FILES = "/api/web/files"
RULES = load_file_rules(ROOT / "knowledge")
BYTES = {"Content-Type": "application/octet-stream"}
MEGABYTE = 1024 * 1024


@pytest.fixture
def app(database, worker, tmp_path):
    settings = make_settings(tmp_path)
    return Starlette(routes=[*web_routes(database, worker, settings), *file_routes(database, settings, RULES)])


@pytest.fixture
def newcomer(app):
    client = TestClient(app, raise_server_exceptions=False)
    client.get("/api/web/messages")
    return client


@pytest.fixture
def citizen(newcomer):
    return agree(newcomer)


def agree(client):
    assert client.post(f"{FILES}/agreement", json={}).status_code == 204
    return client


def send(client, content=None, name="biên nhận.jpg", **headers):
    sent = files.photo() if content is None else content
    return client.post(FILES, content=sent, headers={**BYTES, "X-File-Name": quote(name), **headers})


def waiting(client):
    return client.get(FILES).json()["files"]


def count(database):
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(Evidence)).scalar_one()


def assert_refused(response, status, sentence):
    assert (response.status_code, response.json()) == (status, {"error": sentence})


def test_a_file_is_taken_and_shown_by_name_and_size_only(citizen):
    response = send(citizen, files.photo_with_secrets())
    assert response.status_code == 201
    assert response.json()["name"] == "biên nhận.jpg"
    assert set(response.json()) == {"id", "name", "type", "size"}
    assert waiting(citizen) == [response.json()]


def test_before_the_first_file_the_citizen_agrees(newcomer, database):
    shown = newcomer.get(FILES).json()
    assert (shown["agreed"], shown["files"]) == (False, [])
    assert "căn cước" in shown["consent"]["warning"]
    assert_refused(send(newcomer), 403, RULES.consent["missing"])
    assert count(database) == 0
    assert agree(newcomer).get(FILES).json()["agreed"] is True


@pytest.mark.parametrize(
    ("content", "reason", "status"),
    [
        (b"", "empty", 422),
        (files.archive(), "archive", 422),
        (files.photo(size=(400, 400))[:-200], "broken", 422),
        (b"<svg onload='alert(1)'/>", "svg", 422),
        (files.document(parts={"word/vbaProject.bin": b"x"}), "macro", 422),
        (files.huge_png(), "pixels", 422),
        (b"\x00\x00\x00\x18ftypmp42" + bytes(30 * MEGABYTE), "video", 422),
        (files.photo() + bytes(12 * MEGABYTE), "file_bytes", 413),
        (files.photo() + bytes(60 * MEGABYTE), "file_bytes", 413),
    ],
    ids=["empty", "zip", "truncated", "svg", "macro", "pixels", "video", "large", "larger"],
)
def test_a_file_that_is_not_taken_gets_a_sentence(citizen, database, content, reason, status):
    assert_refused(send(citizen, content), status, RULES.refusals[reason])
    assert count(database) == 0


@pytest.mark.parametrize("name", ["../../x.jpg", "a\r\nSet-Cookie: b=c.jpg", "\u202egpj.exe", "%", "x" * 3000, ""])
def test_no_name_at_all_does_harm(citizen, name):
    shown = send(citizen, name=name).json()["name"]
    assert shown.endswith(".jpg")
    assert shown.isprintable()
    assert "/" not in shown


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_what_a_form_of_another_page_could_send_is_not_taken(citizen, kind):
    response = citizen.post(FILES, content=files.photo(), headers={"Content-Type": kind})
    assert_refused(response, 415, sentences.NOT_UNDERSTOOD_REQUEST)


def test_other_sites_and_strangers_are_refused(app, citizen, database):
    assert_refused(send(citizen, **{"Sec-Fetch-Site": "cross-site"}), 403, sentences.NOT_UNDERSTOOD_REQUEST)
    assert_refused(send(TestClient(app)), 403, sentences.NOT_UNDERSTOOD_REQUEST)
    for path in (FILES, f"{FILES}/1"):
        assert TestClient(app).request("DELETE" if path[-1] == "1" else "GET", path).status_code == 403
    assert count(database) == 0


def test_a_file_is_taken_back_by_its_owner_only(citizen, app):
    kept = send(citizen).json()
    other = TestClient(app)
    other.get("/api/web/messages")
    assert_refused(other.delete(f"{FILES}/{kept['id']}"), 404, sentences.NO_SUCH_FILE)
    assert other.get(FILES).json()["files"] == []
    assert citizen.delete(f"{FILES}/{kept['id']}").status_code == 204
    assert_refused(citizen.delete(f"{FILES}/{kept['id']}"), 404, sentences.NO_SUCH_FILE)
    assert waiting(citizen) == []


@pytest.mark.parametrize("file_id", ["0", "99999999999999999999999", "-1", "x"])
def test_a_number_that_is_no_file_is_not_found(citizen, file_id):
    assert citizen.delete(f"{FILES}/{file_id}").status_code == 404


def test_a_file_sent_again_after_a_lost_answer_is_there_once(citizen):
    assert send(citizen).json() == send(citizen).json()
    assert len(waiting(citizen)) == 1


def test_ten_files_at_once_are_taken_and_the_eleventh_is_told_why(citizen, app, database):
    async def at_once():
        cookies = {COOKIE: citizen.cookies[COOKIE]}
        transport = httpx.ASGITransport(app)
        room = asyncio.Semaphore(2)
        async with httpx.AsyncClient(transport=transport, base_url="http://t", cookies=cookies, timeout=120) as client:

            async def post(number):
                async with room:
                    return await client.post(FILES, content=files.photo(colour=(9 * number, 0, 0)), headers=BYTES)

            return await asyncio.gather(*map(post, range(11)))

    answers = asyncio.run(at_once())
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409]
    assert count(database) == 10
    assert [a.json() for a in answers if a.status_code == 409] == [{"error": RULES.refusals["files"]}]


class Door(asyncio.Semaphore):
    """Counts who goes through."""

    passed = 0

    async def acquire(self):
        self.passed += 1
        return await super().acquire()


def test_files_of_the_page_and_of_a_channel_share_the_room_for_inspections(database, worker, tmp_path):
    door, settings = Door(1), make_settings(tmp_path)
    routes = file_routes(database, settings, RULES, inspected=door)
    client = TestClient(Starlette(routes=[*web_routes(database, worker, settings), *routes]))
    client.get("/api/web/messages")
    assert send(agree(client)).status_code == 201
    assert door.passed == 1
    adapter = FakeAdapter("telegram")
    adapter.files["f"] = files.photo(colour=(1, 2, 3))
    evidence.agree(database, "telegram:7")
    arrival = Arrival("telegram", "1:1", "telegram:7", "", kind="image", files=(File("image", "f"),))
    inbox.accept(database, arrival)

    async def in_form(_):
        return False

    attendant = FileAttendant(database, settings.evidence, RULES, {"telegram": adapter}, in_form, door)
    assert asyncio.run(attendant(inbox.claim_next(database))).replies
    assert door.passed == 2


def test_sending_without_end_is_slowed_down(citizen):
    answers = [send(citizen, b"") for _ in range(41)]
    assert {answer.status_code for answer in answers[:39]} == {422}
    assert answers[-1].status_code == 429
    assert "chờ" in answers[-1].json()["error"]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_asking_for_the_list_without_end_is_slowed_down(citizen, database, tmp_path):
    hasty = TestClient(Starlette(routes=file_routes(database, make_settings(tmp_path), RULES, reads=2)))
    hasty.cookies = citizen.cookies
    answers = [hasty.get(FILES) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["error"] == sentences.BUSY
    assert int(answers[-1].headers["Retry-After"]) > 0


class SlowFile:
    """A file of which nothing ever comes; `status` is None as long as it is waited for."""

    def __init__(self, app, token, address):
        headers = [(b"content-type", b"application/octet-stream"), (b"cookie", f"{COOKIE}={token}".encode())]
        self.scope = {"type": "http", "method": "POST", "path": FILES, "headers": headers, "query_string": b""}
        self.scope["client"] = (address, 1)
        self.app, self.status, self.waited_for = app, None, asyncio.Event()

    async def begin(self):
        self.task = asyncio.create_task(self.app(self.scope, self._receive, self._answer))
        reading = asyncio.create_task(self.waited_for.wait())
        await asyncio.wait([self.task, reading], return_when=asyncio.FIRST_COMPLETED)
        reading.cancel()
        return self.status

    async def end(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _receive(self):
        self.waited_for.set()
        await asyncio.Event().wait()

    async def _answer(self, message):
        self.status = message.get("status", self.status)


def test_who_sends_files_slowly_takes_no_room_from_others(app, database):
    near, far = "203.0.113.9", "198.51.100.7"
    people = ["a" * 30, "b" * 30, "c" * 30]
    for token in people:
        evidence.agree(database, conversation_behind(token))

    async def scene():
        sent = [SlowFile(app, token, near) for token in people for _ in range(4)]
        begun = [await file.begin() for file in sent]
        elsewhere = [await SlowFile(app, token, far).begin() for token in (people[0], people[2])]
        await sent[0].end()
        return begun, elsewhere, [await SlowFile(app, people[0], near).begin() for _ in range(2)]

    begun, elsewhere, after_one_ended = asyncio.run(scene())
    assert begun == [None, None, None, 503, None, None, None, 503, None, None, 503, 503]
    assert elsewhere == [503, None]
    assert after_one_ended == [None, 503]


def beginning_of_a_file(app, cookie):
    """Post a file of which only the first bytes ever come; the status of the answer."""
    told = []
    came = iter([{"type": "http.request", "body": b"\xff\xd8", "more_body": True}])
    headers = [(b"content-type", b"application/octet-stream"), (b"cookie", f"{COOKIE}={cookie}".encode())]
    scope = {"type": "http", "method": "POST", "path": FILES, "headers": headers, "query_string": b""}

    async def receive():
        return next(came, None) or await asyncio.Event().wait()

    async def answer(message):
        told.append(message.get("status"))

    asyncio.run(app(scope, receive, answer))
    return told[0]


def test_a_file_that_never_ends_is_given_up(citizen, database, tmp_path):
    impatient = Starlette(routes=file_routes(database, make_settings(tmp_path), RULES, patience=0.1))
    assert beginning_of_a_file(impatient, citizen.cookies[COOKIE]) == 408
    assert count(database) == 0
