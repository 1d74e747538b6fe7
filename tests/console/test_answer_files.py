"""Files with an answer from the console, with forms alone: taken, refused, looked at, sent, nothing lost on the way."""

import asyncio
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from bot.channels.telegram import TelegramAdapter
from bot.complaints import casework, naming
from bot.complaints.lifecycle import ACCEPTED, ANSWERED
from bot.complaints.model import ComplaintOpening, Evidence
from bot.complaints.visibility import viewer_of
from bot.console.forms import MOST_WITH_FILES, read_form_with_files
from bot.console.sentences import CHANGED
from tests.complaints import files
from tests.complaints.answering import replies
from tests.console.conftest import HOA, JUSTICE, MINH, NAM, THU, has_own_script_alone, text_of

TEXT = "Đã vá xong đoạn đường trước UBND xã An Hòa ngày 20/11/2026."
PHOTO, LETTER, WORD = ("đường.jpg", files.photo()), ("công văn.pdf", files.pdf()), ("thư.docx", files.document())
PAGE = ("văn bản.pdf", b"<!doctype html><script>alert(1)</script>")
NASTY = ('"><script>alert(1)</script>.jpg', files.photo(colour=(9, 200, 9)))


@pytest.fixture
def centre(office):
    return office.centre


@pytest.fixture
def code(centre):
    return centre.file_in(ACCEPTED)


@pytest.fixture
def hoa(office):
    return office.browser(HOA)


def sent(centre):
    return [file.name for reply in replies(centre) for file in reply.files]


def ticked(response):
    return re.findall(r'name="file" value="(\d+)" checked', response.text)


def typed(response):
    return html.unescape(re.search(r'<textarea id="answer-text"[^>]*>(.*?)</textarea>', response.text, re.S).group(1))


def test_an_answer_takes_its_files_along(centre, code, hoa):
    assert hoa.act_with_files(code, "answer", PHOTO, LETTER, WORD, text=TEXT, reason="solved").status_code == 303
    assert (centre.row(code).state, sent(centre)) == (ANSWERED, ["đường.jpg", "công văn.pdf", "thư.docx"])
    assert replies(centre)[-1].files[0].link.startswith(f"/phan-anh/{code}/tep/")


def test_without_files_the_form_is_what_it_was(centre, code, hoa):
    assert hoa.act_with_files(code, "answer", text=TEXT, reason="solved").status_code == 303
    assert (centre.row(code).state, sent(centre)) == (ANSWERED, [])


def test_a_file_that_is_refused_loses_neither_the_answer_nor_the_other_files(centre, code, hoa):
    response = hoa.act_with_files(code, "answer", PHOTO, PAGE, text=TEXT, reason="solved")
    assert response.status_code == 422
    assert "“văn bản.pdf”: Ở đây không nhận trang web (HTML)." in text_of(response)
    assert typed(response) == TEXT
    assert '<option value="solved" selected>' in response.text
    assert (centre.row(code).state, len(ticked(response))) == (ACCEPTED, 1)
    again = hoa.act_with_files(
        code, "answer", text=TEXT, reason="solved", file=ticked(response), **{"file-shown": ticked(response)}
    )
    assert (again.status_code, sent(centre)) == (303, ["đường.jpg"])


@pytest.mark.parametrize("size", [30 * 1024 * 1024, 40 * 1024 * 1024])
def test_a_file_much_too_large_loses_nothing_of_the_answer(centre, code, hoa, size):
    response = hoa.act_with_files(code, "answer", ("to.pdf", b"%PDF-" + bytes(size)), text=TEXT, reason="solved")
    assert (response.status_code, typed(response), centre.row(code).state) == (422, TEXT, ACCEPTED)
    assert "“to.pdf”: Tệp này lớn hơn 10 MB" in text_of(response)


def test_a_fourth_file_is_refused_and_the_three_stay(centre, code, hoa):
    more = [(f"{n}.jpg", files.photo(colour=(60 * n, 0, 90))) for n in range(4)]
    response = hoa.act_with_files(code, "answer", *more, text=TEXT, reason="solved")
    assert (response.status_code, len(ticked(response))) == (422, 3)
    assert "tối đa 3 tệp" in text_of(response)


def test_the_preview_shows_that_files_follow_and_keeps_them(office, centre, code, hoa):
    response = hoa.act_with_files(code, "answer", PHOTO, LETTER, text=TEXT, reason="solved", preview="1")
    assert (response.status_code, centre.row(code).state, len(ticked(response))) == (200, ACCEPTED, 2)
    assert "Tệp kèm theo (đường.jpg, công văn.pdf), anh/chị mở tại:" in text_of(response)
    assert ticked(hoa.get(f"/phan-anh/{code}")) == ticked(response)


def test_the_preview_of_a_channel_that_takes_files_names_each(office):
    code = office.centre.file("telegram:7").code
    office.centre.step(code, ACCEPTED)
    adapter = TelegramAdapter(None, None, 30, None)
    object.__setattr__(office.console, "renderers", {"telegram": adapter.render})
    response = office.browser(HOA).act_with_files(code, "answer", PHOTO, text=TEXT, reason="solved", preview="1")
    assert "(tệp) đường.jpg" in text_of(response)


def test_what_is_unticked_is_not_sent_and_gone(centre, code, hoa):
    first = ticked(hoa.act_with_files(code, "answer", PHOTO, LETTER, text=TEXT, reason="solved", preview="1"))
    form = {"text": TEXT, "reason": "solved", "file": first[1:], "file-shown": first}
    assert hoa.act_with_files(code, "answer", **form).status_code == 303
    assert sent(centre) == ["công văn.pdf"]
    assert centre.count(Evidence) == 1


def test_what_waits_in_another_tab_is_not_sent_along(centre, code, hoa):
    assert ticked(hoa.act_with_files(code, "answer", PHOTO, text=TEXT, reason="solved", preview="1"))
    assert hoa.act_with_files(code, "answer", LETTER, text=TEXT, reason="solved").status_code == 303
    assert sent(centre) == ["công văn.pdf"]


def test_files_stay_when_a_template_is_chosen(code, hoa):
    response = hoa.act_with_files(code, "answer/mau", PHOTO, template="late_returned", text="")
    assert (response.status_code, len(ticked(response))) == (200, 1)


def test_what_somebody_else_changed_meanwhile_keeps_the_files(centre, code, hoa):
    casework.assign(centre.database, code, MINH, HOA)
    response = hoa.act_with_files(code, "answer", PHOTO, text=TEXT, reason="solved", version="1")
    assert (response.status_code, typed(response), len(ticked(response))) == (409, TEXT, 1)


def test_why_a_file_is_refused_is_said_when_somebody_else_changed_it_too(centre, code, hoa):
    casework.assign(centre.database, code, MINH, HOA)
    said = text_of(hoa.act_with_files(code, "answer", PAGE, text=TEXT, reason="solved", version="1"))
    assert "“văn bản.pdf”: Ở đây không nhận trang web (HTML)." in said
    assert CHANGED in said


def test_what_was_typed_beside_a_file_when_the_session_had_ended_is_shown(office, centre, code, hoa):
    office.desk.clock.pass_by(hours=2)
    response = hoa.act_with_files(code, "answer", ("a.jpg", bytes(900_000)), text=TEXT, reason="solved")
    assert response.status_code == 401
    assert TEXT in html.unescape(response.text)
    assert centre.count(Evidence) == 0


def test_a_file_of_a_colleague_that_waits_is_neither_shown_nor_sent(office, centre, code, hoa):
    waiting = ticked(hoa.act_with_files(code, "answer", PHOTO, text=TEXT, reason="solved", preview="1"))
    nam = office.browser(NAM)
    assert ticked(nam.get(f"/phan-anh/{code}")) == []
    response = nam.act_with_files(code, "answer", text=TEXT, reason="solved", file=waiting)
    assert (response.status_code, typed(response), sent(centre)) == (422, TEXT, [])
    nam.act_with_files(code, "answer", text="", reason="solved", **{"file-shown": waiting})
    assert nam.post(f"/phan-anh/{code}/tep/{waiting[0]}", why="xem").status_code == 404
    assert ticked(hoa.get(f"/phan-anh/{code}")) == waiting


def test_the_history_shows_what_went_and_opens_it_on_record(office, centre, code, hoa):
    hoa.act_with_files(code, "answer", NASTY, LETTER, text=TEXT, reason="solved")
    page = hoa.get(f"/phan-anh/{code}")
    assert has_own_script_alone(page.text)
    assert "Kèm tệp: công văn.pdf" in text_of(page)
    numbers = re.findall(r"/tep/(\d+)", page.text)
    assert hoa.post(f"/phan-anh/{code}/tep/{numbers[0]}", why="").status_code == 422
    shown = hoa.post(f"/phan-anh/{code}/tep/{numbers[0]}", why="xem lại", view="1")
    assert '<img class="photo" src="data:image/jpeg;base64,' in shown.text
    assert hoa.post(f"/phan-anh/{code}/tep/{numbers[1]}", why="xem lại").content[:4] == b"%PDF"
    assert centre.count(ComplaintOpening) == 2


def test_who_may_not_know_of_the_complaint_reaches_no_file_and_leaves_none(office, centre, code, hoa):
    hoa.act_with_files(code, "answer", PHOTO, text=TEXT, reason="solved")
    number = re.findall(r"/tep/(\d+)", hoa.get(f"/phan-anh/{code}").text)[0]
    hidden = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer_of(office.desk.accounts.find(MINH)))
    casework.assign(centre.database, code, MINH, unit=JUSTICE)
    for other in (HOA, NAM):
        assert office.browser(other).post(f"/phan-anh/{code}/tep/{number}", why="xem").status_code == 404
    for one in (hidden, code):
        assert hoa.act_with_files(one, "answer", PHOTO, text=TEXT).status_code == 404
    assert centre.count(Evidence) == 1
    assert office.browser(THU).post(f"/phan-anh/{code}/tep/{number}", why="xem").status_code == 200


def read(body, boundary="x", most=MOST_WITH_FILES, chunk=7):
    pieces = [body[start : start + chunk] for start in range(0, len(body), chunk)] or [b""]

    async def receive():
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    kind = f"multipart/form-data; boundary={boundary}".encode()
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind)]}
    return asyncio.run(read_form_with_files(Request(scope, receive), most, 60))


@given(st.binary(max_size=300))
def test_whatever_stands_in_a_form_does_no_harm(body):
    assert read(body).get("csrf") == ""
    read(b"--x\r\n" + body)


@given(st.binary(max_size=200), st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters='\r\n\0"\\')))
def test_fields_and_files_come_out_as_they_went_in(content, text):
    body = f'--b0undary\r\nContent-Disposition: form-data; name="text"\r\n\r\n{text}\r\n'.encode()
    head = f'--b0undary\r\nContent-Disposition: form-data; name="upload"; filename="{NAME}"\r\n'.encode()
    form = read(body + head + b"Content-Type: a/b\r\n\r\n" + content + b"\r\n--b0undary--\r\n", "b0undary")
    assert form.exactly("text") == text
    assert [(one.name, one.content, one.whole) for one in form.uploads] == [(NAME, content, True)]


NAME = "đường 1.jpg"


def test_of_a_form_that_is_too_long_the_words_stay_and_the_file_counts_as_cut():
    words = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nxong\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="upload"; filename="a.pdf"\r\n\r\n' + bytes(900)
    form = read(words + file + b"\r\n--x--\r\n", most=400, chunk=100)
    assert (form.get("text"), [one.whole for one in form.uploads]) == ("xong", [False])
