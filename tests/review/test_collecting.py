from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.complaints import casework, consents
from bot.complaints.filing import file_complaint
from bot.complaints.rules import load_rules
from bot.database import now
from bot.delivery.model import InboxMessage, Turn
from bot.review.collecting import collect, drop_texts, monday_of, start_of
from bot.review.model import ReviewMessage
from bot.settings import ROOT
from tests.complaints.conftest import DRAFT
from tests.factories import accept, raw_bytes

SURE = (("ask_forms", 0.97), ("ask_hotline", 0.01))


def test_what_the_bot_was_not_sure_of_is_one_row_with_its_guesses(town):
    town.say("xin mẫu ct01")
    assert town.collect().items == 1
    card = town.desk.next("Lê Hoa")[0]
    assert (card.text, card.reasons, card.messages) == ("xin mẫu ct01", ("clarify", "low_margin"), 1)
    assert card.guesses[0] == ("ask_forms", 0.4)


def test_who_did_not_agree_is_never_looked_at(town):
    town.say("xin mẫu ct01", agrees=False)
    assert town.collect().messages == 0
    assert town.is_empty()


def test_who_takes_it_back_is_not_shown_any_more_at_once(town):
    town.say("xin mẫu ct01")
    town.collect()
    with town.database.transaction() as session:
        consents.withdraw(session, "web:an", consents.IMPROVE)
    assert town.desk.next("Lê Hoa") == []
    assert town.desk.counts() == {}


@pytest.mark.parametrize(
    ("outcome", "ranking", "reasons"),
    [
        ("handover", SURE, ("handover",)),
        ("answer", (("ask_forms", 0.5), ("ask_hotline", 0.45)), ("low_margin",)),
        ("answer", (("ask_forms", 0.6), ("ask_hotline", 0.3)), ("unsure",)),
        ("answer", SURE, ()),
        ("form", (("ask_forms", 0.5), ("ask_hotline", 0.45)), ()),
    ],
)
def test_why_a_message_is_worth_a_look(town, outcome, ranking, reasons):
    town.say("xin mẫu ct01", outcome=outcome, ranking=ranking)
    town.collect()
    assert [card.reasons for card in town.desk.next("Lê Hoa")] == ([reasons] if reasons else [])


def file_and_answer(town, reason, who="web:an", **draft):
    """A form that began with some words, what was told within it, filed and answered with a reason."""
    for text in ("xã làm sai giấy tờ nhà tôi", "chuyện riêng trong biểu mẫu"):
        town.say(text, who, outcome="form", ranking=(("submit_complaint", 0.9), ("ask_forms", 0.05)))
    filed = town.say("đúng rồi", who, outcome="form", ranking=SURE)
    rules = load_rules(ROOT / "knowledge", "demo")
    code = file_complaint(town.database, rules, who, filed, replace(DRAFT, **draft)).code
    casework.move(town.database, rules, code, "accepted", "Lê Hoa")
    casework.answer(town.database, rules, code, "Việc này theo đường khiếu nại.", reason, "Lê Hoa")


@pytest.mark.parametrize(("reason", "shown"), [("other_route", ["xã làm sai giấy tờ nhà tôi"]), ("solved", [])])
def test_what_staff_send_another_way_is_looked_at_and_nothing_else_of_the_form(town, reason, shown):
    file_and_answer(town, reason)
    town.collect()
    cards = town.desk.next("Lê Hoa", 9)
    assert [card.text for card in cards] == shown
    assert all(card.reasons == ("corrected",) for card in cards)


def test_of_a_denunciation_nothing_is_looked_at(town):
    file_and_answer(town, "other_route", route="to_cao")
    town.collect()
    assert town.is_empty()


def test_a_form_that_began_with_a_tap_has_no_words_to_look_at(town):
    town.say("Gửi phản ánh", payload="/submit_complaint", outcome="form", ranking=(("submit_complaint", 1.0),))
    file_and_answer(town, "other_route")
    town.collect()
    assert town.is_empty()


def test_a_thumb_down_brings_an_answer_back_to_be_looked_at(town):
    number = town.say("xin mẫu ct01", outcome="answer", ranking=SURE)
    town.collect()
    with town.database.transaction() as session:
        session.execute(update(Turn).where(Turn.inbox_id == number).values(feedback="down"))
    town.collect()
    assert town.desk.next("Lê Hoa")[0].reasons == ("down",)


def test_not_what_i_meant_counts_for_the_message_before_it(town):
    town.say("xin mẫu ct01", outcome="answer", ranking=SURE)
    town.say("cảm ơn em", who="web:binh", outcome="smalltalk", ranking=SURE)
    accept(town.database, "Không phải ý tôi", "web:an", payload="/reject_answer")
    town.collect()
    assert [(card.text, card.reasons) for card in town.desk.next("Lê Hoa", 5)] == [("xin mẫu ct01", ("not_mine",))]


def test_a_tap_and_a_photo_are_no_message(town):
    town.say("Lệ phí", payload="/ask_procedure_fee")
    number = town.say("ảnh")
    with town.database.transaction() as session:
        session.execute(update(InboxMessage).where(InboxMessage.id == number).values(kind="image"))
    assert town.collect().messages == 0


def test_what_is_nearly_the_same_is_one_row_with_a_count(town):
    for who, text in (
        ("web:an", "xin mẫu ct01 ở đâu"),
        ("web:binh", "Xin mau CT01 o dau?"),
        ("web:chi", "trả tiền sao"),
    ):
        town.say(text, who)
    town.collect()
    assert sorted((card.messages, card.people) for card in town.desk.next("Lê Hoa", 9)) == [(1, 1), (2, 2)]


def test_later_messages_join_the_row_there_is(town):
    town.say("xin mẫu ct01 ở đâu")
    town.collect()
    town.say("xin mẫu ct01 ở đâu vậy", "web:binh")
    done = town.collect()
    assert (done.messages, done.items) == (1, 0)
    assert town.desk.next("Lê Hoa")[0].messages == 2


def test_running_again_changes_nothing(town):
    town.say("xin mẫu ct01")
    town.collect()
    before = raw_rows(town)
    assert (town.collect().messages, raw_rows(town)) == (0, before)


def raw_rows(town):
    return [(row.id, row.item_id, row.reasons) for row in town.rows(ReviewMessage)]


def test_nobody_sees_who_it_was(town):
    town.say("tôi là Nguyễn Văn An, số 0912345678, hồ sơ H19.56.23-251102-0123 tới đâu")
    town.collect()
    assert town.desk.next("Lê Hoa")[0].text == "tôi là <hoten>, số <sodienthoai>, hồ sơ H00.00.00-000000-0000 tới đâu"


def test_texts_lie_encrypted(town):
    town.say("xin mẫu ct01 thật lạ lùng")
    town.collect()
    assert "lạ lùng".encode() not in raw_bytes(town.database)


def test_one_person_fills_no_inbox_on_whatever_channels(town):
    town.rules = replace(town.rules, per_person=3)
    town.link("web:an", "telegram:7")
    for number in range(6):
        town.say(f"câu hỏi lạ số {'abcdef'[number] * 9}", ("web:an", "telegram:7")[number % 2])
    done = town.collect()
    assert (done.messages, done.over_cap) == (3, 3)


def test_many_from_one_person_weigh_no_more_than_one(town):
    for _ in range(5):
        town.say("xin mẫu ct01")
    town.say("gọi số nào để hỏi", "web:binh")
    town.say("goi so nao de hoi", "web:chi")
    town.collect()
    assert [card.people for card in town.desk.next("Lê Hoa", 2)] == [2, 1]


def test_a_week_is_drawn_from_when_it_is_over_and_only_once(town):
    monday = start_of(monday_of(now()) - timedelta(days=7))
    for number in range(8):
        town.say(
            f"chuyện thứ {'abcdefgh'[number] * 8}",
            outcome="answer",
            ranking=SURE,
            at=monday + timedelta(days=number % 6),
        )
    rules = replace(town.rules, sample=3)
    assert collect(town.database, rules, monday + timedelta(days=6)).messages == 0
    assert collect(town.database, rules, monday + timedelta(days=8)).messages == 3
    assert collect(town.database, rules, monday + timedelta(days=9)).messages == 0
    assert {row.reasons for row in town.rows(ReviewMessage)} == {"sample"}


def test_messages_on_which_two_models_differ_are_shown(town):
    number = town.say("xin mẫu ct01", outcome="answer", ranking=SURE)
    collect(town.database, town.rules, differing={number})
    assert town.desk.next("Lê Hoa")[0].reasons == ("differs",)


def test_letters_are_left_out(town):
    town.say("tôi kể chuyện dài lắm " * 30)
    assert town.collect().messages == 0


def test_a_reason_that_comes_later_undoes_neither_older_ones_nor_what_a_newer_model_read(town):
    known = (("ask_forms", 0.95), ("ask_hotline", 0.01))
    differs, reread_since = town.say("xin mẫu ct01", ranking=known, outcome="answer"), town.say("gửi đơn qua bưu điện")
    collect(town.database, town.rules, differing={differs, reread_since})
    with town.database.transaction() as session:
        read = update(ReviewMessage).where(ReviewMessage.inbox_id == reread_since)
        session.execute(read.values(doubt=0.1, reasons="clarify"))
        later = update(Turn).where(Turn.inbox_id.in_([differs, reread_since]))
        session.execute(later.values(outcome="handover"))
    town.collect()
    doubts = {row.inbox_id: (row.doubt, row.reasons) for row in town.rows(ReviewMessage)}
    assert doubts[differs] == (0.5, "differs,handover")
    assert doubts[reread_since][0] == 0.3


def test_what_was_taken_out_because_it_named_somebody_does_not_come_back(town):
    number = town.say("ten em la nguyen thanh hoa hoi mau don")
    town.collect()
    town.desk.label([town.item().id], "Lý Trì", "unusable")
    with town.database.transaction() as session:
        assert drop_texts(session, now() + timedelta(days=2)) == 1
        assert drop_texts(session, now() + timedelta(days=2)) == 0
    town.collect()
    (kept,) = town.rows(ReviewMessage)
    assert (kept.inbox_id, town.database.cipher.unseal(kept.text)) == (number, "")
    assert town.desk.undo("Lý Trì")
    assert town.desk.next("Lê Hoa") == []
