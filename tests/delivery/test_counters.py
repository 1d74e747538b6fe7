import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.database import now
from bot.delivery import correspondents, counters, outbox
from bot.delivery.adapter import MustWait, Refused, TryAgain
from bot.delivery.model import DELIVERED, OutboxMessage
from bot.delivery.sweeping import sweep
from tests.delivery.sending import Clock, say, send_all
from tests.fakes.adapter import FakeAdapter


def value_of(name, **labels):
    return counters.REGISTRY.get_sample_value(name, labels) or 0.0


def test_what_comes_again_counts_as_a_duplicate():
    received, dropped = value_of("motcua_received_total", channel="zalo_oa", kind="image"), duplicates()
    counters.count_received("zalo_oa", "image", new=True)
    counters.count_received("zalo_oa", "image", new=False)
    assert value_of("motcua_received_total", channel="zalo_oa", kind="image") == received + 1
    assert duplicates() == dropped + 1


def duplicates():
    return value_of("motcua_duplicates_total", channel="zalo_oa")


def test_no_label_takes_a_value_that_a_stranger_can_choose():
    counters.count_received("Nguyễn Văn A", "0912345678", new=True)
    counters.count_refused("telegram", "0912345678")
    counters.count_delivery("telegram", "failed:blocked by Nguyễn Văn A")
    values = {
        value for metric in counters.REGISTRY.collect() for one in metric.samples for value in one.labels.values()
    }
    assert not {value for value in values if "Nguyễn" in value or "09" in value}
    assert value_of("motcua_received_total", channel="other", kind="other") >= 1


def test_how_messages_to_citizens_end_is_counted_once_each(database):
    adapter = FakeAdapter("zalo_bot")
    adapter.script["zalo_bot:an"] = [TryAgain("timeout", uncertain=True)]
    adapter.script["zalo_bot:binh"] = [Refused("blocked")]
    adapter.script["zalo_bot:chi"] = [MustWait("closed")]
    before = ends()
    for name in ("an", "binh", "chi", "dung"):
        say(database, "Một câu dài hơn một tin. Câu thứ hai cũng dài như thế.", f"zalo_bot:{name}")
    send_all(database, adapter)
    assert since(before) == [1, 1, 1, 1]


def ends(channel="zalo_bot"):
    states = [value_of("motcua_deliveries_total", channel=channel, state=state) for state in counters.STATES]
    return [*states, value_of("motcua_uncertain_total", channel=channel)]


def since(before, channel="zalo_bot"):
    return [after - was for after, was in zip(ends(channel), before, strict=True)]


def test_notices_that_leave_as_one_message_count_each(database):
    adapter = FakeAdapter("zalo_bot")
    adapter.script["zalo_bot:an"] = [MustWait("closed")] * 3
    for text in ("một", "hai", "ba"):
        say(database, text, "zalo_bot:an")
    before = ends()
    send_all(database, adapter)
    with database.transaction() as session:
        correspondents.heard(session, "zalo_bot:an")
    send_all(database, adapter)
    assert (len(adapter.taken), since(before)) == (1, [3, 0, 3, 0])


def test_what_is_given_up_counts_once_as_failed(database):
    adapter, clock, before = FakeAdapter("zalo_bot"), Clock(), ends()
    adapter.script["zalo_bot:an"] = [TryAgain("busy")] * 2
    say(database, "chào", "zalo_bot:an")
    send_all(database, adapter, clock=clock)
    clock.move(5 * 3600)
    send_all(database, adapter, clock=clock)
    assert since(before) == [0, 1, 0, 0]


class Overtaken(FakeAdapter):
    """While it hands a message over, another program has done so, and says it first."""

    def __init__(self, database):
        super().__init__("zalo_bot")
        self.database = database

    async def deliver(self, conversation, part):
        with self.database.transaction() as session:
            session.execute(update(OutboxMessage).values(state=DELIVERED))
        return await super().deliver(conversation, part)


@pytest.mark.parametrize("outcome", [None, Refused("blocked"), MustWait("closed")])
def test_what_another_program_brought_to_its_end_is_not_counted_here(database, outcome):
    adapter, before = Overtaken(database), ends()
    adapter.script["zalo_bot:an"] = [outcome] if outcome else []
    say(database, "chào", "zalo_bot:an")
    send_all(database, adapter)
    assert since(before) == [0, 0, 0, 0]


def test_what_a_page_has_named_counts_as_delivered_once(database):
    before = ends("web")
    last = [say(database, text, "web:an") for text in ("một", "hai")][-1]
    for _ in range(2):
        with database.transaction() as session:
            outbox.mark_delivered(session, "web:an", last)
    assert since(before, "web") == [2, 0, 0, 0]


def test_what_is_rolled_back_is_not_counted(database):
    before, last = ends("web"), say(database, "chào", "web:an")
    with contextlib.suppress(ValueError), database.transaction() as session:
        outbox.mark_delivered(session, "web:an", last)
        raise ValueError("disk full")
    assert since(before, "web") == [0, 0, 0, 0]


def test_what_is_swept_up_counts_as_failed(database):
    before = ends()
    say(database, "chào", "zalo_bot:an")
    assert sweep(database, (), None, moment=now() + timedelta(hours=5))["no_channel"] == 1
    assert since(before) == [0, 1, 0, 0]
