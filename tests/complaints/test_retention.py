from datetime import date, datetime, timezone
from string import Formatter

import pytest
import yaml

from bot.complaints import consents, privacy
from bot.complaints.errors import ComplaintError
from bot.complaints.retention import STORES, load_retention, load_wording
from bot.settings import ROOT
from bot.text.mask import TOKEN_PATTERN

GOOD = {name: {"days": 30, "why": "vì thế"} for name in STORES}


def load(folder, **stores):
    content = {"stores": {**GOOD, **stores}}
    (folder / "retention.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_retention(folder)


def test_the_periods_that_come_with_it_have_a_reason_each():
    assert set(load_retention(ROOT / "knowledge").days) == set(STORES)


def test_days_are_counted_from_midnight_in_viet_nam(tmp_path):
    before = load(tmp_path, turns={"days": 1, "why": "x"}).before("turns", date(2026, 11, 22))
    assert before == datetime(2026, 11, 20, 17, tzinfo=timezone.utc)


def test_null_keeps_a_store(tmp_path):
    assert load(tmp_path, turns={"days": None, "why": "x"}).before("turns", date(2026, 11, 22)) is None


@pytest.mark.parametrize("days", [0, -3, "30", True, 1.5, ""])
def test_a_period_that_is_none_is_named(tmp_path, days):
    with pytest.raises(ComplaintError, match="turns: 'days'"):
        load(tmp_path, turns={"days": days, "why": "x"})


def test_a_store_without_a_reason_or_of_another_name_is_named(tmp_path):
    with pytest.raises(ComplaintError, match="turns: say under 'why'"):
        load(tmp_path, turns={"days": 3})
    with pytest.raises(ComplaintError, match="tunrs"):
        load(tmp_path, tunrs={"days": 3, "why": "x"})


def test_everything_that_is_told_of_ones_data_has_a_name():
    labels = load_wording(ROOT / "knowledge").labels
    kinds = TOKEN_PATTERN.pattern[2:].split(")")[0].split("|")
    assert {*kinds, *privacy.WISHES, consents.IMPROVE, "contact", "restricted", "file"} <= set(labels)
    for text in labels.values():
        assert {name for _, name, _, _ in Formatter().parse(text) if name is not None} <= PLACES


PLACES = {"count", "values", "code", "state", "day", "by", "what", "purpose", "ended", "wish", "days"}
