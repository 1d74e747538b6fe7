"""What became of feedback: state by code, published days, the check of a receipt; over HTTP and in a browser."""

import asyncio
import re
from datetime import timedelta
from functools import partial
from html import unescape
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels.limits import RateLimit
from bot.channels.web_session import known_conversation_of
from bot.complaints import citizen
from bot.complaints.chain import GENESIS, close_days, link_after
from bot.complaints.guidance import load_guidance
from bot.complaints.lifecycle import ACCEPTED, ANSWERED, CLOSED, FORWARDED, IN_PROGRESS, NEEDS_INFORMATION, STATES
from bot.complaints.model import CONFIRMED
from bot.complaints.workdays import day_in_viet_nam
from bot.database import now
from bot.settings import ROOT
from bot.site.complaint_pages import ComplaintPages
from bot.site.pages import page_routes
from tests.complaints.conftest import AN, OFFICER, WORDS
from tests.complaints.test_chain import erase
from tests.site.conftest import serving

PHONE = "0912345678"
ADDRESS = "https://motcua.example"
TODAY = day_in_viet_nam(now())
MOST_WRONG = 3
WRONG = "PA-0000-0000-0001"
GUIDANCE = load_guidance(ROOT / "knowledge")
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}


@pytest.fixture
def kind_of_database():
    return "sqlite"


class Clock:
    def __init__(self):
        self.moment = 1000.0

    def __call__(self):
        return self.moment


def app(centre, day=TODAY, clock=None, address=ADDRESS, folder=None, **more):
    tries = RateLimit(MOST_WRONG, 600, clock or Clock())
    pages = ComplaintPages(
        centre.database,
        centre.rules.kinds,
        GUIDANCE,
        tries,
        address,
        lambda: day,
        folder or Path("no-files"),
        partial(known_conversation_of, secure=False),
        **more,
    )
    return Starlette(routes=[*page_routes(), *pages.routes()])


def client(centre, host="203.0.113.7", **options):
    return TestClient(app(centre, **options), client=(host, 5000), follow_redirects=False)


def text_of(response):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def page(centre, code, **options):
    response = client(centre, **options).get(f"/phan-anh/{code}")
    assert response.status_code == 200
    return text_of(response)


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_shown_with_what_it_means(centre, state):
    text = page(centre, centre.file_in(state))
    assert GUIDANCE.states[state] in text
    assert centre.rules.kinds["late"].label in text
    assert f"{TODAY:%d/%m/%Y} Đã nhận" in text
    assert GUIDANCE.note in text


def test_the_page_says_by_when_and_what_then(centre):
    receipt = centre.file()
    text = page(centre, receipt.code)
    assert f"Dự kiến trả lời {receipt.due_on:%d/%m/%Y}" in text
    assert "Nếu quá ngày dự kiến mà chưa có trả lời" in text
    assert "Đã quá ngày" not in text


def test_where_the_centre_set_no_date_the_page_says_so(centre):
    code = centre.file().code
    centre.change(code, due_on=None)
    assert "Trung tâm chưa công bố thời hạn trả lời" in page(centre, code)


def test_a_date_that_passed_is_told_with_the_next_lawful_steps(centre):
    receipt = centre.file()
    assert "Đã quá ngày" not in page(centre, receipt.code, day=receipt.due_on)
    text = page(centre, receipt.code, day=receipt.due_on + timedelta(days=1))
    assert f"Đã quá ngày trung tâm dự kiến trả lời ({receipt.due_on:%d/%m/%Y})" in text
    assert "khiếu nại trong 90 ngày" in text
    assert "Luật Khiếu nại 02/2011/QH13, Điều 9; kiểm tra ngày 21/11/2026" in text
    assert "văn bản xin lỗi" in text


def test_the_right_to_an_apology_is_told_for_late_dossiers_only(centre):
    assert "văn bản xin lỗi" not in page(centre, centre.file(kind="attitude").code)


def test_while_the_citizen_is_asked_the_clock_stands_still(centre):
    receipt = centre.file()
    centre.move(receipt.code, NEEDS_INFORMATION, "Anh/chị cho biết ngày nộp?")
    text = page(centre, receipt.code, day=receipt.due_on + timedelta(days=9))
    assert "(đang tạm dừng)" in text
    assert "Đã quá ngày" not in text
    assert "ngày nộp" not in text


def test_an_end_is_told_with_its_reason_and_what_may_still_be_done(centre):
    code = centre.file_in(ANSWERED)
    text = page(centre, code)
    assert "Kết quả Đã giải quyết" in text
    assert "Chưa giải quyết được" in text
    assert "Dự kiến trả lời" not in text


@pytest.mark.parametrize("state", [ANSWERED, CLOSED])
def test_to_open_it_again_is_offered_once(centre, state):
    code = centre.file_in(state)
    assert "mở lại một lần" in page(centre, code)
    citizen.not_solved(centre.database, centre.rules, AN, code, "vẫn chưa có giấy")
    for step in (ANSWERED, state):
        if centre.row(code).state != step:
            centre.step(code, step)
    assert "mở lại một lần" not in page(centre, code)


def test_who_took_it_back_is_told_nothing_to_do(centre):
    code = centre.file().code
    citizen.withdraw(centre.database, centre.rules, AN, code)
    text = page(centre, code)
    assert "Người gửi đã rút" in text
    assert "khiếu nại trong 90 ngày" not in text


def test_nothing_personal_nor_anybodys_words_stand_on_the_page(centre):
    code = centre.file(person="ông Ba", contact=centre.hide(PHONE)).code
    centre.change(code, naming=CONFIRMED)
    for state in (ACCEPTED, FORWARDED, IN_PROGRESS, ANSWERED):
        centre.move(code, state, "Lời nhắn riêng")
    citizen.rate(centre.database, centre.rules, AN, code, 2, "chưa hài lòng lắm")
    html = unescape(client(centre).get(f"/phan-anh/{code}").text)
    private = (PHONE, "ông Ba", WORDS, "UBND xã An Hòa", "tuần trước", OFFICER, "Lời nhắn riêng", "Phòng Kinh tế")
    assert [word for word in (*private, "hài lòng lắm", AN) if word in html] == []


def test_an_erased_complaint_says_so_and_nothing_else(centre):
    receipt = centre.file()
    erase(centre, receipt.code)
    text = page(centre, receipt.code)
    assert "Nội dung của phản ánh này đã được xóa" in text
    assert receipt.link in text
    assert "Trễ" not in text
    assert "Đã nhận" not in text


def test_dates_are_those_of_viet_nam(centre):
    code = centre.file().code
    late_evening = now().replace(year=2026, month=11, day=20, hour=18)
    centre.change(code, created_at=late_evening)
    assert "Ngày nhận 21/11/2026" in page(centre, code)


def test_the_qr_code_and_the_link_to_the_check_are_of_this_page(centre):
    one, other = (client(centre).get(f"/phan-anh/{centre.file().code}").text for _ in range(2))
    images = [re.search(r'src="(data:image/svg[^"]+)"', html).group(1) for html in (one, other)]
    assert images[0] != images[1]
    target = unescape(re.search(r'href="(/phan-anh/kiem-tra[^"]+)"', one).group(1))
    assert "Đúng như lúc gửi" in client(centre).get(target).text


@pytest.mark.parametrize("spell", [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("0", "O")])
def test_a_code_in_another_spelling_leads_to_its_page(centre, spell):
    code = centre.file().code
    response = client(centre).get(f"/phan-anh/{spell(code)}")
    assert response.status_code == (200 if spell(code) == code else 303)
    assert response.headers.get("location", f"/phan-anh/{code}") == f"/phan-anh/{code}"


def test_the_form_leads_to_the_page(centre):
    code = centre.file().code
    assert 'method="post"' in client(centre).get("/phan-anh").text
    response = client(centre).post("/phan-anh", data={"code": f" {code.lower()} "})
    assert (response.status_code, response.headers["location"]) == (303, f"/phan-anh/{code}")


@pytest.mark.parametrize("typed, again", [(WRONG, WRONG), ("gọi 0900000000 ngay!", ""), ('"><script>', "")])
def test_a_wrong_code_in_the_form_is_told_and_can_be_mended(centre, typed, again):
    response = client(centre).post("/phan-anh", data={"code": typed})
    assert response.status_code == 404
    assert "Không có phản ánh nào với mã này" in response.text
    assert f'value="{again}"' in response.text


def test_a_form_without_a_code_or_with_far_too_much_is_a_wrong_code(centre):
    for body in (b"", b"code=", b"code=" + b"A" * 100_000, b"\xff\xfe=%00"):
        assert client(centre).post("/phan-anh", content=body).status_code == 404


def test_a_form_that_dribbles_is_given_back_empty_and_counts_as_no_code(centre):
    pieces, sent = [{"type": "http.request", "body": b"code=PA-", "more_body": True}], []

    async def receive():
        return pieces.pop() if pieces else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    pages = app(centre, form_seconds=0.05)
    asked = {"type": "http", "method": "POST", "path": "/phan-anh", "query_string": b"", "headers": []}
    asked |= {"client": ("203.0.113.7", 5000), "http_version": "1.1", "scheme": "http", "server": ("motcua", 80)}
    for _ in range(MOST_WRONG + 1):
        asyncio.run(asyncio.wait_for(pages(asked, receive, send), 30))
    statuses = [message["status"] for message in sent if "status" in message]
    page = sent[-1]["body"].decode()
    assert statuses == [408] * (MOST_WRONG + 1)
    assert ('name="code"' in page, "Không có phản ánh nào" in page) == (True, False)


def test_an_unknown_code_is_not_repeated_on_the_page(centre):
    response = client(centre).get("/phan-anh/GOI-NGAY-0900000000")
    assert response.status_code == 404
    assert "Trợ lý chưa tìm thấy phản ánh này" in response.text
    assert "0900000000" not in response.text


@pytest.mark.parametrize("path", [f"/phan-anh/{WRONG}", "/phan-anh/abc", f"/phan-anh/kiem-tra?code={WRONG}&link=a"])
def test_after_too_many_wrong_codes_an_address_has_to_wait(centre, path):
    code, clock = centre.file().code, Clock()
    site = client(centre, clock=clock)
    assert [site.get(path).status_code for _ in range(MOST_WRONG)] == [404] * MOST_WRONG
    for answer in (site.get(path), site.get(f"/phan-anh/{code}"), site.post("/phan-anh", data={"code": code})):
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
        assert "10 phút" in answer.text
    clock.moment += 600
    assert site.get(f"/phan-anh/{code}").status_code == 200


def test_right_codes_are_not_counted(centre):
    code, site = centre.file().code, client(centre)
    assert {site.get(f"/phan-anh/{code}").status_code for _ in range(4 * MOST_WRONG)} == {200}


def test_an_address_does_not_wait_for_another_one_but_for_its_own_network(centre):
    site = app(centre)

    def statuses(*hosts):
        return [TestClient(site, client=(host, 1)).get(f"/phan-anh/{WRONG}").status_code for host in hosts]

    assert statuses(*["203.0.113.7"] * 4, "203.0.113.8") == [404, 404, 404, 429, 404]
    assert statuses(*(f"2001:db8:1:1::{n}" for n in range(4)), "2001:db8:1:2::1") == [404, 404, 404, 429, 404]


def test_without_a_published_day_the_page_of_the_chain_says_so(centre):
    assert "Chưa có ngày nào được công bố" in client(centre).get("/phan-anh/chuoi").text


def close(centre, days):
    """That many closed days of one complaint each; their receipts."""
    receipts = []
    for number in range(days):
        receipts.append(centre.file())
        close_days(centre.database, TODAY + timedelta(days=number + 1))
    return receipts


def test_published_days_stand_on_pages_newest_first(centre):
    receipts, site = close(centre, 31), client(centre)
    first = site.get("/phan-anh/chuoi").text
    assert [first.count(receipt.link) for receipt in receipts] == [0] + [1] * 30
    assert first.index(receipts[30].link) < first.index(receipts[1].link)
    older = site.get(re.search(r'href="(/phan-anh/chuoi\?before=[^"]+)"', first).group(1)).text
    assert [older.count(receipt.link) for receipt in receipts] == [1] + [0] * 30
    assert "before=" not in older


def test_a_program_can_compute_every_root(centre):
    receipts, site = close(centre, 3), client(centre)
    content = site.get("/phan-anh/chuoi.json").json()
    assert [day["root"] for day in content["days"]] == [receipt.link for receipt in reversed(receipts)]
    assert (content["genesis"], content["older"]) == (GENESIS, None)
    for day in content["days"]:
        proof = site.get(day["proof"].removeprefix(ADDRESS)).json()
        assert link_after(proof["previous"], proof["day"], proof["commitments"][0]) == day["root"]


@pytest.mark.parametrize(
    "path", ["/phan-anh/chuoi/2020-01-01.json", "/phan-anh/chuoi/x.json", "/phan-anh/chuoi/a b%00.json"]
)
def test_a_day_that_is_not_published_is_not_found(centre, path):
    assert client(centre).get(path).status_code == 404


@pytest.mark.parametrize("before", ["", "heute", "0000-00-00", "2026-11-22' OR 1=1", "\0"])
def test_an_odd_page_number_is_no_error(centre, before):
    assert client(centre).get("/phan-anh/chuoi", params={"before": before}).status_code == 200


def test_the_check_tells_each_outcome(centre):
    closed, changed, erased = close(centre, 3)
    fresh, site = centre.file(), client(centre)
    centre.change(changed.code, description="khác")
    erase(centre, erased.code)

    def told(code, link):
        return text_of(site.get("/phan-anh/kiem-tra", params={"code": code, "link": link}))

    assert f"giá trị công bố của ngày {TODAY:%d/%m/%Y} bao gồm" in told(closed.code, closed.link)
    assert "chưa được công bố" in told(fresh.code, fresh.link)
    assert "Không còn đúng như lúc gửi" in told(changed.code, changed.link)
    assert "Nội dung đã được xóa" in told(erased.code, erased.link)
    assert "Giá trị xác nhận không trùng" in told(fresh.code, closed.link)
    assert "Không có phản ánh nào với mã này" in told(WRONG, closed.link)


def test_the_check_without_anything_is_a_form_that_repeats_nothing(centre):
    site = client(centre)
    assert 'name="link"' in site.get("/phan-anh/kiem-tra").text
    assert "GOI NGAY" not in site.get("/phan-anh/kiem-tra", params={"code": "GOI NGAY", "link": "<b>"}).text


def paths_of(receipt):
    check = f"/phan-anh/kiem-tra?code={receipt.code}&link={receipt.link}"
    return [f"/phan-anh/{receipt.code}", "/phan-anh", "/phan-anh/chuoi", "/phan-anh/kiem-tra", check, "/phan-anh/x"]


def test_no_page_is_stored_or_loads_anything_from_elsewhere(centre):
    receipt, site = close(centre, 1)[0], client(centre)
    for path in paths_of(receipt):
        response = site.get(path)
        assert response.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert response.headers["referrer-policy"] == "no-referrer"
        assert re.findall(r"<style|<script|\sstyle=|\son\w+=|javascript:", response.text) == []
        assert all(src.startswith("data:") for src in re.findall(r'src="([^"]+)', response.text))


@pytest.fixture
def served(centre):
    with serving(lambda address: app(centre, address=address)) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_accessibility_rule_is_broken_and_nothing_scrolls_sideways(centre, served, browser, scheme, width):
    receipt = close(centre, 2)[0]
    centre.move(receipt.code, NEEDS_INFORMATION)
    context = browser.new_context(base_url=served, color_scheme=scheme, viewport={"width": width, "height": 844})
    shown = context.new_page()
    for path in paths_of(receipt):
        shown.goto(path)
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(shown, options=WCAG).response["violations"] == []
    context.close()


def test_a_code_is_looked_up_mended_and_printed_by_keyboard_without_javascript(centre, served, browser):
    code = centre.file_in(CLOSED)
    context = browser.new_context(base_url=served, java_script_enabled=False)
    shown = context.new_page()
    shown.goto("/phan-anh")
    shown.get_by_label("Mã biên nhận").fill(code[:-1] + ("0" if code[-1] != "0" else "1"))
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("alert")).to_be_visible()
    shown.get_by_label("Mã biên nhận").fill(code.lower())
    shown.keyboard.press("Enter")
    expect(shown.get_by_role("heading", name=code)).to_be_visible()
    shown.emulate_media(media="print")
    assert not shown.locator(".top").is_visible()
    assert shown.get_by_alt_text("Mã QR dẫn tới trang này").is_visible()
    context.close()
