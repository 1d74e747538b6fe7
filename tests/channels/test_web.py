import asyncio
import json
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.web import MOST_CHARACTERS, REJECT_ANSWER
from bot.delivery import inbox, outbox, sentences, turns
from bot.delivery.model import InboxMessage, OutboxMessage
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog

MESSAGES = "/api/web/messages"
FEEDBACK = "/api/web/feedback"
FEE = Button("Lệ phí", "/ask_procedure_fee")


def send(client, text="xin chào", client_id=None, **more):
    return client.post(MESSAGES, json={"client_id": client_id or str(uuid.uuid4()), "text": text, **more})


def post(client, body, path=MESSAGES):
    """Post JSON as any program may write it: half characters and NaN too."""
    return client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})


def tap(client, button):
    return post(client, {"client_id": str(uuid.uuid4()), "button": button})


def read(client, **params):
    return client.get(MESSAGES, params=params).json()


def stored(database):
    with database.reading() as session:
        return list(session.execute(select(InboxMessage).order_by(InboxMessage.id)).scalars())


def texts(database):
    return [database.cipher.unseal(row.body) for row in stored(database)]


def answer(database, *replies, outcome="answer"):
    """Answer the oldest waiting message, as the dispatcher does."""
    claim = inbox.claim_next(database)
    with database.transaction() as session:
        inbox.finish(session, claim)
        outbox.enqueue(session, claim.conversation, replies, claim.id, rate=True)
        turns.record(session, claim.conversation, claim.id, TurnLog(outcome=outcome))
    return claim.id


def assert_refused(response, status, sentence=sentences.NOT_UNDERSTOOD_REQUEST):
    assert (response.status_code, response.json()["error"]) == (status, sentence)


def test_a_message_is_stored_before_it_is_answered_for(citizen, database, worker):
    response = send(citizen, "giấy khai sinh cần gì")
    assert response.status_code == 202
    assert [(row.id, row.channel, row.payload) for row in stored(database)] == [(response.json()["id"], "web", None)]
    assert texts(database) == ["giấy khai sinh cần gì"]
    assert worker.notified == 1


def test_an_answer_is_read_with_its_buttons_but_not_their_payloads(citizen, database):
    send(citizen)
    turn = answer(database, Reply("Chào anh/chị", (FEE,)))
    shown = read(citizen, after="0")["messages"][0]
    assert (shown["from"], shown["text"], shown["turn"], shown["rate"]) == ("bot", "Chào anh/chị", turn, True)
    assert [set(button) for button in shown["buttons"]] == [{"id", "title"}]
    assert FEE.payload not in json.dumps(shown)


def test_a_page_loaded_again_gets_both_sides_and_knows_its_own_messages(citizen, database):
    client_id = str(uuid.uuid4())
    send(citizen, "xin chào", client_id)
    answer(database, Reply("Chào anh/chị"))
    mine, bots = read(citizen)["messages"]
    assert (mine["from"], mine["text"], mine["client_id"]) == ("citizen", "xin chào", client_id)
    assert bots["from"] == "bot"


def test_an_answer_names_the_message_it_answers_and_a_notice_names_none(citizen, database):
    client_id = str(uuid.uuid4())
    send(citizen, "xin chào", client_id)
    answer(database, Reply("Chào anh/chị"))
    with database.transaction() as session:
        outbox.enqueue(session, stored(database)[0].conversation, [Reply("Phản ánh đã trả lời")])
    assert [line["answers"] for line in read(citizen, after="0")["messages"]] == [client_id, ""]


def test_the_same_client_id_twice_is_one_message(citizen, database):
    first = send(citizen, "xin chào", "0c9f6a52-1")
    again = send(citizen, "xin chào", "0c9f6a52-1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(stored(database)) == 1


def test_the_same_client_id_of_two_people_is_two_messages(citizen, other, database):
    send(citizen, client_id="0c9f6a52-1")
    send(other, client_id="0c9f6a52-1")
    assert len({row.conversation for row in stored(database)}) == 2


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\x00", "\u200b\u200b", "\x07 \x00"])
def test_an_empty_message_is_refused_kindly(citizen, database, text):
    assert_refused(send(citizen, text), 400, sentences.EMPTY)
    assert stored(database) == []


def test_control_characters_are_taken_out_and_line_breaks_stay(citizen, database):
    send(citizen, "mất\x00 thẻ\u200b\nlàm sao\x1b[31m")
    assert texts(database) == ["mất  thẻ\nlàm sao [31m"]


@pytest.mark.parametrize("text", ["a" * 10_000, "ế" * 10_000, "a" * (MOST_CHARACTERS + 1)])
def test_a_message_that_is_too_long_is_refused_with_the_limit(citizen, database, text):
    response = send(citizen, text)
    assert response.status_code in (400, 413)
    assert str(MOST_CHARACTERS) in response.json()["error"]
    assert stored(database) == []


def test_the_longest_message_is_taken(citizen, database):
    assert send(citizen, "ế" * MOST_CHARACTERS).status_code == 202
    assert texts(database) == ["ế" * MOST_CHARACTERS]


def test_html_is_text_like_any_other(citizen, database):
    html = '<script>alert("x")</script><img src=x onerror=alert(1)> & <b>đậm</b>'
    send(citizen, html)
    assert read(citizen)["messages"][0]["text"] == html


@pytest.mark.parametrize("typed", ["/restart", '/greet{"a": "b"}', "/session_start"])
def test_a_typed_command_is_stored_as_text_without_a_payload(citizen, database, typed):
    assert send(citizen, typed).status_code == 202
    assert [row.payload for row in stored(database)] == [None]
    assert texts(database) == [typed]


def test_a_payload_sent_by_a_program_is_ignored(citizen, database):
    send(citizen, "chào", payload="/restart")
    assert [row.payload for row in stored(database)] == [None]


def test_a_tapped_button_stands_for_its_payload(citizen, database):
    send(citizen)
    answer(database, Reply("Cần gì nữa?", (FEE,)))
    button = read(citizen)["messages"][-1]["buttons"][0]["id"]
    assert tap(citizen, button).status_code == 202
    assert stored(database)[-1].payload == FEE.payload
    assert texts(database)[-1] == FEE.title


@pytest.mark.parametrize("button", ["made-up", "", "/restart", "' or 1=1 --", "x" * 5000, 7, None, {"id": 1}, "\ud800"])
def test_a_made_up_button_is_refused(citizen, database, button):
    assert_refused(tap(citizen, button), 400, sentences.UNKNOWN_BUTTON)
    assert stored(database) == []


def test_a_button_of_another_conversation_is_refused(citizen, other, database):
    send(citizen)
    answer(database, Reply("Cần gì nữa?", (FEE,)))
    button = read(citizen)["messages"][-1]["buttons"][0]["id"]
    assert_refused(tap(other, button), 400, sentences.UNKNOWN_BUTTON)
    assert len(stored(database)) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b"[" * 9000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"1" * 6000],
)
@pytest.mark.parametrize("path", [MESSAGES, FEEDBACK])
def test_a_body_that_is_no_json_object_is_refused(citizen, database, path, body):
    response = citizen.post(path, content=body, headers={"Content-Type": "application/json"})
    assert_refused(response, 400)
    assert stored(database) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "chào"},
        {"client_id": "short", "text": "chào"},
        {"client_id": "a" * 65, "text": "chào"},
        {"client_id": "../../etc/passwd", "text": "chào"},
        {"client_id": ["0c9f6a52-1"], "text": "chào"},
        {"client_id": "0c9f6a52-1"},
        {"client_id": "0c9f6a52-1", "text": None},
        {"client_id": "0c9f6a52-1", "text": 5},
        {"client_id": "0c9f6a52-1", "text": ["chào"]},
    ],
)
def test_a_message_of_the_wrong_shape_is_refused(citizen, database, body):
    assert_refused(citizen.post(MESSAGES, json=body), 400)
    assert stored(database) == []


@pytest.mark.parametrize("text", ["chào \ud800", "\udfff"])
def test_half_a_character_does_no_harm(citizen, database, text):
    assert post(citizen, {"client_id": "0c9f6a52-1", "text": text}).status_code == 202
    assert texts(database) == [text[:-1] + "?"]


def test_ten_megabytes_are_refused(citizen, database):
    response = citizen.post(MESSAGES, content=b"x" * 10_000_000, headers={"Content-Type": "application/json"})
    assert_refused(response, 413, sentences.TOO_LONG.format(limit=MOST_CHARACTERS))
    assert stored(database) == []


def test_a_body_without_an_end_is_not_waited_for(citizen):
    taken, answered = [], []

    async def receive():
        taken.append(1)
        return {"type": "http.request", "body": b"x" * 8192, "more_body": len(taken) < 1000}

    async def send_back(event):
        answered.append(event)

    headers = [(b"content-type", b"application/json"), (b"cookie", f"motcua={citizen.cookies['motcua']}".encode())]
    scope = {"type": "http", "method": "POST", "path": MESSAGES, "headers": headers, "query_string": b""}
    asyncio.run(citizen.app(scope, receive, send_back))
    assert answered[0]["status"] == 413
    assert len(taken) < 10


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
@pytest.mark.parametrize("path", [MESSAGES, FEEDBACK])
def test_another_content_type_is_refused(citizen, database, path, kind):
    body = json.dumps({"client_id": "0c9f6a52-1", "text": "chào"})
    assert_refused(citizen.post(path, content=body, headers={"Content-Type": kind}), 415)
    assert stored(database) == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_from_another_site_is_refused(citizen, database, site):
    citizen.headers["Sec-Fetch-Site"] = site
    assert_refused(send(citizen), 403)
    assert_refused(citizen.post(FEEDBACK, json={"turn": 1, "value": "up"}), 403)
    assert_refused(citizen.get(MESSAGES), 403)
    assert stored(database) == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_request_of_the_own_page_is_taken(citizen, site):
    citizen.headers["Sec-Fetch-Site"] = site
    assert send(citizen).status_code == 202


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(citizen, method):
    assert citizen.request(method, MESSAGES).status_code == 405


def test_a_message_without_a_cookie_is_refused(citizen, database):
    citizen.cookies.clear()
    assert_refused(send(citizen), 403)
    assert stored(database) == []


def test_a_cookie_too_short_to_be_ours_is_replaced(citizen):
    citizen.cookies.clear()
    citizen.cookies.set("motcua", "guess", domain="testserver.local")
    fresh = citizen.get(MESSAGES).cookies["motcua"]
    assert len(fresh) > 40


@pytest.mark.parametrize(("address", "secure"), [("https://motcua.example.vn", True), ("http://127.0.0.1:8080", False)])
def test_the_cookie_can_not_be_read_by_scripts_nor_sent_by_other_sites(people, address, secure):
    client = people(PUBLIC_URL=address)
    client.cookies.clear()
    name, *flags = [part.strip().lower() for part in client.get(MESSAGES).headers["Set-Cookie"].split(";")]
    assert name.startswith("__host-motcua=" if secure else "motcua=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(flags)
    assert ("secure" in flags) is secure
    assert not [flag for flag in flags if flag.startswith("domain")]


def test_the_cookie_is_unguessable_and_kept(citizen, other):
    token = citizen.cookies["motcua"]
    assert len(token) > 40
    assert token != other.cookies["motcua"]
    citizen.get(MESSAGES)
    assert citizen.cookies["motcua"] == token


def test_the_database_does_not_know_the_cookie(citizen, database, tmp_path):
    send(citizen)
    assert citizen.cookies["motcua"].encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("motcua.db*"))


def test_answers_are_not_kept_by_caches(citizen):
    assert citizen.get(MESSAGES).headers["Cache-Control"] == "no-store"


def test_nobody_reads_another_persons_conversation(citizen, other, database):
    send(citizen, "chuyện riêng")
    answer(database, Reply("trả lời riêng"))
    assert read(other)["messages"] == []


@pytest.mark.parametrize(
    "cursor", ["", "abc", "-1", "1.5", "1e3", "٣", "²", "9" * 30, "0x10", "' or 1=1", "\x00", "9" * 18]
)
def test_a_garbage_cursor_does_no_harm(citizen, database, cursor):
    send(citizen)
    answer(database, Reply("Chào"))
    response = citizen.get(MESSAGES, params={"after": cursor})
    assert response.status_code == 200
    assert len(response.json()["messages"]) in (0, 2)


@pytest.mark.parametrize("wait", ["abc", "-5", "nan", "inf", "1e9", "", "99999", "²"])
def test_a_garbage_waiting_time_is_no_waiting(citizen, worker, wait):
    waited = []
    worker.on_news.append(lambda: waited.append(1))
    assert citizen.get(MESSAGES, params={"wait": wait}).status_code == 200
    assert waited == []


def test_who_waits_gets_the_answer_when_it_comes(citizen, database, worker):
    send(citizen)
    worker.on_news.append(lambda: answer(database, Reply("Chào")))
    shown = read(citizen, after="0", wait="20")
    assert [message["text"] for message in shown["messages"]] == ["Chào"]
    assert shown["typing"] is False


def test_a_wait_without_news_ends_and_tells_that_the_bot_is_thinking(citizen):
    send(citizen)
    assert read(citizen, after="0", wait="0.1") == {"messages": [], "cursor": "0", "typing": True}


def test_asking_for_what_comes_after_a_line_confirms_it(citizen, database):
    send(citizen)
    answer(database, Reply("Chào"))
    cursor = read(citizen, after="0")["cursor"]
    assert outbox_states(database) == ["pending"]
    assert read(citizen, after=cursor)["messages"] == []
    assert outbox_states(database) == ["delivered"]


def outbox_states(database):
    with database.reading() as session:
        return list(session.execute(select(OutboxMessage.state)).scalars())


def test_fifty_messages_in_a_second_are_slowed_down_while_others_get_through(people, database):
    fast, calm = people(), people()
    answers = [send(fast, f"tin {n}") for n in range(50)]
    assert [response.status_code for response in answers].count(202) == 10
    refused = answers[-1]
    assert refused.status_code == 429
    seconds = refused.json()["retry_after"]
    assert refused.headers["Retry-After"] == str(seconds)
    assert refused.json()["error"] == sentences.TOO_MANY.format(seconds=seconds)
    assert send(calm).status_code == 202
    assert len(stored(database)) == 11


def test_many_people_of_one_address_together_have_a_limit_too(people):
    crowd = [people(MESSAGES_PER_10S_PER_ADDRESS=3) for _ in range(5)]
    assert [send(person).status_code for person in crowd] == [202, 202, 202, 429, 429]


def test_feedback_counts_against_the_limit(people):
    person = people(MESSAGES_PER_10S=2)
    codes = [person.post(FEEDBACK, json={"turn": 1, "value": "up"}).status_code for _ in range(3)]
    assert codes == [404, 404, 429]


@pytest.mark.parametrize("value", ["up", "down"])
def test_feedback_is_kept_and_shown(citizen, database, value):
    send(citizen)
    turn = answer(database, Reply("1800 1096"))
    assert citizen.post(FEEDBACK, json={"turn": turn, "value": value}).status_code == 204
    assert read(citizen)["messages"][-1]["feedback"] == value


def test_feedback_on_somebody_elses_turn_is_not_found(citizen, other, database):
    send(citizen)
    turn = answer(database, Reply("1800 1096"))
    for value in turns.FEEDBACK:
        assert_refused(other.post(FEEDBACK, json={"turn": turn, "value": value}), 404)
    assert read(citizen)["messages"][-1]["feedback"] is None
    assert len(stored(database)) == 1


@pytest.mark.parametrize("turn", [0, -1, 999, 10**18, 10**30, -(10**30)])
def test_feedback_on_a_turn_that_never_was_is_not_found(citizen, turn):
    assert_refused(citizen.post(FEEDBACK, json={"turn": turn, "value": "up"}), 404)


@pytest.mark.parametrize(
    "body",
    [{}, {"turn": 1}, {"turn": "1", "value": "up"}, {"turn": True, "value": "up"}, {"turn": 1.5, "value": "up"}]
    + [{"turn": 1, "value": value} for value in ("sideways", None, [], {}, 1)],
)
def test_feedback_of_the_wrong_shape_is_refused(citizen, body):
    assert_refused(citizen.post(FEEDBACK, json=body), 400)


def test_not_mine_asks_back_once_however_often_it_is_tapped(citizen, database, worker):
    send(citizen)
    turn = answer(database, Reply("1800 1096"))
    for _ in range(3):
        assert citizen.post(FEEDBACK, json={"turn": turn, "value": "not_mine"}).status_code == 204
    assert texts(database)[1:] == [sentences.NOT_MINE]
    assert stored(database)[-1].payload == REJECT_ANSWER
    assert worker.notified > 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.fixed_dictionaries(
    {"client_id": st.just("0c9f6a52-1") | ANYTHING, "value": st.sampled_from(turns.FEEDBACK) | ANYTHING},
    optional={"text": ANYTHING, "button": ANYTHING, "turn": st.integers() | ANYTHING},
)


@pytest.fixture
def patient(people):
    return people(MESSAGES_PER_10S=100_000, MESSAGES_PER_10S_PER_ADDRESS=100_000)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=ANYTHING | BODIES)
def test_no_json_at_all_makes_the_server_stumble(patient, body):
    for path in (MESSAGES, FEEDBACK):
        response = post(patient, body, path)
        assert response.status_code in (202, 400, 404), response.text
