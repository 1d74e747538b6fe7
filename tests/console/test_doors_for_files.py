"""Doors that take files: who holds their room, and for how long."""

import asyncio
import html

import httpx
import pytest
from starlette.applications import Starlette

from bot.complaints.lifecycle import ACCEPTED, ANSWERED
from bot.console.doors import Guard, room_for_files
from bot.console.pages import Frame
from tests.complaints import files
from tests.console.conftest import HOA

TEXT = "Đã vá xong đoạn đường trước UBND xã An Hòa ngày 20/11/2026."
FORM = "multipart/form-data; boundary=x"
WORDS = f'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n{TEXT}\r\n--x\r\n'.encode()
LARGE = ("to.pdf", files.pdf() + bytes(300_000))


@pytest.fixture
def code(office):
    return office.centre.file_in(ACCEPTED)


class Visitor:
    """Begins to send an answer and never ends; one of no session when there is no cookie."""

    def __init__(self, code, cookie=""):
        self.listened_to = asyncio.Event()
        self.said = []
        self._pieces = [{"type": "http.request", "body": WORDS, "more_body": True}]
        headers = {"content-type": FORM, "content-length": "900000", "cookie": cookie}
        path = f"/can-bo/phan-anh/{code}/answer"
        self._scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": ""}
        self._scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def send_to(self, app):
        await app(self._scope, self._receive, self._tell)

    async def _receive(self):
        if self._pieces:
            return self._pieces.pop()
        self.listened_to.set()
        return await asyncio.Event().wait()

    async def _tell(self, message):
        self.said.append(message)


def cookie_of(browser):
    return f"motcua_can_bo={browser.client.cookies['motcua_can_bo']}"


async def beside(app, visitors, send):
    """What `send` answers while visitors keep their forms open."""
    tasks = [asyncio.create_task(one.send_to(app)) for one in visitors]
    try:
        await asyncio.wait_for(asyncio.gather(*(one.listened_to.wait() for one in visitors)), 20)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await asyncio.wait_for(send(client), 20)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer_of(office, browser, code, *given):
    fields = {"csrf": browser.csrf, "version": str(office.centre.row(code).version), "text": TEXT, "reason": "solved"}
    uploads = [("upload", file) for file in given or [("", b"")]]
    headers = {"cookie": cookie_of(browser)}
    path = f"/can-bo/phan-anh/{code}/answer"
    return lambda client: client.post(path, data=fields, files=uploads, headers=headers)


def test_strangers_who_send_nothing_keep_no_officer_waiting(office, code):
    hoa, strangers = office.browser(HOA), [Visitor(code) for _ in range(4)]
    response = asyncio.run(beside(office.app(), strangers, answer_of(office, hoa, code, LARGE)))
    assert (response.status_code, office.centre.row(code).state) == (303, ANSWERED)


def test_an_answer_without_files_waits_for_none_with_them(office, code):
    hoa = office.browser(HOA)
    slow = [Visitor(code, cookie_of(hoa)) for _ in range(2)]
    response = asyncio.run(beside(office.app(), slow, answer_of(office, hoa, code)))
    assert (response.status_code, office.centre.row(code).state) == (303, ANSWERED)


def test_a_form_that_does_not_come_to_its_end_gives_up_its_room_and_shows_the_words(office, code):
    hoa, room = office.browser(HOA), room_for_files()
    door = next(one for one in office.console.doors() if one.path.endswith("/answer") and one.takes_files)
    guard = Guard(door, office.desk.sessions, Frame(), False, room, patience=0.2)
    visitor = Visitor(code, cookie_of(hoa))
    asyncio.run(asyncio.wait_for(visitor.send_to(Starlette(routes=[guard.route()])), 20))
    assert visitor.said[0]["status"] == 408
    assert TEXT in html.unescape(b"".join(one.get("body", b"") for one in visitor.said).decode())
    assert not room.locked()
