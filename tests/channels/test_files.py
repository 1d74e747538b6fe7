"""Files over a channel: asked once, fetched once, kept or refused in one sentence, whatever fails in between."""

import itertools
import time

import pytest
from sqlalchemy import select

from bot.channels.files import BEGIN, DROP, KEEP, FileAttendant
from bot.complaints import citizen, evidence, privacy
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.evidence_files import digests_in
from bot.delivery import correspondents, inbox, outbox, sentences
from bot.delivery.adapter import FetchError
from bot.delivery.attending import Attendant
from bot.delivery.inbox import Arrival, File
from bot.delivery.model import DONE, Attachment
from bot.settings import ROOT
from tests.complaints import files, sounds
from tests.complaints.conftest import centre as centre
from tests.factories import dispatching, row_of, texts_of, wait_for_texts, wait_until
from tests.fakes.adapter import FakeAdapter
from tests.fakes.rasa import FakeRasa, Fault

AN = "telegram:7"
RULES = load_file_rules(ROOT / "knowledge")
QUESTION = sentences.ASK_KEEP_FILES.format(keep=sentences.KEEP_FILES, **RULES.consent)


class Phone:
    """A citizen's phone: sends files, taps buttons, sees what is said."""

    def __init__(self, database, rasa, folder):
        self.database, self.rasa, self.folder = database, rasa, folder
        self.adapter = FakeAdapter("telegram")
        self._keys = itertools.count()

    def attend(self, client):
        adapters = {"telegram": self.adapter}
        own = FileAttendant(self.database, self.folder, RULES, adapters, client.is_in_form)
        return own, Attendant(self.database, client.is_in_form)

    def working(self, **options):
        return dispatching(self.database, self.rasa, attend=self.attend, **options)

    def photos(self, *contents, kind="image", caption="", size=None):
        """One message for each file, as albums come; returns their ids."""
        return [self._photo(content, kind, caption, size) for content in contents]

    def _photo(self, content, kind, caption, size):
        reference = f"file-{next(self._keys)}"
        self.adapter.files[reference] = content
        return self._accept(text=caption, kind=kind, files=(File(kind, reference, "", size),))

    def say(self, text="", **more):
        return wait_for_texts(self.database, self._accept(text=text, **more))

    def _accept(self, **more):
        arrival = Arrival("telegram", f"1:{next(self._keys)}-{time.monotonic_ns()}", AN, **more)
        return inbox.accept(self.database, arrival)[0]

    def send(self, *contents, **more):
        """What is said to each of them."""
        ids = self.photos(*contents, **more)
        return [wait_for_texts(self.database, one) for one in ids]

    def tap(self, payload):
        return self.say("tap", payload=payload)

    def kept(self):
        return [file.media_type for file in evidence.waiting_files(self.database, AN)]

    def states(self):
        with self.database.reading() as session:
            return list(session.execute(select(Attachment.state).order_by(Attachment.id)).scalars())


@pytest.fixture
def phone(database, tmp_path):
    with FakeRasa().serving() as rasa:
        yield Phone(database, rasa, tmp_path / "evidence")


def test_before_the_first_file_consent_is_asked_and_nothing_fetched(phone):
    with phone.working():
        assert phone.send(files.photo()) == [[QUESTION]]
    assert (phone.adapter.fetched, phone.kept(), phone.states()) == ([], [], ["waiting"])


def test_who_agrees_has_everything_fetched_that_waits(phone):
    with phone.working():
        phone.send(files.photo(), files.photo(colour=(1, 2, 3)))
        assert phone.tap(KEEP) == [sentences.FILES_KEPT_BEGIN.format(count=2)]
    assert (phone.kept(), phone.states()) == (["image/jpeg"] * 2, ["kept"] * 2)


def test_who_declines_has_nothing_kept(phone):
    with phone.working():
        phone.send(files.photo())
        assert phone.tap(DROP) == [sentences.FILES_DROPPED]
        assert phone.tap(DROP) == [sentences.FILES_NONE]
    assert (phone.adapter.fetched, phone.states()) == ([], ["let_go"])


@pytest.mark.parametrize("payload", [KEEP, DROP])
def test_a_button_under_an_older_question_decides_nothing_and_is_asked_anew(phone, payload):
    with phone.working():
        phone.send(files.photo())
        phone.say("mấy giờ mở cửa")
        assert phone.tap(payload) == [QUESTION]
        assert (phone.adapter.fetched, phone.states()) == ([], ["waiting"])
        assert not evidence.has_agreed(phone.database, AN)
        assert phone.tap(DROP) == [sentences.FILES_DROPPED]
        assert phone.tap(KEEP) == [sentences.FILES_NONE]
    assert not evidence.has_agreed(phone.database, AN)


def test_after_the_agreement_was_taken_back_its_old_button_gives_no_new_one(phone):
    with phone.working():
        phone.send(files.photo())
        phone.tap(KEEP)
        privacy.withdraw_consents(phone.database, AN)
        phone.send(files.photo(colour=(1, 2, 3)))
        phone.say("cảm ơn")
        assert phone.tap(KEEP) == [QUESTION]
    assert not evidence.has_agreed(phone.database, AN)


def test_an_album_of_ten_is_asked_about_once_and_told_of_once(phone):
    pictures = [files.photo(colour=(n, n, n)) for n in range(10)]
    ids = phone.photos(*pictures)
    with phone.working():
        wait_until(lambda: row_of(phone.database, ids[-1]).state == DONE)
        assert [text for one in ids for text in texts_of(phone.database, one)] == [QUESTION]
        assert phone.tap(KEEP) == [sentences.FILES_KEPT_BEGIN.format(count=10)]


def test_of_an_album_after_the_agreement_the_last_photo_tells_of_all(phone):
    evidence.agree(phone.database, AN)
    ids = phone.photos(*(files.photo(colour=(n, n, n)) for n in range(4)))
    with phone.working():
        wait_until(lambda: row_of(phone.database, ids[-1]).state == DONE)
    said = [text for one in ids for text in texts_of(phone.database, one)]
    assert said == [sentences.FILES_KEPT_BEGIN.format(count=4)]


def test_an_album_whose_last_photo_is_refused_tells_of_those_that_were_kept(phone):
    evidence.agree(phone.database, AN)
    ids = phone.photos(files.photo(), files.photo(colour=(1, 2, 3)), files.archive(a="b"))
    with phone.working():
        wait_until(lambda: row_of(phone.database, ids[-1]).state == DONE)
    said = [text for one in ids for text in texts_of(phone.database, one)]
    assert said == [RULES.refusals["archive"], sentences.FILES_KEPT_BEGIN.format(count=2)]


def test_a_caption_is_answered_as_words_and_the_question_comes_last(phone):
    with phone.working():
        assert phone.send(files.photo(), caption="đường hỏng") == [["Đã nghe: đường hỏng", QUESTION]]
        assert phone.tap(KEEP)
        assert phone.send(files.photo(colour=(9, 9, 9)), caption="đây nữa") == [
            [sentences.FILES_KEPT.format(count=2), "Đã nghe: đây nữa"]
        ]


def test_in_a_form_the_citizen_is_led_back_to_its_question(phone):
    evidence.agree(phone.database, AN)
    phone.rasa.in_form.add(AN)
    with phone.working():
        assert phone.send(files.photo()) == [[sentences.FILES_KEPT_FORM.format(count=1)]]


def test_elsewhere_a_button_begins_the_feedback(phone):
    evidence.agree(phone.database, AN)
    with phone.working():
        (inbox_id,) = phone.photos(files.photo())
        wait_for_texts(phone.database, inbox_id)
    with phone.database.reading() as session:
        assert [button.payload for button in outbox.replies_to(session, inbox_id)[0].buttons] == [BEGIN]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(files.archive(a="b"), "archive"), (b"", "empty"), (FetchError("too_large"), "file_bytes")],
)
def test_what_is_not_taken_is_said_in_a_sentence(phone, content, reason):
    evidence.agree(phone.database, AN)
    with phone.working():
        assert phone.send(content) == [[RULES.refusals[reason]]]
    assert phone.states() == ["failed"]


def test_what_its_channel_says_is_too_large_is_not_fetched(phone):
    evidence.agree(phone.database, AN)
    with phone.working():
        assert phone.send(b"x", kind="file", size=30_000_000) == [[RULES.refusals["file_bytes"]]]
    assert phone.adapter.fetched == []


def test_a_film_is_answered_by_a_sentence_and_its_caption_by_rasa(phone):
    with phone.working():
        said = phone.send(b"x", kind="video", size=30_000_000, caption="ồn quá")
    assert (said, phone.adapter.fetched) == ([[RULES.refusals["video"], "Đã nghe: ồn quá"]], [])


def test_a_file_that_is_gone_does_not_stop_the_others(phone):
    evidence.agree(phone.database, AN)
    with phone.working():
        assert phone.send(FetchError("gone"), files.photo()) == [
            ["Có tệp không lấy về được. Anh/chị gửi lại tệp đó giúp; các tệp khác không bị ảnh hưởng."],
            [sentences.FILES_KEPT_BEGIN.format(count=1)],
        ]


def test_a_channel_that_fails_for_a_moment_is_asked_again(phone):
    evidence.agree(phone.database, AN)
    with phone.working():
        assert phone.send([FetchError("unreachable", later=True), files.photo()]) == [
            [sentences.FILES_KEPT_BEGIN.format(count=1)]
        ]


def test_a_retried_turn_keeps_and_fetches_nothing_twice(phone):
    evidence.agree(phone.database, AN)
    phone.rasa.faults += [Fault.CRASH, Fault.LOST]
    with phone.working():
        said = phone.send(files.photo(), caption="đường hỏng")
    assert said == [[sentences.FILES_KEPT.format(count=1), "Đã nghe: đường hỏng"]]
    assert (len(phone.adapter.fetched), phone.kept()) == (1, ["image/jpeg"])


def test_what_one_file_of_many_meets_is_told_after_a_failure_in_between(phone):
    phone.photos(files.archive(a="b"), [FetchError("unreachable", later=True), files.photo()])
    with phone.working():
        assert phone.tap(KEEP) == [RULES.refusals["archive"], sentences.FILES_KEPT_BEGIN.format(count=1)]


def test_nothing_of_a_file_without_agreement_lies_in_the_folder(phone):
    with phone.working():
        phone.send(files.photo())
    assert list(digests_in(phone.folder)) == []


def test_a_recording_without_feedback_is_answered_kindly_and_let_go(phone):
    with phone.working():
        assert phone.send(sounds.opus(), kind="voice") == [[sentences.VOICE]]
    assert phone.states() == ["let_go"]


@pytest.mark.parametrize("begun", ["form", "photo", "filed"])
def test_a_recording_is_kept_when_it_may_belong_to_feedback(phone, centre, begun):
    evidence.agree(phone.database, AN)
    if begun == "form":
        phone.rasa.in_form.add(AN)
    if begun == "filed":
        centre.file(AN)
    with phone.working():
        if begun == "photo":
            phone.send(files.photo())
        (said,) = phone.send(sounds.opus(), kind="voice")
    assert said[0] == sentences.VOICE_KEPT
    assert "audio/ogg" in phone.kept()


def test_a_recording_goes_with_the_feedback_of_a_linked_channel(phone, centre):
    evidence.agree(phone.database, AN)
    code = centre.file("web:an").code
    with phone.database.transaction() as session:
        for name in ("web:an", AN):
            correspondents.ensure(session, name).person = "p"
    with phone.working():
        (inbox_id,) = phone.photos(sounds.opus(), kind="voice")
        said = wait_for_texts(phone.database, inbox_id)
    assert said == [sentences.VOICE_KEPT, sentences.FILES_KEPT_BEGIN.format(count=1)]
    with phone.database.reading() as session:
        add, begin = outbox.replies_to(session, inbox_id)[-1].buttons
    assert (add.title, begin.payload) == (sentences.ADD_TO_FEEDBACK.format(code=code), BEGIN)
    assert add.payload == f'/complaint_act{{"act": "add", "complaint_code": "{code}"}}'
    citizen.add_information(phone.database, centre.rules, AN, code, "nghe giúp tôi")
    assert [file.media_type for file in evidence.list_files(phone.database, code)] == ["audio/ogg"]
    assert phone.kept() == []


def test_a_recording_that_is_refused_is_not_said_to_be_heard(phone):
    evidence.agree(phone.database, AN)
    phone.rasa.in_form.add(AN)
    with phone.working():
        phone.send(files.photo())
        (said,) = phone.send(files.archive(a="b"), kind="voice")
    assert said == [RULES.refusals["archive"], sentences.FILES_KEPT_FORM.format(count=1)]


def test_a_message_with_files_lost_on_the_way_is_still_answered(phone):
    with phone.working():
        assert phone.say(kind="image") == [sentences.NOT_READABLE]


def test_files_of_channels_nobody_serves_any_more_are_gone(phone):
    evidence.agree(phone.database, AN)
    phone.attend = lambda client: (FileAttendant(phone.database, phone.folder, RULES, {}, client.is_in_form),)
    with phone.working():
        assert phone.send(files.photo()) == [[sentences.FILE_GONE]]


def test_typed_text_is_never_a_button_of_the_gateway(phone):
    with phone.working():
        phone.send(files.photo())
        assert phone.say(KEEP) == [f"Đã nghe: {KEEP}"]
    assert phone.states() == ["waiting"]


def test_a_photo_goes_from_the_phone_to_the_staff(phone, centre):
    phone.database = centre.database
    with phone.working():
        phone.send(files.photo_with_secrets())
        phone.tap(KEEP)
    code = centre.file(AN).code
    (file,) = evidence.list_files(phone.database, code)
    opened = evidence.open_file(phone.database, phone.folder, code, file.id, "Lê Hoa", "xem hiện trường")
    assert (opened.media_type, files.SECRET in opened.content, phone.kept()) == ("image/jpeg", False, [])
