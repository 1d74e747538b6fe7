"""The Official Account as its adapter: what it sends, and what becomes of each of Zalo's errors."""

import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from bot.channels.zalo_errors import FATES, STOPPED_SECONDS, Fate
from bot.channels.zalo_oa import ZaloAdapter
from bot.channels.zalo_window import CLOSED, TOLD
from bot.delivery import correspondents, outbox
from bot.delivery.adapter import MustWait, Refused, Taken, TryAgain
from bot.delivery.model import HELD, OutboxMessage
from bot.delivery.outbox import Button, Reply
from bot.text.codes import new_receipt_code
from tests.channels.zalo import AN, AN_TALKS, BINH, DAY, Clock, log_in, oa_settings, on_channel
from tests.fakes.zalo_oa import FIRST_REFRESH, FakeZaloOA, Fault

CODE = new_receipt_code()
NOTICE = Reply(f"Phản ánh {CODE} đã có trả lời: đã sửa xong đường.", notice=True)
BUTTONS = tuple(Button(f"Mục {number}", f"/m{number}", f"id{number}") for number in range(1, 8))
PAPER = ZaloAdapter(None, None, None, "")


@pytest.fixture
def fake():
    with FakeZaloOA().serving() as fake:
        yield fake


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def send(database, tmp_path, fake, clock):
    """Renders and delivers one reply; the outcomes of its parts."""
    log_in(database, moment=clock())

    def make(reply, conversation=AN_TALKS, **settings):
        async def work(adapter):
            return [await adapter.deliver(conversation, part) for part in adapter.render(reply)]

        return on_channel(database, oa_settings(tmp_path, fake, **settings), work, clock)

    return make


def heard(database, clock, **ago):
    with database.transaction() as session:
        correspondents.heard(session, AN_TALKS, clock() - timedelta(**ago))


def test_a_reply_is_a_consultation_message(send, fake):
    assert send(Reply("Dạ, lệ phí là 0 đồng.")) == [Taken("m1")]
    assert (fake.sent[0].user_id, fake.sent[0].message) == (AN, {"text": "Dạ, lệ phí là 0 đồng."})
    assert fake.violations == []


def test_a_long_reply_is_several_messages_in_order(send, fake):
    text = "\n".join(f"{number}. Giấy tờ thứ {number} cần nộp khi làm thủ tục này." for number in range(120))
    assert len(send(Reply(text, BUTTONS[:2]))) == 3
    assert "".join("".join(fake.texts(AN)).split()).startswith("".join(text.split()))
    assert [len(one.buttons) for one in fake.sent] == [0, 0, 2]


def test_five_buttons_are_shown_and_all_are_numbered(send, fake):
    send(Reply("Anh/chị hỏi về mục nào?", BUTTONS))
    sent = fake.sent[0]
    assert [button["payload"] for button in sent.buttons] == [f"#mc:id{number}" for number in range(1, 6)]
    assert {button["type"] for button in sent.buttons} == {"oa.query.hide"}
    assert "7. Mục 7" in sent.text


def test_one_button_needs_no_number(send, fake):
    send(Reply("Xem thêm?", BUTTONS[:1]))
    assert (fake.sent[0].text, len(fake.sent[0].buttons)) == ("Xem thêm?", 1)


@given(text=st.text(min_size=1, max_size=9000), titles=st.lists(st.text(min_size=1, max_size=200), max_size=7))
def test_whatever_is_said_keeps_within_zalos_limits(text, titles):
    buttons = tuple(Button(title, "/x", f"id{number}") for number, title in enumerate(titles))
    for part in PAPER.render(Reply(text, buttons)):
        message = part["message"]
        assert 1 <= len(unicodedata.normalize("NFC", message["text"])) <= 2000
        shown = message.get("attachment", {}).get("payload", {}).get("buttons", [])
        assert len(shown) <= 5
        assert all(len(button["title"]) <= 100 for button in shown)


def test_an_ended_token_is_renewed_on_the_way(send, fake):
    fake.expire()
    assert send(Reply("Dạ")) == [Taken("m1")]
    assert fake.renewals == [FIRST_REFRESH]


def test_a_token_that_zalo_does_not_know_is_renewed_once(send, fake):
    fake.access.clear()
    assert send(Reply("Dạ")) == [Taken("m1")]
    fake.rules.faults.extend([-216, -216])
    assert send(Reply("Dạ")) == [TryAgain("token_invalid", after=60.0, everybody=True)]
    assert len(fake.renewals) == 2
    assert fake.violations == []


def test_without_a_log_in_everybody_waits(database, tmp_path, fake):
    async def work(adapter):
        return await adapter.deliver(AN_TALKS, adapter.render(Reply("Dạ"))[0])

    outcome = on_channel(database, oa_settings(tmp_path, fake), work)
    assert (outcome.reason, outcome.everybody) == ("not_logged_in", True)


def test_the_proof_is_shown_when_the_application_demands_it(send, fake):
    fake.rules.proof = True
    assert send(Reply("Dạ"), ZALO_PROOF="on") == [Taken("m1")]
    assert send(Reply("Dạ")) == [TryAgain("wrong_proof", after=STOPPED_SECONDS, everybody=True)]


EXPECTED = {
    Fate.AGAIN: lambda reason: TryAgain(reason),
    Fate.NEXT_MINUTE: lambda reason: TryAgain(reason, after=60.0, everybody=True),
    Fate.RENEW: lambda reason: TryAgain(reason, after=60.0, everybody=True),
    Fate.WAIT: lambda reason: MustWait(CLOSED),
    Fate.QUOTA: lambda reason: MustWait(reason),
    Fate.NEVER: lambda reason: Refused(reason),
    Fate.GONE: lambda reason: Refused(reason, gone=True),
    Fate.STOPPED: lambda reason: TryAgain(reason, after=STOPPED_SECONDS, everybody=True),
    Fate.MORNING: lambda reason: TryAgain(reason),
}


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_every_code_has_its_outcome(send, fake, clock):
    clock.moment = DAY
    told = {}
    for code, (fate, _) in FATES.items():
        fake.rules.faults.extend([code] * (2 if fate is Fate.RENEW else 1))
        told[code] = send(Reply("Dạ"))
    assert told == {code: [EXPECTED[fate](reason)] for code, (fate, reason) in FATES.items()}
    assert fake.sent == []


def test_a_code_that_nobody_knows_is_tried_again(send, fake):
    fake.rules.faults.append(-999)
    assert send(Reply("Dạ")) == [TryAgain("error_999")]


def test_an_answer_that_is_no_answer_leaves_doubt(send, fake):
    fake.rules.faults.extend([Fault.DOWN, Fault.BROKEN])
    assert send(Reply("Dạ")) == [TryAgain("http_502", uncertain=True)]
    assert send(Reply("Dạ")) == [TryAgain("no_answer", uncertain=True)]


def test_an_answer_that_comes_too_late_leaves_doubt(database, tmp_path, fake):
    log_in(database)
    fake.rules.faults.extend([Fault.LATE, Fault.LOST])

    async def work(adapter):
        return [await adapter.deliver(AN_TALKS, adapter.render(Reply(text))[0]) for text in ("Một", "Hai")]

    outcomes = on_channel(database, oa_settings(tmp_path, fake), work, patience=0.2)
    assert outcomes == [TryAgain("no_answer", uncertain=True)] * 2
    assert fake.texts(AN) == ["Một"]


def test_zalo_out_of_reach_leaves_no_doubt(send):
    assert send(Reply("Dạ"), ZALO_API_URL="http://127.0.0.1:9") == [TryAgain("unreachable")]


def test_quota_that_ran_out_in_free_hours_is_tried_again(send, fake, database, clock):
    fake.rules.quota[AN] = 1
    heard(database, clock, hours=47)
    assert send(Reply("Một")) == [Taken("m1")]
    assert send(Reply("Hai")) == [TryAgain("out_of_quota")]
    heard(database, clock, hours=49)
    assert send(Reply("Hai")) == [MustWait("out_of_quota")]


def test_a_notice_after_seven_days_is_held_without_asking_for_it(send, fake, database, clock):
    heard(database, clock, days=7, minutes=1)
    assert send(NOTICE) == [MustWait(CLOSED)]
    assert fake.asked == ["/v3.0/oa/quota/message"]


def test_a_notice_goes_out_when_zalo_saw_more_than_we_did(send, fake, database, clock):
    heard(database, clock, days=8)
    fake.rules.last_interaction[AN] = int((clock() - timedelta(days=1)).timestamp() * 1000)
    assert send(NOTICE) == [Taken("m1")]


def test_a_notice_within_seven_days_goes_out(send, fake, database, clock):
    heard(database, clock, days=6)
    assert send(NOTICE) == [Taken("m1")]
    assert fake.asked == ["/v3.0/oa/message/cs"]


def test_a_template_tells_that_something_waits_and_nothing_of_it(send, fake, database, clock):
    clock.moment = DAY
    fake.rules.closed.add(AN)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait(TOLD)]
    assert fake.templates == [{"user_id": AN, "template_id": "t1", "template_data": {"code": CODE}}]


def test_one_template_is_enough_for_all_that_waits(send, fake, database, clock):
    clock.moment = DAY
    fake.rules.closed.add(AN)
    with database.transaction() as session:
        (row,) = outbox.enqueue(session, AN_TALKS, [NOTICE])
        session.execute(update(OutboxMessage).where(OutboxMessage.id == row).values(state=HELD, reason=TOLD))
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait(CLOSED)]
    assert fake.templates == []


@pytest.mark.parametrize("reply", [Reply("Dạ, đây là trả lời."), Reply("Thông báo không có mã.", notice=True)])
def test_answers_and_notices_without_a_code_take_no_template(send, fake, clock, reply):
    clock.moment = DAY
    fake.rules.closed.add(AN)
    assert send(reply, ZALO_TEMPLATE="t1") == [MustWait(CLOSED)]
    assert fake.templates == []


@pytest.mark.parametrize(("hour", "left"), [(15, 8 * 3600), (22, 3600), (22.999, 3.6), (23, 0), (14.999, 0)])
def test_templates_wait_for_the_morning_of_viet_nam(send, fake, clock, hour, left):
    clock.moment = datetime(2026, 11, 22, tzinfo=timezone.utc) + timedelta(hours=hour)
    fake.rules.closed.add(AN)
    (outcome,) = send(NOTICE, ZALO_TEMPLATE="t1")
    if left:
        assert (outcome.reason, round(outcome.after, 1)) == ("night", round(left, 1))
    else:
        assert outcome == MustWait(TOLD)
    assert len(fake.templates) == (0 if left else 1)


def test_a_template_that_fails_for_good_leaves_the_notice_held(send, fake, clock):
    clock.moment = DAY
    fake.rules.closed.add(AN)
    fake.rules.template_faults.extend([-249, -32])
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_not_by_user")]
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [TryAgain("too_many_calls", after=60.0, everybody=True)]


def test_a_notice_knows_that_it_is_one_when_it_is_read_back(database):
    with database.transaction() as session:
        outbox.enqueue(session, AN_TALKS, [Reply("Thông báo")])
        outbox.enqueue(session, AN_TALKS, [Reply("Trả lời")], inbox_id=1)
        rows = session.query(OutboxMessage.body).order_by(OutboxMessage.id)
        told = [outbox.read_reply(database.cipher, body) for (body,) in rows]
    assert [(reply.text, reply.notice) for reply in told] == [("Thông báo", True), ("Trả lời", False)]


def test_one_persons_trouble_is_nobody_elses(send, fake):
    fake.rules.errors[AN] = -227
    assert send(Reply("Dạ")) == [Refused("banned_or_inactive", gone=True)]
    assert send(Reply("Dạ"), f"zalo_oa:{BINH}") == [Taken("m1")]
