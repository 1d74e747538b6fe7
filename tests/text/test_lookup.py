import pytest

from bot.text.lookup import Lookup

LOOKUP = Lookup({"so do": "procedure", "lam so do": "procedure", "phuong": "place", "so": "book"})


@pytest.mark.parametrize(
    "text, marked",
    [
        ("lam so do o dau", "<procedure> o dau"),
        ("so do cua toi o phuong", "<procedure> cua toi o <place>"),
        ("so nao", "<book> nao"),
        ("so so do", "<book> <procedure>"),
        ("lam gi", "lam gi"),
        ("", ""),
    ],
)
def test_the_longest_phrases_are_replaced_by_what_they_are(text, marked):
    assert LOOKUP.mark(text.split()) == marked.split()


def test_an_empty_table_changes_nothing():
    assert Lookup({}).mark(["so", "do"]) == ["so", "do"]
