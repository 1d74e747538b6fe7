from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from bot.cli import cli
from bot.database import now
from bot.delivery import inbox
from bot.delivery.model import FAILED, PENDING, OutboxMessage
from tests.delivery.sending import row_of, say
from tests.factories import KEY, TOKEN, accept
from tests.factories import row_of as inbox_row


@pytest.fixture
def motcua(tmp_path, database):
    environment = {"MOTCUA_HOME": str(tmp_path), "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}
    return lambda *words: CliRunner().invoke(cli, ["delivery", *words], env=environment)


@pytest.fixture
def unsent(database):
    """A message of the bot that failed."""
    outbox_id = say(database, "lời của trợ lý", "telegram:123")
    failed = {"state": FAILED, "reason": "gave_up:timeout", "attempts": 15, "uncertain": 2, "first_attempt_at": now()}
    with database.transaction() as session:
        created = now() - timedelta(hours=5)
        session.execute(update(OutboxMessage).values(created_at=created, **failed))
    return outbox_id


@pytest.fixture
def unanswered(database):
    """A message of a citizen that was set aside."""
    inbox_id = accept(database, "lời của người dân")
    claim = inbox.claim_next(database)
    with database.transaction() as session:
        inbox.set_aside(session, claim, "no_answer")
    return inbox_id


def test_the_list_tells_how_things_stand_and_nothing_of_what_is_said(motcua, unsent, unanswered):
    shown = motcua("list").output
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["in", str(unanswered), "web", "failed", "1", "tries", "0m", "no_answer"]
    assert lines[1][:8] == ["out", str(unsent), "telegram", "failed", "15", "tries", "5h", "gave_up:timeout"]
    assert "maybe arrived 2 times" in shown
    assert not any(word in shown for word in ("lời", "123", "web:an"))


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        ({"moved": True}, "sent elsewhere"),
        ({"in_doubt": True}, "its next part may have arrived"),
        ({"state": PENDING, "wait_asked": True}, "the channel asked to wait"),
    ],
)
def test_the_list_names_what_else_holds_of_a_message(motcua, database, unsent, marks, said):
    assert said not in motcua("list").output
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(**marks))
    assert f"gave_up:timeout, {said}" in motcua("list").output


def test_the_list_is_narrowed_by_channel_state_and_number(motcua, database, unsent):
    for number in range(3):
        say(database, "chào", f"zalo_oa:{number}")
    assert motcua("list", "--channel", "zalo_oa").output.endswith("3 messages.\n")
    assert motcua("list", "--state", "failed").output.endswith("1 messages.\n")
    assert motcua("list", "--channel", "zalo_oa", "--limit", "2").output.endswith("2 messages.\n")
    assert motcua("list", "--state", "delivered").output == "0 messages.\n"


def test_a_message_that_was_set_aside_is_put_back(motcua, database, unanswered):
    assert motcua("replay", str(unanswered)).output == "1 messages are tried again.\n"
    row = inbox_row(database, unanswered)
    assert (row.state, row.reason, row.first_attempt_at) == (PENDING, None, None)


def test_all_that_was_set_aside_is_put_back(motcua, database, unanswered):
    assert motcua("replay", "--failed", "--channel", "telegram").output == "0 messages are tried again.\n"
    assert motcua("replay", "--failed").output == "1 messages are tried again.\n"


def test_what_was_not_set_aside_is_said_and_ends_with_an_error(motcua, database):
    inbox_id = accept(database)
    result = motcua("replay", str(inbox_id))
    assert (result.exit_code, "was not set aside" in result.output) == (1, True)
    assert motcua("replay").exit_code == 2
    assert motcua("replay", "1", "--failed").exit_code == 2


def test_a_message_that_failed_is_sent_again_with_fresh_patience(motcua, database, unsent):
    assert motcua("resend", str(unsent)).exit_code == 0
    row = row_of(database, unsent)
    assert (row.state, row.reason, row.attempts, row.first_attempt_at) == (PENDING, None, 0, None)
    assert motcua("resend", str(unsent)).exit_code == 1


def test_what_went_elsewhere_is_not_sent_again(motcua, database, unsent):
    copy = say(database, "lời của trợ lý", "zalo_oa:9")
    with database.transaction() as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.id == copy).values(origin_id=unsent))
    assert motcua("resend", str(unsent)).exit_code == 1
