"""Who may know of which complaint: the same in lists, counts, searches, pages, acts and exports."""

import csv
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from bot.accounts import audit
from bot.accounts.officers import Accounts
from bot.accounts.passwords import Cost, Passwords
from bot.accounts.permissions import ADMINISTRATOR, OFFICER, SUPERVISOR, UNIT_HEAD
from bot.complaints import casework, evidence, naming, queries, queues, remarks
from bot.complaints.errors import ChangedMeanwhileError, ForbiddenMoveError, UnknownComplaintError
from bot.complaints.export import export_complaints
from bot.complaints.lifecycle import ACCEPTED, ANSWERED, OPEN, STATES
from bot.complaints.model import CONFIRMED, WAITING, Complaint, ComplaintNamed, ComplaintOpening
from bot.complaints.queries import Wanted
from bot.complaints.reading import Look, see_complaint
from bot.complaints.texts import plain
from bot.complaints.undelivered import undelivered
from bot.complaints.visibility import viewer_of
from bot.complaints.workdays import day_in_viet_nam
from bot.database import now
from bot.text.codes import new_receipt_code

LAND, JUSTICE = "Phòng Đất đai", "Phòng Tư pháp"
TODAY = day_in_viet_nam(now())
STAFF = (
    ("Lê Thị Hoa", LAND, OFFICER),
    ("Ngô Văn Nam", LAND, UNIT_HEAD),
    ("Trần Thu", JUSTICE, OFFICER),
    ("Phan Hải", JUSTICE, UNIT_HEAD),
    ("Đỗ Minh", "", SUPERVISOR),
    ("Vũ Lan", LAND, SUPERVISOR),
    ("Bùi Quân", "", ADMINISTRATOR),
    ("Hồ Sáu", "", OFFICER),
)
HOA, NAM, THU, HAI, MINH, LAN, QUAN, SAU = (name for name, *_ in STAFF)


@pytest.fixture
def office(centre):
    accounts = Accounts(centre.database, Passwords(Cost(1, 8)))
    for name, unit, role in STAFF:
        accounts.add(name, unit, (role,), (), "test")
    return accounts


def viewer(office, name):
    return viewer_of(office.find(name))


def sees(office, name, code):
    looking, database = viewer(office, name), office.database
    listed = code in {row.code for row in queries.list_complaints(database, Wanted(viewer=looking), limit=500)}
    try:
        see_complaint(database, code, Look(name, viewer=looking))
        opened = True
    except UnknownComplaintError:
        opened = False
    assert listed == opened
    return listed


def who_sees(office, code):
    return {name for name, *_ in STAFF if sees(office, name, code)}


@pytest.mark.parametrize("kind", ["late", "attitude"])
@pytest.mark.parametrize("named", [None, (), (HOA,), (NAM, THU)])
@pytest.mark.parametrize(("assignee", "unit"), [(None, None), (None, LAND), (SAU, None), (THU, JUSTICE)])
def test_those_may_be_called_to_a_complaint_who_see_it(centre, office, kind, named, assignee, unit):
    office.change(HAI, "test", kinds=("late",))
    code = centre.file(kind=kind, person="chị Thu").code
    if named is not None:
        naming.confirm(centre.database, code, named, viewer(office, MINH))
    centre.change(code, assignee=assignee, unit=unit)
    called = remarks.may_be_called(centre.database, centre.row(code).id, [viewer(office, name) for name, *_ in STAFF])
    assert set(called) == who_sees(office, code)


def test_an_ordinary_complaint_is_seen_by_its_unit_and_by_supervisors(centre, office):
    code = centre.file().code
    assert who_sees(office, code) == {HOA, NAM, THU, HAI, MINH, LAN, SAU}
    casework.assign(centre.database, code, MINH, unit=JUSTICE)
    assert who_sees(office, code) == {THU, HAI, MINH, LAN}
    casework.assign(centre.database, code, MINH, assignee=HOA)
    assert who_sees(office, code) == {HOA, THU, HAI, MINH, LAN}


def test_an_officer_of_some_kinds_sees_these_and_what_is_assigned(centre, office):
    late, fee = centre.file().code, centre.file(kind="fee").code
    office.change(THU, "test", kinds=("fee",))
    assert (sees(office, THU, late), sees(office, THU, fee)) == (False, True)
    casework.assign(centre.database, late, MINH, assignee=THU)
    assert sees(office, THU, late)


def test_a_disabled_officer_sees_nothing(centre, office):
    code = centre.file().code
    office.disable(MINH, "test")
    assert not sees(office, MINH, code)


def test_a_complaint_about_a_person_is_first_seen_by_supervisors_alone(centre, office):
    assert who_sees(office, centre.file(kind="attitude").code) == {MINH, LAN}
    assert who_sees(office, centre.file(person="chị ở quầy 3").code) == {MINH, LAN}


def test_praise_for_a_person_needs_no_supervisor(centre, office):
    assert HOA in who_sees(office, centre.file(kind="praise", route="khen", person="chị Hoa").code)


@pytest.mark.parametrize("told", ["chi Vu Lan quầy 1", "VŨ LAN", "phòng đất đai", "anh Ngô Văn Nam"])
def test_a_supervisor_it_tells_of_does_not_confirm_who_is_named(centre, office, told):
    code = centre.file(kind="attitude", person=told).code
    assert who_sees(office, code) == {MINH}


def test_a_name_with_signs_in_it_is_found_in_what_is_told(centre, office):
    office.add("H'Hen Niê-Kđăm", LAND, (OFFICER,), (), "test")
    code = centre.file(kind="attitude", person="chị H’Hen Niê Kđăm quầy 2").code
    assert who_sees(office, code) == {MINH}


def test_who_is_named_and_their_head_never_see_it(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    assert who_sees(office, code) == {THU, HAI, MINH, LAN, SAU}


def test_an_assignment_opens_nothing_to_who_is_named(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    for name in (HOA, NAM):
        with pytest.raises(ForbiddenMoveError, match="can't be assigned"):
            casework.assign(centre.database, code, MINH, assignee=name)
    centre.change(code, assignee=HOA, unit=LAND)
    assert who_sees(office, code) == {MINH, LAN}


@pytest.mark.parametrize("then", [{"unit": JUSTICE}, {"roles": (OFFICER,)}, {"roles": (SUPERVISOR,)}, {"unit": ""}])
def test_the_head_of_then_never_sees_it(centre, office, then):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    office.change(NAM, "test", **then)
    assert who_sees(office, code) == {THU, HAI, MINH, LAN, SAU}
    # Nor when more are named than at first.
    naming.confirm(centre.database, code, [HOA, SAU], viewer(office, MINH))
    assert who_sees(office, code) == {THU, HAI, MINH, LAN}
    with pytest.raises(ForbiddenMoveError, match="can't be assigned"):
        casework.assign(centre.database, code, MINH, assignee=NAM)


def test_of_two_confirmations_of_what_was_seen_the_second_changes_nothing(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [], viewer(office, MINH))
    seen = centre.row(code).version
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH), version=seen)
    with pytest.raises(ChangedMeanwhileError):
        naming.confirm(centre.database, code, [THU], viewer(office, MINH), version=seen)
    assert not sees(office, HOA, code)


@pytest.mark.parametrize("named", [[HOA], [HOA, THU], []])
def test_a_supervisor_does_not_say_whether_it_is_about_their_own_unit(centre, office, named):
    code = centre.file(kind="attitude").code
    if not named:
        naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    with pytest.raises(ForbiddenMoveError, match="another unit"):
        naming.confirm(centre.database, code, named, viewer(office, LAN))
    assert centre.row(code).naming == (WAITING if named else CONFIRMED)
    assert sees(office, HOA, code) is False


def test_who_works_on_it_when_they_are_named_does_so_no_more(centre, office):
    code = centre.file().code
    casework.assign(centre.database, code, MINH, assignee=HOA)
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    assert centre.row(code).assignee is None


def test_a_head_who_comes_later_does_not_see_it_either(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    office.change(HOA, "test", unit=JUSTICE)
    assert who_sees(office, code) == {THU, MINH, LAN, SAU}


def test_a_supervisor_can_be_named_too(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [LAN], viewer(office, MINH))
    assert LAN not in who_sees(office, code)
    with pytest.raises(UnknownComplaintError):
        naming.confirm(centre.database, code, [], viewer(office, LAN))


def test_that_nobody_of_the_staff_is_named_lets_every_officer_see_it(centre, office):
    code = centre.file(kind="attitude").code
    naming.confirm(centre.database, code, [], viewer(office, MINH))
    assert HOA in who_sees(office, code)


@pytest.mark.parametrize("names", [["Không Ai"], [HOA, "Không Ai"]])
def test_only_officers_are_named(centre, office, names):
    code = centre.file(kind="attitude").code
    with pytest.raises(ForbiddenMoveError, match="no officer 'Không Ai'"):
        naming.confirm(centre.database, code, names, viewer(office, MINH))
    assert centre.row(code).naming == WAITING


def test_only_a_supervisor_confirms_and_only_what_they_saw(centre, office):
    code = centre.file(kind="attitude").code
    with pytest.raises(ForbiddenMoveError, match="supervisor"):
        naming.confirm(centre.database, code, [], viewer(office, HAI))
    with pytest.raises(ChangedMeanwhileError):
        naming.confirm(centre.database, code, [], viewer(office, MINH), version=99)


def test_no_act_reaches_a_complaint_that_is_not_to_be_known(centre, office):
    code, other = centre.file(kind="attitude").code, centre.file().code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    database, rules, hoa = centre.database, centre.rules, viewer(office, HOA)
    acts = (
        lambda: casework.move(database, rules, code, ACCEPTED, HOA, viewer=hoa),
        lambda: casework.answer(database, rules, code, "rồi", "solved", HOA, viewer=hoa),
        lambda: casework.forward(database, rules, code, LAND, HOA, viewer=hoa),
        lambda: casework.assign(database, code, HOA, unit=LAND, viewer=hoa),
        lambda: casework.merge(database, rules, code, other, HOA, "trùng", viewer=hoa),
        lambda: casework.merge(database, rules, other, code, HOA, "trùng", viewer=hoa),
        lambda: evidence.list_files(database, code, viewer=hoa),
    )
    for act in acts:
        with pytest.raises(UnknownComplaintError):
            act()
    assert centre.row(code).state == "received"


def test_an_unknown_code_and_one_not_to_be_known_are_told_alike(centre, office):
    code = centre.file(kind="attitude").code
    told = []
    for one in (code, new_receipt_code()):
        with pytest.raises(UnknownComplaintError) as error:
            see_complaint(centre.database, one, Look(HOA, viewer=viewer(office, HOA)))
        told.append(str(error.value).replace(one, "…"))
    assert told[0] == told[1]
    assert centre.count(ComplaintOpening) == 0


def test_an_export_and_the_list_of_notices_leave_it_out(centre, office, tmp_path):
    code, open_to_all = centre.file(kind="attitude").code, centre.file().code
    naming.confirm(centre.database, code, [HOA], viewer(office, MINH))
    for one in (code, open_to_all):
        centre.move(one, ACCEPTED)
    look = Look(HOA, viewer=viewer(office, HOA))
    export_complaints(centre.database, centre.rules, Wanted(), look, tmp_path / "out.csv", TODAY)
    lines = list(csv.reader((tmp_path / "out.csv").open(encoding="utf-8-sig"), delimiter=";"))
    assert [line[0] for line in lines[1:]] == [open_to_all]
    told = undelivered(centre.database, timedelta(0), viewer=look.viewer)
    assert {one.code for one in told} == {open_to_all}


def test_what_staff_do_is_in_the_log_and_what_citizens_do_is_not(centre, office):
    code = centre.file_in(ANSWERED)
    casework.assign(centre.database, code, MINH, unit=LAND)
    see_complaint(centre.database, code, Look(MINH, contact=True, why="gọi lại", viewer=viewer(office, MINH)))
    told = [(one.act, one.detail) for one in audit.list_entries(centre.database, subject=code)]
    assert told[:2] == [("complaint.open", "contact"), ("complaint.assign", LAND)]
    assert {act for act, _ in told[2:]} == {"complaint.move"}
    assert audit.verify(centre.database).broken is None


@pytest.fixture(params=range(2))
def crowd(request, centre, office):
    """Forty complaints in all kinds of standings."""
    chance = random.Random(request.param)
    for _ in range(40):
        code = centre.file(
            kind=chance.choice(["late", "fee", "attitude"]),
            person=chance.choice([None, None, "chị Vũ Lan", "ông Ngô Văn Nam", "ông bảo vệ"]),
        ).code
        unit, assignee = chance.choice([None, LAND, JUSTICE]), chance.choice([None, None, HOA, THU, NAM, MINH])
        due_on = chance.choice([None, TODAY, TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
        waiting = chance.choice([None, None, now()])
        centre.change(code, unit=unit, assignee=assignee, state=chance.choice(STATES), due_on=due_on)
        centre.change(code, reopened=chance.choice([0, 0, 1]), waiting_since=waiting)
        if chance.random() < 0.5 and (row := centre.row(code)).naming:
            names = chance.sample([name for name, *_ in STAFF], chance.choice([0, 1, 2]))
            add_named(centre, office, row.id, names)
    return centre


def add_named(centre, office, complaint_id, names):
    with centre.database.transaction() as session:
        session.get(Complaint, complaint_id).naming = CONFIRMED
        for name in names:
            of = {"complaint_id": complaint_id, "officer": name, "unit": office.find(name).unit or None}
            session.add(ComplaintNamed(**of, confirmed_by=MINH))


def allowed(row, named, person):
    """The rule of the architecture, told once more in plain steps."""
    of_unit = [name for name, unit, _ in STAFF if unit and unit == person.unit]
    head_of = person.unit if UNIT_HEAD in person.roles else None
    if person.roles <= {ADMINISTRATOR} or person.name in {name for name, _ in named}:
        return False
    if head_of and head_of in {unit for _, unit in named}:
        return False
    if row.naming == WAITING:
        told = f" {row.folded} "
        near = row.assignee == person.name or f" {plain(person.name)} " in told
        near = near or bool(person.unit and (row.unit == person.unit or f" {plain(person.unit)} " in told))
        near = near or any(f" {plain(name)} " in told for name in of_unit)
        return SUPERVISOR in person.roles and not near
    if SUPERVISOR in person.roles or row.assignee == person.name:
        return True
    nobodys = row.unit is None and row.assignee is None
    return nobodys or bool(person.unit and row.unit == person.unit)


def standings(centre):
    with centre.database.reading() as session:
        rows = session.execute(select(Complaint).order_by(Complaint.id)).scalars().all()
        named = session.execute(select(ComplaintNamed)).scalars().all()
    return [(row, [(one.officer, one.unit) for one in named if one.complaint_id == row.id]) for row in rows]


def test_every_officer_sees_exactly_what_the_rule_allows(crowd, office):
    for person in office.all():
        expected = [row.code for row, named in standings(crowd) if allowed(row, named, person)]
        looking = viewer_of(person)
        listed = queries.list_complaints(crowd.database, Wanted(viewer=looking), limit=500)
        found = queries.list_complaints(crowd.database, Wanted(words="một cửa xã hẹn", viewer=looking), limit=500)
        assert [row.code for row in listed] == [row.code for row in found] == expected


def test_counts_are_what_the_lists_hold(crowd, office):
    for person in office.all():
        looking = viewer_of(person)
        counts = queues.count_queues(crowd.database, looking, TODAY)
        for name, wanted in queues.queues_of(looking, TODAY).items():
            assert counts[name] == len(queries.list_complaints(crowd.database, wanted, limit=500)), name


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_counts_are_read_from_their_index_alone(crowd, office):
    """A column that a queue asks for and the index lacks would have every row read from the table."""
    counted = []
    event.listen(crowd.database.engine, "before_cursor_execute", lambda *given: counted.append(given[2:4]))
    looking = [one for one in map(viewer_of, office.all()) if one.scope]
    for one in looking:
        queues.count_queues(crowd.database, replace(one, kinds=frozenset({"late"})), TODAY)
    found = [given for given in counted if "FILTER" in given[0]]
    assert len(found) == len(looking)
    with crowd.database.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        for statement, values in found:
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
            assert "Index Only Scan using ix_complaints_not_closed on complaints " in plan


def test_queues_hold_what_they_are_called(crowd, office):
    looking = viewer(office, MINH)
    seen = [row for row, named in standings(crowd) if allowed(row, named, office.find(MINH))]
    queue = queues.queues_of(looking, TODAY)
    opens = [row for row in seen if row.state in OPEN]
    expected = {
        queues.NEW: [row for row in seen if row.state == "received"],
        queues.MINE: [row for row in opens if row.assignee == MINH],
        queues.ASKED: [row for row in seen if row.state == "needs_information"],
        queues.TODAY: [row for row in opens if row.due_on == TODAY and not row.waiting_since],
        queues.OVERDUE: [row for row in opens if row.due_on and row.due_on < TODAY and not row.waiting_since],
        queues.SETTLING: [row for row in seen if row.state == ANSWERED],
        queues.REOPENED: [row for row in opens if row.reopened],
        queues.NAMING: [row for row in opens if row.naming == WAITING],
        queues.MENTIONED: [],
    }
    assert {
        name: [row.id for row in queries.list_complaints(crowd.database, queue[name], limit=500)] for name in queue
    } == {name: [row.id for row in rows] for name, rows in expected.items()}
