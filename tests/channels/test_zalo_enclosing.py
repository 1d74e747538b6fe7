"""Files of answers on their way to Zalo: uploaded, named in a message, and what becomes of each trouble on the way."""

import asyncio
import io
import os

import pytest
from PIL import Image

from bot.channels.zalo_bot import ZaloBotAdapter
from bot.channels.zalo_enclosing import LARGEST_DOCUMENT, LARGEST_PHOTO
from bot.complaints import evidence
from bot.delivery.adapter import MustWait, Taken, TryAgain
from bot.delivery.attached import told_by_link
from tests.channels.zalo import AN, AN_TALKS, Clock, log_in, oa_settings, opened
from tests.complaints import files
from tests.complaints.answering import TEXT, answer, key_of, replies
from tests.complaints.conftest import OFFICER
from tests.complaints.conftest import centre as centre
from tests.fakes.zalo_oa import FIRST_REFRESH, Fault

PHOTO, LETTER, WORD = ("đường.jpg", files.photo()), ("công văn.pdf", files.pdf()), ("thư.docx", files.document())
WEBP = ("hiện trường.webp", files.photo("WEBP"))


def noisy(kind, side):
    """A photo that no codec makes small."""
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(out, kind)
    return out.getvalue()


@pytest.fixture
def kind_of_database():
    return "sqlite"


@pytest.fixture
def send(centre, tmp_path, zalo_oa):
    """Answers An with files and delivers every part; the outcomes of those of the files."""
    clock = Clock()
    log_in(centre.database, moment=clock())

    def run(*given, patience=15.0, before=lambda: None, change=lambda part: part):
        answer(centre, tmp_path / "evidence", *given, conversation=AN_TALKS)

        async def work():
            async with opened(centre.database, oa_settings(tmp_path, zalo_oa), clock, patience=patience) as channel:
                text, *parts = channel.adapter.render(replies(centre, AN_TALKS)[-1])
                assert isinstance(await channel.adapter.deliver(AN_TALKS, text), Taken)
                before()
                return [await channel.adapter.deliver(AN_TALKS, change(part)) for part in parts]

        return asyncio.run(work())

    return run


def linked(centre, zalo_oa):
    return zalo_oa.texts(AN)[-1].endswith(f"/tep/{key_of(centre, AN_TALKS)}")


def test_photo_and_documents_follow_the_text(send, zalo_oa):
    assert send(PHOTO, LETTER, WORD) == [Taken("m2"), Taken("m3"), Taken("m4")]
    text, *sent = zalo_oa.sent
    assert TEXT in text.text
    assert [one.upload for one in sent] == ["image-1", "file-2", "file-3"]
    assert [one.name for one in zalo_oa.uploads] == ["đường.jpg", "công văn.pdf", "thư.docx"]
    assert zalo_oa.uploads[1].content[:4] == b"%PDF"
    element = {"media_type": "image", "attachment_id": "image-1"}
    assert sent[0].message["attachment"]["payload"] == {"template_type": "media", "elements": [element]}
    assert sent[1].message == {"attachment": {"type": "file", "payload": {"token": "file-2"}}}


@pytest.mark.parametrize("photo", [WEBP, ("to.png", noisy("PNG", 1200)), ("to.jpg", noisy("JPEG", 2600))])
def test_a_photo_that_zalo_would_not_take_is_made_to_fit(send, zalo_oa, photo):
    assert send(photo) == [Taken("m2")]
    (upload,) = zalo_oa.uploads
    assert (upload.media_type, upload.name[-4:]) == ("image/jpeg", ".jpg")
    assert len(upload.content) <= LARGEST_PHOTO
    with Image.open(io.BytesIO(upload.content)) as image:
        image.load()


def test_a_document_that_zalo_does_not_take_is_told_by_its_link(send, zalo_oa, centre):
    large = files.document(parts={"word/media/a.png": noisy("PNG", 1400)})
    assert len(large) > LARGEST_DOCUMENT
    assert send(("lớn.docx", large)) == [Taken("m2")]
    assert linked(centre, zalo_oa)
    assert zalo_oa.uploads == []


@pytest.mark.parametrize(
    "fault, outcome",
    [
        (500, TryAgain("http_500")),
        (429, TryAgain("too_many_calls", after=60.0, everybody=True)),
        (-32, TryAgain("too_many_calls", after=60.0, everybody=True)),
        (-200, TryAgain("send_failed")),
        (Fault.BROKEN, TryAgain("no_answer")),
    ],
)
def test_an_upload_that_fails_is_tried_again_and_nobody_can_have_it(send, zalo_oa, fault, outcome):
    zalo_oa.rules.upload_faults.append(fault)
    assert send(LETTER) == [outcome]
    assert len(zalo_oa.sent) == 1


@pytest.mark.parametrize("code", [-216, -220])
def test_a_token_that_ends_during_an_upload_is_renewed(send, zalo_oa, code):
    zalo_oa.rules.upload_faults.append(code)
    assert send(LETTER) == [Taken("m2")]
    assert (zalo_oa.renewals, zalo_oa.violations) == ([FIRST_REFRESH], [])


@pytest.mark.parametrize("code", [-201, -210, -211, -224, -212, -9999])
def test_where_uploads_are_refused_the_link_is_told(send, zalo_oa, centre, code):
    zalo_oa.rules.upload_faults.append(code)
    assert send(PHOTO) == [Taken("m2")]
    assert linked(centre, zalo_oa)


def test_an_upload_that_has_ended_is_made_again(send, zalo_oa):
    zalo_oa.rules.uploads_end = 1
    assert send(PHOTO) == [Taken("m2")]
    assert [one.upload for one in zalo_oa.sent[1:]] == ["image-2"]


def test_uploads_that_end_at_once_are_given_up_for_the_link(send, zalo_oa, centre):
    zalo_oa.rules.uploads_end = 9
    assert send(PHOTO) == [Taken("m2")]
    assert (linked(centre, zalo_oa), len(zalo_oa.uploads)) == (True, 2)


@pytest.mark.parametrize("code", [-233, -248, -9999, -224, -212, -223, -221])
def test_a_message_with_a_file_that_is_refused_becomes_the_link(send, zalo_oa, centre, code):
    assert send(LETTER, before=lambda: zalo_oa.rules.faults.append(code)) == [Taken("m2")]
    assert linked(centre, zalo_oa)


def test_a_code_that_meets_the_link_as_well_stops_everybody(send, zalo_oa):
    assert send(LETTER, before=lambda: zalo_oa.rules.faults.extend([-224, -224])) == [
        TryAgain("package_too_small", after=300.0, everybody=True)
    ]


def test_a_window_that_closes_between_the_parts_holds_the_rest(send, zalo_oa):
    assert send(LETTER, before=lambda: zalo_oa.hear(AN, days=8)) == [MustWait("window_closed")]


def test_a_message_that_arrived_and_never_says_so_leaves_doubt(send, zalo_oa):
    late = [TryAgain("no_answer", uncertain=True)]
    assert send(PHOTO, patience=1.0, before=lambda: zalo_oa.rules.faults.append(Fault.LATE)) == late
    assert [one.upload for one in zalo_oa.sent[1:]] == ["image-1"]


def test_a_file_that_may_have_arrived_is_told_by_its_link(send, zalo_oa, centre):
    assert send(LETTER, change=told_by_link) == [Taken("m2")]
    assert (linked(centre, zalo_oa), zalo_oa.uploads) == (True, [])


def test_a_file_that_fails_takes_no_other_along(send, zalo_oa):
    assert send(PHOTO, LETTER, before=lambda: zalo_oa.rules.faults.extend([Fault.DOWN])) == [
        TryAgain("http_502", uncertain=True),
        Taken("m2"),
    ]
    assert [one.kind for one in zalo_oa.uploads] == ["image", "file"]


def test_a_file_that_was_removed_meanwhile_is_told_so(send, zalo_oa, centre, tmp_path):
    def remove():
        (file,) = replies(centre, AN_TALKS)[-1].files
        evidence.remove(centre.database, tmp_path / "evidence", file.link.split("/")[-3], file.id, OFFICER, "nhầm")

    assert send(PHOTO, before=remove) == [Taken("m2")]
    assert (zalo_oa.texts(AN)[-1], zalo_oa.uploads) == ("Câu trả lời có kèm một tệp, nhưng trung tâm đã gỡ tệp đó.", [])


def test_the_bot_platform_is_told_the_link_alone(centre, tmp_path):
    answer(centre, tmp_path / "evidence", PHOTO, LETTER)
    (part,) = ZaloBotAdapter(None, None, 1, 20).render(replies(centre)[-1])
    assert f"(đường.jpg, công văn.pdf), anh/chị mở tại: {replies(centre)[-1].files[0].link}" in part["text"]
    assert part["text"].index("Tệp kèm theo") < part["text"].index("1. Đã ổn, cảm ơn")
