import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.answer_checks import COPY, UNFILLED, find_warnings
from bot.complaints.answer_templates import FILE, copies, fill, load_templates, unfilled
from bot.complaints.errors import ComplaintError
from bot.complaints.kinds import load_kinds
from bot.complaints.lifecycle import ANSWERED, NEEDS_INFORMATION
from bot.settings import ROOT

TEMPLATES = load_templates(ROOT / "knowledge")
KINDS = load_kinds(ROOT / "knowledge")
RETURNED = TEMPLATES["late_returned"]
REAL = ["hồ sơ nằm ở phòng đo đạc 12 ngày", "20/11/2026", "UBND xã An Hòa", "giấy chứng nhận"]


def test_every_kind_has_a_beginning_for_an_answer():
    for kind in KINDS:
        assert any(one.fits(kind, ANSWERED) for one in TEMPLATES.values()), kind
    assert {kind for one in TEMPLATES.values() for kind in one.kinds} <= set(KINDS)


def test_denunciations_have_templates_of_their_own_and_no_others():
    for state in (ANSWERED, NEEDS_INFORMATION):
        own = {one.key for one in TEMPLATES.values() if one.fits("bribery", state, denunciation=True)}
        assert own
        assert not own & {one.key for kind in KINDS for one in TEMPLATES.values() if one.fits(kind, state)}


def test_answers_have_fields_and_questions_need_none():
    for one in TEMPLATES.values():
        assert bool(one.fields) == (one.state == ANSWERED), one.key
        assert not one.fits("late", NEEDS_INFORMATION) or not one.fields


@pytest.mark.parametrize(
    "given",
    [
        "{title: a, text: b, state: closed}",
        "{title: a, text: b, state: answered}",
        "{title: a, text: b, state: answered, reason: withdrawn}",
        "{title: a, text: b, state: needs_information, reason: solved}",
    ],
)
def test_a_template_that_leads_nowhere_is_named(tmp_path, given):
    (tmp_path / FILE).write_text(f"broken: {given}", encoding="utf-8")
    with pytest.raises(ComplaintError, match="broken"):
        load_templates(tmp_path)


def test_fields_are_filled_in_and_those_without_a_value_stay():
    text = fill(RETURNED.text, RETURNED.fields, ["", "20/11/2026"])
    assert "Ngày 20/11/2026" in text
    assert unfilled(text) == tuple(field for field in RETURNED.fields if field != "ngày trả")


def test_what_was_typed_is_no_template_itself():
    assert fill("[ngày trả] ở [nơi trả]", ["ngày trả", "nơi trả"], ["[nơi trả]", "xã"]) == "[nơi trả] ở xã"
    assert fill("[a b]", ["a b"], [r"\1 {x} <script>"]) == r"\1 {x} <script>"


def test_an_answer_with_a_field_left_in_is_noticed():
    assert UNFILLED in find_warnings(RETURNED.text, TEMPLATES.values())


def test_an_answer_that_says_no_more_than_its_template_is_noticed():
    hollow = fill(RETURNED.text, RETURNED.fields, ["xong", "mai", "đây", "giấy"])
    assert COPY in find_warnings(hollow, TEMPLATES.values())
    assert find_warnings(fill(RETURNED.text, RETURNED.fields, REAL), TEMPLATES.values()) == []


def test_words_of_ones_own_are_no_copy():
    assert not copies("Ngày 20/11 chúng tôi đã tới nhà trả giấy khai sinh cho bà và xin lỗi bà.", TEMPLATES.values())


@given(st.text(), st.lists(st.text()), st.lists(st.text()))
def test_no_text_breaks_it(text, fields, values):
    fill(text, fields, values)
    copies(text, TEMPLATES.values())
