import asyncio
import contextlib
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram import LONGEST_TEXT, LONGEST_TITLE, MOST_BUTTONS, TelegramAdapter, open_channel
from bot.delivery.adapter import Fetched, FetchError, Refused, Taken, TryAgain
from bot.delivery.intake import Intake
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import utf16_length
from bot.delivery.sentences import CHOOSE_BY_NUMBER
from tests.factories import KEY, free_port, make_settings
from tests.fakes.telegram import TOKEN
from tests.fakes.telegram_faults import (
    AWAY,
    BLOCKED,
    BROKEN_AFTER_DELIVERY,
    ERROR,
    HTML,
    TIMEOUT_AFTER_DELIVERY,
    UNAUTHORIZED,
    Fault,
    too_many,
)

MAI = "telegram:7"
PART = {"text": "Xin chào anh/chị."}
NO_RESULTS = (
    *(b"{}", b"[]", b"null", b'"ok"', b'{"status": "blocked"}', b'{"ok": "true", "result": {"message_id": 5}}'),
    *(b'{"ok": true}', b'{"ok": true, "result": null}', b'{"ok": true, "result": true}', b'{"ok": false}'),
    *(b'{"ok": false, "error_code": "429"}', b'{"ok": false, "error_code": 200}', b"[" * 100_000),
)


def error_of(code, words="?", **parameters):
    """An error's body, which comes with status 200 here."""
    return json.dumps({"ok": False, "error_code": code, "description": words, "parameters": parameters}).encode()


@pytest.fixture
def adapter_for(tmp_path):
    """Runs work with the adapter of a channel that is opened and closed around it."""

    def run(url, work, patience=5.0):
        async def opened():
            settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=url)
            channel = open_channel(None, settings, Intake(None, lambda: None), patience)
            try:
                return await work(channel.adapter)
            finally:
                await channel.closing()

        return asyncio.run(opened())

    return run


@pytest.fixture
def send(adapter_for, telegram):
    """What becomes of parts that are sent one after the other."""
    telegram.citizen(7)

    def send_all(*parts, to=MAI, url=telegram.url, patience=5.0):
        async def deliver(adapter):
            return [await adapter.deliver(to, part) for part in parts]

        return adapter_for(url, deliver, patience)

    return send_all


@pytest.fixture
def fetch(adapter_for, telegram):
    def fetch_one(reference, most=10_000):
        return adapter_for(telegram.url, lambda adapter: adapter.fetch(reference, most))

    return fetch_one


def render(text, *titles):
    buttons = tuple(Button(title, "/x", f"id{number:010}") for number, title in enumerate(titles))
    return TelegramAdapter(None, None, 30, None).render(Reply(text, buttons))


def titles_of(part):
    return [[key["title"] for key in row] for row in part["keyboard"]]


# Messages out


def test_a_message_arrives_as_it_is_with_its_buttons(send, telegram):
    (part,) = render("Phí <b>5.000đ</b> & lệ_phí *", "Hồ sơ", "Nơi nộp")
    assert send(part) == [Taken("1")]
    assert telegram.texts_to(7) == ["Phí <b>5.000đ</b> & lệ_phí *"]
    keys = [(key["text"], key["callback_data"]) for key in telegram.sent[0].buttons]
    assert keys == [("Hồ sơ", "id0000000000"), ("Nơi nộp", "id0000000001")]


def test_a_long_text_is_cut_and_the_buttons_stand_under_its_end(send, telegram):
    parts = render("Câu này dài vừa phải. " * 600, "Hồ sơ")
    assert [("keyboard" in part) for part in parts] == [False] * (len(parts) - 1) + [True]
    assert all(isinstance(outcome, Taken) for outcome in send(*parts))
    assert "".join(telegram.texts_to(7)).count("Câu này dài vừa phải.") == 600


def test_titles_that_a_phone_would_cut_are_numbered_lines_with_their_numbers_to_tap():
    long = "Đăng ký khai sinh có yếu tố nước ngoài tại cấp xã"
    (part,) = render("Ý anh/chị là?", long, "Việc khác")
    assert part["text"] == f"Ý anh/chị là?\n1. {long}\n2. Việc khác\n{CHOOSE_BY_NUMBER}"
    assert titles_of(part) == [["1", "2"]]


def test_a_numbered_line_that_is_a_number_keeps_it():
    long = "Đăng ký khai sinh có yếu tố nước ngoài tại cấp xã"
    (part,) = render("Ý anh/chị là?", "2 ★", long, "Việc khác")
    assert part["text"].splitlines()[1:4] == ["2 ★", f"1. {long}", "3. Việc khác"]
    assert titles_of(part) == [["2", "1", "3"]]


def test_short_buttons_share_a_row_and_a_single_long_one_is_shortened():
    assert titles_of(render("?", "Có", "Không", "Sửa")[0]) == [["Có", "Không"], ["Sửa"]]
    assert titles_of(render("?", "Hồ sơ gồm những gì", "Có")[0]) == [["Hồ sơ gồm những gì"], ["Có"]]
    ((title,),) = titles_of(render("?", "Đăng ký khai sinh có yếu tố nước ngoài tại cấp xã")[0])
    assert title.endswith("…")


# Astral letters and marks, which count double or belong to the letter before.
LETTERS = st.sampled_from("a ệ\n.😀\u0301👍🏽1")


@given(st.text(LETTERS, max_size=9000), st.lists(st.text(LETTERS, min_size=1, max_size=60), max_size=130))
def test_whatever_is_said_stays_within_telegrams_limits(text, titles):
    parts = render(text, *titles)
    assert bool(parts) == bool(text.strip())
    for part in parts:
        assert part["text"].strip()
        assert utf16_length(part["text"]) <= LONGEST_TEXT
    keys = [key for part in parts for row in part.get("keyboard", ()) for key in row]
    assert len(keys) == (min(len(titles), MOST_BUTTONS) if parts else 0)
    assert all(utf16_length(key["title"]) <= LONGEST_TITLE for key in keys)


@pytest.mark.parametrize(
    "fault, outcome",
    [
        (too_many(4), TryAgain("too_many", after=4.0)),
        (BLOCKED, Refused("blocked", gone=True)),
        (Fault(403, "Forbidden: user is deactivated"), Refused("deactivated", gone=True)),
        (Fault(403, "Forbidden: bot can't initiate conversation with a user"), Refused("not_started", gone=True)),
        (Fault(403, "Forbidden: something new"), Refused("forbidden", gone=True)),
        (Fault(400, "Bad Request: chat not found"), Refused("no_chat", gone=True)),
        (Fault(400, "Bad Request: not enough rights to send text messages"), Refused("no_rights", gone=True)),
        (Fault(400, "Bad Request: message is too long"), Refused("too_long")),
        (Fault(400, "Bad Request: BUTTON_DATA_INVALID"), Refused("button")),
        (Fault(400, "Bad Request: something new"), Refused("bad_request")),
        (Fault(400, "Bad Request: moved", {"migrate_to_chat_id": -1001}), Refused("moved", gone=True)),
        (UNAUTHORIZED, TryAgain("token", after=60.0, everybody=True)),
        (Fault(404, "Not Found"), TryAgain("token", after=60.0, everybody=True)),
        (Fault(409, "Conflict"), TryAgain("conflict", after=60.0, everybody=True)),
        (ERROR, TryAgain("network", uncertain=True)),
        (Fault(502, "Bad Gateway"), TryAgain("network", uncertain=True)),
        (AWAY, TryAgain("network", uncertain=True)),
        (HTML, TryAgain("unreadable", uncertain=True)),
        (Fault(raw=b'{"ok": true, "result": {"message_id": 5}}'), Taken()),
        # Of a server between that lost the status of an error.
        (Fault(raw=error_of(429, retry_after=5)), TryAgain("too_many", after=5.0)),
        (Fault(raw=error_of(403, "Forbidden: bot was blocked by the user")), Refused("blocked", gone=True)),
        (Fault(raw=error_of(500)), TryAgain("network", uncertain=True)),
        *((Fault(raw=raw), TryAgain("unreadable", uncertain=True)) for raw in NO_RESULTS),
    ],
)
def test_every_answer_of_telegram_has_its_outcome(send, telegram, fault, outcome):
    telegram.faults["sendMessage"].append(fault)
    assert send(PART) == [outcome]


@pytest.mark.parametrize("fault, reason", [(TIMEOUT_AFTER_DELIVERY, "timeout"), (BROKEN_AFTER_DELIVERY, "network")])
def test_when_the_answer_is_lost_nobody_can_know_whether_the_message_is(send, telegram, fault, reason):
    telegram.faults["sendMessage"].append(fault)
    assert send(PART, patience=0.3) == [TryAgain(reason, uncertain=True)]
    assert telegram.texts_to(7) == [PART["text"]]


def test_when_nothing_left_the_machine_that_is_certain(send):
    assert send(PART, url=f"http://127.0.0.1:{free_port()}") == [TryAgain("unreachable")]


def test_one_chat_that_has_to_wait_holds_up_no_other(send, telegram):
    telegram.faults["sendMessage"].extend([too_many(9)] * 5)
    assert {outcome.everybody for outcome in send(*[PART] * 5)} == {False}


def test_three_chats_in_a_row_that_have_to_wait_are_everybody(adapter_for, telegram):
    for number in range(1, 6):
        telegram.citizen(number)
    telegram.faults["sendMessage"].extend([too_many(9), too_many(9), None, too_many(9), too_many(9), too_many(9)])

    async def deliver(adapter):
        return [await adapter.deliver(f"telegram:{number}", PART) for number in (1, 2, 3, 1, 2, 3)]

    waits = [getattr(outcome, "everybody", None) for outcome in adapter_for(telegram.url, deliver)]
    assert waits == [False, False, None, False, False, True]


# Files in


def test_a_file_is_fetched_by_its_id(fetch, telegram):
    file_id = telegram.keep_file(b"\xff\xd8" * 500, "photos/file_{n}.jpg")
    assert fetch(file_id) == Fetched("file_0.jpg", b"\xff\xd8" * 500)


@pytest.mark.parametrize(
    "size, most, reason", [(10_001, 10_000, "too_large"), (20 * 1024 * 1024 + 1, 10**9, "too_large")]
)
def test_a_file_that_is_too_large_is_not_taken(fetch, telegram, size, most, reason):
    with pytest.raises(FetchError, match=reason) as caught:
        fetch(telegram.keep_file(b"x" * size), most)
    assert not caught.value.later


def test_a_file_larger_than_telegram_says_is_cut_off(fetch, telegram):
    file_id = telegram.keep_file(b"x" * 50_000)
    telegram.sizes[file_id] = 10
    with pytest.raises(FetchError, match="too_large"):
        fetch(file_id)


@pytest.mark.parametrize("path", ["/etc/hostname", "../../etc/passwd", "a/../b"])
def test_a_file_that_lies_elsewhere_is_not_fetched(fetch, telegram, path):
    with pytest.raises(FetchError):
        fetch(telegram.keep_file(b"x", path))
    assert telegram.given == []


def test_an_address_in_place_of_a_path_leads_to_telegram_all_the_same(fetch, telegram):
    fetch(telegram.keep_file(b"x", "http://127.0.0.1:1/x"))
    assert telegram.given == ["http://127.0.0.1:1/x"]


@pytest.mark.parametrize("fault", [ERROR, AWAY, too_many(), UNAUTHORIZED])
def test_what_may_be_better_later_is_tried_again(fetch, telegram, fault):
    file_id = telegram.keep_file(b"x")
    telegram.faults["getFile"].append(fault)
    with pytest.raises(FetchError) as caught:
        fetch(file_id)
    assert caught.value.later
    assert fetch(file_id).content == b"x"


def test_a_file_that_is_gone_is_gone(fetch):
    with pytest.raises(FetchError, match="gone") as caught:
        fetch("AgAC-unknown")
    assert not caught.value.later


def test_no_log_shows_the_token_or_what_an_answer_held(fetch, send, telegram, caplog):
    # As the web program sets it: httpx writes whole addresses at INFO.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    file_id = telegram.keep_file(b"x" * 20_000)
    telegram.faults["getFile"].append(UNAUTHORIZED)
    telegram.faults["sendMessage"].extend([UNAUTHORIZED, AWAY, HTML])
    with caplog.at_level(logging.INFO):
        send(PART, PART, PART, PART)
        for _ in range(2):
            with contextlib.suppress(FetchError):
                fetch(file_id)
    assert TOKEN not in caplog.text
    assert TOKEN.split(":")[1] not in caplog.text
    assert HTML.raw.decode() not in caplog.text


# How it stands


@pytest.fixture
def check(tmp_path, telegram):
    """What `motcua doctor` is told: about what, whether it is good."""

    def look(**values):
        async def opened():
            settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url, **values)
            channel = open_channel(None, settings, Intake(None, lambda: None))
            findings = await channel.check()
            await channel.closing()
            return {finding.about: finding.good for finding in findings}

        return asyncio.run(opened())

    return look


def test_a_bot_whose_updates_are_fetched_stands_well(check):
    assert check() == {"telegram": True, "telegram updates": True, "telegram queue": True}


def test_a_name_that_leads_citizens_to_another_bot_is_found(check):
    assert check(TELEGRAM_NAME="@MOTCUA_bot")["telegram"]
    assert not check(TELEGRAM_NAME="motcua_thu_bot")["telegram"]


def test_a_webhook_that_is_missing_or_fails_is_found(check, telegram):
    webhook = {"TELEGRAM_SECRET": KEY, "PUBLIC_URL": "https://motcua.example"}
    assert not check(**webhook)["telegram updates"]
    telegram.webhook = {"url": "https://motcua.example/webhooks/telegram"}
    assert check(**webhook)["telegram updates"]
    assert not check()["telegram updates"]
    telegram.citizen(7).write("xin chào")
    telegram.webhook_error = {"last_error_date": 1795000000, "last_error_message": "Wrong response: 403 Forbidden"}
    assert not check(**webhook)["telegram updates"]


def test_a_queue_that_nobody_works_off_is_found(check, telegram):
    for number in range(101):
        telegram.citizen(7).write(f"{number}")
    assert not check()["telegram queue"]


@pytest.mark.parametrize("fault", [UNAUTHORIZED, AWAY, ERROR])
def test_a_telegram_that_does_not_answer_is_found(check, telegram, fault):
    telegram.faults["getMe"].append(fault)
    assert check() == {"telegram": False}
