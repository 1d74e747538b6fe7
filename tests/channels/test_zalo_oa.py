"""The Official Account as its adapter: what it sends, and what becomes of each of Zalo's errors."""

import unicodedata
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.zalo_errors import FATES
from bot.channels.zalo_oa import ZaloAdapter
from bot.channels.zalo_tokens import NAME
from bot.delivery import counters, outbox
from bot.delivery.adapter import MustWait, Refused, Taken, TryAgain
from bot.delivery.credentials import load_credential
from bot.delivery.model import OutboxMessage
from bot.delivery.outbox import Button, Reply
from tests.channels.template_codes import OF_A_TEMPLATE
from tests.channels.zalo import AN, AN_TALKS, BINH, DAY, NOTICE, heard, log_in, oa_settings, on_channel, sends
from tests.fakes.zalo_oa import FIRST_REFRESH, Fault

BUTTONS = tuple(Button(f"Mục {number}", f"/m{number}", f"id{number}") for number in range(1, 8))
PAPER = ZaloAdapter(None, None, None, "")


@pytest.fixture
def send(database, tmp_path, zalo_oa, clock):
    return sends(database, tmp_path, zalo_oa, clock)


def test_a_reply_is_a_consultation_message(send, zalo_oa):
    assert send(Reply("Dạ, lệ phí là 0 đồng.")) == [Taken("m1")]
    assert (zalo_oa.sent[0].user_id, zalo_oa.sent[0].message) == (AN, {"text": "Dạ, lệ phí là 0 đồng."})
    assert zalo_oa.violations == []


def test_a_long_reply_is_several_messages_in_order(send, zalo_oa):
    text = "\n".join(f"{number}. Giấy tờ thứ {number} cần nộp khi làm thủ tục này." for number in range(120))
    assert len(send(Reply(text, BUTTONS[:2]))) == 3
    assert "".join("".join(zalo_oa.texts(AN)).split()).startswith("".join(text.split()))
    assert [len(one.buttons) for one in zalo_oa.sent] == [0, 0, 2]


def test_five_buttons_are_shown_and_all_are_numbered(send, zalo_oa):
    send(Reply("Anh/chị hỏi về mục nào?", BUTTONS))
    sent = zalo_oa.sent[0]
    assert [button["payload"] for button in sent.buttons] == [f"#mc:id{number}" for number in range(1, 6)]
    assert {button["type"] for button in sent.buttons} == {"oa.query.hide"}
    assert "7. Mục 7" in sent.text


def test_one_button_has_its_number_too(send, zalo_oa):
    send(Reply("Xem thêm?", BUTTONS[:1]))
    assert zalo_oa.sent[0].text.splitlines()[:2] == ["Xem thêm?", "1. Mục 1"]
    assert len(zalo_oa.sent[0].buttons) == 1


def test_without_the_setting_no_button_is_sent(send, zalo_oa):
    send(Reply("Anh/chị hỏi về mục nào?", BUTTONS), ZALO_BUTTONS="off")
    assert (zalo_oa.sent[0].buttons, "7. Mục 7" in zalo_oa.sent[0].text) == ([], True)


@pytest.mark.parametrize("code", [-201, -233])
def test_buttons_that_zalo_refuses_leave_the_same_text_with_its_numbers(
    database, tmp_path, zalo_oa, clock, caplog, code
):
    log_in(database, moment=clock())
    zalo_oa.rules.buttons = code

    async def work(adapter):
        outcomes = [await adapter.deliver(AN_TALKS, adapter.render(Reply(text, BUTTONS[:2]))[0]) for text in "ab"]
        zalo_oa.rules.buttons = None
        clock.go(minutes=61)
        return [*outcomes, await adapter.deliver(AN_TALKS, adapter.render(Reply("c", BUTTONS[:2]))[0])]

    outcomes = on_channel(database, oa_settings(tmp_path, zalo_oa), work, clock)
    assert outcomes == [Taken("m1"), Taken("m2"), Taken("m3")]
    assert ["2. Mục 2" in text for text in zalo_oa.texts(AN)] == [True] * 3
    assert [len(one.buttons) for one in zalo_oa.sent] == [0, 0, 2]
    # Refused once, and not tried again with every message.
    assert len(zalo_oa.asked) == 4
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(told) == 1
    assert "MOTCUA_ZALO_BUTTONS=off" in told[0]


def test_a_message_that_is_wrong_without_its_buttons_as_well_says_nothing_of_them(send, zalo_oa, caplog):
    zalo_oa.rules.faults.extend([-201, -201])
    assert send(Reply("Chọn", BUTTONS[:2])) == [Refused("invalid_field")]
    assert caplog.records == []


@given(text=st.text(min_size=1, max_size=9000), titles=st.lists(st.text(min_size=1, max_size=200), max_size=7))
def test_whatever_is_said_keeps_within_zalos_limits(text, titles):
    buttons = tuple(Button(title, "/x", f"id{number}") for number, title in enumerate(titles))
    for part in PAPER.render(Reply(text, buttons)):
        message = part["message"]
        # As it is sent: nobody composes it on the way.
        assert 1 <= len(message["text"]) <= 2000
        shown = message.get("attachment", {}).get("payload", {}).get("buttons", [])
        assert len(shown) <= 5
        assert all(len(button["title"]) <= 100 for button in shown)


def test_an_ended_token_is_renewed_on_the_way(send, zalo_oa):
    zalo_oa.expire()
    assert send(Reply("Dạ")) == [Taken("m1")]
    assert zalo_oa.renewals == [FIRST_REFRESH]


def test_a_token_that_zalo_does_not_know_is_renewed_once(send, zalo_oa):
    zalo_oa.access.clear()
    assert send(Reply("Dạ")) == [Taken("m1")]
    assert zalo_oa.renewals == [FIRST_REFRESH]
    assert zalo_oa.violations == []


def test_a_token_that_is_refused_as_soon_as_it_is_bought_buys_no_other(send, zalo_oa, database, clock):
    zalo_oa.rules.faults.extend([-216, -216, -216])
    assert send(Reply("Dạ")) == [TryAgain("token_invalid", after=60.0, everybody=True)]
    assert "just given" in load_credential(database, NAME).problem
    # Right afterwards: the same token is tried, and no new one bought.
    (outcome,) = send(Reply("Dạ"))
    assert (outcome.reason, outcome.everybody, 0 < outcome.after < 30) == ("not_renewed", True, True)
    assert zalo_oa.renewals == [FIRST_REFRESH]
    # Once it serves, nothing is wrong any more, and an end in due time is met as ever.
    assert send(Reply("Dạ")) == [Taken("m1")]
    assert (load_credential(database, NAME).problem, zalo_oa.violations) == (None, [])
    zalo_oa.expire()
    assert send(Reply("Dạ")) == [Taken("m2")]
    assert len(zalo_oa.renewals) == 2


def test_without_a_log_in_everybody_waits(database, tmp_path, zalo_oa):
    async def work(adapter):
        return await adapter.deliver(AN_TALKS, adapter.render(Reply("Dạ"))[0])

    outcome = on_channel(database, oa_settings(tmp_path, zalo_oa), work)
    assert (outcome.reason, outcome.everybody) == ("not_logged_in", True)


def test_the_proof_is_shown_when_the_application_demands_it(send, zalo_oa):
    zalo_oa.rules.proof = True
    assert send(Reply("Dạ"), ZALO_PROOF="on") == [Taken("m1")]
    assert send(Reply("Dạ")) == [TryAgain("wrong_proof", after=300.0, everybody=True)]


def later(reason):
    return TryAgain(reason, after=300.0, everybody=True)


# As the facts about Zalo have it, section 4.2.
EXPECTED = {
    -32: TryAgain("too_many_calls", after=60.0, everybody=True),
    -100: Refused("attachment_expired"),
    -200: TryAgain("send_failed"),
    -201: Refused("invalid_field"),
    -204: later("account_disabled"),
    -205: later("account_unknown"),
    -209: later("app_not_activated"),
    -210: Refused("too_long"),
    -211: MustWait("out_of_quota"),
    -212: later("api_not_registered"),
    -213: MustWait("not_following"),
    -216: TryAgain("token_invalid", after=60.0, everybody=True),
    -217: Refused("blocked_invitation"),
    -218: Refused("receiver_out_of_quota"),
    -219: later("app_removed"),
    -220: TryAgain("token_expired", after=60.0, everybody=True),
    -221: later("account_not_verified"),
    -223: later("api_not_authorised"),
    -224: later("package_too_small"),
    -227: Refused("banned_or_inactive", gone=True),
    -230: MustWait("window_closed"),
    -232: MustWait("window_closed"),
    -233: Refused("type_not_supported"),
    -234: TryAgain("night", after=3600.0),
    -235: later("wrong_kind_of_account"),
    -240: Refused("api_shut_down"),
    -242: later("wrong_proof"),
    -244: Refused("restricted_by_user", gone=True),
    -248: Refused("against_standards"),
    -249: Refused("template_not_by_user"),
    -320: MustWait("no_cloud_account"),
    -321: MustWait("out_of_money"),
    # Section 6; of templates only.
    -1121: Refused("template_value_too_long"),
    -1122: Refused("template_value_missing"),
}


def test_no_code_is_without_an_expectation():
    assert set(FATES) == set(EXPECTED) == set(OF_A_TEMPLATE)


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_every_code_has_its_outcome(send, zalo_oa, clock):
    clock.moment = DAY
    told = {}
    for code in EXPECTED:
        # An access token that is refused is renewed once before it counts.
        zalo_oa.rules.faults.extend([code] * (2 if code in (-216, -220) else 1))
        told[code] = send(Reply("Dạ"))
    assert told == {code: [outcome] for code, outcome in EXPECTED.items()}
    assert zalo_oa.sent == []
    assert zalo_oa.violations == []


def test_what_may_not_be_sent_at_night_waits_for_the_morning(send, zalo_oa, clock):
    clock.moment = datetime(2026, 11, 22, 22, tzinfo=timezone.utc)
    zalo_oa.rules.faults.append(-234)
    assert send(Reply("Dạ")) == [TryAgain("night", after=3600.0)]


def test_a_code_that_nobody_knows_is_tried_again(send, zalo_oa):
    zalo_oa.rules.faults.append(-999)
    assert send(Reply("Dạ")) == [TryAgain("error_999")]


def test_an_answer_that_is_no_answer_leaves_doubt(send, zalo_oa):
    zalo_oa.rules.faults.extend([Fault.DOWN, Fault.BROKEN])
    assert send(Reply("Dạ")) == [TryAgain("http_502", uncertain=True)]
    assert send(Reply("Dạ")) == [TryAgain("no_answer", uncertain=True)]


def test_an_answer_that_comes_too_late_leaves_doubt(database, tmp_path, zalo_oa):
    log_in(database)
    zalo_oa.rules.faults.extend([Fault.LATE, Fault.LOST])

    async def work(adapter):
        return [await adapter.deliver(AN_TALKS, adapter.render(Reply(text))[0]) for text in ("Một", "Hai")]

    outcomes = on_channel(database, oa_settings(tmp_path, zalo_oa), work, patience=0.5)
    assert outcomes == [TryAgain("no_answer", uncertain=True)] * 2
    assert zalo_oa.texts(AN) == ["Một"]


def test_zalo_out_of_reach_leaves_no_doubt(send):
    assert send(Reply("Dạ"), ZALO_API_URL="http://127.0.0.1:9") == [TryAgain("unreachable")]


@pytest.mark.parametrize("hours", [1, 47, 49])
def test_quota_that_ran_out_waits_for_the_citizens_next_word_and_is_told_loudly(
    send, zalo_oa, database, clock, caplog, hours
):
    caplog.set_level("INFO")
    zalo_oa.rules.quota[AN] = 1
    heard(database, clock, hours=hours)
    zalo_oa.hear(AN, hours=hours)
    assert send(Reply("Một")) == [Taken("m1")]
    assert send(Reply("Hai")) == [MustWait("out_of_quota")]
    assert [record.levelname for record in caplog.records if "out_of_quota" in record.message] == ["ERROR"]
    assert AN not in caplog.text


@pytest.mark.parametrize(("code", "reason"), [(-320, "no_cloud_account"), (-321, "out_of_money")])
def test_a_message_that_nobody_pays_for_waits_alone_and_is_told_loudly(
    send, zalo_oa, database, clock, caplog, code, reason
):
    heard(database, clock, days=3)
    zalo_oa.rules.errors[AN] = code
    assert send(NOTICE) == [MustWait(reason)]
    assert send(Reply("Dạ"), f"zalo_oa:{BINH}") == [Taken("m1")]
    assert [record.levelname for record in caplog.records if reason in record.message] == ["ERROR"]
    assert AN not in caplog.text


def test_a_notice_after_seven_days_is_held_without_asking_for_it(send, zalo_oa, database, clock):
    heard(database, clock, days=7, minutes=1)
    zalo_oa.hear(AN, days=7, minutes=1)
    assert send(NOTICE) == [MustWait("window_closed")]
    assert zalo_oa.asked == ["/v3.0/oa/quota/message"]


def test_a_notice_goes_out_when_zalo_saw_more_than_we_did(send, zalo_oa, database, clock):
    heard(database, clock, days=8)
    zalo_oa.hear(AN, days=1)
    assert send(NOTICE) == [Taken("m1")]


def test_a_notice_waits_when_zalo_says_that_nothing_is_left_for_this_citizen(send, zalo_oa, database, clock):
    heard(database, clock, days=8)
    zalo_oa.hear(AN, days=1)
    zalo_oa.rules.quota[AN] = 0
    assert send(NOTICE) == [MustWait("out_of_quota")]
    assert zalo_oa.asked == ["/v3.0/oa/quota/message"]


@pytest.mark.parametrize(("account", "outcome"), [(5, Taken("m1")), (0, MustWait("out_of_quota"))])
def test_after_48_hours_the_answer_to_the_notice_itself_says_whether_the_package_pays(
    send, zalo_oa, database, clock, account, outcome
):
    heard(database, clock, days=8)
    zalo_oa.hear(AN, hours=49)
    zalo_oa.rules.quota[AN], zalo_oa.rules.account = 0, account
    assert send(NOTICE) == [outcome]
    assert zalo_oa.asked == ["/v3.0/oa/quota/message", "/v3.0/oa/message/cs"]


@pytest.mark.parametrize("pays", ["send", "hold"])
def test_a_notice_is_not_held_because_zalo_hears_nobody_just_now(send, zalo_oa, database, clock, pays):
    heard(database, clock, days=8)
    zalo_oa.hear(AN, hours=1)
    zalo_oa.rules.calls_a_minute = 0
    assert send(NOTICE, ZALO_AFTER_48_HOURS=pays) == [TryAgain("too_many_calls", after=60.0, everybody=True)]
    zalo_oa.rules.calls_a_minute = 1000
    zalo_oa.rules.quota_faults.extend([-216, -216])
    assert send(NOTICE, ZALO_AFTER_48_HOURS=pays) == [TryAgain("token_invalid", after=60.0, everybody=True)]
    assert send(NOTICE, ZALO_AFTER_48_HOURS=pays) == [Taken("m1")]


def test_a_notice_waits_for_a_log_in_and_not_for_the_citizen(database, tmp_path, zalo_oa, clock):
    heard(database, clock, days=8)

    async def work(adapter):
        return await adapter.deliver(AN_TALKS, adapter.render(NOTICE)[0])

    outcome = on_channel(database, oa_settings(tmp_path, zalo_oa), work, clock)
    assert (outcome.reason, outcome.everybody) == ("not_logged_in", True)


@pytest.mark.parametrize("code", [-200, -209, -212, -224, -230])
def test_what_our_books_say_stands_where_zalo_does_not_answer_the_question(send, zalo_oa, database, clock, code):
    heard(database, clock, days=8)
    zalo_oa.rules.quota_faults.append(code)
    assert send(NOTICE) == [MustWait("window_closed")]


def test_what_is_left_of_the_package_is_shown_and_its_end_told_loudly(send, zalo_oa, caplog):
    zalo_oa.rules.account = 2
    send(Reply("Một"))
    assert counters.REGISTRY.get_sample_value("motcua_zalo_quota_left", {"quota": "sub_quota"}) == 1
    assert caplog.records == []
    send(Reply("Hai"))
    assert [record.levelname for record in caplog.records if "sub_quota" in record.message] == ["ERROR"]
    zalo_oa.rules.account = None
    assert send(Reply("Ba")) == [Taken("m3")]
    assert counters.REGISTRY.get_sample_value("motcua_zalo_quota_left", {"quota": "sub_quota"}) == 0


def test_a_notice_within_seven_days_goes_out(send, zalo_oa, database, clock):
    heard(database, clock, days=6)
    zalo_oa.hear(AN, days=6)
    assert send(NOTICE) == [Taken("m1")]
    assert zalo_oa.asked == ["/v3.0/oa/message/cs"]


@pytest.mark.parametrize(("hours", "outcome"), [(47, Taken("m1")), (49, MustWait("paid_window"))])
def test_a_notice_that_may_cost_money_waits_where_the_centre_does_not_pay(
    send, zalo_oa, database, clock, hours, outcome
):
    heard(database, clock, hours=hours)
    zalo_oa.hear(AN, hours=hours)
    assert send(NOTICE, ZALO_AFTER_48_HOURS="hold", ZALO_TEMPLATE="t1") == [outcome]
    assert zalo_oa.templates == []


def test_what_our_books_say_stands_where_zalo_cannot_be_asked(send, database, clock):
    heard(database, clock, hours=49)
    nobody = "http://127.0.0.1:9"
    assert send(NOTICE, ZALO_AFTER_48_HOURS="hold", ZALO_API_URL=nobody) == [MustWait("paid_window")]


def test_an_answer_goes_out_whatever_it_costs(send, zalo_oa, database, clock):
    heard(database, clock, hours=49)
    zalo_oa.hear(AN, hours=49)
    assert send(Reply("Dạ"), ZALO_AFTER_48_HOURS="hold") == [Taken("m1")]


def test_tones_are_composed_before_a_text_is_cut(send, zalo_oa):
    text = unicodedata.normalize("NFD", "ộ " * 999 + "ộ")
    assert len(text) > 2000
    assert send(Reply(text)) == [Taken("m1")]
    assert zalo_oa.texts(AN) == [unicodedata.normalize("NFC", text)]


def test_a_notice_knows_that_it_is_one_when_it_is_read_back(database):
    with database.transaction() as session:
        outbox.enqueue(session, AN_TALKS, [Reply("Thông báo")])
        outbox.enqueue(session, AN_TALKS, [Reply("Trả lời")], inbox_id=1)
        rows = session.query(OutboxMessage.body).order_by(OutboxMessage.id)
        told = [outbox.read_reply(database.cipher, body) for (body,) in rows]
    assert [(reply.text, reply.notice) for reply in told] == [("Thông báo", True), ("Trả lời", False)]


def test_one_persons_trouble_is_nobody_elses(send, zalo_oa):
    zalo_oa.rules.errors[AN] = -227
    assert send(Reply("Dạ")) == [Refused("banned_or_inactive", gone=True)]
    assert send(Reply("Dạ"), f"zalo_oa:{BINH}") == [Taken("m1")]
