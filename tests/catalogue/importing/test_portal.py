"""The portal read through its interface: politely, with permission, and from where it was broken off."""

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from sqlalchemy import func, select

from bot.catalogue.importing.model import FAILED, ImportedProcedure, ImportRun, PortalItem, PortalRound
from bot.catalogue.importing.portal import LONGEST_WAIT, Portal, PortalError, check_permission
from bot.catalogue.importing.record import ImportingError
from bot.catalogue.importing.rounds import Progress, import_portal
from tests.catalogue.importing.samples import detail, list_row
from tests.fakes.portal import LIST, FakePortal, Fault

PERMISSION = "Trung tâm dữ liệu cho phép ngày 01/11/2026"
IDS = [f"01900000-0000-7000-8000-00000000000{number}" for number in range(5)]
CODES = [f"9.00000{number}" for number in range(5)]


@pytest.fixture
def fake():
    details = [detail(id=uuid, code=code) for uuid, code in zip(IDS, CODES, strict=True)]
    rows = [list_row(id=uuid, code=code) for uuid, code in zip(IDS, CODES, strict=True)]
    with FakePortal(details, rows).serving() as fake:
        yield fake


class Slept(list):
    """Stands for the clock: what was slept, without sleeping."""

    def __call__(self, seconds):
        self.append(seconds)


def portal_of(fake, pause=0, timeout=5.0, pauses=(1.0, 2.0), sleep=None):
    return Portal(fake.url, "it@example.vn", pause, timeout, pauses, sleep if sleep is not None else Slept())


def read_all(database, fake, limit=None, progress=lambda _: None, **options):
    with portal_of(fake, **options) as portal:
        return import_portal(database, portal, PERMISSION, limit, progress)


def stored(database):
    with database.reading() as session:
        question = select(ImportedProcedure.code, ImportedProcedure.detail).order_by(ImportedProcedure.code)
        return dict(session.execute(question).all())


def failed(database):
    with database.reading() as session:
        question = select(PortalItem.uuid, PortalItem.reason).where(PortalItem.state == FAILED)
        return dict(session.execute(question).all())


def test_the_whole_portal_is_read(database, fake):
    report = read_all(database, fake)
    assert (report.new, report.stopped, report.refused) == (5, "", [])
    assert stored(database) == dict.fromkeys(CODES, "details")
    assert (fake.asked(LIST), fake.asked()) == (["", IDS[1], IDS[3], IDS[4]], IDS)


def test_the_permission_is_stored_with_the_run(database, fake):
    read_all(database, fake)
    with database.reading() as session:
        assert session.execute(select(ImportRun.kind, ImportRun.permission)).all() == [("portal", PERMISSION)]


def test_the_program_names_itself_and_whom_to_ask(database, fake):
    read_all(database, fake, limit=1)
    assert {request.agent for request in fake.requests} == {
        "MotCua/0.1 (import of public procedure records; contact: it@example.vn)"
    }


def test_the_portal_is_asked_slowly(database, fake):
    slept = Slept()
    read_all(database, fake, pause=2, sleep=slept)
    assert len(slept) == len(fake.requests) - 1
    assert all(1.5 < pause <= 2 for pause in slept)


@pytest.mark.parametrize(
    ("permission", "contact", "said"),
    [
        ("", "it@example.vn", "is off: its interface is not official"),
        ("yes", "it@example.vn", "must be a sentence that says who permitted it and on which day"),
        ("Cục trưởng cho phép rồi", "it@example.vn", "must be a sentence"),
        ("Cho phép 01/11/2026", "it@example.vn", "must be a sentence"),
        (PERMISSION, "", "MOTCUA_PORTAL_CONTACT is not set"),
    ],
)
def test_without_permission_and_contact_the_portal_is_not_read(permission, contact, said):
    with pytest.raises(ImportingError, match=said):
        check_permission(permission, contact)


def test_a_permission_says_who_and_when():
    check_permission(PERMISSION, "it@example.vn")
    check_permission("Bà Hoa, Trung tâm, cho phép bằng thư 2026-11-01", "https://example.vn")


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.AWAY, Fault.ERROR, Fault.CUT, Fault.HTML])
def test_what_goes_wrong_once_is_tried_again_later(database, fake, fault):
    fake.faults.extend([fault, None, None, None, None, fault])
    slept = Slept()
    report = read_all(database, fake, timeout=0.3, sleep=slept)
    assert (report.new, report.stopped, report.refused) == (5, "", [])
    assert slept == [1.0, 1.0]


def test_the_pauses_grow(database, fake):
    fake.faults.extend([Fault.ERROR] * 2)
    slept = Slept()
    read_all(database, fake, sleep=slept)
    assert slept == [1.0, 2.0]


@pytest.mark.parametrize(("asked", "waited"), [("3", 3.0), ("99999", LONGEST_WAIT), ("soon", 1.0), ("0", 1.0)])
def test_the_wait_that_a_busy_portal_asks_for_is_kept(database, fake, asked, waited):
    fake.faults.append(Fault.BUSY)
    fake.retry_after = asked
    slept = Slept()
    read_all(database, fake, limit=1, sleep=slept)
    assert slept == [waited]


def test_a_wait_until_a_moment_is_kept(database, fake):
    fake.faults.append(Fault.BUSY)
    fake.retry_after = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    slept = Slept()
    read_all(database, fake, limit=1, sleep=slept)
    assert 50 < slept[0] <= 60


def test_a_portal_that_stays_away_stops_the_run_and_the_next_goes_on(database, fake):
    fake.faults.extend([None] * 5 + [Fault.ERROR] * 3)
    report = read_all(database, fake)
    assert report.stopped == "The portal did not answer as it should, 3 times: status 500."
    before = len(fake.requests)
    assert read_all(database, fake).stopped == ""
    assert [request.path for request in fake.requests[before:]].count(LIST) == 0
    assert fake.asked() == [IDS[0], *[IDS[1]] * 4, *IDS[2:]]


def test_a_portal_that_refuses_is_not_asked_again(database, fake):
    fake.faults.append(Fault.FORBIDDEN)
    report = read_all(database, fake)
    assert "refuses this machine (status 403)" in report.stopped
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.GONE, "the portal answered with status 404"),
        (Fault.NO_DATA, "the answer carries no data"),
        (Fault.REFUSED, "the portal answered 'DENIED': bận"),
        (Fault.OTHER, f"asked for {IDS[0]}, the portal sent x"),
    ],
)
def test_an_answer_of_another_shape_is_reported_and_never_stored(database, fake, fault, reason):
    fake.faults.extend([None] * 4 + [fault])
    report = read_all(database, fake)
    assert [(one.file, one.reason) for one in report.refused] == [(f"portal: {IDS[0]}", reason)]
    assert stored(database) == {CODES[0]: "name_only", **dict.fromkeys(CODES[1:], "details")}
    assert failed(database) == {IDS[0]: reason}


def test_json_that_is_always_cut_off_is_reported_and_never_stored(database, fake):
    fake.faults.extend([None] * 4 + [Fault.CUT] * 3)
    report = read_all(database, fake)
    assert [one.reason for one in report.refused] == ["the answer is not whole JSON, 3 times"]
    assert (report.stopped, stored(database)[CODES[0]]) == ("", "name_only")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": ""}, "it has no code"),
        ({"executionMethods": "x"}, "'executionMethods' of the file is a text, not a list"),
    ],
)
def test_a_record_that_can_not_be_read_is_reported(database, fake, changes, reason):
    fake.details[IDS[0]] |= changes
    report = read_all(database, fake)
    assert [one.reason for one in report.refused] == [reason]


def test_a_record_of_another_shape_is_reported(database, fake):
    fake.details[IDS[0]] = list_row(id=IDS[0], code=CODES[0])
    assert [one.reason for one in read_all(database, fake).refused] == [
        "the portal sent a record of another shape (list)"
    ]


@pytest.mark.parametrize("page", [{"items": "x"}, {"items": [1]}, {"items": [{}], "lastId": None}, {}])
def test_a_list_of_another_shape_stops_the_run(database, fake, page):
    fake.answer = lambda path, body: {"code": "OK", "data": page, "message": ""}
    assert read_all(database, fake).stopped.startswith("a page of the list")
    assert stored(database) == {}


def test_a_list_that_begins_again_at_its_end_is_read_once(database, fake):
    fake.endless = True
    assert read_all(database, fake).new == 5
    assert len(fake.asked(LIST)) == 4


def test_an_interrupted_round_goes_on_where_it_was(database, fake):
    def interrupt(at):
        if at.settled == 2:
            raise KeyboardInterrupt

    report = read_all(database, fake, progress=interrupt)
    assert (report.stopped[:11], fake.asked()) == ("interrupted", IDS[:2])
    assert read_all(database, fake).changed == 3
    assert (fake.asked(), len(fake.asked(LIST))) == (IDS, 4)


def test_a_list_broken_off_in_the_middle_goes_on_where_it_was(database, fake):
    fake.faults.extend([None, *[Fault.AWAY] * 3])
    assert read_all(database, fake).stopped
    read_all(database, fake)
    assert fake.asked(LIST) == ["", *[IDS[1]] * 4, IDS[3], IDS[4]]
    assert fake.asked() == IDS


def test_a_limit_leaves_the_rest_to_the_next_call(database, fake):
    read_all(database, fake, limit=2)
    read_all(database, fake, limit=2)
    assert fake.asked() == IDS[:4]


def test_after_a_finished_round_a_new_one_begins(database, fake):
    read_all(database, fake)
    assert (read_all(database, fake).unchanged, fake.asked()) == (5, IDS * 2)
    with database.reading() as session:
        assert session.execute(select(func.count(PortalRound.id))).scalar_one() == 2
        assert session.execute(select(func.count(PortalItem.id))).scalar_one() == 5


def test_an_empty_portal_ends_its_round(database, fake):
    fake.rows = []
    read_all(database, fake)
    fake.rows = [list_row(id=IDS[0], code=CODES[0])]
    assert read_all(database, fake).new == 1


def test_progress_is_told_after_each_answer(database, fake):
    told = []
    read_all(database, fake, progress=told.append)
    assert told[0] == Progress(listed=2, settled=0, total=5)
    assert told[-1] == Progress(listed=5, settled=5, total=5)
    assert len(told) == 9


def test_an_error_says_what_it_is(fake):
    fake.faults.extend([Fault.AWAY] * 3)
    with portal_of(fake) as portal, pytest.raises(PortalError, match="3 times: RemoteProtocolError"):
        portal.detail(IDS[0])
