import json

from bot.catalogue.importing.report import RULES, Report


def make_report():
    report = Report(new=2, changed=1, unchanged=3, skipped=1, aliases=4)
    report.read.update({"flat": 2, "detail": 5})
    report.refuse("a.json", "it is empty")
    for number in range(3):
        report.suspect("9.000001", "thousands", f"70{number} đồng")
    report.suspect("9.000001", "thousands", "700 đồng")
    return report


def test_the_report_is_printed_short():
    assert make_report().lines() == [
        "Procedures: 2 new, 1 changed, 3 unchanged.",
        "Read: 7 records (detail 5, flat 2), 4 replaced codes.",
        "Skipped: 1 files of other kinds.",
        "Refused: 1.",
        "  a.json: it is empty",
        "Suspicious: 3.",
        f"  thousands (3): {RULES['thousands']}",
        "    9.000001: 700 đồng",
        "    9.000001: 701 đồng",
    ]


def test_many_refusals_are_counted_and_not_all_printed():
    report = Report()
    for number in range(30):
        report.refuse(f"{number}.json", "it is empty")
    assert report.lines()[2] == "Refused: 30."
    assert report.lines()[23] == "  … and 10 more (--report FILE has them all)"


def test_the_whole_report_is_json():
    told = json.loads(make_report().as_json())
    assert told["procedures"] == {"new": 2, "changed": 1, "unchanged": 3}
    assert told["refused"] == [{"file": "a.json", "reason": "it is empty"}]
    assert [one["what"] for one in told["suspicious"]] == ["700 đồng", "701 đồng", "702 đồng"]


def test_what_stopped_the_import_stands_at_the_end():
    assert Report(stopped="interrupted").lines()[-1] == "Stopped: interrupted"
