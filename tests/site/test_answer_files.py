"""Files of answers on the status page: for their citizen's browser and for who has the link."""

import pytest

from bot.channels.web_session import COOKIE, conversation_behind
from bot.complaints import evidence
from tests.complaints import files
from tests.complaints.answering import answer, key_of, replies
from tests.complaints.conftest import OFFICER
from tests.site.test_complaint_pages import MOST_WRONG, client, text_of

TOKEN = "an-opens-her-conversation"
AN = conversation_behind(TOKEN)
PHOTO, LETTER = ("đường <b>.jpg", files.photo()), ("công văn.pdf", files.pdf())


@pytest.fixture
def kind_of_database():
    return "sqlite"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "evidence"


@pytest.fixture
def code(centre, folder):
    return answer(centre, folder, PHOTO, LETTER, conversation=AN)


@pytest.fixture
def browser(centre, folder):
    def open_one(token=None):
        browser = client(centre, folder=folder)
        if token:
            browser.cookies.set(COOKIE, token)
        return browser

    return open_one


def numbers(centre):
    return [file.id for file in replies(centre, AN)[-1].files]


def test_their_citizens_browser_shows_and_opens_them_under_the_answer(centre, code, browser):
    photo, letter = numbers(centre)
    page = browser(TOKEN).get(f"/phan-anh/{code}")
    assert f'<a href="/phan-anh/{code}/tep/{photo}" rel="nofollow">đường &lt;b&gt;.jpg</a>' in page.text
    assert text_of(page).index("Đã trả lời Kèm tệp:") > 0
    shown = browser(TOKEN).get(f"/phan-anh/{code}/tep/{photo}")
    assert (shown.content[:3], shown.headers["content-type"]) == (b"\xff\xd8\xff", "image/jpeg")
    assert shown.headers["content-disposition"].startswith("inline; filename*=UTF-8''")
    saved = browser(TOKEN).get(f"/phan-anh/{code}/tep/{letter}")
    assert saved.headers["content-disposition"].startswith("attachment; ")
    for response in (shown, saved):
        assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"


def test_the_link_that_came_with_the_answer_opens_them_anywhere(centre, code, browser):
    key = key_of(centre, AN)
    page = browser().get(f"/phan-anh/{code}/tep/{key}")
    assert page.status_code == 200
    # The printed code leads to the page alone, not to the files.
    assert page.text.count(key) == 2
    for number in numbers(centre):
        assert f'href="/phan-anh/{code}/tep/{key}/{number}"' in page.text
        assert browser().get(f"/phan-anh/{code}/tep/{key}/{number}").status_code == 200


def test_the_code_alone_tells_that_there_are_files_and_no_more(centre, code, browser):
    page = browser().get(f"/phan-anh/{code}")
    assert "Kèm 2 tệp, chỉ mở được từ liên kết trong tin trả lời" in text_of(page)
    assert "công văn" not in page.text
    assert browser("somebody-elses-conversation").get(f"/phan-anh/{code}").text == page.text
    for number in numbers(centre):
        for other in (browser(), browser("somebody-elses-conversation")):
            assert other.get(f"/phan-anh/{code}/tep/{number}").status_code == 404


def test_no_other_complaint_leads_to_them_and_no_other_file_is_reached(centre, code, folder, browser):
    key = key_of(centre, AN)
    evidence.agree(centre.database, AN)
    other = centre.file(AN).code
    for path in (f"{other}/tep/{numbers(centre)[0]}", f"{other}/tep/{key}/{numbers(centre)[0]}", f"{code}/tep/999"):
        assert browser(TOKEN).get(f"/phan-anh/{path}").status_code == 404
    assert browser().get(f"/phan-anh/{other}/tep/{key}").headers["location"] == f"/phan-anh/{other}"


def test_wrong_links_count_as_wrong_codes(centre, code, folder):
    browser = client(centre, folder=folder)
    for _ in range(MOST_WRONG):
        assert browser.get(f"/phan-anh/{code}/tep/{numbers(centre)[0]}").status_code == 404
    assert browser.get(f"/phan-anh/{code}/tep/{key_of(centre, AN)}").status_code == 429


def test_a_removed_file_is_gone_from_the_page(centre, code, folder, browser):
    photo, _ = numbers(centre)
    evidence.remove(centre.database, folder, code, photo, OFFICER, "gửi nhầm")
    page = browser(TOKEN).get(f"/phan-anh/{code}")
    assert ("đường" in page.text, "công văn" in page.text) == (False, True)
    assert browser(TOKEN).get(f"/phan-anh/{code}/tep/{photo}").status_code == 404


def test_who_was_given_files_is_not_locked_out_for_opening_what_was_removed(centre, code, folder):
    key, (photo, letter) = key_of(centre, AN), numbers(centre)
    for number in (photo, letter):
        evidence.remove(centre.database, folder, code, number, OFFICER, "gửi nhầm")
    browser = client(centre, folder=folder)
    for _ in range(MOST_WRONG):
        assert browser.get(f"/phan-anh/{code}/tep/{key}").headers["location"] == f"/phan-anh/{code}"
        assert browser.get(f"/phan-anh/{code}/tep/{key}/{photo}").status_code == 404
    assert browser.get(f"/phan-anh/{code}").status_code == 200
    for _ in range(MOST_WRONG):
        browser.get(f"/phan-anh/{code}/tep/{key[:-1]}")
    assert browser.get(f"/phan-anh/{code}").status_code == 429
