import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.complaints import citizen
from bot.complaints.errors import ComplaintError, ForbiddenMoveError, MissingTextError, NotYoursError
from bot.complaints.lifecycle import MOVES, STATES, may_move
from bot.complaints.queries import find_status
from bot.delivery import outbox
from tests.complaints.conftest import AN, OFFICER


def add(centre, code, text="thêm nữa: hẹn lại thứ Hai", conversation=AN):
    return citizen.add_information(centre.database, centre.rules, conversation, code, text)


@pytest.mark.parametrize("before", ["received", "accepted", "forwarded", "in_progress"])
def test_an_answer_to_a_question_brings_it_back_where_it_was(centre, before):
    code = centre.file_in(before)
    centre.move(code, "needs_information")
    assert add(centre, code) == before
    assert centre.row(code).words[-1].text == "thêm nữa: hẹn lại thứ Hai"
    assert centre.row(code).waiting_since is None


def test_more_can_be_told_at_any_time_before_the_end(centre):
    for state in STATES[:-1]:
        code = centre.file_in(state)
        add(centre, code)
        assert centre.row(code).words[-1].question == "added"
    with pytest.raises(ForbiddenMoveError):
        add(centre, centre.file_in("closed"))
    with pytest.raises(MissingTextError):
        add(centre, centre.file().code, "  ")


def test_what_was_said_before_stays_word_for_word(centre):
    code = centre.file().code
    before = [(word.id, word.text) for word in centre.row(code).words]
    add(centre, code)
    assert [(word.id, word.text) for word in centre.row(code).words][: len(before)] == before


def test_only_who_filed_it_can_do_anything(centre):
    code = centre.file_in("answered")
    for act in (
        lambda: add(centre, code, conversation="web:binh"),
        lambda: citizen.withdraw(centre.database, centre.rules, "web:binh", code),
        lambda: citizen.not_solved(centre.database, centre.rules, "web:binh", code, "chưa"),
        lambda: citizen.rate(centre.database, centre.rules, "web:binh", code, 5),
        lambda: citizen.settle(centre.database, centre.rules, "web:binh", code),
    ):
        with pytest.raises(NotYoursError):
            act()


def test_withdrawing_ends_it_without_an_answer(centre):
    code = centre.file_in("in_progress")
    citizen.withdraw(centre.database, centre.rules, AN, code, "thôi khỏi ạ")
    status = find_status(centre.database, code)
    assert (status.state, status.end_reason) == ("closed", "withdrawn")
    with pytest.raises(ForbiddenMoveError):
        citizen.not_solved(centre.database, centre.rules, AN, code, "nghĩ lại")


def test_those_who_follow_a_complaint_hear_that_it_was_withdrawn(centre):
    code = centre.file(kind="online_system").code
    citizen.join(centre.database, "web:binh", code)
    citizen.withdraw(centre.database, centre.rules, AN, code)
    assert [code in line and "gửi riêng" in line for line in centre.told("web:binh")] == [True]
    assert centre.told() == []


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_not_solved_opens_it_once_with_a_new_date(centre, state):
    code = centre.file_in(state)
    centre.change(code, due_on=None)
    citizen.not_solved(centre.database, centre.rules, AN, code, "vẫn chưa có giấy")
    row = centre.row(code)
    assert (row.state, row.reopened, row.end_reason) == ("in_progress", 1, None)
    assert row.due_on is not None
    assert row.words[-1].text == "vẫn chưa có giấy"
    centre.move(code, "answered")
    with pytest.raises(ForbiddenMoveError):
        citizen.not_solved(centre.database, centre.rules, AN, code, "vẫn chưa")


def test_a_second_answer_no_longer_offers_to_open_it_again(centre):
    code = centre.file_in("answered")
    assert "mở lại một lần" in centre.told()[-1]
    assert "không mở lại được nữa" not in centre.told()[-1]
    citizen.not_solved(centre.database, centre.rules, AN, code, "vẫn chưa có giấy")
    centre.move(code, "answered")
    assert "không mở lại được nữa" in centre.told()[-1]
    with centre.database.reading() as session:
        buttons = outbox.read_lines(session, AN, 0).lines[-1].buttons
    assert [button.title for button in buttons] == ["Đã ổn, cảm ơn", "Bổ sung thông tin"]


def test_opening_again_needs_a_reason(centre):
    with pytest.raises(MissingTextError):
        citizen.not_solved(centre.database, centre.rules, AN, centre.file_in("answered"), " ")


def test_a_rating_is_kept_and_ends_it(centre):
    code = centre.file_in("answered")
    citizen.rate(centre.database, centre.rules, AN, code, 4, "nhanh")
    row = centre.row(code)
    assert (row.rating, row.rating_words, row.state) == (4, "nhanh", "closed")
    citizen.rate(centre.database, centre.rules, AN, code, 2)
    assert centre.row(code).rating == 2
    for score in (0, 6):
        with pytest.raises(ForbiddenMoveError):
            citizen.rate(centre.database, centre.rules, AN, code, score)


def test_nothing_is_rated_before_it_is_answered(centre):
    with pytest.raises(ForbiddenMoveError):
        citizen.rate(centre.database, centre.rules, AN, centre.file().code, 5)


def test_others_may_follow_what_concerns_many_and_nothing_about_a_person(centre):
    code = centre.file(kind="online_system").code
    assert citizen.join(centre.database, "web:binh", code)
    assert not citizen.join(centre.database, "web:binh", code)
    assert not citizen.join(centre.database, AN, code)
    centre.move(code, "accepted")
    assert code in centre.told("web:binh")[-1]
    for closed in (centre.file(person="ông Ba").code, centre.file(route="to_cao").code, centre.file_in("answered")):
        with pytest.raises(ForbiddenMoveError):
            citizen.join(centre.database, "web:binh", closed)


ACTS = {
    **{state: lambda centre, code, state=state: centre.move(code, state) for state in STATES},
    "add": lambda centre, code: add(centre, code),
    "withdraw": lambda centre, code: citizen.withdraw(centre.database, centre.rules, AN, code),
    "not_solved": lambda centre, code: citizen.not_solved(centre.database, centre.rules, AN, code, "chưa"),
    "rate": lambda centre, code: citizen.rate(centre.database, centre.rules, AN, code, 3),
    "settle": lambda centre, code: citizen.settle(centre.database, centre.rules, AN, code),
}


# The table is the same on every database; the walk is long.
@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_every_act_in_every_place_of_a_life_does_what_the_table_allows(centre):
    """All places that can be reached (state, how often opened again, how it ended), each with every act."""
    reached, todo = {("received", 0, None)}, [()]
    while todo:
        way = todo.pop(0)
        for act in ACTS:
            code = centre.file().code
            for before in way:
                ACTS[before](centre, code)
            before, moves = place_of(centre.row(code)), len(centre.row(code).moves)
            try:
                ACTS[act](centre, code)
            except ComplaintError:
                assert (place_of(centre.row(code)), len(centre.row(code).moves)) == (before, moves)
                continue
            row = centre.row(code)
            actor = "citizen" if row.moves[-1].moved_by == "citizen" else "staff"
            assert row.state == before[0] or may_move(before[0], row.state, actor)
            assert row.state != "closed" or row.end_reason == "withdrawn" or before[0] in ("answered", "closed")
            if place_of(row) not in reached:
                reached.add(place_of(row))
                todo.append((*way, act))
    assert {state for state, *_ in reached} == set(STATES)
    assert {reopened for state, reopened, _ in reached if state == "closed"} == {0, 1}


def place_of(row):
    return row.state, row.reopened, row.end_reason


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(sorted(ACTS)), max_size=14))
def test_whatever_is_tried_the_history_is_lawful_and_nothing_ends_unanswered(centre, acts):
    code = centre.file().code
    for act in acts:
        try:
            ACTS[act](centre, code)
        except ComplaintError:
            continue
    row = centre.row(code)
    steps = [move for move in row.moves if move.to_state != move.from_state]
    assert [move.from_state for move in steps] == [None, *(move.to_state for move in steps[:-1])]
    for move in steps[1:]:
        actor = "citizen" if move.moved_by == "citizen" else "staff"
        assert may_move(move.from_state, move.to_state, actor)
        assert move.moved_by in ("citizen", OFFICER)
    assert row.state == steps[-1].to_state
    answers = [move.note for move in steps if move.to_state == "answered"]
    assert row.state != "closed" or row.end_reason == "withdrawn" or (all(answers) and answers)
    assert row.reopened <= 1
    assert set(MOVES) >= {row.state}
