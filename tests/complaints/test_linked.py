"""One citizen on two channels: what was filed on the one is theirs on the other."""

import pytest
from sqlalchemy import select, update

from bot.complaints import citizen, privacy
from bot.complaints.conversations import find_own, own_complaints
from bot.complaints.errors import NotYoursError
from bot.complaints.lifecycle import ANSWERED
from bot.complaints.undelivered import undelivered
from bot.database import now
from bot.delivery import correspondents, vault
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.model import DELIVERED, FAILED, HELD, OutboxMessage
from tests.complaints.conftest import AN
from tests.factories import open_complaint

THERE = "telegram:7"


@pytest.fixture
def linked(centre):
    with centre.database.transaction() as session:
        for name in (AN, THERE):
            correspondents.ensure(session, name).person = "p"
        correspondents.heard(session, THERE)
    return centre


def sent(database, conversation):
    rows = select(OutboxMessage).where(OutboxMessage.conversation == conversation).order_by(OutboxMessage.id)
    with database.reading() as session:
        return list(session.execute(rows).scalars())


def end(database, conversation, state):
    with database.transaction() as session:
        values = {"state": state, "delivered_at": now()}
        session.execute(update(OutboxMessage).where(OutboxMessage.conversation == conversation).values(**values))


def test_what_was_filed_on_one_channel_is_found_on_the_other(linked):
    code = linked.file().code
    assert [own.code for own in own_complaints(linked.database, THERE)] == [code]
    assert find_own(linked.database, THERE, code).code == code


def test_who_is_not_linked_finds_nothing_and_may_do_nothing(centre):
    code = centre.file().code
    assert (own_complaints(centre.database, THERE), find_own(centre.database, THERE, code)) == ([], None)
    with pytest.raises(NotYoursError):
        citizen.withdraw(centre.database, centre.rules, THERE, code)


def test_a_number_added_by_the_other_channel_opens_with_the_complaint(linked):
    code = linked.file().code
    with linked.database.transaction() as session:
        text = vault.hide(session, THERE, "gọi tôi số 0912345678")
    assert "0912345678" not in text
    citizen.add_information(linked.database, linked.rules, THERE, code, text)
    assert any("0912345678" in str(word) for word in open_complaint(linked.database, code).words)


def test_a_notice_to_a_page_goes_to_the_channel_that_is_sent_to_as_well(linked):
    linked.file_in(ANSWERED)
    here, there = sent(linked.database, AN), sent(linked.database, THERE)
    assert [row.origin_id for row in there] == [row.id for row in here]
    assert undelivered(linked.database, older_than=now() - now()) != []
    end(linked.database, THERE, DELIVERED)
    assert undelivered(linked.database, older_than=now() - now()) == []


def test_a_notice_that_arrived_nowhere_is_shown_to_staff(linked):
    linked.file_in(ANSWERED)
    for name in (AN, THERE):
        end(linked.database, name, FAILED)
    assert {one.channel for one in undelivered(linked.database)} == {"telegram"}


def test_a_notice_that_came_back_is_shown_where_it_waits(centre):
    code = centre.file_in(ANSWERED, conversation="zalo_oa:7")
    with centre.database.transaction() as session:
        for name in ("zalo_oa:7", THERE):
            correspondents.ensure(session, name).person = "p"
        for row_id in list(session.execute(select(OutboxMessage.id)).scalars()):
            assert send_elsewhere(session, row_id, sent_to=True)
    end(centre.database, THERE, FAILED)
    end(centre.database, "zalo_oa:7", HELD)
    assert {(one.channel, one.state) for one in undelivered(centre.database)} == {("zalo_oa", "held")}
    assert {(one.channel, one.state) for one in open_complaint(centre.database, code).notices} == {("zalo_oa", "held")}
    end(centre.database, "zalo_oa:7", DELIVERED)
    assert undelivered(centre.database) == []
    assert {one.state for one in open_complaint(centre.database, code).notices} == {"delivered"}


def test_a_wish_to_delete_is_one_for_every_channel(linked):
    privacy.ask(linked.database, THERE, privacy.DELETE)
    assert {one.conversation for one in privacy.list_wishes(linked.database, wish=privacy.DELETE)} == {AN, THERE}
    assert privacy.ask(linked.database, AN, privacy.CORRECT).conversation == AN
