"""What is no question for Rasa: numbers for buttons, corrections, places, stickers, and what nobody can read."""

import itertools
import re
import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from bot.database import cipher_of, now
from bot.delivery import attending, inbox, outbox, sentences
from bot.delivery.attending import Attendant
from bot.delivery.cutting import MOST_READ, readable
from bot.delivery.inbox import Arrival
from bot.delivery.model import DELIVERED, DONE, HELD, PENDING, Correspondent, InboxMessage, OutboxMessage
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import text_with_numbers
from tests.factories import dispatching, row_of, texts_of, turn_of, wait_for_texts
from tests.fakes.rasa import Fault

AN = "telegram:7"
# Too long for buttons on Telegram, which numbers them.
CHOICES = (Button("Lệ phí đăng ký lại khai sinh cho người đã lớn", "/ask_fee"), Button("Thời hạn", "/ask_time"))
CASES = (Button("Xem phản ánh về đèn đường ở ngõ 3 đã đến đâu", "/case_1"), Button("Rút", "/case_2"))
STARS = tuple(Button(f"{score} ★", f"/rate_{score}") for score in range(5, 0, -1))
SHORT = (Button("Lệ phí", "/ask_fee"), Button("Thời hạn", "/ask_time"))
# Of a question that is answered in words.
WAYS_OUT = tuple(
    Button(title, f'/form_answer{{"slot": "person", "value": "{value}"}}')
    for title, value in (("Bỏ qua", "-"), ("Hủy", "cancel"))
)
EVERYWHERE = ["telegram:7", "web:an", "zalo_oa:7", "zalo_bot:7"]
keys = itertools.count()


def send(database, text="", conversation=AN, **more):
    channel = conversation.split(":")[0]
    arrival = Arrival(channel, f"{next(keys)}-{time.monotonic_ns()}", conversation, text, **more)
    return inbox.accept(database, arrival)[0]


def working(database, rasa, **options):
    return dispatching(database, rasa, attend=lambda client: (Attendant(database, client.is_in_form),), **options)


def answers(database, rasa, *sent, **options):
    """What is said to messages that wait in the inbox."""
    with working(database, rasa, **options):
        return [wait_for_texts(database, one) for one in sent]


def show(database, *buttons, conversation=AN, **values):
    with database.transaction() as session:
        (row_id,) = outbox.enqueue(session, conversation, [Reply("Anh/chị cần gì?", buttons)])
        values = {"state": DELIVERED, "delivered_at": now(), **values}
        session.execute(update(OutboxMessage).where(OutboxMessage.id == row_id).values(**values))


def heard_by(rasa):
    return [one.message for one in rasa.received]


@pytest.mark.parametrize("typed", ["2", " 2. ", "2)", "số 2", "so 2", "Số 2."])
def test_a_number_is_a_tap_on_the_button_it_stands_for(database, rasa, typed):
    show(database, *CHOICES)
    answers(database, rasa, send(database, typed))
    assert heard_by(rasa) == ["/ask_time"]


@pytest.mark.parametrize("typed", ["3", "0", "22", "2 ngày", "1.5", "-1", "số", "một"])
def test_what_stands_for_no_button_stays_what_it_says(database, rasa, typed):
    show(database, *CHOICES)
    answers(database, rasa, send(database, typed))
    assert heard_by(rasa) == [typed]


@pytest.mark.parametrize(
    ("buttons", "values"),
    [
        ((), {}),
        (CHOICES[:1], {}),
        (CHOICES, {"created_at": now() - timedelta(days=8), "delivered_at": now() - timedelta(days=8)}),
        (CHOICES, {"state": HELD, "delivered_at": None}),
        (CHOICES, {"state": PENDING, "delivered_at": None}),
    ],
)
def test_a_number_answers_only_a_list_that_was_shown(database, rasa, buttons, values):
    show(database, *buttons, **values)
    answers(database, rasa, send(database, "1"))
    assert heard_by(rasa) == ["1"]


@pytest.mark.parametrize("conversation", ["zalo_oa:7", "zalo_bot:7"])
def test_where_one_button_is_a_numbered_line_its_number_is_a_tap(database, rasa, conversation):
    show(database, CHOICES[0], conversation=conversation)
    answers(database, rasa, send(database, "2", conversation))
    answers(database, rasa, send(database, "1", conversation))
    show(database, conversation=conversation)
    answers(database, rasa, send(database, "1", conversation))
    # Only the newest message is answered by a number: of one without buttons it is the answer itself.
    assert heard_by(rasa) == ["2", "/ask_fee", "1"]


@pytest.mark.parametrize("conversation", ["zalo_oa:7", "zalo_bot:7"])
@pytest.mark.parametrize(("typed", "heard"), [("2", "/ask_time"), ("3", "/case_1"), ("4", "/case_2"), ("5", "5")])
def test_two_lists_of_one_turn_share_no_number(database, rasa, conversation, typed, heard):
    asked = send(database, "khai sinh", conversation)
    with database.transaction() as session:
        session.get(InboxMessage, asked).state = DONE
        answer, question = Reply("Khai sinh", CHOICES), Reply("Đồng ý không?", CASES, aside=True)
        for row_id in outbox.enqueue(session, conversation, [answer, question], asked):
            row = session.get(OutboxMessage, row_id)
            row.state, row.delivered_at = DELIVERED, now()
            shown = text_with_numbers(outbox.read_reply(cipher_of(session), row.body), 0)
    assert f"3. {CASES[0].title}\n4. Rút" in shown
    answers(database, rasa, send(database, typed, conversation))
    assert heard_by(rasa) == [heard]


def test_where_buttons_carry_no_number_each_list_begins_anew(database):
    with database.transaction() as session:
        rows = outbox.enqueue(session, AN, [Reply("Khai sinh", CHOICES), Reply("Đồng ý không?", CASES)])
        replies = [outbox.read_reply(cipher_of(session), session.get(OutboxMessage, row).body) for row in rows]
    assert [reply.first for reply in replies] == [1, 1]


def test_a_number_counts_through_the_buttons_of_notices_that_went_out_as_one(database, rasa):
    long_ago = now() - timedelta(days=20)
    with database.transaction() as session:
        rows = [outbox.enqueue(session, AN, [Reply("Thông báo", (one, two))])[0] for one, two in (CHOICES, CASES)]
        for row_id in rows:
            session.get(OutboxMessage, row_id).created_at = long_ago
        first, second = (session.get(OutboxMessage, row_id) for row_id in rows)
        second.carrier_id = first.id
        first.state, first.delivered_at, second.state, second.delivered_at = DELIVERED, now(), DELIVERED, now()
    answers(database, rasa, send(database, "1"), send(database, "4"))
    assert heard_by(rasa) == ["/ask_fee", "/case_2"]


def test_after_a_question_without_buttons_a_number_is_its_answer(database, rasa):
    show(database, *CHOICES)
    show(database)
    answers(database, rasa, send(database, "2"))
    assert heard_by(rasa) == ["2"]


def test_a_number_answers_what_was_shown_when_it_was_typed(database, rasa):
    show(database, *CHOICES)
    sent = send(database, "1")
    show(database, Button("Đúng", "/affirm"), Button("Sai", "/deny"))
    answers(database, rasa, sent)
    assert heard_by(rasa) == ["/ask_fee"]


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("conversation", [AN, "zalo_oa:7", "zalo_bot:7"])
def test_a_number_that_its_channel_brings_late_answers_what_was_shown_when_it_was_typed(database, rasa, conversation):
    for buttons, ago in ((CHOICES, timedelta(minutes=70)), (CASES, timedelta(minutes=10))):
        shown = now() - ago
        show(database, *buttons, conversation=conversation, created_at=shown, delivered_at=shown)
    answers(database, rasa, send(database, "1", conversation, at=now() - HOUR))
    assert heard_by(rasa) == ["/ask_fee"]


def test_a_number_taps_nothing_that_was_shown_after_it_was_typed(database, rasa):
    shown = now()
    show(database, *CASES, created_at=shown, delivered_at=shown, uncertain=1)
    answers(database, rasa, send(database, "1", at=shown - timedelta(seconds=30)))
    assert heard_by(rasa) == ["1"]


@pytest.mark.parametrize("told", [-3, 0, 3, 3600])
def test_a_fresh_number_is_understood_though_the_clock_of_its_channel_differs(database, rasa, told):
    show(database, *CHOICES)
    # Telegram tells whole seconds.
    at = (now() + timedelta(seconds=told)).replace(microsecond=0)
    sent = send(database, "1", at=at)
    show(database, *CASES)
    answers(database, rasa, sent)
    assert heard_by(rasa) == ["/ask_fee"]


def test_a_button_that_nobody_knows_any_more_is_told_of_and_is_no_question_for_rasa(database, rasa):
    [said] = answers(database, rasa, send(database, "#mc:abc", payload=attending.UNKNOWN_TAP))
    assert said == [sentences.UNKNOWN_BUTTON]
    assert heard_by(rasa) == []


@pytest.mark.parametrize(("conversation", "buttons"), [("web:an", CHOICES), ("terminal:7", CHOICES), (AN, SHORT)])
def test_where_buttons_are_buttons_a_number_is_a_number(database, rasa, conversation, buttons):
    show(database, *buttons, conversation=conversation)
    answers(database, rasa, send(database, "1", conversation))
    assert heard_by(rasa) == ["1"]


@pytest.mark.parametrize("conversation", EVERYWHERE)
@pytest.mark.parametrize("typed", ["5", "số 1", "6"])
def test_a_button_that_is_a_number_is_tapped_by_it_in_every_channel(database, rasa, conversation, typed):
    show(database, *STARS, conversation=conversation)
    answers(database, rasa, send(database, typed, conversation))
    number = typed[-1]
    assert heard_by(rasa) == [typed if number == "6" else f"/rate_{number}"]


@pytest.mark.parametrize(("typed", "heard"), [("1", "/rate_1"), ("6", "/ask_fee"), ("7", "/ask_time"), ("8", "8")])
def test_beside_stars_the_other_choices_have_the_numbers_that_are_left(database, rasa, typed, heard):
    show(database, *SHORT, *STARS, conversation="zalo_oa:7")
    answers(database, rasa, send(database, typed, "zalo_oa:7"))
    assert heard_by(rasa) == [heard]


@pytest.mark.parametrize("conversation", EVERYWHERE)
@pytest.mark.parametrize("typed", ["5", "6"])
def test_stars_are_tapped_though_something_was_asked_below_them(database, rasa, conversation, typed):
    asked = send(database, "đã ổn", conversation)
    with database.transaction() as session:
        session.get(InboxMessage, asked).state = DONE
        for row_id in outbox.enqueue(
            session, conversation, [Reply("Chấm điểm", STARS), Reply("Đồng ý?", SHORT)], asked
        ):
            row = session.get(OutboxMessage, row_id)
            row.state, row.delivered_at = DELIVERED, now()
    answers(database, rasa, send(database, typed, conversation))
    numbered = conversation.startswith("zalo")
    assert heard_by(rasa) == ["/rate_5" if typed == "5" else "/ask_fee" if numbered else "6"]


@pytest.mark.parametrize("conversation", EVERYWHERE)
@pytest.mark.parametrize("typed", ["2", "số 2", "quầy 2"])
def test_where_words_are_asked_for_only_a_number_that_was_shown_is_a_tap(database, rasa, conversation, typed):
    show(database, *WAYS_OUT, conversation=conversation)
    answers(database, rasa, send(database, typed, conversation))
    tapped = conversation.startswith("zalo") and typed[0] == "2"
    assert heard_by(rasa) == [WAYS_OUT[1].payload if tapped else typed]


def test_what_stands_on_an_open_page_was_seen(database, rasa):
    show(database, *STARS, conversation="web:an", state=PENDING, delivered_at=None)
    answers(database, rasa, send(database, "5", "web:an"))
    assert heard_by(rasa) == ["/rate_5"]


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.SILENT])
def test_a_number_that_is_tried_again_is_the_same_tap(database, rasa, fault):
    show(database, *CHOICES)
    rasa.faults.append(fault)
    answers(database, rasa, send(database, "2"))
    assert set(heard_by(rasa)) == {"/ask_time"}


STORY = "Đèn đường ngõ 3 hỏng cả tuần nay,\ngọi tôi 0912 345 678"


def words_heard_by(rasa):
    return [(one.message, one.metadata.get("words")) for one in rasa.received]


def test_the_words_behind_a_command_go_along_without_what_names_a_person(database, rasa):
    answers(database, rasa, send(database, f"/phananh@motcua_bot {STORY}", payload="/submit_complaint"))
    [(message, words)] = words_heard_by(rasa)
    assert message == "/submit_complaint"
    assert re.fullmatch(r"Đèn đường ngõ 3 hỏng cả tuần nay,\ngọi tôi <sodienthoai:\w+>", words)


@pytest.mark.parametrize(
    ("typed", "payload", "words"),
    [
        ("/TrangThai PA-7K2M-9QXW-41TD", "/check_complaint_status", "PA-7K2M-9QXW-41TD"),
        ("/phananh  ", "/submit_complaint", None),
        ("/phananh /restart", "/submit_complaint", "restart"),
        ("/start qr-o-quay-so-3", "/greet", None),
        ("Viết phản ánh", "/submit_complaint", None),
    ],
)
def test_only_words_behind_commands_for_feedback_and_its_state_go_along(database, rasa, typed, payload, words):
    answers(database, rasa, send(database, typed, payload=payload))
    assert words_heard_by(rasa) == [(payload, words)]


def test_in_a_form_the_words_behind_the_command_for_feedback_are_its_answer(database, rasa):
    rasa.in_form.add(AN)
    sent = [
        send(database, "/phananh đèn đường hỏng", payload="/submit_complaint"),
        send(database, "/phananh", payload="/submit_complaint"),
        send(database, "/trangthai PA-7K2M-9QXW-41TD", payload="/check_complaint_status"),
    ]
    answers(database, rasa, *sent)
    assert words_heard_by(rasa) == [
        ("đèn đường hỏng", None),
        ("/submit_complaint", None),
        ("/check_complaint_status", "PA-7K2M-9QXW-41TD"),
    ]


LONG = "khai sinh " * 20_000


@pytest.mark.parametrize("typed", ["khai sinh " * 409 + "nhé em", "x" * MOST_READ])
def test_what_telegram_and_the_web_let_anybody_write_is_read_whole(database, rasa, typed):
    assert len(typed) == MOST_READ
    assert answers(database, rasa, send(database, typed)) == [[f"Đã nghe: {typed}"]]


def test_of_what_is_longer_the_beginning_is_read_and_it_is_told_up_to_where(database, rasa):
    rasa.answer = lambda one: [{"text": "Dạ"}, {"custom": {"turn": {"outcome": "form"}}}]
    sent = send(database, LONG, "zalo_oa:7")
    told = sentences.CUT.format(limit=MOST_READ, end="sinh khai sinh khai sinh khai")
    assert answers(database, rasa, sent) == [[told, "Dạ"]]
    assert heard_by(rasa) == ["khai sinh " * 409 + "khai"]
    assert database.cipher.unseal(row_of(database, sent).body) == LONG


def test_a_long_text_whose_answer_was_lost_is_told_of_once(database, rasa):
    rasa.answer = lambda one: [{"text": "Dạ"}, {"custom": {"turn": {"outcome": "form"}}}]
    rasa.faults.append(Fault.LOST)
    [said] = answers(database, rasa, send(database, LONG))
    assert len(said) == 2


@pytest.mark.parametrize("phone", ["0912 345 678", "0912345678"])
@pytest.mark.parametrize("of_it", range(1, 12, 3))
def test_a_phone_number_at_the_end_of_what_is_read_does_not_stay_in_half(phone, of_it):
    text = "x " * (MOST_READ // 2)
    text = f"{text[: MOST_READ - of_it].rstrip()} {phone} " + "y " * 3000
    assert not re.search(r"\d", readable(text)) or phone in readable(text)


@given(st.text(st.sampled_from("a ệ\n1"), min_size=MOST_READ - 9, max_size=MOST_READ + 99))
def test_what_is_read_is_a_beginning_that_ends_with_a_word(text):
    read = readable(text)
    assert text.startswith(read)
    assert len(read) <= MOST_READ
    assert read in (text, text.rstrip()) or " " not in text[100:] or not text[len(read)].strip()


def test_a_place_answers_the_question_of_a_form(database, rasa):
    rasa.in_form.add(AN)
    answers(database, rasa, send(database, "10.77690, 106.70090", kind="location"))
    assert heard_by(rasa) == ["Vị trí tôi gửi: 10.77690, 106.70090"]


def test_a_place_whose_form_went_on_while_its_answer_was_lost_is_answered_once(database, rasa):
    rasa.in_form.add(AN)
    rasa.answer = lambda one: rasa.in_form.clear() or [{"text": "Cảm ơn"}, {"custom": {"turn": {"outcome": "form"}}}]
    rasa.faults.append(Fault.LOST)
    assert answers(database, rasa, send(database, "10.7, 106.7", kind="location")) == [["Cảm ơn"]]
    assert len(rasa.received) == 1


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("location", sentences.PLACE),
        ("sticker", sentences.STICKER),
        ("unsupported", sentences.NOT_READABLE),
        ("something_new", sentences.NOT_READABLE),
    ],
)
def test_what_rasa_can_not_answer_gets_its_sentence_once_in_a_row(database, rasa, kind, sentence):
    sent = [send(database, kind=kind) for _ in range(3)] + [send(database, "xin chào"), send(database, kind=kind)]
    assert answers(database, rasa, *sent) == [[sentence], [], [], ["Đã nghe: xin chào"], [sentence]]
    assert heard_by(rasa) == ["xin chào"]


@pytest.mark.parametrize(("minutes", "said"), [(59, []), (61, [sentences.NOT_READABLE])])
def test_whose_words_never_come_through_is_told_of_another_way_once_an_hour(database, rasa, minutes, said):
    with working(database, rasa):
        assert wait_for_texts(database, send(database, kind="unsupported")) == [sentences.NOT_READABLE]
        with database.transaction() as session:
            session.execute(update(OutboxMessage).values(created_at=now() - timedelta(minutes=minutes)))
        assert wait_for_texts(database, send(database, kind="unsupported")) == said


def test_a_sticker_does_not_disturb_a_form(database, rasa):
    rasa.in_form.add(AN)
    assert answers(database, rasa, send(database, kind="sticker")) == [[]]


def test_who_comes_is_greeted_and_who_goes_is_not(database, rasa):
    sent = [send(database, kind=kind) for kind in ("follow", "unfollow", "left")]
    assert answers(database, rasa, *sent) == [[sentences.WELCOME], [], []]
    assert rasa.received == []


def test_who_follows_and_opens_the_chat_is_greeted_once(database, rasa):
    sent = [send(database, kind="follow", conversation="zalo_oa:7") for _ in range(2)]
    assert answers(database, rasa, *sent) == [[sentences.WELCOME], []]


def test_while_rasa_is_away_a_place_waits(database, rasa):
    rasa.away = True
    rasa.in_form.add(AN)
    sent = send(database, "10.7, 106.7", kind="location")
    with working(database, rasa):
        while not row_of(database, sent).attempts:
            time.sleep(0.01)
        rasa.away = False
        assert wait_for_texts(database, sent) == ["Đã nghe: Vị trí tôi gửi: 10.7, 106.7"]


def test_a_correction_takes_the_place_of_what_was_not_read_yet(database, rasa):
    sent = [send(database, "khai tử", message_id="m1"), send(database, "khai sinh", kind="edited", message_id="m1")]
    assert answers(database, rasa, *sent) == [["Đã nghe: khai sinh"], []]


def test_a_correction_of_what_was_read_is_said_to_be_too_late(database, rasa):
    first = send(database, "khai tử", message_id="m1")
    with working(database, rasa):
        wait_for_texts(database, first)
        late = [send(database, text, kind="edited", message_id="m1") for text in ("khai sinh", "khai sinh ạ")]
        assert [wait_for_texts(database, one) for one in late] == [[sentences.CORRECTED], []]
    assert heard_by(rasa) == ["khai tử"]


@pytest.mark.parametrize(("text", "name"), [("khai tử", "m1"), ("khai sinh", "m2"), ("khai sinh", None)])
def test_a_correction_that_changes_nothing_or_nothing_of_ours_is_passed_over(database, rasa, text, name):
    first = send(database, "khai tử", message_id="m1")
    with working(database, rasa):
        wait_for_texts(database, first)
        assert wait_for_texts(database, send(database, text, kind="edited", message_id=name)) == []
    assert texts_of(database, first) == ["Đã nghe: khai tử"]


def test_a_correction_touches_no_other_conversation(database, rasa):
    sent = [
        send(database, "khai tử", message_id="m1"),
        send(database, "khai sinh", "telegram:8", kind="edited", message_id="m1"),
    ]
    assert answers(database, rasa, *sent) == [["Đã nghe: khai tử"], []]


def test_a_made_up_button_of_the_gateway_opens_nothing(database, rasa):
    assert answers(database, rasa, send(database, "?", payload="gateway:anything")) == [[sentences.UNKNOWN_BUTTON]]
    assert rasa.received == []


def test_while_a_person_of_the_centre_writes_the_bot_keeps_still(database, rasa):
    with database.transaction() as session:
        silent = {"channel": "telegram", "silent_until": now() + timedelta(minutes=5)}
        session.add(Correspondent(conversation=AN, **silent))
    sent, other = send(database, "alo"), send(database, "alo", "telegram:8")
    assert answers(database, rasa, sent, other) == [[], ["Đã nghe: alo"]]
    assert turn_of(database, sent).outcome == "handover"
