"""The report of `motcua evaluate`: its figures, and the page that people read."""

import json

import pytest

from bot.training.compare import compare
from bot.training.data_warnings import DataWarnings, Few
from bot.training.evaluate import make_report
from bot.training.gate import Verdict
from bot.training.measure import Prediction
from bot.training.report import comparison_lines, short_lines, write_comparison, write_page
from bot.training.sentences import SentenceChanges
from bot.training.trial import Trial, as_dict

LONG = "hồ sơ <b>của tôi</b> " * 20


def predicted(truth, taken_for, confidence, part="clean", text="lệ phí"):
    return Prediction(text, truth, ((taken_for, confidence), ("greet", 1 - confidence)), part)


PREDICTIONS = [
    predicted("ask_procedure_fee", "ask_procedure_fee", 0.95),
    predicted("ask_procedure_time", "ask_procedure_fee", 0.8, text=LONG),
    predicted("ask_procedure_fee", "ask_procedure_fee", 0.9, "no_tones"),
    predicted("ask_procedure_time", "ask_procedure_time", 0.9, "no_tones"),
    predicted("out_of_scope", "out_of_scope", 0.9),
    predicted("out_of_scope", "ask_procedure_fee", 0.85, text=LONG),
]


@pytest.fixture
def report():
    # As it is read again: JSON has all of it.
    return json.loads(json.dumps(make_report(PREDICTIONS)))


def test_the_report_has_every_figure(report):
    assert {part: found["accuracy"] for part, found in report["parts"].items()} == {"clean": 0.5, "no_tones": 1.0}
    assert [(pair["truth"], pair["taken_for"], pair["times"]) for pair in report["confused"]] == [
        ("ask_procedure_time", "ask_procedure_fee", 1),
        ("out_of_scope", "ask_procedure_fee", 1),
    ]
    assert (report["out_of_scope"]["messages"], report["out_of_scope"]["answered"]) == (2, 0.5)
    assert (report["out_of_scope"]["roc"][0], report["out_of_scope"]["roc"][-1]) == ([0, 0], [1, 1])


def test_the_short_of_it_fits_a_terminal(report):
    lines = list(short_lines(report))
    assert lines[0].startswith("clean                     50.0%")
    assert all(len(line) < 100 for line in lines)


def test_the_page_shows_tables_and_plots_on_a_narrow_screen(report, tmp_path, browser):
    write_page(report, "Một Cửa: try", tmp_path / "page.html")
    shown = browser.new_page(viewport={"width": 390, "height": 800})
    asked = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto((tmp_path / "page.html").as_uri())
    assert len(asked) == 1, "the page needs nothing else"
    assert shown.locator("figure svg").count() == 3
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.get_by_role("row", name="no_tones").inner_text().split("\t")[3].strip() == "-50.0"
    assert "<b>của tôi</b>" in shown.locator("body").inner_text()
    assert shown.locator("b").count() == 0
    shown.close()


def test_without_messages_out_of_scope_the_page_says_nothing_of_them(tmp_path):
    write_page(make_report(PREDICTIONS[:2]), "x", tmp_path / "page.html")
    assert "<h2>Out of scope</h2>" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_comparison_is_read_on_a_narrow_screen_and_in_a_terminal(tmp_path, browser):
    live = [predicted("ask_procedure_fee", "ask_procedure_fee", 0.9, text="lệ phí"), *PREDICTIONS[1:3]]
    candidate = [predicted("ask_procedure_fee", "greet", 0.9, text="lệ phí"), *PREDICTIONS[1:3]]
    changes = SentenceChanges(True, 3, {"greet": 2}, {}, (), (), (), {"greet": 150})
    verdict = Verdict(False, ("overall: <b>-33.3</b> points",), ("'lệ phí': fee → greet",))
    trial = as_dict(
        Trial(
            1,
            2,
            compare(live, candidate, ["a", "b", "a"]),
            changes,
            DataWarnings(few=(Few("greet", 7),)),
            verdict,
            candidate,
        )
    )
    trial = json.loads(json.dumps(trial))
    assert trial["data"]["few"] == [{"intent": "greet", "sentences": 7}]
    lines = list(comparison_lines(trial))
    assert lines[0].startswith("overall                   66.7% →  33.3%  -33.3%")
    assert lines[-2:] == ["sentences: 3 new, 2 left out, 0 with another intent", "  note: 'lệ phí': fee → greet"]
    write_comparison(trial, "Một Cửa: try", tmp_path / "page.html")
    shown = browser.new_page(viewport={"width": 390, "height": 800})
    shown.goto((tmp_path / "page.html").as_uri())
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    text = shown.locator("body").inner_text()
    assert "The gate refuses it." in text
    assert "<b>-33.3</b>" in text
    shown.close()
