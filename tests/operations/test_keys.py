import pytest
from sqlalchemy import select

from bot.channels.zalo_tokens import NAME
from bot.complaints.model import Evidence
from bot.database import Base, Database, DatabaseError
from bot.delivery import inbox, vault
from bot.delivery.credentials import load_credential
from bot.delivery.inbox import Arrival, File
from bot.delivery.model import Attachment
from bot.operations import keys
from bot.operations.keys import SEALED, count_sealed, rotate_keys
from tests.channels.zalo import log_in
from tests.complaints.conftest import AN, Centre
from tests.complaints.conftest import centre as centre
from tests.factories import KEY, OTHER_KEY, accept, open_complaint

PHONE = "0912345678"
# A commitment's salt is random, imported records are public, models keep keyed digests whose key does not change.
NOT_SEALED = {
    ("complaints", "salt"),
    ("imported_sources", "content"),
    ("models", "examples"),
    ("models", "predictions"),
}


@pytest.fixture
def filled(centre):
    """A database with something in every sealed column."""
    contact = centre.hide(PHONE)
    code = centre.file(contact=contact).code
    accept(centre.database, "nhà tôi mất nước", AN)
    centre.move(code, "accepted", "đã nhận")
    with centre.database.transaction() as session:
        name = centre.database.cipher.seal("anh.jpg")
        session.add(Evidence(conversation=AN, digest="d" * 64, name=name, media_type="image/jpeg", size=1))
    return centre, code


def test_tokens_and_files_that_wait_are_taken_over(database):
    for refresh in ("one", "two"):
        log_in(database, refresh=refresh)
    inbox.accept(
        database, Arrival("zalo_oa", "k", "zalo_oa:1", "", kind="image", files=(File("image", "url", "a.jpg"),))
    )
    rotate_keys(Database(database.url, (OTHER_KEY, KEY)))
    only_new = Database(database.url, (OTHER_KEY,))
    known = load_credential(only_new, NAME)
    assert (known.value["refresh_token"], known.former["refresh_token"]) == ("two", "one")
    with only_new.reading() as session:
        assert only_new.cipher.unseal(session.execute(select(Attachment.reference)).scalar_one()) == "url"


def opened_with(centre, *secret_keys):
    return Database(centre.database.url, secret_keys)


def test_afterwards_the_newest_key_alone_opens_everything(filled):
    centre, code = filled
    assert rotate_keys(opened_with(centre, OTHER_KEY, KEY)) == count_sealed(centre.database) == 5
    only_new = opened_with(centre, OTHER_KEY)
    assert open_complaint(only_new, code, "Lê Hoa").told.contact == PHONE
    assert Centre(only_new, centre.rules).told()[-1].startswith(f"Phản ánh {code}")
    with pytest.raises(DatabaseError):
        Centre(opened_with(centre, KEY), centre.rules).told()


def test_every_column_that_holds_bytes_is_taken_over():
    binary = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.type.__class__.__name__ == "LargeBinary"
    }
    assert binary - NOT_SEALED == {(column.class_.__tablename__, column.key) for column in SEALED}


def test_run_again_it_changes_nothing(filled):
    centre, _ = filled
    both = opened_with(centre, OTHER_KEY, KEY)
    rotate_keys(both)
    assert rotate_keys(both) == 0


def test_killed_half_way_it_goes_on(filled, monkeypatch):
    centre, _ = filled
    both, told = opened_with(centre, OTHER_KEY, KEY), []

    def stop(looked_at):
        told.append(looked_at)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_keys(both, stop)
    assert rotate_keys(both) == 3
    assert open_complaint(opened_with(centre, OTHER_KEY), filled[1], "Lê Hoa").told.contact == PHONE


def test_more_than_a_batch_is_taken_over_and_counted(centre):
    for number in range(keys.BATCH + 3):
        accept(centre.database, f"tin {number}", f"web:{number}")
    told = []
    assert rotate_keys(opened_with(centre, OTHER_KEY, KEY), told.append) == keys.BATCH + 3
    assert told == [keys.BATCH, 3]


def test_a_field_that_no_key_opens_stops_it(filled):
    centre, _ = filled
    with pytest.raises(DatabaseError):
        rotate_keys(opened_with(centre, OTHER_KEY))


def test_a_value_is_given_a_second_token_when_the_old_key_is_gone_and_both_still_open(filled):
    centre, _ = filled
    first = centre.hide(PHONE)
    rotate_keys(opened_with(centre, OTHER_KEY, KEY))
    only_new = Centre(opened_with(centre, OTHER_KEY), centre.rules)
    second = only_new.hide(PHONE)
    assert first != second
    with only_new.database.reading() as session:
        assert vault.reveal(session, AN, first + second) == PHONE * 2


def test_a_complaint_is_not_changed_for_officers_by_a_new_key(filled):
    centre, code = filled
    before = centre.row(code).version
    rotate_keys(opened_with(centre, OTHER_KEY, KEY))
    assert centre.row(code).version == before
