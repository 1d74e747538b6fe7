import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery import vault
from bot.text.mask import TOKEN_PATTERN
from tests.factories import raw_bytes

PHONE = "0912345678"


def hide(database, text, conversation="web:an"):
    with database.transaction() as session:
        return vault.hide(session, conversation, text)


def reveal(database, text, conversation="web:an"):
    with database.reading() as session:
        return vault.reveal(session, conversation, text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (PHONE, "sodienthoai"),
        ("+84 912 345 678", "sodienthoai"),
        ("ba.tu@example.com", "thudientu"),
        ("001203004567", "sodinhdanh"),
        ("số tài khoản 0123456789012", "sotaikhoan"),
    ],
)
def test_a_personal_value_is_swapped_for_a_token_of_its_kind_and_comes_back(database, value, kind):
    text = f"của bà đây {value} nhé"
    hidden = hide(database, text)
    assert re.search(rf"<{kind}:[0-9a-z]{{12}}>", hidden)
    assert not re.search(r"\d{3}|@", TOKEN_PATTERN.sub("", hidden))
    assert reveal(database, hidden) == text


def test_a_text_without_personal_values_stays_as_it_is(database):
    assert hide(database, "làm giấy khai sinh cần gì ạ") == "làm giấy khai sinh cần gì ạ"


def test_the_same_value_gets_the_same_token_in_one_conversation(database):
    once = hide(database, f"{PHONE} và {PHONE}")
    first, second = (found.group() for found in TOKEN_PATTERN.finditer(once))
    assert first == second == hide(database, PHONE)


def test_the_same_value_gets_another_token_in_another_conversation(database):
    assert hide(database, PHONE, "web:an") != hide(database, PHONE, "web:binh")


def test_a_token_of_another_conversation_is_not_turned_back(database):
    hidden = hide(database, PHONE, "web:an")
    assert reveal(database, hidden, "web:binh") == hidden


def test_a_typed_token_does_not_reach_the_vault(database):
    hidden = hide(database, PHONE)
    typed = hide(database, f"cho xem {hidden}")
    assert not TOKEN_PATTERN.search(typed)
    assert PHONE not in reveal(database, typed)


def test_an_unknown_token_stays_as_it_is(database):
    assert reveal(database, "<sodienthoai:aaaaaaaaaaaa>") == "<sodienthoai:aaaaaaaaaaaa>"


def test_values_are_not_readable_where_they_are_kept(database):
    hide(database, f"gọi {PHONE} hoặc ba.tu@example.com")
    raw = raw_bytes(database)
    assert PHONE.encode() not in raw
    assert b"ba.tu@example.com" not in raw


PHONES = st.from_regex(r"0[35789][0-9]{8}", fullmatch=True)
IDENTITIES = st.from_regex(r"0[0-9]{11}", fullmatch=True)
EMAILS = st.from_regex(r"[a-z]{3,8}@[a-z]{3,8}\.vn", fullmatch=True)
WORDS = st.sampled_from(["số", "em", "là", "gọi giúp", "căn cước", "nhé."])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.one_of(PHONES, IDENTITIES, EMAILS, WORDS), min_size=1, max_size=8))
def test_whatever_is_hidden_leaves_the_text_and_comes_back_whole(database, parts):
    text = ", ".join(parts)
    hidden = hide(database, text)
    assert not [part for part in parts if (part.isdigit() or "@" in part) and part in hidden]
    assert reveal(database, hidden) == text
