from datetime import timedelta

import pytest

from bot.complaints import consents, privacy
from bot.complaints.errors import ComplaintError
from bot.complaints.workdays import day_in_viet_nam
from tests.complaints.conftest import AN, OFFICER
from tests.factories import accept, open_complaint

BINH = "web:binh"
CARD, PHONE = "001203004567", "0912345678"


def test_a_wish_is_kept_with_its_dates_and_asked_once_while_it_waits(database):
    first = privacy.ask(database, AN, privacy.CORRECT)
    assert privacy.ask(database, AN, privacy.CORRECT) == first
    assert first.due_on == day_in_viet_nam(first.asked_at) + timedelta(days=15)
    privacy.finish(database, first.id, "sửa tên cơ quan")
    assert privacy.ask(database, AN, privacy.CORRECT).id > first.id
    assert [one.done_at is None for one in privacy.list_wishes(database, waiting=False)] == [False, True]


def test_staff_can_end_what_waits_for_them_and_never_a_deletion(database):
    deletion = privacy.ask(database, AN, privacy.DELETE)
    for number in (deletion.id, 4711):
        with pytest.raises(ComplaintError):
            privacy.finish(database, number, "xong")
    assert [one.wish for one in privacy.list_wishes(database)] == ["delete"]


def test_the_summary_counts_what_is_kept_of_this_conversation_alone(centre):
    code = centre.file(contact=centre.hide(PHONE)).code
    accept(centre.database, conversation=AN)
    accept(centre.database, conversation=BINH)
    centre.hide(CARD, BINH)
    kept = privacy.summary(centre.database, AN)
    assert kept.counts == {"inbox": 1, "outbox": 0, "buttons": 0, "turns": 0, "unfiled_files": 0, "filed_files": 0}
    assert (kept.values, kept.complaints) == ({"sodienthoai": 1}, ((code, "received"),))


def test_the_summary_says_who_opened_the_contact_and_that_it_was_asked_for(centre):
    code = centre.file().code
    open_complaint(centre.database, code, OFFICER, "gọi lại")
    privacy.summary(centre.database, AN)
    kept = privacy.look(centre.database, AN)
    assert [(one[0], one[1], one[3]) for one in kept.openings] == [(code, OFFICER, "contact")]
    assert [(one.wish, one.result) for one in kept.wishes] == [("see", "shown")]


def agrees(database, conversation=AN):
    with database.reading() as session:
        return consents.has_consent(session, conversation, consents.IMPROVE)


def do(database, act, *arguments):
    with database.transaction() as session:
        return act(session, AN, *arguments)


def test_an_agreement_is_off_until_given_and_ends_when_taken_back(database):
    assert not agrees(database)
    for _ in range(2):
        do(database, consents.give, consents.IMPROVE)
    assert agrees(database)
    assert not agrees(database, BINH)
    assert privacy.withdraw_consents(database, AN) == 1
    assert not agrees(database)
    ((purpose, since, until),) = privacy.look(database, AN).consents
    assert purpose == "improve"
    assert since < until


def test_a_no_is_kept_as_asked_and_never_as_an_agreement(database):
    assert not do(database, consents.was_asked, consents.IMPROVE)
    do(database, consents.refuse, consents.IMPROVE)
    assert do(database, consents.was_asked, consents.IMPROVE)
    assert not agrees(database)
    assert privacy.look(database, AN).consents == ()


def test_a_no_after_a_yes_ends_it(database):
    do(database, consents.give, consents.IMPROVE)
    do(database, consents.refuse, consents.IMPROVE)
    assert not agrees(database)


def test_an_id_card_number_given_as_contact_is_thrown_away_and_one_in_a_story_is_kept(centre):
    hidden = centre.hide(f"{CARD} {PHONE}")
    assert privacy.drop_identity(centre.database, AN, hidden) == 1
    assert privacy.look(centre.database, AN).values == {"sodienthoai": 1}
    story = centre.hide(f"căn cước {CARD} bị ghi sai")
    centre.file(description=story)
    assert privacy.drop_identity(centre.database, AN, story) == 0
    assert privacy.drop_identity(centre.database, BINH, story) == 0
