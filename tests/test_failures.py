"""What logs say of errors: where they come from, never what is in them."""

import pytest

from bot.failures import kind_and_place, kind_and_places

NAME = "Nguyễn Thị Mai, 0912 345 678"


def deep(levels):
    if levels:
        return deep(levels - 1)
    try:
        raise KeyError(NAME)
    except KeyError as error:
        raise ValueError(f"cannot read {NAME}") from error


def caught(levels=0):
    with pytest.raises(ValueError, match="cannot read") as found:
        deep(levels)
    return found.value


def test_an_error_is_told_by_its_kind_and_the_line_it_comes_from():
    assert kind_and_place(caught()).startswith("ValueError in test_failures.py:")


def test_the_way_to_it_is_told_innermost_first_and_not_for_ever():
    told = kind_and_places(caught(50))
    assert told.count(" < ") == 5
    assert told.endswith(" deep")


def test_its_words_and_those_of_its_cause_are_never_told():
    assert NAME not in kind_and_places(caught()) + kind_and_place(caught())


def test_one_that_was_never_raised_has_no_place():
    assert kind_and_places(ValueError(NAME)) == kind_and_place(ValueError(NAME)) == "ValueError"
