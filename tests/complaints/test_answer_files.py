"""Files that go along with an answer: whose they are, who opens them, when they go."""

from datetime import timedelta

import pytest
import yaml
from sqlalchemy import select, update

from bot.complaints import answer_files, casework, citizen, evidence, evidence_files, notices, privacy
from bot.complaints.enclosing import Enclosing
from bot.complaints.errors import (
    ComplaintError,
    MissingTextError,
    RefusedFileError,
    UnknownComplaintError,
    UnknownFileError,
)
from bot.complaints.lifecycle import ACCEPTED
from bot.complaints.model import Evidence
from bot.complaints.reading import Look, see_complaint
from bot.database import Cipher, Database, now
from bot.delivery import correspondents, outbox
from bot.delivery.holding import merge
from bot.delivery.outbox import Reply
from bot.settings import ROOT
from tests.complaints import files
from tests.complaints.answering import ADDRESS, RULES, TEXT, answer, answer_again, keep, key_of, replies
from tests.complaints.conftest import AN, OFFICER
from tests.factories import KEY, OTHER_KEY

BINH, THU = "web:binh", "Trần Thu"
PHOTO, LETTER = ("đường.jpg", files.photo_with_secrets()), ("công văn.pdf", files.pdf())


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "evidence"


def stored(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_answer_takes_its_files_along_and_the_outbox_holds_no_byte_of_them(centre, folder):
    code = answer(centre, folder, PHOTO, LETTER)
    reply = replies(centre)[-1]
    assert [(file.name, file.media_type) for file in reply.files] == [
        ("đường.jpg", "image/jpeg"),
        ("công văn.pdf", "application/pdf"),
    ]
    (given,) = answer_files.files_given(centre.database, code, None).values()
    assert [file.id for file in given] == [file.id for file in reply.files]
    content = answer_files.read_to_send(centre.database, folder, given[0].id).content
    assert files.SECRET not in content
    assert all(content[:40] not in path.read_bytes() for path in stored(folder))


def test_on_pages_the_answer_says_where_its_files_are_opened(centre, folder):
    code = answer(centre, folder, PHOTO, LETTER)
    last, link = centre.told()[-1].splitlines()[-1], f"{ADDRESS}/phan-anh/{code}/tep/{key_of(centre)}"
    assert last == f"Tệp kèm theo (đường.jpg, công văn.pdf), anh/chị mở tại: {link}"


def test_they_stand_with_their_step_and_not_among_the_citizens_own(centre, folder):
    evidence.agree(centre.database, AN)
    evidence.keep(centre.database, folder, RULES, AN, "của tôi.png", files.photo("PNG"))
    code = answer(centre, folder, PHOTO)
    seen = see_complaint(centre.database, code, Look(OFFICER))
    (step,) = answer_files.files_given(centre.database, code, None)
    assert next(move.to_state for move in seen.moves if move.id == step) == "answered"
    assert [file.name for file in evidence.list_files(centre.database, code)] == ["của tôi.png"]
    assert seen.files == (1, 0)


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("bảng.xlsx", files.sheet(), "chỉ gửi được"),
        ("văn bản.pdf", b"<!doctype html><script>alert(1)</script>", "trang web"),
        ("ghi.docx", files.archive(), "tệp nén"),
        ("to.pdf", b"%PDF-" + bytes(30 * 1024 * 1024), "10 MB"),
        ("bom.docx", files.document(parts={f"word/media/{n}.xml": "x" * 20_000_000 for n in range(6)}), "quá lớn"),
    ],
    ids=["sheet", "page", "archive", "large", "unpacks_large"],
)
def test_what_is_refused_leaves_nothing_and_has_its_sentence(centre, folder, name, content, words):
    code = centre.file_in(ACCEPTED)
    with pytest.raises(RefusedFileError, match=words):
        keep(centre, folder, code, name, content)
    assert (stored(folder), centre.count(Evidence)) == ([], 0)


def test_three_files_and_no_more(centre, folder):
    code = centre.file_in(ACCEPTED)
    for shade in range(3):
        keep(centre, folder, code, "a.jpg", files.photo(colour=(60 * shade, 0, 0)))
    with pytest.raises(RefusedFileError, match="3 tệp"):
        keep(centre, folder, code, "a.jpg", files.photo(colour=(0, 90, 0)))
    assert len(stored(folder)) == 3


def test_what_waits_is_its_officers_alone(centre, folder):
    code = centre.file_in(ACCEPTED)
    kept = keep(centre, folder, code, *PHOTO)
    assert answer_files.waiting_files(centre.database, code, THU, None) == []
    answer_files.take_back(centre.database, folder, code, THU, None, [kept.id])
    with pytest.raises(UnknownFileError):
        evidence.open_file(centre.database, folder, code, kept.id, THU, "xem")
    with pytest.raises(UnknownFileError):
        casework.answer(
            centre.database, centre.rules, code, TEXT, "solved", THU, enclosing=Enclosing((kept.id,), ADDRESS)
        )
    assert (centre.row(code).state, len(stored(folder))) == (ACCEPTED, 1)
    for opened in (answer_files.read_to_send, lambda *a: answer_files.open_for(*a[:2], code, a[2], AN)):
        with pytest.raises(UnknownFileError):
            opened(centre.database, folder, kept.id)


def test_taken_back_it_is_gone(centre, folder):
    code = centre.file_in(ACCEPTED)
    kept = keep(centre, folder, code, *PHOTO)
    answer_files.take_back(centre.database, folder, code, OFFICER, None, [kept.id])
    assert (stored(folder), centre.count(Evidence)) == ([], 0)


def test_an_answer_that_is_refused_keeps_its_files_waiting(centre, folder):
    code = centre.file_in(ACCEPTED)
    kept = keep(centre, folder, code, *PHOTO)
    with pytest.raises(MissingTextError):
        casework.answer(
            centre.database, centre.rules, code, " ", "solved", OFFICER, enclosing=Enclosing((kept.id,), ADDRESS)
        )
    assert [file.id for file in answer_files.waiting_files(centre.database, code, OFFICER, None)] == [kept.id]


def opens(centre, folder, code, conversation=None, key=""):
    shown = [file.name for file in answer_files.files_for(centre.database, code, conversation, key)]
    for row in given_rows(centre):
        try:
            name = answer_files.open_for(centre.database, folder, code, row.id, conversation, key).name
        except UnknownFileError:
            name = None
        assert (name in shown) == (name is not None)
    return shown


def given_rows(centre):
    with centre.database.reading() as session:
        return list(session.execute(select(Evidence).where(Evidence.move_id.is_not(None))).scalars())


def test_its_citizen_and_who_has_the_link_open_it_and_nobody_else(centre, folder):
    code, other = answer(centre, folder, PHOTO), answer(centre, folder, LETTER, conversation=BINH)
    key = key_of(centre)
    assert opens(centre, folder, code, AN) == opens(centre, folder, code, None, key) == ["đường.jpg"]
    assert opens(centre, folder, code, BINH) == opens(centre, folder, code, BINH, key_of(centre, BINH)) == []
    assert opens(centre, folder, other, AN, key) == opens(centre, folder, code) == []
    with centre.database.transaction() as session:
        for name in (AN, "telegram:7"):
            correspondents.ensure(session, name).person = "p"
    assert opens(centre, folder, code, "telegram:7") == ["đường.jpg"]


def test_the_link_of_one_answer_opens_nothing_of_the_next(centre, folder):
    code = answer(centre, folder, PHOTO)
    first = key_of(centre)
    citizen.not_solved(centre.database, centre.rules, AN, code, "vẫn còn ổ gà")
    answer_again(centre, folder, code, LETTER)
    assert opens(centre, folder, code, None, first) == ["đường.jpg"]
    assert opens(centre, folder, code, None, key_of(centre)) == ["công văn.pdf"]
    assert opens(centre, folder, code, AN) == ["đường.jpg", "công văn.pdf"]
    assert sorted(answer_files.counts_for(centre.database, code).values()) == [1, 1]


def test_who_follows_reads_the_answer_without_its_files(centre, folder):
    code = centre.file(kind="online_system").code
    citizen.join(centre.database, BINH, code)
    centre.step(code, ACCEPTED)
    answer_again(centre, folder, code, PHOTO)
    assert [reply.files for reply in replies(centre, BINH)] == [(), ()]
    assert TEXT in centre.told(BINH)[-1]


def test_files_of_notices_that_leave_together_all_go(centre, folder):
    answer(centre, folder, PHOTO)
    answer(centre, folder, LETTER)
    assert [file.name for file in merge(replies(centre)).files] == ["đường.jpg", "công văn.pdf"]


def test_a_message_from_before_reads_as_one_without_files(centre):
    body = centre.database.cipher.seal('{"text": "chào", "buttons": []}')
    assert outbox.read_reply(centre.database.cipher, body) == Reply("chào")


def test_a_file_that_staff_remove_is_gone_for_its_citizen_too(centre, folder):
    code = answer(centre, folder, PHOTO)
    (row,) = given_rows(centre)
    evidence.remove(centre.database, folder, code, row.id, OFFICER, "gửi nhầm")
    assert (opens(centre, folder, code, AN), stored(folder)) == ([], [])
    (given,) = answer_files.files_given(centre.database, code, None).values()
    assert given[0].removed == (OFFICER, "gửi nhầm")


def test_the_same_photo_of_a_citizen_stays_when_the_officers_goes(centre, folder):
    evidence.agree(centre.database, AN)
    evidence.keep(centre.database, folder, RULES, AN, *PHOTO)
    code = answer(centre, folder, PHOTO)
    assert len(stored(folder)) == 1
    evidence.remove(centre.database, folder, code, given_rows(centre)[0].id, OFFICER, "gửi nhầm")
    own = evidence.list_files(centre.database, code)[0]
    assert evidence.open_file(centre.database, folder, code, own.id, OFFICER, "xem").content


def test_what_no_answer_came_for_is_swept_and_what_went_stays(centre, folder):
    code = answer(centre, folder, PHOTO)
    other = centre.file_in(ACCEPTED)
    keep(centre, folder, other, *LETTER)
    with centre.database.transaction() as session:
        session.execute(update(Evidence).values(created_at=now() - timedelta(days=9)))
    assert evidence.sweep_unfiled(centre.database, folder, timedelta(days=7)) == 1
    assert opens(centre, folder, code, AN) == ["đường.jpg"]
    assert len(stored(folder)) == 1


def test_new_keys_open_them(centre, folder):
    code = answer(centre, folder, PHOTO)
    (row,) = given_rows(centre)
    both = Database(centre.database.url, (OTHER_KEY, KEY))
    assert evidence.reseal_files(both, folder) == 1
    assert answer_files.open_for(both, folder, code, row.id, None, key_of(centre)).name == "đường.jpg"
    both.close()
    assert evidence_files.read(folder, Cipher((OTHER_KEY,)), row.digest)[:3] == b"\xff\xd8\xff"


def test_who_may_not_know_of_a_complaint_keeps_no_file_there(centre, folder):
    with pytest.raises(UnknownComplaintError):
        keep(centre, folder, "PA-0000-0000-0001", *PHOTO)
    assert stored(folder) == []


def test_the_preview_is_the_message_that_goes(centre, folder):
    code = centre.file_in(ACCEPTED)
    keep(centre, folder, code, *PHOTO)
    shown = answer_files.preview(centre.database, code, OFFICER, None, ADDRESS)
    reply = notices.preview_answer(centre.row(code), TEXT, "solved", shown)
    assert [file.name for file in reply.files] == ["đường.jpg"]
    assert reply.files[0].link.endswith("/tep/…")


def test_what_waits_for_an_answer_is_no_file_that_is_kept_of_the_citizen(centre, folder):
    code = answer(centre, folder, LETTER)
    keep(centre, folder, code, *PHOTO)
    assert privacy.summary(centre.database, AN).counts["filed_files"] == 1


@pytest.mark.parametrize(
    "own, wrong",
    [
        ({}, "lacks kinds, limits, allowed, refusals"),
        ({"kinds": ["jpeg"], "limits": {}, "refusals": {}}, "lacks allowed"),
        ({"kinds": ["jpeg", "exe"], "limits": {}, "allowed": "", "refusals": {}}, "has exe"),
    ],
)
def test_rules_that_are_not_whole_are_told_in_a_sentence(tmp_path, own, wrong):
    rules = yaml.safe_load((ROOT / "knowledge" / "evidence.yml").read_text())
    given = {**rules, "answers": own} if own else {key: rules[key] for key in rules if key != "answers"}
    (tmp_path / "evidence.yml").write_text(yaml.safe_dump(given))
    with pytest.raises(ComplaintError, match=wrong):
        answer_files.load_answer_rules(tmp_path)
