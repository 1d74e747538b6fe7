import json
import re
from dataclasses import replace
from datetime import date

import pytest

from bot.database import now
from bot.training import curve as curves
from bot.training.curve import Curve, Grown, Point, Step
from bot.training.evaluate import BLIND_SET, read_blind_set
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED, TRAINING, Model
from tests.console.conftest import EDITOR, HOA, KEEPER, MINH, text_of
from tests.training.models import make_model, read_as

ROWS = read_blind_set(BLIND_SET)
REASONS = {
    "passed": False,
    "reasons": ["overall: -2.0 points <b>", "slips: -3.0 points (bound -1.25): 3 messages got better, 30 worse"],
    "warnings": ["ask_forms: has no sentence any more"],
}


def readings(wrong=(), taken="greet"):
    """What a model reads of the whole blind set: all rightly, but for the intents that are named."""
    return [
        (text, truth, ((taken if truth in wrong else truth, 0.8), ("thank", 0.15)), part) for text, truth, part in ROWS
    ]


def change(office, number, **columns):
    with office.centre.database.transaction() as session:
        for name, value in columns.items():
            setattr(session.get(Model, number), name, value)


@pytest.fixture
def models(office, tmp_path):
    """A live model and a refused candidate, both measured; returns their folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    office.console = replace(office.console, models=folder)
    database, marks = office.centre.database, {"data": "d" * 64, "pipeline": "e" * 64}
    live = make_model(database, folder, "motcua-a", LIVE, promoted_by="An", reason="nhân viên đã xem <i>", **marks)
    change(office, live, promoted_at=now())
    number = make_model(database, folder, "motcua-b", REFUSED, seconds=41.6, **marks)
    change(office, number, verdict=json.dumps(REASONS), compared_with=live)
    read_as(database, live, readings(["ask_hotline"], taken="ask_forms"))
    read_as(database, number, readings(["ask_forms"]))
    return folder


@pytest.fixture
def browser(office, models):
    return office.browser(KEEPER)


def test_the_ledger_tells_of_every_model(browser, office, models):
    make_model(office.centre.database, models, "motcua-c", TRAINING, step="Starting to train component 'X'")
    make_model(office.centre.database, models, "motcua-d", FAILED, reason="No space left on device")
    page = browser.get("/mo-hinh")
    shown = text_of(page)
    for said in ("Đang dùng", "An: nhân viên đã xem <i>", "mất 42 giây", "Từ chối: 2 lý do (so với mô hình 1)"):
        assert said in shown
    for said in ("dddddddd eeeeeeee", "Starting to train component 'X'", "No space left on device"):
        assert said in shown
    assert "&lt;i&gt;" in page.text
    assert "Xem lại tiến độ" in shown
    assert "/mo-hinh/huan-luyen" not in page.text


def test_an_empty_ledger_offers_to_train(office):
    page = office.browser(KEEPER).get("/mo-hinh")
    assert "Chưa có mô hình nào" in text_of(page)
    assert 'action="/can-bo/mo-hinh/huan-luyen"' in page.text
    assert "quay-lai" not in page.text


def test_one_may_go_back_where_there_is_something_to_go_back_to(browser, office, models):
    make_model(office.centre.database, models, "motcua-c", FORMER)
    assert 'action="/can-bo/mo-hinh/quay-lai"' in browser.get("/mo-hinh").text


def test_a_model_is_shown_with_its_figures_and_beside_the_live_one(browser):
    shown = text_of(browser.get("/mo-hinh/2"))
    messages = sum(truth == "ask_forms" for _, truth, _ in ROWS)
    better = sum(truth == "ask_hotline" for _, truth, _ in ROWS)
    assert "So với mô hình 1" in shown
    assert f"{better} câu tốt lên, {messages} câu kém đi" in shown
    assert re.search(r"Không dấu \d+,\d % \d+,\d % – \d+,\d % \d+", shown)
    assert "overall: -2.0 points <b>" in shown
    assert "Gõ nhầm: −3,0 điểm (giới hạn −1,25); 3 câu tốt lên, 30 câu kém đi" in shown
    assert "Tải biểu mẫu, tờ khai: không còn câu nào" in shown


def test_what_is_confused_is_a_map_and_a_list_of_messages(browser):
    page = browser.get("/mo-hinh/2")
    wrong = [text for text, truth, _ in ROWS if truth == "ask_forms"]
    assert f"Tải biểu mẫu, tờ khai → đọc là greet: {len(wrong)} câu" in text_of(page)
    assert re.findall(r'class="level-5">(\d+)<', page.text) == [str(len(wrong))]
    assert wrong[0] in text_of(page)


def test_drawings_say_what_their_tables_say(browser):
    page = browser.get("/mo-hinh/2").text
    assert page.count('<svg class="chart" role="img" aria-label="') == 2
    assert "ngưỡng 0," in page
    assert "<script>" not in page
    assert "style=" not in page


def test_against_the_gate_a_reason_has_to_be_named(browser, office):
    form = browser.get("/mo-hinh/2").text.split('action="/can-bo/mo-hinh/2/dua-len"')[1].split("</form>")[0]
    assert 'name="csrf"' in form
    assert 'name="reason" maxlength="300" autocomplete="off" required' in form
    change(office, 2, state=CANDIDATE, verdict=json.dumps({**REASONS, "passed": True, "reasons": []}))
    form = browser.get("/mo-hinh/2").text.split('action="/can-bo/mo-hinh/2/dua-len"')[1].split("</form>")[0]
    assert "required" not in form
    assert "dua-len" not in browser.get("/mo-hinh/1").text


def test_a_model_that_was_not_measured_says_how(browser, office, models):
    number = make_model(office.centre.database, models, "motcua-c", CANDIDATE)
    assert f"motcua evaluate --model {number}" in text_of(browser.get(f"/mo-hinh/{number}"))


@pytest.mark.parametrize("path", ["/mo-hinh/99", "/mo-hinh/x", "/mo-hinh/99/hoc", "/mo-hinh/motcua-a"])
def test_a_model_that_does_not_exist_is_not_found(browser, path):
    assert browser.get(path).status_code == 404


def draw(models, low):
    points = tuple(Point(sentences, 0.7 + sentences / 10_000, 0.65, 0.95, 731) for sentences in (500, 1000))
    curves.save(
        Curve(points, (Step(30, 4, 0.05, low, 0.07),), (Grown("ask_forms", 90, 10, 6, 9),)),
        models,
        "motcua-b",
        date(2026, 11, 22),
    )


@pytest.mark.parametrize(("low", "said"), [(0.02, "thêm câu còn có ích"), (-0.01, "chưa chắc thêm câu")])
def test_the_curve_tells_whether_more_sentences_help(browser, models, low, said):
    assert "motcua evaluate --curve --model 2" in text_of(browser.get("/mo-hinh/2/hoc"))
    draw(models, low)
    page = browser.get("/mo-hinh/2/hoc")
    assert said in text_of(page)
    assert "1000 80,0 % 65,0 % – 95,0 % 30 / 4" in text_of(page)
    assert "Tải biểu mẫu, tờ khai 90 6 / 10 9 / 10" in text_of(page)
    assert "(22/11/2026)" in text_of(page)
    assert page.text.count("<circle") == 2


@pytest.mark.parametrize("name", [HOA, MINH, EDITOR])
def test_nobody_but_maintainers_sees_models(office, models, name):
    browser = office.browser(name)
    for path in ("/mo-hinh", "/mo-hinh/1", "/mo-hinh/1/hoc"):
        assert browser.get(path).status_code == 403
    assert "Mô hình" not in browser.get("").text
