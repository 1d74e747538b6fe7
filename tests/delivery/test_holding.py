"""Notices that leave as one message: whose buttons are whose."""

from bot.delivery.holding import merge
from bot.delivery.outbox import Button, Reply
from bot.text.codes import new_receipt_code

FIRST, SECOND = new_receipt_code(), new_receipt_code()


def notice(code, *buttons):
    return Reply(f"Phản ánh {code} đã có trả lời.", buttons, notice=True)


def titles(*replies):
    return [button.title for button in merge(replies).buttons]


def test_one_notice_stays_as_it_is():
    alone = notice(FIRST, Button("Đã xong", "/a"))
    assert merge([alone]) is alone


def test_buttons_that_say_the_same_of_two_cases_name_the_case():
    replies = [notice(code, Button("Chưa xong", f"/reopen {code}")) for code in (FIRST, SECOND)]
    assert titles(*replies) == [f"Chưa xong ({FIRST})", f"Chưa xong ({SECOND})"]
    assert [button.payload for button in merge(replies).buttons] == [f"/reopen {FIRST}", f"/reopen {SECOND}"]


def test_buttons_that_say_and_mean_the_same_are_given_once():
    replies = [notice(code, Button("Trợ giúp", "/help")) for code in (FIRST, SECOND)]
    assert titles(*replies) == ["Trợ giúp"]


def test_buttons_that_say_different_things_are_left_alone():
    assert titles(notice(FIRST, Button("Đã xong", "/a")), notice(SECOND, Button("Xem", "/b"))) == ["Đã xong", "Xem"]


def test_where_no_case_is_named_the_place_of_the_notice_tells():
    replies = [Reply("Một", (Button("Xem", "/a"),)), Reply("Hai", (Button("Xem", "/b"),))]
    assert titles(*replies) == ["Xem (1)", "Xem (2)"]


def test_texts_stand_one_below_the_other_and_a_notice_is_only_what_consists_of_notices():
    both = merge([Reply("Một", notice=True), Reply("Hai")])
    assert (both.text, both.notice) == ("Một\n\nHai", False)
