"""What tells by a paid template that a notice waits, and what becomes of it."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import update

from bot.delivery import correspondents, outbox
from bot.delivery.adapter import MustWait, TryAgain
from bot.delivery.model import CLAIMED, OutboxMessage
from bot.delivery.outbox import Reply
from tests.channels.template_codes import OF_A_TEMPLATE
from tests.channels.zalo import AN, AN_TALKS, CODE, DAY, NOTICE, Clock, heard, log_in, oa_settings, on_channel, sends
from tests.fakes.zalo_oa import Fault


@pytest.fixture
def send(database, tmp_path, zalo_oa, clock):
    return sends(database, tmp_path, zalo_oa, clock)


def test_a_template_tells_that_something_waits_and_nothing_of_it(send, zalo_oa, database, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_sent")]
    assert zalo_oa.templates == [{"user_id": AN, "template_id": "t1", "template_data": {"code": CODE}}]


def test_one_template_is_enough_until_the_citizen_writes(send, zalo_oa, database, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_sent")]
    # A second notice.
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed")]
    assert len(zalo_oa.templates) == 1
    clock.go(days=30)
    heard(database, clock, days=8)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_sent")]
    assert len(zalo_oa.templates) == 2


@pytest.mark.parametrize(("fault", "paid"), [(Fault.LATE, 1), (Fault.LOST, 0)])
def test_a_template_of_which_nobody_knows_is_not_paid_a_second_time(database, tmp_path, zalo_oa, fault, paid):
    clock = Clock(DAY)
    log_in(database, moment=clock())
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.template_faults.append(fault)

    async def work(adapter):
        return [await adapter.deliver(AN_TALKS, adapter.render(NOTICE)[0]) for _ in range(2)]

    settings = oa_settings(tmp_path, zalo_oa, ZALO_TEMPLATE="t1")
    outcomes = on_channel(database, settings, work, clock, patience=0.5)
    assert outcomes == [MustWait("window_closed_template_unsure"), MustWait("window_closed")]
    assert len(zalo_oa.templates) == paid


@pytest.mark.parametrize(("uncertain", "reason"), [(1, "window_closed_template_unsure"), (0, "window_closed")])
def test_who_may_have_been_told_before_a_try_was_cut_off_is_shown_so(send, zalo_oa, database, clock, uncertain, reason):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    with database.transaction() as session:
        # Another notice, or the same one in a program that was killed before it wrote down what became of it.
        correspondents.begin_telling(session, AN_TALKS, clock())
        (row,) = outbox.enqueue(session, AN_TALKS, [NOTICE])
        trying = {"state": CLAIMED, "uncertain": uncertain}
        session.execute(update(OutboxMessage).where(OutboxMessage.id == row).values(**trying))
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait(reason)]
    assert zalo_oa.templates == []


@pytest.mark.parametrize(("linked", "templates"), [("telegram:7", 0), ("web:7", 1), (None, 1)])
def test_no_template_is_paid_for_what_another_channel_takes(send, zalo_oa, database, clock, linked, templates):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    with database.transaction() as session:
        for name in (AN_TALKS, linked) if linked else ():
            correspondents.ensure(session, name).person = "p"
        (row,) = outbox.enqueue(session, AN_TALKS, [NOTICE])
        session.execute(update(OutboxMessage).where(OutboxMessage.id == row).values(state=CLAIMED))
    (outcome,) = send(NOTICE, ZALO_TEMPLATE="t1")
    assert outcome == MustWait("window_closed_template_sent" if templates else "window_closed")
    assert len(zalo_oa.templates) == templates


@pytest.mark.parametrize("reply", [Reply("Dạ, đây là trả lời."), Reply("Thông báo không có mã.", notice=True)])
def test_answers_and_notices_without_a_code_take_no_template(send, zalo_oa, clock, reply):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    assert send(reply, ZALO_TEMPLATE="t1") == [MustWait("window_closed")]
    assert zalo_oa.templates == []


@pytest.mark.parametrize(("hour", "left"), [(15, 8 * 3600), (22, 3600), (22.999, 3.6), (23, 0), (14.999, 0)])
def test_templates_wait_for_the_morning_of_viet_nam(send, zalo_oa, clock, hour, left):
    clock.moment = datetime(2026, 11, 22, tzinfo=timezone.utc) + timedelta(hours=hour)
    zalo_oa.hear(AN, days=8)
    (outcome,) = send(NOTICE, ZALO_TEMPLATE="t1")
    if left:
        assert (outcome.reason, round(outcome.after, 1)) == ("night", round(left, 1))
    else:
        assert outcome == MustWait("window_closed_template_sent")
    assert len(zalo_oa.templates) == (0 if left else 1)


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_every_code_has_its_outcome_of_a_template(send, zalo_oa, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    told = {}
    for code in OF_A_TEMPLATE:
        zalo_oa.rules.template_faults.extend([code] * (2 if code in (-216, -220) else 1))
        told[code] = send(NOTICE, ZALO_TEMPLATE="t1")
    assert told == {code: [outcome] for code, outcome in OF_A_TEMPLATE.items()}
    assert zalo_oa.templates == []


def test_a_notice_whose_template_meets_a_code_that_nobody_knows_waits(send, zalo_oa, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.template_faults.append(-124)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_error_124")]


def test_the_zone_of_the_night_can_be_set(send, zalo_oa, clock):
    clock.moment = datetime(2026, 11, 22, 16, tzinfo=timezone.utc)
    zalo_oa.hear(AN, days=8)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [TryAgain("night", after=7 * 3600.0)]
    assert send(NOTICE, ZALO_TEMPLATE="t1", ZALO_NIGHT_ZONE="UTC") == [MustWait("window_closed_template_sent")]


def test_the_shape_of_a_template_can_be_set(send, zalo_oa, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.nested = True
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_invalid_field")]
    assert send(NOTICE, ZALO_TEMPLATE="t1", ZALO_TEMPLATE_SHAPE="nested") == [MustWait("window_closed_template_sent")]
    assert zalo_oa.templates == [{"recipient": {"user_id": AN}, "template_id": "t1", "template_data": {"code": CODE}}]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"ma": 30}, "invalid_field"),
        ({"code": 30, "name": 30}, "template_value_missing"),
        ({"code": 5}, "template_value_too_long"),
    ],
)
def test_a_template_with_other_parameters_leaves_the_notice_held(send, zalo_oa, clock, parameters, reason):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.parameters = parameters
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait(f"window_closed_{reason}")]
    assert zalo_oa.templates == []
    # Nobody was told: once it is mended, the next notice tells.
    zalo_oa.rules.parameters = {"code": 30}
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_sent")]


def test_a_template_that_fails_for_good_leaves_the_notice_held(send, zalo_oa, clock):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.template_faults.extend([-249, -1999, -32])
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_not_by_user")]
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_error_1999")]
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [TryAgain("too_many_calls", after=60.0, everybody=True)]


@pytest.mark.parametrize("code", [-216, -220])
def test_a_template_whose_token_is_refused_twice_is_tried_again(send, zalo_oa, clock, code):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.template_faults.extend([code, code])
    (outcome,) = send(NOTICE, ZALO_TEMPLATE="t1")
    assert (type(outcome), outcome.after, outcome.everybody) == (TryAgain, 60.0, True)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_template_sent")]


def test_a_template_without_quota_leaves_the_notice_held_and_is_told_loudly(send, zalo_oa, clock, caplog):
    clock.moment = DAY
    zalo_oa.hear(AN, days=8)
    zalo_oa.rules.template_faults.append(-211)
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("window_closed_out_of_quota")]
    assert [record.levelname for record in caplog.records if "out_of_quota" in record.message] == ["ERROR"]


def test_who_does_not_follow_is_told_by_a_template_that_something_waits(send, zalo_oa, clock):
    clock.moment = DAY
    zalo_oa.rules.errors[AN] = -213
    assert send(NOTICE) == [MustWait("not_following")]
    assert send(NOTICE, ZALO_TEMPLATE="t1") == [MustWait("not_following_template_sent")]
    assert len(zalo_oa.templates) == 1
