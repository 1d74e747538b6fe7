"""The pages of the review inbox in a real browser: accessible, as wide as the screen, and worked by keys."""

import pytest
from playwright.sync_api import expect

from bot.review.model import ReviewItem
from tests.console.conftest import KEEPER, NAM
from tests.console.test_browser import DESK_SIZE, check, log_in
from tests.console.test_review import town as town
from tests.site.conftest import PHONE_SIZE, serving

pytestmark = pytest.mark.browser


@pytest.fixture
def address(office):
    with serving(lambda _: office.app()) as address:
        yield address


@pytest.mark.parametrize(("size", "scheme"), [(DESK_SIZE, "light"), (PHONE_SIZE, "dark")])
def test_its_pages_are_accessible_and_as_wide_as_the_screen(town, browser, address, size, scheme):
    town.desk.label([town.item().id], NAM, "ask_forms")
    context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
    page = context.new_page()
    log_in(page, KEEPER)
    for path in ("", "?tim=to khai", "/danh-sach", "/so-lieu"):
        page.goto(f"/can-bo/cau-hoi{path}")
        check(page)
    context.close()


def test_a_key_labels_another_takes_it_back_and_none_while_somebody_types(town, browser, address):
    context = browser.new_context(base_url=address, locale="vi-VN")
    page = context.new_page()
    log_in(page, KEEPER)
    page.goto("/can-bo/cau-hoi")
    page.keyboard.press("/")
    expect(page.get_by_label("Tìm trong tất cả ý định")).to_be_focused()
    page.keyboard.type("o1")
    page.get_by_role("heading", level=1).click()
    assert {row.state for row in town.rows(ReviewItem)} == {"waiting"}
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_have_text("Đã ghi, chờ người thứ hai.")
    page.keyboard.press("z")
    expect(page.get_by_role("status")).to_have_text("Đã lùi lại một bước.")
    assert {row.state for row in town.rows(ReviewItem)} == {"waiting"}
    context.close()
