import pytest

from bot.commands.curves import draw_curve
from bot.complaints import consents
from bot.database import now
from bot.review.keeping import DATABASE
from bot.review.model import WRITTEN, ReviewExample, ReviewItem
from bot.training import curve
from bot.training.evaluate import BLIND_SET, read_blind_set, read_training_data
from bot.training.measure import Prediction
from bot.training.model import LIVE
from bot.training.train import TrainingError, pipeline_fingerprint, sentences_fingerprint
from tests.factories import make_settings
from tests.training.models import make_model, read_as

BLIND = read_blind_set(BLIND_SET)


def reads_all(chosen):
    return [Prediction(text, truth, ((truth, 0.9),)) for text, truth, part in BLIND if part == "clean"]


@pytest.fixture
def settings(tmp_path):
    settings = make_settings(tmp_path)
    settings.models.mkdir(parents=True, exist_ok=True)
    return settings


def today(**others):
    return {"data": sentences_fingerprint(), "pipeline": pipeline_fingerprint(), **others}


def test_the_curve_of_the_live_model_is_told_and_kept(database, settings, capsys):
    number = make_model(database, settings.models, "motcua-a", LIVE, **today())
    read_as(database, number, [(text, truth, ((truth, 0.9),), part) for text, truth, part in BLIND])
    draw_curve(settings, None, reads_all)
    found, _ = curve.load(settings.models, "motcua-a")
    assert [point.accuracy for point in found.points] == [1.0] * 4
    assert "The last doubling brought +0.0%" in capsys.readouterr().out


def test_sentences_that_the_database_keeps_are_sentences_of_today(database, settings):
    own = ("cho mình xin con số để gọi lên hỏi xem", "ask_hotline")
    with database.transaction() as session:
        consents.give(session, "web:an", consents.IMPROVE)
        item = ReviewItem(ranking="[]", reasons="", state=WRITTEN, created_at=now())
        session.add(item)
        session.flush()
        about = {"item_id": item.id, "part": "train", "file": DATABASE, "by": "Lê Hoa", "written_at": now()}
        text = database.cipher.seal(own[0])
        session.add(ReviewExample(conversation="web:an", text=text, intent=own[1], **about))
    number = make_model(database, settings.models, "motcua-a", LIVE, **today(data=sentences_fingerprint([own])))
    read_as(database, number, [(text, truth, ((truth, 0.9),), part) for text, truth, part in BLIND])
    draw_curve(settings, None, reads_all)
    in_files = sum(bool(text) for text, _ in read_training_data())
    assert curve.load(settings.models, "motcua-a")[0].points[-1].sentences == in_files + 1


@pytest.mark.parametrize("other", ["data", "pipeline"])
def test_of_a_model_of_other_sentences_none_is_drawn(database, settings, other):
    make_model(database, settings.models, "motcua-a", LIVE, **today(**{other: "0" * 64}))
    with pytest.raises(TrainingError, match="'motcua train' makes one"):
        draw_curve(settings, "1", reads_all)
