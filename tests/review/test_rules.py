import pytest
import yaml

from bot.review.errors import ReviewError
from bot.review.rules import load_review_rules
from bot.settings import ROOT


def test_the_rules_that_come_with_the_bot_are_read():
    rules = load_review_rules(ROOT / "knowledge")
    assert "report_emergency" in rules.protected
    assert rules.leads == ()


@pytest.mark.parametrize(
    "change",
    [{"days": None}, {"days": "x"}, {"days": -1}, {"days": True}, {"leads": "Hoa"}, {"protected": [1]}, {"odd": 1}],
)
def test_a_rule_that_is_wrong_is_named(tmp_path, change):
    content = yaml.safe_load((ROOT / "knowledge" / "review.yml").read_text(encoding="utf-8"))
    (tmp_path / "review.yml").write_text(yaml.dump({**content, **change}), encoding="utf-8")
    with pytest.raises(ReviewError, match=next(iter(change))):
        load_review_rules(tmp_path)


@pytest.mark.parametrize("content", ["a: [", "- a\n", ""])
def test_a_file_that_is_none_is_said(tmp_path, content):
    (tmp_path / "review.yml").write_text(content, encoding="utf-8")
    with pytest.raises(ReviewError, match=r"review\.yml"):
        load_review_rules(tmp_path)
