"""Pages of models and of content gaps in a real browser, without JavaScript; their accessibility, too."""

import pytest
from playwright.sync_api import expect

from tests.console.conftest import EDITOR, KEEPER
from tests.console.test_browser import DESK_SIZE, SCREENS, check
from tests.console.test_browser_account import carry_session
from tests.console.test_models import draw
from tests.console.test_models import models as models
from tests.review.conftest import Town
from tests.site.conftest import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def address(office, models):
    with serving(lambda _: office.app()) as address:
        yield address


def test_pages_of_models_are_accessible_and_as_wide_as_the_screen(office, browser, address, models):
    draw(models, 0.02)
    for size, scheme in SCREENS:
        context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
        carry_session(context, office, KEEPER, address)
        page = context.new_page()
        for path in ("/mo-hinh", "/mo-hinh/2", "/mo-hinh/2/hoc"):
            page.goto(f"/can-bo{path}")
            for closed in page.locator("details:not(details details) > summary").all():
                closed.click()
            check(page)
        context.close()


def test_content_gaps_are_accessible_and_as_wide_as_the_screen(office, browser, address, tmp_path):
    town = Town(office.centre.database, tmp_path)
    town.say("nuôi" + "hổ" * 60, outcome="handover")
    for size, scheme in SCREENS:
        context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
        carry_session(context, office, EDITOR, address)
        page = context.new_page()
        page.goto("/can-bo/thieu-noi-dung")
        check(page)
        context.close()


def test_a_maintainer_reads_why_a_model_was_refused_and_what_it_confuses(office, browser, address):
    context = browser.new_context(base_url=address, viewport=DESK_SIZE, java_script_enabled=False)
    carry_session(context, office, KEEPER, address)
    page = context.new_page()
    page.goto("/can-bo")
    page.get_by_role("link", name="Mô hình").click()
    page.get_by_role("link", name="Mô hình 2").click()
    expect(page.get_by_text("Từ chối", exact=True)).to_be_visible()
    page.get_by_text("Tải biểu mẫu, tờ khai → đọc là greet").click()
    expect(page.locator("details[open] li").first).to_be_visible()
    page.get_by_role("link", name="Thêm câu thì được gì?").click()
    expect(page.get_by_text("motcua evaluate --curve")).to_be_visible()
    context.close()
