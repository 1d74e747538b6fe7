from bot.delivery import counters
from bot.delivery.adapter import MustWait, Refused, TryAgain
from tests.delivery.sending import say, send_all
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
    assert [after - was for after, was in zip(ends(), before, strict=True)] == [1, 1, 1, 1]


def ends():
    states = [value_of("motcua_deliveries_total", channel="zalo_bot", state=state) for state in counters.STATES]
    return [*states, value_of("motcua_uncertain_total", channel="zalo_bot")]
