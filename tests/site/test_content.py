"""Pages of procedures, topics and events of life, over HTTP and, for printing and accessibility, in a browser."""

from dataclasses import replace
from datetime import date
from html import unescape

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.catalogue.loader import load_knowledge
from bot.settings import ROOT
from bot.site.content import HEADINGS, ContentPages
from bot.site.content_routes import content_routes

KNOWLEDGE = load_knowledge(ROOT / "knowledge")[0]
LOCAL = [procedure for procedure in KNOWLEDGE.procedures.values() if procedure.local_figures]
ADDRESS = "https://motcua.example"


def client(day=date(2026, 11, 22)):
    return TestClient(Starlette(routes=content_routes(ContentPages(KNOWLEDGE, ADDRESS, day))), follow_redirects=False)


def page(path, **options):
    response = client(**options).get(path)
    assert response.status_code == 200, path
    return unescape(response.text)


@pytest.mark.parametrize("procedure", KNOWLEDGE.procedures.values(), ids=lambda p: p.key)
def test_every_procedure_has_a_page_with_its_law_and_the_day_it_was_checked(procedure):
    text = page(procedure.path)
    assert procedure.name in text
    assert procedure.summary in text
    assert all(basis in text for basis in procedure.provenance.legal_basis)
    assert f"Kiểm tra ngày {procedure.provenance.checked_on:%d/%m/%Y}" in text
    assert text.count('type="checkbox"') == len(procedure.aspects["documents"])


@pytest.mark.parametrize("path", ["/chu-de/household_book", "/su-kien/new_baby", "/thu-tuc"])
def test_topics_events_and_the_list_have_pages(path):
    assert "<h1>" in page(path)


@pytest.mark.parametrize(
    "path, target",
    [("/thu-tuc/khai_sinh", "/thu-tuc/1.001193"), ("/thu-tuc/dien_tu", None)],
)
def test_one_page_has_one_address(path, target):
    response = client().get(path)
    assert (response.status_code, response.headers.get("location")) == ((301, target) if target else (200, None))


@pytest.mark.parametrize("path", ["/thu-tuc/9.999999", "/chu-de/nothing", "/su-kien/x", "/thu-tuc/<script>"])
def test_an_unknown_page_says_where_to_look(path):
    response = client().get(path)
    assert response.status_code == 404
    assert "dichvucong.gov.vn" in response.text
    assert "<script>" not in response.text


def test_the_qr_code_is_of_the_page_itself():
    one, other = (page(KNOWLEDGE.procedures[key].path).split('src="')[1].split('"')[0] for key in ("khai_sinh", "hkd"))
    assert one.startswith("data:image/svg+xml")
    assert one != other


def test_what_has_ended_is_not_given_as_current():
    later = date(2027, 3, 2)
    text = page("/thu-tuc/1.001193", day=later)
    assert "đã qua ngày hiệu lực" in text
    assert "checkbox" not in text


def test_an_amount_that_has_ended_is_replaced():
    assert "đến hết 31/12/2026" in page(KNOWLEDGE.procedures["tnhh2"].path)
    assert "đã hết hạn ngày 31/12/2026" in page(KNOWLEDGE.procedures["tnhh2"].path, day=date(2027, 1, 1))


@pytest.mark.parametrize("procedure", LOCAL, ids=lambda p: p.key)
def test_what_single_provinces_decided_stands_on_the_page(procedure):
    text = page(procedure.path)
    for aspect, figures in procedure.local_figures.items():
        assert f"{HEADINGS[aspect]} ở từng tỉnh" in text
        assert all(f"{KNOWLEDGE.provinces[key].name}: {figure.text}" in text for key, figure in figures.items())
    assert "Tỉnh, thành phố khác" in text


def test_without_figures_of_provinces_the_page_has_no_such_part():
    assert "ở từng tỉnh" not in page("/thu-tuc/1.001193")


def test_a_figure_of_a_province_that_has_ended_is_not_given():
    land = KNOWLEDGE.procedures["dat_chuyen_muc_dich"]
    ended = replace(land.local_figures["fee"]["hai-phong"], valid_until=date(2026, 12, 31))
    content = replace(land, local_figures={"fee": {"hai-phong": ended}})
    for day, told in ((date(2026, 12, 31), True), (date(2027, 1, 1), False)):
        shown = ContentPages(replace(KNOWLEDGE, procedures={content.key: content}), ADDRESS, day).procedure(content.key)
        assert any(section.kind == "local" for section in shown.sections) is told


def test_every_procedure_stands_in_the_list():
    text = page("/thu-tuc")
    assert all(f'href="{procedure.path}"' in text for procedure in KNOWLEDGE.procedures.values())


def test_the_running_bot_serves_the_pages_and_links_them(bot, citizen):
    citizen.say("làm giấy khai sinh cần gì")
    address = f"{bot.settings.public_url}/thu-tuc/1.001193"
    assert address in citizen.text
    assert httpx.get(address, trust_env=False).status_code == 200


@pytest.mark.parametrize("path", ["/thu-tuc/1.001193", "/chu-de/household_book", "/su-kien/new_baby", "/thu-tuc"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_break_no_accessibility_rule(bot, browser, path, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 390, "height": 800}, java_script_enabled=True)
    shown = context.new_page()
    shown.goto(f"{bot.settings.public_url}{path}")
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    result = Axe().run(shown, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    context.close()
    assert result.response["violations"] == []


def test_a_page_is_read_ticked_and_printed_without_javascript(bot, browser):
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(f"{bot.settings.public_url}/thu-tuc/1.001193")
    shown.get_by_role("checkbox").first.check()
    assert shown.get_by_role("checkbox").first.is_checked()
    shown.emulate_media(media="print")
    assert not shown.locator(".top").is_visible()
    assert shown.get_by_role("heading", name="Giấy tờ cần mang").is_visible()
    context.close()
