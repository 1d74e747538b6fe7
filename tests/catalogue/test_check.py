import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from bot.catalogue.check import check_knowledge

DAY = date(2026, 11, 22)
ENDING = [
    "notice: ends on 2026-12-31",
    "licence/fee: ends on 2026-12-31",
    "licence/notes: ends on 2026-12-31",
]
# How citizens call things is no answer.
NAMES = ("synonyms", "ambiguous", "no_places")
CLAIMS = yaml.safe_load((Path(__file__).parent / "fixtures" / "unverified.yml").read_text(encoding="utf-8"))


def test_a_right_folder_has_no_errors_and_warns_of_what_ends_soon(folder):
    report = check_knowledge(folder.path, DAY)
    assert (report.procedures, report.topics, report.offices, report.places, report.errors) == (4, 2, 1, 2, [])
    assert report.warnings == ENDING


@pytest.mark.parametrize(
    "day, warnings",
    [
        (date(2026, 10, 31), []),
        (date(2026, 11, 1), ENDING),
        (date(2026, 12, 31), ENDING),
        (date(2027, 1, 1), [warning.replace("ends", "ended") for warning in ENDING]),
    ],
)
def test_an_end_is_announced_sixty_days_before_and_then_told(folder, day, warnings):
    assert check_knowledge(folder.path, day).warnings == warnings


@pytest.mark.parametrize(
    "name, before, after, error",
    [
        ("topics/hours.yml", "[notice]", "[notes]", "hours: related topic 'notes' does not exist"),
        (
            "topics/notice.yml",
            "intents: []",
            "intents: [ask_sky]",
            "notice: intent 'ask_sky' has no label in intents.yml",
        ),
        ("offices/north.yml", "[Bắc Thử, Tây", "[Tây", "offices/north.yml: merged_from differs from the former names"),
        ("offices/north.yml", "Gọi trước khi đi.", '"Gọi.\\n\\nĐi."', "north: a text has a blank line"),
        ("places/names.yml", "province: north", "province: south", "huyện Thử: province 'south' does not exist"),
        ("procedures/licence.yml", "    north: Hai", "    south: Hai", "licence/time: province 'south' does not exist"),
        ("procedures/licence.yml", "local: [time]", "local: [fee]", "licence: local_figures has 'time', local has not"),
        ("procedures/birth.yml", "group:", "grup:", "procedures/birth.yml: "),
        ("procedures/birth.yml", "Làm giấy khai sinh cho bé.", '"Một.\\n\\nHai."', "birth: a text has a blank line"),
        ("procedures/birth.yml", "  - Tờ khai.", '  - "Một.\\n\\nHai."', "birth: a text has a blank line"),
        (
            "procedures/licence.yml",
            "Mức giảm đã hết, xem mức mới ở quầy.",
            '"Hết.\\n\\nXem."',
            "licence: a text has a blank",
        ),
        ("topics/hours.yml", "Từ thứ hai đến thứ sáu.", '"Sáng.\\n\\nChiều."', "hours: a text has a blank line"),
        ("topics/hours.yml", "  - Nghỉ trưa một giờ.", '  - "Một.\\n\\nHai."', "hours: a text has a blank line"),
    ],
)
def test_what_is_wrong_in_one_file_is_the_only_error(folder, name, before, after, error):
    folder.change(name, before, after)
    errors = check_knowledge(folder.path, DAY).errors
    assert errors[0].startswith(error)
    assert len(errors) == (2 if "blank" in errors[-1] and not errors[-1].startswith(error[:5]) else 1)


@pytest.mark.parametrize("name, item", [("offices/north.yml", "north"), ("places/names.yml", "huyện Thử")])
def test_the_end_of_places_and_offices_is_announced(folder, name, item):
    folder.change(name, "valid_until: null", "valid_until: '2026-12-01'")
    assert f"{item}: ends on 2026-12-01" in check_knowledge(folder.path, DAY).warnings


@pytest.mark.parametrize("name", ["offices/north.yml", "places/names.yml"])
def test_an_office_or_place_without_law_and_source_is_no_content(folder, name):
    folder.change(name, "legal_basis: [Luật thử nghiệm]", "legal_basis: []")
    folder.change(name, "source: {name: Bài thử}", "source: {name: ''}")
    assert any(error.startswith(f"{name}: ") for error in check_knowledge(folder.path, DAY).errors)


def test_the_real_content_has_no_errors(real_folder):
    report = check_knowledge(real_folder, DAY)
    assert report.errors == []
    assert report.procedures >= 25


def texts(content):
    if isinstance(content, dict):
        for value in content.values():
            yield from texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from texts(value)
    elif isinstance(content, str):
        yield content


KNOWLEDGE = Path(__file__).parents[2] / "knowledge"
# How citizens ask is no answer.
PATHS = [path for path in sorted(KNOWLEDGE.rglob("*.yml")) if path.parent.name != "wordings"]
REAL = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.relative_to(KNOWLEDGE)))
def test_no_real_text_has_a_blank_line_or_a_mark_of_the_desk(path):
    for text in texts(yaml.safe_load(path.read_text(encoding="utf-8"))):
        assert "\n\n" not in text.strip()
        assert not re.search(r"unverified|do not print|TODO|FIXME", text, re.IGNORECASE)
        # Sentences with gaps that code fills stand beside the folders of content.
        assert path.parent == KNOWLEDGE or not re.search(r"\{\w+\}", text)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["claim"][:40])
def test_what_no_source_bears_out_is_not_said(claim):
    said = re.compile(claim["pattern"], re.IGNORECASE)
    assert said.search(claim["claim"])
    places = claim.get("files", REAL)
    assert set(places) <= set(REAL)
    assert [(name, text) for name in places for text in answers_of(REAL[name]) if said.search(text)] == []


def answers_of(content):
    if isinstance(content, dict):
        for key, value in content.items():
            if key not in NAMES:
                yield from answers_of(value)
    elif isinstance(content, list):
        for value in content:
            yield from answers_of(value)
    elif isinstance(content, str):
        yield content
