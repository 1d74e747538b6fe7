from bot.database import Cipher
from bot.training.evaluate import BLIND_SET, read_blind_set
from bot.training.measure import Prediction
from bot.training.packed import key_of, pack_examples, pack_predictions, unpack_examples, unpack_predictions
from tests.factories import KEY, OTHER_KEY

DIGEST, OTHER = Cipher((KEY,)).digest, Cipher((OTHER_KEY,)).digest


def test_sentences_come_back_as_keys_with_their_intents_and_none_can_be_read():
    packed = pack_examples([("Lệ phí bao nhiêu?", "fee"), ("xin chào", "greet")], DIGEST)
    kept = unpack_examples(packed)
    assert kept == {key_of("le phi bao nhieu", DIGEST): "fee", key_of("xin chào", DIGEST): "greet"}
    assert key_of("xin chào", OTHER) not in kept
    assert "chào" not in repr(kept)
    assert unpack_examples(None) == {}


def test_readings_of_the_whole_blind_set_come_back_as_right_as_they_were():
    rows = read_blind_set(BLIND_SET)
    others = (("a", 0.4), ("b", 0.3), ("c", 0.15), ("d", 0.1))
    made = [
        Prediction(text, truth, ((truth, 0.9),) if number % 3 else (*others, (truth, 0.05)), part)
        for number, (text, truth, part) in enumerate(rows)
    ]
    found = unpack_predictions(pack_predictions(made, DIGEST), rows, DIGEST)
    assert sum(a.right != b.right for a, b in zip(made, found, strict=True)) <= len(rows) - len({r[::2] for r in rows})
    assert all(dict(one.ranking)[one.truth] > 0 for one in found)


def test_readings_of_fewer_messages_than_are_asked_for_are_none():
    rows = [("xin chào", "greet", "clean")]
    packed = pack_predictions([Prediction("xin chào", "greet", (("greet", 1.0),))], DIGEST)
    assert unpack_predictions(packed, rows, DIGEST)[0].right
    assert unpack_predictions(packed, [("xin chào", "greet", "slips")], DIGEST) is None
    assert unpack_predictions(packed, rows, OTHER) is None
    assert unpack_predictions(None, rows, DIGEST) is None
