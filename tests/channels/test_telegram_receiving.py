import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from bot.database import now
from bot.delivery import correspondents, sentences
from bot.delivery.model import FAILED, PENDING, InboxMessage, OutboxMessage
from bot.settings import ROOT
from tests.channels.telegram import FailingIntake, Reception, rows, said, send_button, texts
from tests.channels.test_telegram_updates import load
from tests.factories import make_database, wait_until
from tests.fakes.telegram import TOKEN
from tests.fakes.telegram_faults import AWAY, ERROR, HTML, UNAUTHORIZED, Fault, too_many
from tests.fakes.telegram_people import NAME

CONFLICT = Fault(409, "Conflict: terminated by other getUpdates request")


@pytest.fixture
def reception(database, telegram):
    """Not polling: updates are handed to it one by one."""
    made = Reception(database, telegram.url)
    with made.at_work(poll=False):
        made.run(made.receiver._begin_polling()).result(10)
        yield made


# The long poll


def test_what_was_written_meanwhile_is_fetched_in_order_and_then_confirmed(database, telegram):
    mai, lan = telegram.citizen(7), telegram.citizen(8)
    for number in range(3):
        mai.write(f"mai {number}")
        lan.write(f"lan {number}")
    with Reception(database, telegram.url).at_work():
        wait_until(lambda: len(telegram.confirmed) == 6)
    assert texts(database) == ["mai 0", "lan 0", "mai 1", "lan 1", "mai 2", "lan 2"]


def test_the_bot_gets_its_menu_and_a_webhook_of_before_is_taken_away(database, telegram):
    telegram.webhook = {"url": "https://old.example/hook"}
    telegram.citizen(7).write("chờ sẵn")
    with Reception(database, telegram.url).at_work():
        wait_until(lambda: texts(database) == ["chờ sẵn"])
    assert telegram.webhook == {}
    assert [command["command"] for command in telegram.commands] == list(sentences.MENU)
    assert telegram.menu == {"type": "commands"}


def test_after_a_quiet_week_the_ids_begin_anew_and_nothing_is_lost(database, telegram):
    telegram.longest_poll = 0.2
    mai = telegram.citizen(7)
    with Reception(database, telegram.url).at_work():
        mai.write("một")
        # Asked with the offset behind it, and nothing was there.
        wait_until(lambda: telegram.confirmed)
        telegram.begin_anew(17)
        for text in ("hai", "ba"):
            mai.write(text)
            time.sleep(0.5)
        wait_until(lambda: len(telegram.confirmed) == 3)
    assert texts(database) == ["một", "hai", "ba"]


def test_what_could_not_be_stored_is_not_confirmed_and_comes_again(database, telegram):
    telegram.citizen(7).write("một")
    telegram.citizen(8).write("hai")
    intake = FailingIntake(database, 3)
    with Reception(database, telegram.url, intake).at_work() as reception:
        wait_until(lambda: sorted(texts(database)) == ["hai", "một"])
        wait_until(lambda: len(telegram.confirmed) == 2)
    assert reception.pauses == [1.0, 2.0]


def test_nothing_is_lost_or_doubled_when_the_program_is_killed_again_and_again(telegram, tmp_path):
    command = [sys.executable, "-m", "tests.channels.telegram_child", str(tmp_path), telegram.url]
    citizens = [telegram.citizen(number) for number in range(1, 6)]
    writing = threading.Thread(target=lambda: [_write(citizens, number) for number in range(300)])
    writing.start()
    for _ in range(3):
        stored = len(telegram.confirmed)
        child = subprocess.Popen(command, cwd=ROOT)
        wait_until(lambda: len(telegram.confirmed) > stored, 30)  # noqa: B023
        child.kill()
        child.wait()
    writing.join()
    child = subprocess.Popen(command, cwd=ROOT)
    wait_until(lambda: not telegram.updates, 30)
    child.kill()
    child.wait()
    _check_all_are_there_in_order(tmp_path)


def _write(citizens, number):
    citizens[number % 5].write(f"tin {number}")
    time.sleep(0.01)


def _check_all_are_there_in_order(home):
    database = make_database(home)
    found = rows(database)
    database.close()
    assert len(found) == 300
    for citizen in range(1, 6):
        own = [int(text.split()[1]) for conversation, _, text, _ in found if conversation == f"telegram:{citizen}"]
        assert own == list(range(citizen - 1, 300, 5))


def test_two_programs_that_fetch_for_one_bot_lose_and_double_nothing(database, telegram):
    mai = telegram.citizen(7)
    with Reception(database, telegram.url).at_work(), Reception(database, telegram.url).at_work():
        for number in range(60):
            mai.write(f"{number}")
            time.sleep(0.005)
        wait_until(lambda: len(telegram.confirmed) == 60)
    assert texts(database) == [f"{number}" for number in range(60)]


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
@pytest.mark.parametrize("fault", [AWAY, ERROR, HTML, CONFLICT, UNAUTHORIZED, too_many(7)])
def test_whatever_goes_wrong_with_fetching_is_said_waited_out_and_tried_again(database, telegram, fault, caplog):
    caplog.set_level("INFO")
    telegram.faults["getUpdates"].extend([fault, fault])
    telegram.citizen(7).write("xin chào")
    with Reception(database, telegram.url).at_work() as reception:
        wait_until(lambda: texts(database) == ["xin chào"])
    assert reception.pauses == ([7.0, 7.0] if fault.status == 429 else [1.0, 2.0])
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bot.")]
    assert len(ours) >= 2 or fault.status == 429
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_a_start_without_telegram_waits_for_it(database, telegram):
    telegram.faults["getMe"].extend([AWAY, ERROR])
    telegram.faults["setMyCommands"].append(ERROR)
    telegram.faults["deleteWebhook"].append(too_many(3))
    telegram.citizen(7).write("xin chào")
    with Reception(database, telegram.url).at_work() as reception:
        wait_until(lambda: texts(database) == ["xin chào"])
    assert reception.pauses == [1.0, 2.0, 5.0]


def test_one_that_can_not_be_read_does_not_hold_up_the_others(database, telegram, caplog):
    caplog.set_level("INFO")
    telegram.add("message", {"message_id": 1, "text": "bí mật"})
    telegram.citizen(7).write("sau đó")
    with Reception(database, telegram.url).at_work():
        wait_until(lambda: len(telegram.confirmed) == 2)
    assert texts(database) == ["sau đó"]
    assert "can't be read" in caplog.text
    assert "bí mật" not in caplog.text


# What updates become


def test_the_same_update_counts_once_and_a_smaller_id_is_none_of_before(database, telegram, reception):
    mai = telegram.citizen(7)
    first, second = mai.write("một"), mai.write("hai")
    late = {**mai.write("ba"), "update_id": 3}
    reception.take(second, first, second)
    reception.take(first, late)
    assert texts(database) == ["hai", "một", "ba"]


def test_a_tap_says_what_the_button_stands_for_and_is_answered(database, telegram, reception):
    tapped = telegram.citizen(7).tap_data(send_button(database))
    reception.take(tapped)
    assert rows(database) == [("telegram:7", "text", "Lệ phí", "/ask_procedure_fee")]
    wait_until(lambda: telegram.answered == {tapped["callback_query"]["id"]: None})


@pytest.mark.parametrize("data", ["aaaaaaaaaaaa", "/ask_hotline", "x" * 64, "nút", "' or 1=1 --"])
def test_a_button_made_up_by_hand_is_no_message(database, telegram, reception, data):
    reception.take(telegram.citizen(7).tap_data(data))
    wait_until(lambda: list(telegram.answered.values()) == [sentences.UNKNOWN_BUTTON])
    assert rows(database) == []


def test_another_conversations_button_is_unknown(database, telegram, reception):
    reception.take(telegram.citizen(8).tap_data(send_button(database)))
    wait_until(lambda: list(telegram.answered.values()) == [sentences.UNKNOWN_BUTTON])
    assert rows(database) == []


def test_a_tap_that_is_too_old_to_be_answered_counts_and_an_unknown_one_is_told_in_the_chat(
    database, telegram, reception
):
    good, bad = telegram.citizen(7).tap_data(send_button(database)), telegram.citizen(7).tap_data("aaaaaaaaaaaa")
    telegram.old_queries |= {update["callback_query"]["id"] for update in (good, bad)}
    reception.take(good, bad)
    wait_until(lambda: said(database, "telegram:7")[1:] == [sentences.UNKNOWN_BUTTON])
    assert texts(database) == ["Lệ phí"]


def test_a_tap_is_not_answered_before_it_is_stored(database, telegram):
    tapped = telegram.citizen(7).tap_data(send_button(database))
    made = Reception(database, telegram.url, FailingIntake(database, 1))
    with made.at_work(poll=False):
        with pytest.raises(OperationalError):
            made.take(tapped)
        assert not [call for call in telegram.calls if call.method == "answerCallbackQuery"]
        made.take(tapped)
        wait_until(lambda: telegram.answered)


def test_a_tap_and_a_text_of_one_fetch_keep_their_order(database, telegram, reception):
    mai, button = telegram.citizen(7), send_button(database)
    reception.take(mai.write("một"), mai.tap_data(button), mai.write("hai"))
    assert texts(database) == ["một", "Lệ phí", "hai"]


def test_a_correction_takes_the_place_of_the_stored_message_though_the_program_began_anew(database, telegram):
    mai = telegram.citizen(7)
    first = mai.write("khai sịnh")
    for one in (first, mai.edit(first, "khai sinh"), mai.edit(first, "khai sinh")):
        made = Reception(database, telegram.url)
        with made.at_work(poll=False):
            made.take(one)
    assert rows(database) == [
        ("telegram:7", "text", "khai sinh", None),
        *[("telegram:7", "edited", "khai sinh", None)] * 2,
    ]
    assert waiting(database) == ["khai sinh"]


def test_a_correction_of_a_message_of_before_our_time_waits_for_nothing(database, telegram, reception):
    mai = telegram.citizen(7)
    reception.take(mai.edit(mai.write("x"), "khai sinh"))
    assert texts(database) == ["khai sinh"]
    assert waiting(database) == []


@pytest.mark.parametrize(
    ("text", "payload"),
    [("/phananh đèn hỏng", "/submit_complaint"), ("Đèn ở ngõ 3 hỏng", None), ("/ask_hotline", None)],
)
def test_a_corrected_command_is_what_it_says_now(database, telegram, reception, text, payload):
    mai = telegram.citizen(7)
    first = mai.write("/trangthai")
    reception.take(first, mai.edit(first, text))
    assert rows(database)[0] == ("telegram:7", "text", text, payload)
    assert waiting(database) == [text]


def waiting(database):
    with database.reading() as session:
        bodies = session.execute(select(InboxMessage.body).where(InboxMessage.state == PENDING)).scalars()
        return [database.cipher.unseal(body) for body in bodies]


def reachable(database, conversation="telegram:7"):
    with database.reading() as session:
        return correspondents.reachable(session, conversation)


def test_whoever_blocks_the_bot_is_out_of_reach_until_it_is_let_in_again(database, telegram, reception):
    mai = telegram.citizen(7)
    reception.take(mai.write("xin chào"), mai.block())
    assert not reachable(database)
    reception.take(mai.unblock())
    assert reachable(database)
    assert [kind for _, kind, _, _ in rows(database)] == ["text", "left"]


def test_of_what_is_fetched_together_the_last_counts(database, telegram, reception):
    mai = telegram.citizen(7)
    reception.take(mai.block(), mai.unblock())
    assert reachable(database)
    reception.take(mai.block(), mai.unblock(), mai.block())
    assert not reachable(database)


def ago(update, seconds):
    update["my_chat_member"]["date"] -= seconds
    return update


def test_who_has_written_since_they_blocked_the_bot_is_there_however_late_that_is_told(database, telegram, reception):
    mai = telegram.citizen(7)
    blocked = ago(mai.block(), 60)
    reception.take(mai.unblock(), mai.write("xin chào"))
    reception.take(blocked)
    assert reachable(database)


def test_who_has_left_again_is_gone_however_late_their_coming_back_is_told(database, telegram, reception):
    mai = telegram.citizen(7)
    back = ago(mai.unblock(), 60)
    reception.take(mai.block())
    reception.take(back)
    assert not reachable(database)


def test_a_group_is_shown_the_private_chat_once_an_hour_and_nothing_else(database, telegram):
    clock = [now()]
    made = Reception(database, telegram.url, clock=lambda: clock[0])
    with made.at_work(poll=False):
        made.run(made.receiver._begin_polling()).result(10)
        made.take(load("group_mention"), load("group_reply"), load("group_talk"))
        clock[0] += timedelta(minutes=59)
        made.take(load("group_command"))
        assert said(database, "telegram:-1001900000001") == [
            sentences.ONLY_IN_PRIVATE.format(link=f"https://t.me/{NAME}")
        ]
        clock[0] += timedelta(minutes=2)
        made.take(load("group_command"))
    assert len(said(database, "telegram:-1001900000001")) == 2
    assert rows(database) == []


def test_a_group_that_takes_the_bot_in_again_can_be_reached_again(database, telegram, reception):
    group = "telegram:-1001900000001"
    reception.take(load("group_mention"))
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=FAILED, reason="kicked"))
        correspondents.gone(session, group, "kicked")
    reception.take(load("group_talk"))
    assert not reachable(database, group)
    reception.take(load("group_command"))
    assert reachable(database, group)
    assert len(said(database, group)) == 2
