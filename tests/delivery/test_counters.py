from bot.delivery import counters


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
