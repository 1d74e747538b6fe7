"""Photos and documents of a complaint, as officers get them."""

import pytest

from bot.complaints import evidence, naming
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.model import ComplaintOpening
from bot.complaints.visibility import viewer_of
from bot.settings import ROOT
from tests.complaints import files
from tests.complaints.conftest import AN
from tests.console.conftest import HOA, MINH, THU, has_own_script_alone

RULES = load_file_rules(ROOT / "knowledge")
NASTY = '"><script>alert(1)</script>\r\nSet-Cookie: x=y;.jpg'


@pytest.fixture
def filed(office):
    """A complaint with a photo whose name was chosen to do harm; (code, number of the file)."""
    database, folder = office.centre.database, office.console.folder
    evidence.agree(database, AN)
    kept = evidence.keep(database, folder, RULES, AN, NASTY, files.photo())
    return office.centre.file().code, kept.id


def test_a_photo_is_downloaded_with_a_reason_that_is_kept(office, filed):
    code, number = filed
    browser = office.browser(HOA)
    assert browser.post(f"/phan-anh/{code}/tep/{number}", why="").status_code == 422
    response = browser.post(f"/phan-anh/{code}/tep/{number}", why="xem biên nhận")
    assert response.content[:3] == b"\xff\xd8\xff"
    assert response.headers["content-disposition"].startswith("attachment;")
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"
    assert "xem biên nhận" in browser.get(f"/phan-anh/{code}").text


def test_the_name_of_a_file_stays_text(office, filed):
    code, number = filed
    browser = office.browser(HOA)
    assert has_own_script_alone(browser.get(f"/phan-anh/{code}").text)
    headers = browser.post(f"/phan-anh/{code}/tep/{number}", why="xem").headers
    assert "set-cookie" not in headers
    assert "<" not in headers["content-disposition"]


def test_a_file_is_reached_through_its_own_complaint_alone(office, filed):
    _, number = filed
    other = office.centre.file("web:binh").code
    assert office.browser(HOA).post(f"/phan-anh/{other}/tep/{number}", why="xem").status_code == 404
    assert office.centre.count(ComplaintOpening) == 0


def test_a_file_of_a_hidden_complaint_is_not_found(office, filed):
    code, number = filed
    naming.confirm(office.centre.database, code, [HOA], viewer_of(office.desk.accounts.find(MINH)))
    assert office.browser(HOA).post(f"/phan-anh/{code}/tep/{number}", why="xem").status_code == 404
    assert office.browser(THU).post(f"/phan-anh/{code}/tep/{number}", why="xem").status_code == 200


def test_a_photo_is_looked_at_within_the_page_on_record(office, filed):
    code, number = filed
    browser = office.browser(HOA)
    page = browser.post(f"/phan-anh/{code}/tep/{number}", why="xem biên nhận", view="1")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert '<img class="photo" src="data:image/jpeg;base64,' in page.text
    assert has_own_script_alone(page.text)
    assert office.centre.count(ComplaintOpening) == 1
    assert browser.post(f"/phan-anh/{code}/tep/{number}", why="", view="1").status_code == 422


def test_what_is_no_photo_is_never_shown_within_a_page(office):
    database, folder = office.centre.database, office.console.folder
    evidence.agree(database, AN)
    kept = evidence.keep(database, folder, RULES, AN, "a.pdf", files.pdf())
    code = office.centre.file().code
    response = office.browser(HOA).post(f"/phan-anh/{code}/tep/{kept.id}", why="đọc", view="1")
    assert response.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in response.headers["content-security-policy"]
