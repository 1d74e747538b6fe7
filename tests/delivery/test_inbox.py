import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select, update

from bot.database import now
from bot.delivery import inbox
from bot.delivery.inbox import LostClaimError
from bot.delivery.model import CLAIMED, DONE, FAILED, PENDING, InboxMessage
from bot.settings import ROOT
from tests.factories import KEY, accept, make_arrival, raw_bytes, row_of

STORE_AND_DIE = """
import os, sys
from bot.database import Database
from bot.delivery import inbox
from bot.delivery.inbox import Arrival
database = Database(sys.argv[1], (sys.argv[2],))
print(inbox.accept(database, Arrival("web", "k-1", "web:an", "còn đây không"))[0], flush=True)
os.kill(os.getpid(), 9)
"""

# Claims and finishes until nothing is left; says of each message when its work began and ended.
WORK_OFF = """
import sys, time
from bot.database import Database
from bot.delivery import inbox
database = Database(sys.argv[1], (sys.argv[2],))
idle = 0
while idle < 20:
    claim = inbox.claim_next(database)
    if claim is None:
        idle += 1
        time.sleep(0.02)
        continue
    idle, start = 0, time.time()
    time.sleep(0.005)
    end = time.time()
    with database.transaction() as session:
        inbox.finish(session, claim)
    print(claim.conversation, claim.id, start, end, flush=True)
"""


def count(database):
    with database.reading() as session:
        return session.execute(select(func.count(InboxMessage.id))).scalar_one()


def finish(database, claim):
    with database.transaction() as session:
        inbox.finish(session, claim)


def expire(database, inbox_id):
    with database.transaction() as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(InboxMessage).where(InboxMessage.id == inbox_id).values(claimed_until=past))


def test_a_message_delivered_again_under_the_same_key_is_stored_once(database):
    first = inbox.accept(database, make_arrival("chào", key="k-1"))
    again = inbox.accept(database, make_arrival("chào", key="k-1"))
    assert first[1] is True
    assert again == (first[0], False)
    assert count(database) == 1


def test_eight_threads_with_the_same_key_store_one_message(database):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: inbox.accept(database, make_arrival(key="k-1")), range(8)))
    assert len({inbox_id for inbox_id, _ in results}) == 1
    assert [new for _, new in results].count(True) == 1


def test_the_same_key_on_another_channel_is_another_message(database):
    inbox.accept(database, make_arrival(key="k-1", channel="web"))
    assert inbox.accept(database, make_arrival(key="k-1", channel="terminal"))[1] is True


def test_a_message_is_on_disk_when_its_program_is_killed_right_after_accepting_it(database):
    run = subprocess.run([sys.executable, "-c", STORE_AND_DIE, database.url, KEY], cwd=ROOT, capture_output=True)
    assert run.returncode == -9
    assert inbox.claim_next(database).text == "còn đây không"


def test_message_text_is_not_readable_where_it_is_kept(database):
    accept(database, "nhà tôi ở thôn Đoài")
    assert "thôn Đoài".encode() not in raw_bytes(database)


def test_a_claim_tells_everything_that_arrived(database):
    inbox_id = accept(database, "Lệ phí", "web:an", payload="/ask_procedure_fee")
    claim = inbox.claim_next(database)
    assert (claim.id, claim.channel, claim.conversation) == (inbox_id, "web", "web:an")
    assert (claim.text, claim.payload, claim.attempts) == ("Lệ phí", "/ask_procedure_fee", 1)


def test_an_empty_inbox_gives_no_claim(database):
    assert inbox.claim_next(database) is None


def test_a_second_message_waits_until_the_first_of_its_conversation_is_finished(database):
    first, second = accept(database), accept(database)
    claim = inbox.claim_next(database)
    assert claim.id == first
    assert inbox.claim_next(database) is None
    finish(database, claim)
    assert inbox.claim_next(database).id == second


def test_another_conversation_does_not_wait(database):
    accept(database, conversation="web:an")
    other = accept(database, conversation="web:binh")
    inbox.claim_next(database)
    assert inbox.claim_next(database).id == other


def test_a_message_given_back_is_not_due_before_its_delay(database):
    inbox_id = accept(database)
    inbox.retry_later(database, inbox.claim_next(database), 60)
    assert inbox.claim_next(database) is None
    assert row_of(database, inbox_id).next_attempt_at > now() + timedelta(seconds=50)


def test_a_message_given_back_keeps_its_place_in_the_line(database):
    accept(database), accept(database)
    inbox.retry_later(database, inbox.claim_next(database), 60)
    assert inbox.claim_next(database) is None


def test_a_message_tried_again_counts_attempts_and_keeps_the_first_moment(database):
    accept(database)
    first = inbox.claim_next(database)
    inbox.retry_later(database, first, 0)
    again = inbox.claim_next(database)
    assert (again.attempts, again.first_attempt_at) == (2, first.first_attempt_at)


def test_a_message_set_aside_keeps_its_reason_and_frees_the_line(database):
    first, second = accept(database), accept(database)
    claim = inbox.claim_next(database)
    with database.transaction() as session:
        inbox.set_aside(session, claim, "timeout")
    assert (row_of(database, first).state, row_of(database, first).reason) == (FAILED, "timeout")
    assert inbox.claim_next(database).id == second


def test_claims_of_a_killed_program_are_released(database):
    inbox_id = accept(database)
    inbox.claim_next(database)
    assert inbox.release_claims(database) == 1
    assert inbox.claim_next(database).id == inbox_id


def test_releasing_claims_leaves_finished_messages_alone(database):
    inbox_id = accept(database)
    finish(database, inbox.claim_next(database))
    assert inbox.release_claims(database) == 0
    assert row_of(database, inbox_id).state == DONE


def test_a_claim_is_taken_over_only_when_its_lease_is_over(database):
    inbox_id = accept(database)
    inbox.claim_next(database)
    assert inbox.claim_next(database) is None
    expire(database, inbox_id)
    assert inbox.claim_next(database).attempts == 2


LATE_MOVES = {
    "finish": lambda database, claim: finish(database, claim),
    "retry": lambda database, claim: inbox.retry_later(database, claim, 0),
    "set_aside": lambda database, claim: set_aside(database, claim),
}


@pytest.mark.parametrize("late_move", LATE_MOVES)
@pytest.mark.parametrize("meanwhile", ["done", "claimed", "pending"])
def test_who_lost_a_claim_can_not_change_the_message_any_more(database, late_move, meanwhile):
    inbox_id = accept(database)
    lost = inbox.claim_next(database)
    if meanwhile == "pending":
        inbox.release_claims(database)
    else:
        expire(database, inbox_id)
        taken_over = inbox.claim_next(database)
    if meanwhile == "done":
        finish(database, taken_over)
    with pytest.raises(LostClaimError):
        LATE_MOVES[late_move](database, lost)
    assert row_of(database, inbox_id).state == meanwhile


def set_aside(database, claim):
    with database.transaction() as session:
        inbox.set_aside(session, claim, "late")


def test_eight_threads_claim_every_message_exactly_once(database):
    ids = [accept(database, conversation=f"web:{n}") for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: inbox.claim_next(database), range(30)))
    assert sorted(claim.id for claim in claims if claim) == ids


def test_several_programs_work_each_message_off_once_and_in_order(database):
    lines = {
        name: [accept(database, conversation=name) for _ in range(8)] for name in ("web:an", "web:binh", "web:chi")
    }
    command = [sys.executable, "-c", WORK_OFF, database.url, KEY]
    programs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [line.split() for program in programs for line in program.communicate(timeout=60)[0].splitlines()]
    began = sorted((float(start), name, int(one)) for name, one, start, _ in told)
    assert {name: [one for _, of, one in began if of == name] for name in lines} == lines
    for name in lines:
        times = sorted((float(start), float(end)) for of, _, start, end in told if of == name)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(times))


def test_a_conversation_is_busy_until_its_last_message_is_finished(database):
    accept(database)
    with database.reading() as session:
        assert inbox.is_busy(session, "web:an")
        assert not inbox.is_busy(session, "web:binh")
    finish(database, inbox.claim_next(database))
    with database.reading() as session:
        assert not inbox.is_busy(session, "web:an")


class InboxAgainstModel(RuleBasedStateMachine):
    """Whatever workers do: one claim per conversation, in order, none lost."""

    def __init__(self, database):
        super().__init__()
        self.database = database
        with database.transaction() as session:
            session.execute(delete(InboxMessage))
        self.lines = {"web:an": [], "web:binh": []}
        self.claims = {}

    @rule(conversation=st.sampled_from(["web:an", "web:binh"]))
    def arrive(self, conversation):
        self.lines[conversation].append(accept(self.database, conversation=conversation))

    @rule()
    def claim(self):
        claim = inbox.claim_next(self.database)
        free = [line[0] for line in self.lines.values() if line and line[0] not in self.claims]
        assert (claim.id if claim else None) == min(free, default=None)
        if claim:
            self.claims[claim.id] = claim

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), ending=st.sampled_from(["finish", "set_aside", "retry"]))
    def end(self, data, ending):
        claim = self.claims.pop(data.draw(st.sampled_from(sorted(self.claims))))
        if ending == "retry":
            inbox.retry_later(self.database, claim, 0)
            return
        {"finish": finish, "set_aside": set_aside}[ending](self.database, claim)
        self.lines[claim.conversation].remove(claim.id)

    @rule()
    def restart(self):
        assert inbox.release_claims(self.database) == len(self.claims)
        self.claims.clear()

    @invariant()
    def every_unfinished_message_waits_or_is_worked_on(self):
        with self.database.reading() as session:
            rows = select(InboxMessage.id).where(InboxMessage.state.in_((PENDING, CLAIMED)))
            assert set(session.execute(rows).scalars()) == {one for line in self.lines.values() for one in line}


def test_whatever_workers_do_each_conversation_goes_on_in_order(database):
    steps = settings(max_examples=10, stateful_step_count=20, deadline=None)
    run_state_machine_as_test(lambda: InboxAgainstModel(database), settings=steps)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_any_text_comes_out_as_it_went_in(database, text):
    accept(database, text, conversation=f"web:{uuid4()}")
    claim = inbox.claim_next(database)
    finish(database, claim)
    assert claim.text == text
