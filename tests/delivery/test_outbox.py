import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from bot.delivery import outbox, turns
from bot.delivery.model import OutboxMessage, SentButton
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog
from tests.factories import accept, raw_bytes

FEE = Button("Lệ phí", '/ask_procedure_fee{"procedure": "khai-sinh"}')


def enqueue(database, *replies, conversation="web:an", **more):
    with database.transaction() as session:
        outbox.enqueue(session, conversation, replies, **more)


def lines_of(database, conversation="web:an", after=0):
    with database.reading() as session:
        return outbox.read_lines(session, conversation, after)


def count(database, table):
    with database.reading() as session:
        return session.execute(select(func.count(table.id))).scalar_one()


def test_replies_come_out_in_the_order_they_went_in(database):
    enqueue(database, Reply("một"), Reply("hai"), inbox_id=7)
    enqueue(database, Reply("ba"), inbox_id=8)
    assert [line.text for line in lines_of(database).lines] == ["một", "hai", "ba"]
    with database.reading() as session:
        assert [reply.text for reply in outbox.replies_to(session, 7)] == ["một", "hai"]


def test_each_conversation_reads_only_its_own_lines(database):
    enqueue(database, Reply("của An"), conversation="web:an")
    enqueue(database, Reply("của Bình"), conversation="web:binh")
    assert [line.text for line in lines_of(database, "web:binh").lines] == ["của Bình"]


def test_a_cursor_reads_on_where_it_stopped(database):
    enqueue(database, Reply("một"))
    cursor = lines_of(database).cursor
    enqueue(database, Reply("hai"))
    later = lines_of(database, after=cursor)
    assert [line.text for line in later.lines] == ["hai"]
    assert lines_of(database, after=later.cursor).lines == []
    assert lines_of(database, after=later.cursor).cursor == later.cursor


def test_without_a_cursor_both_sides_are_read_in_order(database):
    first = accept(database, "giấy khai sinh cần gì")
    enqueue(database, Reply("Tờ khai và giấy chứng sinh"), inbox_id=first)
    accept(database, "còn lệ phí")
    shown = [(line.speaker, line.text) for line in lines_of(database, after=None).lines]
    assert shown == [
        ("citizen", "giấy khai sinh cần gì"),
        ("bot", "Tờ khai và giấy chứng sinh"),
        ("citizen", "còn lệ phí"),
    ]


def texts(lines):
    return [line.text for line in lines.lines]


def test_without_a_cursor_the_newest_of_both_sides_are_read_and_the_cursor_is_the_last(database):
    for number in range(5):
        accept(database, f"hỏi {number}")
        enqueue(database, Reply(f"đáp {number}"))
    accept(database, "hỏi 5")
    with database.reading() as session:
        found = outbox.read_lines(session, "web:an", None, most=4)
        assert (texts(found), found.more) == (["đáp 3", "hỏi 4", "đáp 4", "hỏi 5"], True)
        assert outbox.read_lines(session, "web:an", found.cursor).lines == []
        assert not outbox.read_lines(session, "web:an", None, most=11).more
        # The bot's last line may lie before all that is shown.
        assert outbox.read_lines(session, "web:an", None, most=1).cursor == found.cursor
        assert outbox.read_lines(session, "web:binh", None, most=1).cursor == 0


def test_with_a_cursor_what_is_too_much_at_once_is_read_on_with_the_next(database):
    enqueue(database, *(Reply(str(number)) for number in range(5)))
    seen, after, more = [], 0, True
    with database.reading() as session:
        while more:
            found = outbox.read_lines(session, "web:an", after, most=2)
            seen, after, more = [*seen, texts(found)], found.cursor, found.more
        assert seen == [["0", "1"], ["2", "3"], ["4"]]
        assert not outbox.read_lines(session, "web:an", 0, most=5).more


def test_a_message_answered_twice_is_kept_once_and_nothing_of_the_second_stays(database):
    enqueue(database, Reply("một"), inbox_id=7)
    with pytest.raises(IntegrityError):
        enqueue(database, Reply("một", (FEE,)), inbox_id=7)
    assert count(database, OutboxMessage) == 1
    assert count(database, SentButton) == 0


def test_notices_answer_no_message_and_may_come_again(database):
    enqueue(database, Reply("Phản ánh đã nhận"))
    enqueue(database, Reply("Phản ánh đã trả lời"))
    assert count(database, OutboxMessage) == 2


def test_a_button_is_known_by_an_opaque_id(database):
    enqueue(database, Reply("Cần gì nữa?", (FEE, FEE)))
    shown = lines_of(database).lines[0].buttons
    assert len({button.id for button in shown}) == 2
    assert all(len(button.id) == 12 and "fee" not in button.id for button in shown)
    with database.reading() as session:
        assert outbox.find_button(session, "web:an", shown[0].id).payload == FEE.payload


def test_a_button_of_another_conversation_is_unknown(database):
    enqueue(database, Reply("Cần gì nữa?", (FEE,)))
    button = lines_of(database).lines[0].buttons[0]
    with database.reading() as session:
        assert outbox.find_button(session, "web:binh", button.id) is None
        assert outbox.find_button(session, "web:an", "made-up") is None
        assert outbox.find_button(session, "web:an", "a\0b") is None


def test_only_the_last_reply_asks_whether_it_helped(database):
    enqueue(database, Reply("một"), Reply("hai"), inbox_id=7, rate=True)
    enqueue(database, Reply("ba"), inbox_id=8)
    assert [line.rate for line in lines_of(database).lines] == [False, True, False]


def test_a_line_carries_the_feedback_its_turn_got(database):
    enqueue(database, Reply("một"), inbox_id=7)
    with database.transaction() as session:
        turns.record(session, "web:an", 7, TurnLog(outcome="answer"))
        turns.give_feedback(session, "web:an", 7, "up")
    assert lines_of(database).lines[0].feedback == "up"


def test_lines_are_delivered_up_to_the_confirmed_cursor_and_no_further(database):
    enqueue(database, Reply("một"))
    cursor = lines_of(database).cursor
    enqueue(database, Reply("hai"))
    with database.transaction() as session:
        outbox.mark_delivered(session, "web:an", cursor)
    with database.reading() as session:
        assert not outbox.has_undelivered(session, "web:an", cursor)
        assert outbox.has_undelivered(session, "web:an", cursor + 1)


def test_confirming_does_not_touch_other_conversations(database):
    enqueue(database, Reply("của An"), conversation="web:an")
    with database.transaction() as session:
        outbox.mark_delivered(session, "web:binh", 100)
    with database.reading() as session:
        assert outbox.has_undelivered(session, "web:an", 100)


def test_answers_are_not_readable_where_they_are_kept(database):
    enqueue(database, Reply("Số của bà là 0912345678"))
    raw = raw_bytes(database)
    assert b"0912345678" not in raw
    assert "của bà".encode() not in raw


def enqueue_and_fail(database):
    with database.transaction() as session:
        outbox.enqueue(session, "web:an", [Reply("một", (FEE,))], 7)
        session.flush()
        raise RuntimeError


def test_what_a_failed_transaction_enqueued_is_gone(database):
    with pytest.raises(RuntimeError):
        enqueue_and_fail(database)
    assert count(database, OutboxMessage) == 0
    assert count(database, SentButton) == 0
