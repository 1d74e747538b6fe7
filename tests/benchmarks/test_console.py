"""A smoke of `make bench-console`: every page is found and timed."""

import pytest

from benchmarks.complaints_data import fill
from benchmarks.console import add_named, add_staff, measure, report


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_every_page_is_measured_for_every_officer(database, tmp_path):
    fill(database, 300)
    add_named(database)
    pages = measure(database, tmp_path, add_staff(database), 1)
    names = {page.name for page in pages}
    assert {"queues with counts", "list: overdue", "search: a rare word", "a complaint", "the log"} <= names
    assert all(0 < page.median <= page.p95 for page in pages)
    lines = report({300: pages, 301: pages})
    assert len(lines) == len(pages) + 2
    assert "300: median / p95 ms" in lines[0]
