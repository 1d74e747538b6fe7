import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.complaints import evidence, evidence_files
from bot.complaints.citizen import add_information
from bot.complaints.errors import (
    MissingTextError,
    NoConsentError,
    RefusedFileError,
    UnknownComplaintError,
    UnknownFileError,
)
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.model import ComplaintOpening, Consent, Evidence
from bot.database import Cipher, Database, DatabaseError, now
from bot.settings import ROOT
from tests.complaints import files
from tests.complaints.conftest import AN, OFFICER
from tests.factories import KEY, OTHER_KEY

BINH = "web:binh"
RULES = load_file_rules(ROOT / "knowledge")
WHY = "xem biên nhận"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "evidence"


@pytest.fixture
def keep(centre, folder):
    """Keeps a file for a conversation that agreed."""

    def keep(content=None, conversation=AN, name="biên nhận.jpg", rules=RULES):
        evidence.agree(centre.database, conversation)
        return evidence.keep(centre.database, folder, rules, conversation, name, content or files.photo())

    return keep


def stored(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def rows(database):
    with database.reading() as session:
        return list(session.execute(select(Evidence).order_by(Evidence.id)).scalars())


def openings(database):
    with database.reading() as session:
        return [(row.opened_by, row.what, row.why) for row in session.execute(select(ComplaintOpening)).scalars()]


def test_a_file_is_kept_encrypted_under_a_name_that_tells_nothing(centre, folder, keep):
    kept = keep(files.photo_with_secrets(), name="../Nguyễn Văn An.jpg")
    (path,) = stored(folder)
    content = path.read_bytes()
    assert (kept.name, kept.media_type) == ("Nguyễn Văn An.jpg", "image/jpeg")
    assert b"JFIF" not in content
    assert files.SECRET not in content
    assert path == evidence_files.path_of(folder, rows(centre.database)[0].digest)
    assert oct(path.stat().st_mode & 0o077) == "0o0"
    assert "Nguyễn".encode() not in rows(centre.database)[0].name


def test_without_agreement_nothing_is_kept(centre, folder):
    with pytest.raises(NoConsentError, match="đồng ý"):
        evidence.keep(centre.database, folder, RULES, AN, "a.jpg", files.photo())
    assert (stored(folder), rows(centre.database)) == ([], [])


def test_agreeing_twice_is_one_agreement_and_a_withdrawn_one_is_none(centre):
    evidence.agree(centre.database, AN)
    evidence.agree(centre.database, AN)
    assert centre.count(Consent) == 1
    with centre.database.transaction() as session:
        session.execute(update(Consent).values(withdrawn_at=now()))
    assert not evidence.has_agreed(centre.database, AN)


def test_a_refused_file_leaves_nothing(centre, folder, keep):
    with pytest.raises(RefusedFileError):
        keep(files.archive(), name="ảnh.jpg")
    assert (stored(folder), rows(centre.database)) == ([], [])


def test_files_that_wait_go_with_the_next_complaint_only(centre, keep):
    keep(name="một.jpg")
    first, second = centre.file().code, centre.file().code
    assert [file.name for file in evidence.list_files(centre.database, first)] == ["một.jpg"]
    assert evidence.list_files(centre.database, second) == []
    assert evidence.waiting_files(centre.database, AN) == []


def test_files_that_wait_are_added_with_information(centre, keep):
    code = centre.file().code
    keep(name="một.jpg")
    add_information(centre.database, centre.rules, AN, code, "")
    assert [file.name for file in evidence.list_files(centre.database, code)] == ["một.jpg"]


def test_the_same_file_sent_twice_waits_once(centre, folder, keep):
    assert keep().id == keep().id
    assert (len(rows(centre.database)), len(stored(folder))) == (1, 1)


def test_ten_files_at_once_are_all_kept_and_no_more(centre, folder, keep):
    evidence.agree(centre.database, AN)
    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(lambda n: keep(files.photo(colour=(20 * n, 0, 0))), range(10)))
    assert len({file.id for file in kept}) == len(stored(folder)) == 10
    with pytest.raises(RefusedFileError, match="tối đa 10 tệp"):
        keep(files.photo(colour=(0, 0, 99)))
    assert len(stored(folder)) == 10


def test_together_files_may_have_so_many_bytes_and_no_more(centre, keep):
    small = replace(RULES, limits={**RULES.limits, "all_bytes": 1000})
    keep(rules=small)
    with pytest.raises(RefusedFileError, match="30 MB"):
        keep(files.photo(colour=(0, 9, 9)), rules=small)
    assert len(rows(centre.database)) == 1


def test_who_opens_a_file_and_why_is_recorded(centre, folder, keep):
    kept = keep()
    code = centre.file().code
    file = evidence.open_file(centre.database, folder, code, kept.id, OFFICER, WHY)
    assert (file.name, file.media_type, file.content[:3]) == ("biên nhận.jpg", "image/jpeg", b"\xff\xd8\xff")
    assert openings(centre.database) == [(OFFICER, f"file {kept.id}", WHY)]


def test_a_file_is_opened_only_with_a_reason_and_where_it_belongs(centre, folder, keep):
    kept = keep()
    code, other = centre.file().code, centre.file().code
    for wanted, why, error in ((code, " ", MissingTextError), (other, WHY, UnknownFileError)):
        with pytest.raises(error):
            evidence.open_file(centre.database, folder, wanted, kept.id, OFFICER, why)
    assert openings(centre.database) == []


def test_files_of_a_denunciation_are_for_its_readers(centre, folder, keep):
    kept = keep()
    code = centre.file(route="to_cao").code
    with pytest.raises(UnknownComplaintError):
        evidence.list_files(centre.database, code)
    with pytest.raises(UnknownComplaintError):
        evidence.open_file(centre.database, folder, code, kept.id, OFFICER, WHY)
    with pytest.raises(UnknownComplaintError):
        evidence.remove(centre.database, folder, code, kept.id, OFFICER, WHY)
    assert len(evidence.list_files(centre.database, code, restricted=True)) == 1


def test_a_removed_file_is_gone_and_the_trace_stays(centre, folder, keep):
    kept = keep(name="CCCD Nguyễn Văn An.jpg")
    code = centre.file().code
    evidence.remove(centre.database, folder, code, kept.id, OFFICER, "ảnh căn cước")
    assert stored(folder) == []
    assert evidence.list_files(centre.database, code) == [
        replace(kept, name="", removed=(OFFICER, "ảnh căn cước")),
    ]
    assert [(move.moved_by, move.reason) for move in centre.row(code).moves][-1] == (OFFICER, evidence.REMOVED)
    with pytest.raises(UnknownFileError):
        evidence.open_file(centre.database, folder, code, kept.id, OFFICER, WHY)


def test_a_citizen_takes_back_what_waits_and_nothing_else(centre, folder, keep):
    filed = keep()
    centre.file()
    mine, theirs = keep(files.photo(colour=(1, 90, 1))), keep(conversation=BINH)
    evidence.remove_waiting(centre.database, folder, AN, mine.id)
    for file in (filed, mine, theirs):
        with pytest.raises(UnknownFileError):
            evidence.remove_waiting(centre.database, folder, AN, file.id)
    assert evidence.waiting_files(centre.database, AN) == []
    assert len(evidence.waiting_files(centre.database, BINH)) == 1


def test_bytes_that_several_sent_stay_until_the_last_is_gone(centre, folder, keep):
    mine, theirs = keep(), keep(conversation=BINH)
    assert len(stored(folder)) == 1
    evidence.remove_waiting(centre.database, folder, AN, mine.id)
    assert len(stored(folder)) == 1
    evidence.remove_waiting(centre.database, folder, BINH, theirs.id)
    assert stored(folder) == []


def test_a_file_kept_while_its_twin_is_removed_again_and_again_is_there_in_the_end(centre, folder, keep):
    def come_and_go(conversation):
        for _ in range(3):
            evidence.remove_waiting(centre.database, folder, conversation, keep(conversation=conversation).id)
        return keep(conversation=conversation)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, [f"web:{n}" for n in range(4)]))
    digest = rows(centre.database)[-1].digest
    assert evidence_files.read(folder, centre.database.cipher, digest)[:3] == b"\xff\xd8\xff"


def test_files_no_complaint_came_for_are_swept(centre, folder, keep):
    keep()
    centre.file()
    keep(files.photo(colour=(0, 0, 9)))
    with centre.database.transaction() as session:
        session.execute(update(Evidence).values(created_at=now() - timedelta(days=4)))
    keep(files.photo(colour=(0, 9, 0)))
    three = timedelta(days=3)
    assert evidence.sweep_unfiled(centre.database, folder, three, dry_run=True) == 1
    assert evidence.sweep_unfiled(centre.database, folder, three) == 1
    assert evidence.sweep_unfiled(centre.database, folder, three) == 0
    assert len(stored(folder)) == len(rows(centre.database)) == 2


def test_what_a_killed_program_left_in_the_folder_is_swept(centre, folder, keep):
    keep()
    known = stored(folder)
    for orphan in (folder / "ab" / ("c" * 62), folder / "ab" / f"{'d' * 16}.part"):
        orphan.parent.mkdir(exist_ok=True)
        orphan.write_bytes(b"x")
        os.utime(orphan, (0, 0))
    evidence.sweep_unfiled(centre.database, folder, timedelta(hours=1))
    assert stored(folder) == known


def test_erasing_takes_rows_and_bytes_of_one_conversation(centre, folder, keep):
    keep()
    centre.file()
    keep(files.photo(colour=(0, 0, 9)))
    keep(conversation=BINH)
    with centre.database.transaction() as session:
        assert evidence.erase_files(session, folder, AN) == 2
    assert [row.conversation for row in rows(centre.database)] == [BINH]
    assert len(stored(folder)) == 1
    with centre.database.transaction() as session:
        assert evidence.erase_files(session, folder, AN) == 0


def test_erasing_takes_the_files_of_one_complaint(centre, folder, keep):
    keep()
    code = centre.file().code
    keep(files.photo(colour=(0, 0, 9)))
    with centre.database.transaction() as session:
        assert evidence.erase_files_of(session, folder, [centre.row(code).id]) == 1
    assert len(stored(folder)) == len(rows(centre.database)) == 1


def test_a_file_that_was_changed_or_swapped_is_not_opened(centre, folder, keep):
    first, second = keep(), keep(files.photo(colour=(0, 0, 9)))
    code = centre.file().code
    paths = [evidence_files.path_of(folder, row.digest) for row in rows(centre.database)]
    paths[0].write_bytes(paths[1].read_bytes())
    paths[1].write_bytes(paths[1].read_bytes()[:-1] + b"A")
    for kept in (first, second):
        with pytest.raises(DatabaseError):
            evidence.open_file(centre.database, folder, code, kept.id, OFFICER, WHY)


def test_a_file_whose_bytes_are_gone_says_so(centre, folder, keep):
    kept = keep()
    code = centre.file().code
    stored(folder)[0].unlink()
    with pytest.raises(UnknownFileError, match="no longer"):
        evidence.open_file(centre.database, folder, code, kept.id, OFFICER, WHY)


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_files_outlive_a_change_of_keys(centre, folder, keep):
    keep()
    (row,) = rows(centre.database)
    both = Database(centre.database.url, (OTHER_KEY, KEY))
    assert evidence.reseal_files(both, folder) == 1
    both.close()
    assert evidence_files.read(folder, Cipher((OTHER_KEY,)), row.digest)[:3] == b"\xff\xd8\xff"
    assert len(stored(folder)) == 1
