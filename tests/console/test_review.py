import re
from dataclasses import replace

import pytest

from bot.review.model import ReviewItem, ReviewLabel
from tests.console.conftest import HOA, KEEPER, MINH, NAM, text_of
from tests.review.conftest import Town

OTHER = "Hồ Biên"
UNSURE = (("ask_forms", 0.4), ("ask_hotline", 0.35), ("ask_postal", 0.1))


@pytest.fixture
def town(office, tmp_path):
    town = Town(office.centre.database, tmp_path)
    for number, text in enumerate(("xin mẫu ct01 <b>", "gọi số nào để hỏi", "gửi về nhà thì sao")):
        town.say(text, f"web:{number}", ranking=UNSURE)
    town.collect()
    return town


@pytest.fixture
def browser(office, town):
    return office.browser(KEEPER)


def shown(response):
    return int(re.search(r'name="item" value="(\d+)"', response.text).group(1))


def states(town):
    return sorted(row.state for row in town.rows(ReviewItem))


def test_a_message_is_shown_with_its_guesses_and_why_it_is_here(browser):
    page = browser.get("/cau-hoi")
    assert page.status_code == 200
    assert "trợ lý phải hỏi lại" in text_of(page)
    assert re.findall(r'name="intent" value="(\w+)" accesskey="(\d)"', page.text) == [
        ("ask_forms", "1"),
        ("ask_hotline", "2"),
        ("ask_postal", "3"),
    ]


def test_broken_rules_close_the_inbox_and_say_so(office, town, tmp_path):
    (tmp_path / "knowledge").mkdir()
    (tmp_path / "knowledge" / "review.yml").write_text("days: [", encoding="utf-8")
    office.console = replace(office.console, checkout=tmp_path)
    browser = office.browser(KEEPER)
    item = town.rows(ReviewItem)[0].id
    pages = [browser.get(path) for path in ("/cau-hoi", "/cau-hoi/danh-sach", "/cau-hoi/so-lieu", "/thieu-noi-dung")]
    pages += [browser.post("/cau-hoi", item=item, intent="ask_forms"), browser.post("/cau-hoi/lui")]
    assert {page.status_code for page in pages} == {503}
    assert all("knowledge/review.yml can't be read" in text_of(page) for page in pages)
    assert town.rows(ReviewLabel) == []


def test_what_citizens_type_is_text(browser):
    assert "xin mẫu ct01 &lt;b&gt;" in browser.get("/cau-hoi/danh-sach").text


def test_a_button_labels_and_the_next_message_comes(browser, town):
    first = shown(browser.get("/cau-hoi"))
    done = browser.post("/cau-hoi", item=first, intent="ask_forms")
    assert done.headers["location"] == "/can-bo/cau-hoi?xong=second"
    assert shown(browser.get("/cau-hoi")) != first
    assert states(town) == ["second", "waiting", "waiting"]


@pytest.mark.parametrize(("act", "state"), [("out", "second"), ("skip", "waiting"), ("unusable", "unusable")])
def test_the_other_buttons(browser, town, act, state):
    first = shown(browser.get("/cau-hoi"))
    browser.post("/cau-hoi", item=first, act=act)
    assert town.item(first).state == state


def test_undo_shows_the_message_again(browser, town):
    first = shown(browser.get("/cau-hoi"))
    browser.post("/cau-hoi", item=first, intent="ask_forms")
    back = browser.post("/cau-hoi/lui")
    assert back.headers["location"] == f"/can-bo/cau-hoi?xong=undone&cau={first}"
    assert states(town) == ["waiting"] * 3
    assert browser.post("/cau-hoi/lui").headers["location"].endswith("xong=none")


def test_a_search_finds_intents_by_their_vietnamese_name(browser):
    page = browser.get("/cau-hoi?tim=to khai")
    assert 'value="ask_forms"' in page.text.split("Tìm</button>")[1].split("<details>")[0]


def test_many_at_once(browser, town):
    items = re.findall(r'name="item" value="(\d+)"', browser.get("/cau-hoi/danh-sach").text)
    assert len(items) == 3
    browser.client.post("/can-bo/cau-hoi", data={"csrf": browser.csrf, "item": items, "intent": "ask_forms"})
    assert states(town) == ["second"] * 3
    assert browser.post("/cau-hoi/lui").status_code == 303
    assert states(town) == ["waiting"] * 3


def test_the_list_comes_back_after_many(browser):
    items = re.findall(r'name="item" value="(\d+)"', browser.get("/cau-hoi/danh-sach").text)
    done = browser.post("/cau-hoi", item=items[0], intent="ask_forms", back="list")
    assert done.headers["location"] == "/can-bo/cau-hoi/danh-sach?xong=many"


def test_the_right_procedure_goes_along_and_an_unknown_one_is_refused(browser, town):
    first = shown(browser.get("/cau-hoi"))
    assert '<option value="khai_sinh">Đăng ký khai sinh</option>' in browser.get("/cau-hoi").text
    refused = browser.post("/cau-hoi", item=first, intent="ask_forms", procedure="khai sanh")
    assert (refused.status_code, 'value="khai sanh"' in refused.text) == (422, True)
    browser.post("/cau-hoi", item=first, intent="ask_forms", procedure="khai_sinh")
    assert [row.procedure for row in town.rows(ReviewLabel)] == ["khai_sinh"]


def test_the_figures_say_who_labelled_what_and_when_and_keep_what_is_open(browser, town):
    first = shown(browser.get("/cau-hoi"))
    browser.post("/cau-hoi", item=first, intent="ask_forms")
    assert (
        "Tải biểu mẫu" in text_of(browser.get("/cau-hoi/so-lieu"))
        or "ask_forms" in browser.get("/cau-hoi/so-lieu").text
    )
    other = next(card.id for card in town.desk.next(NAM, 9) if card.id != first)
    town.desk.label([other], NAM, "ask_postal")
    page = text_of(browser.get("/cau-hoi/so-lieu"))
    assert f"{NAM} " in page
    assert "(giữ kín đến khi xong)" in page
    assert "Chưa có câu nào được rút thăm" in page


@pytest.mark.parametrize(
    "fields", [{}, {"intent": "nonsense"}, {"new": "Có Dấu", "definition": "x"}, {"new": "ask_pets"}]
)
def test_what_cannot_be_taken_is_said_and_the_message_stays_before_one(browser, town, fields):
    first = shown(browser.get("/cau-hoi"))
    page = browser.post("/cau-hoi", item=first, **fields)
    assert page.status_code == 422
    assert shown(page) == first
    assert states(town) == ["waiting"] * 3


def test_a_new_intent_with_its_definition(browser, town):
    first = shown(browser.get("/cau-hoi"))
    browser.post("/cau-hoi", item=first, new="ask_pets", definition="khai báo vật nuôi")
    assert town.item(first).state == "second"


@pytest.mark.parametrize("name", [HOA, MINH, OTHER])
def test_nobody_but_maintainers_comes_in(office, town, name):
    browser = office.browser(name)
    assert browser.get("/cau-hoi").status_code == 403
    assert browser.post("/cau-hoi", item=1, intent="ask_forms").status_code == 403
    assert "Câu cần xem" not in browser.get("").text


def test_an_empty_inbox_says_so(office):
    assert "Không còn câu nào chờ anh/chị." in text_of(office.browser(KEEPER).get("/cau-hoi"))
