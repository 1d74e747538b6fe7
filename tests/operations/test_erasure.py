"""Erasing and ageing out: everything of a person, in every store, whatever is killed in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from bot.complaints import casework, citizen, consents, privacy, remarks
from bot.complaints.model import (
    Complaint,
    ComplaintOpening,
    Consent,
    Evidence,
    PrivacyRequest,
)
from bot.complaints.queries import find_status
from bot.complaints.retention import load_retention
from bot.complaints.verification import verify
from bot.complaints.workdays import day_in_viet_nam
from bot.database import now
from bot.delivery import correspondents, inbox, outbox, turns
from bot.delivery.inbox import Arrival, File
from bot.delivery.model import (
    NOBODY,
    Attachment,
    Correspondent,
    InboxMessage,
    LinkCode,
    OutboxMessage,
    SentButton,
    Turn,
    VaultEntry,
)
from bot.delivery.outbox import Button, Reply
from bot.delivery.sentences import ERASED
from bot.operations.erasure import AskRasa, Stores, run_erasures
from bot.operations.retention import run_retention
from bot.settings import ROOT
from tests.complaints.answering import answer_again, keep
from tests.complaints.conftest import AN, Centre
from tests.complaints.conftest import centre as centre
from tests.complaints.files import pdf, photo
from tests.factories import make_settings, open_complaint, raw_bytes
from tests.fakes.rasa import FakeRasa, Received, say

BINH = "web:binh"
NAME, STORY, PHONE, MAIL, CARD = "Ngô Thị Mười", "ông Bảy quát tháo", "0912345678", "muoi@example.vn", "001203004567"
PLANTED = (NAME, STORY, PHONE, MAIL, CARD, "ngo thi muoi", "anh-cua-toi.jpg", "nhà tôi cạnh chợ")


@dataclass
class Town:
    """A centre with everything around it: messages, files, Rasa's memory."""

    centre: Centre
    rasa: FakeRasa
    stores: Stores

    @property
    def database(self):
        return self.centre.database

    def plant(self, conversation=AN):
        """A person with something in every store; returns the receipt code."""
        text = f"{NAME} {PHONE} {MAIL} {CARD} {STORY}"
        file = File("image", f"file of {NAME}", "anh-cua-toi.jpg")
        arrival = Arrival("web", f"{conversation}:k-{conversation}", conversation, text, None, files=(file,))
        inbox_id, _ = inbox.accept(self.database, arrival)
        claim = inbox.claim_next(self.database)
        hidden = self.centre.hide(text, conversation)
        with self.database.transaction() as session:
            inbox.finish(session, claim)
            outbox.enqueue(session, conversation, [Reply(f"Chào {NAME}", (Button(NAME, "/x"),))], inbox_id)
            session.add(Correspondent(conversation=conversation, channel="web", person=f"p-{conversation}"))
            code = {"digest": f"d-{conversation}", "expires_at": now() - timedelta(minutes=1)}
            session.add(LinkCode(conversation=conversation, **code))
            turns.record(session, conversation, inbox_id, turns.TurnLog("greet", 1.0, "answer"))
            consents.give(session, conversation, consents.IMPROVE)
        self.rasa.remember(Received(conversation, hidden, {"inbox_id": inbox_id}), say("Vâng"))
        digest = self.plant_file(conversation)
        contact = self.centre.hide(PHONE, conversation)
        code = self.centre.file(conversation, description=hidden, person=STORY, contact=contact).code
        casework.move(self.database, self.centre.rules, code, "accepted", "Lê Hoa", f"Chào {NAME}")
        remarks.add(self.database, code, f"{NAME} gọi từ {PHONE}", "Lê Hoa")
        open_complaint(self.database, code, "Lê Hoa", f"gọi cho {NAME}")
        citizen.add_information(self.database, self.centre.rules, conversation, code, f"nhà tôi cạnh chợ {digest[:2]}")
        return code

    def plant_file(self, conversation=AN):
        digest = self.database.cipher.digest("bytes of a photo")
        path = self.stores.folder / digest[:2] / digest[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"bytes of a photo")
        with self.database.transaction() as session:
            name = self.database.cipher.seal("anh-cua-toi.jpg")
            session.add(Evidence(conversation=conversation, digest=digest, name=name, media_type="image/jpeg", size=16))
        return digest

    def files(self):
        return [path for path in self.stores.folder.glob("*/*") if path.is_file()]

    def delete(self, conversation=AN):
        privacy.ask(self.database, conversation, privacy.DELETE)
        return run_erasures(self.stores)

    def rows(self, table, conversation=AN):
        with self.database.reading() as session:
            return list(session.execute(select(table).where(table.conversation == conversation)).scalars())

    def readable(self):
        """All bytes kept, and all that the key opens of them."""
        with self.database.reading() as session:
            sealed = [(InboxMessage, "body"), (OutboxMessage, "body"), (VaultEntry, "value"), (Complaint, "contact")]
            sealed += [(Evidence, "name"), (Attachment, "name"), (Attachment, "reference")]
            values = [v for table, name in sealed for v in session.execute(select(getattr(table, name))).scalars()]
        opened = [self.database.cipher.unseal(value) for value in values if value]
        files = [path.read_bytes() for path in self.stores.home.rglob("*") if path.is_file()]
        return raw_bytes(self.database) + b"".join(files) + "\n".join(opened).encode()


@pytest.fixture
def town(centre, tmp_path):
    with FakeRasa().serving() as rasa:
        port = int(rasa.url.rsplit(":", 1)[1])
        settings = make_settings(tmp_path / "home", RASA_PORT=port, ACTIONS_PORT=port)
        yield Town(
            centre,
            rasa,
            Stores(centre.database, centre.rules, settings.evidence, AskRasa(settings), home=settings.home),
        )


def test_what_was_planted_everywhere_is_nowhere_afterwards(town):
    code = town.plant()
    before = town.readable()
    planted = (*PLANTED, f"p-{AN}")
    assert all(one.encode() in before for one in planted)
    assert town.delete() == 1
    after = town.readable()
    assert [one for one in planted if one.encode() in after] == []
    assert town.rows(Correspondent) == []
    assert (town.files(), town.rasa.events.get(AN)) == ([], None)
    assert find_status(town.database, code).erased


def test_what_staff_sent_along_and_what_still_waits_goes_with_the_rest(town):
    code, folder = town.plant(), town.stores.folder
    answer_again(town.centre, folder, code, (f"{NAME}.pdf", pdf()))
    keep(town.centre, folder, code, f"{NAME}.jpg", photo())
    assert len(town.files()) == 3
    assert town.delete() == 1
    assert (town.files(), town.centre.count(Evidence)) == ([], 0)
    assert NAME.encode() not in town.readable()


def test_what_staff_sent_along_goes_when_the_time_of_its_feedback_has_come(town):
    code, folder = town.centre.file().code, town.stores.folder
    town.centre.step(code, "accepted")
    answer_again(town.centre, folder, code, ("thư.pdf", pdf()))
    citizen.settle(town.database, town.centre.rules, AN, code)
    run_retention(town.stores, PERIODS, TODAY)
    assert len(town.files()) == 1
    age(town, 1100)
    assert run_retention(town.stores, PERIODS, TODAY)["ended_complaints"] == 1
    assert (town.files(), town.centre.count(Evidence)) == ([], 0)


def test_others_lose_nothing(town):
    town.plant(BINH)
    kept, files = town.readable(), town.files()
    tables = (InboxMessage, OutboxMessage, VaultEntry, Turn, Consent, Attachment, Correspondent, LinkCode)
    other = {table: len(town.rows(table, BINH)) for table in tables}
    assert 0 not in other.values()
    town.plant(AN)
    town.delete(AN)
    assert {table: len(town.rows(table, BINH)) for table in other} == other
    assert all(one.encode() in town.readable() for one in PLANTED if one.encode() in kept)
    assert town.files() == files
    assert town.rasa.events[BINH]


def test_a_running_complaint_ends_as_withdrawn_and_its_history_says_that_it_was_erased(town):
    code = town.plant()
    town.delete()
    status, row = find_status(town.database, code), town.centre.row(code)
    assert (status.state, status.end_reason, row.salt, row.conversation) == ("closed", "withdrawn", None, NOBODY)
    assert [(move.reason, move.moved_by) for move in row.moves][-2:] == [
        ("withdrawn", "citizen"),
        ("erased", "citizen"),
    ]
    assert {move.note for move in row.moves} == {None}
    assert [word.text for word in row.words] == [None] * len(row.words)
    with town.database.reading() as session:
        openings = session.execute(select(ComplaintOpening.opened_by, ComplaintOpening.why)).all()
    assert openings == [("Lê Hoa", None)]


def test_the_chain_holds_and_calls_it_erased(town):
    code = town.plant()
    town.centre.file(BINH)
    town.delete()
    report = verify(town.database)
    assert (report.whole, report.erased, report.as_filed) == (True, [code], 1)


def test_who_follows_it_is_told_that_it_ended_and_nothing_else(town):
    code = town.centre.file(kind="online_system").code
    citizen.join(town.database, BINH, code)
    town.delete()
    told = town.centre.told(BINH)
    assert len(told) == 1
    assert told[0].startswith(f"Phản ánh {code} mà anh/chị cùng theo dõi: đã kết thúc.")
    assert not town.rows(Complaint, AN)


def test_the_citizen_is_told_when_it_is_done_and_by_nothing_personal(town):
    town.plant()
    town.delete()
    assert town.centre.told() == [ERASED]
    (wish,) = privacy.list_wishes(town.database, waiting=False, wish=privacy.DELETE)
    assert wish.done_at
    assert wish.conversation.startswith("erased:")
    assert wish.result.startswith("complaints 1, inbox 1")
    left = (PrivacyRequest, Consent, Attachment, Correspondent, LinkCode)
    assert [row for table in left for row in town.rows(table)] == []


def test_who_can_not_be_written_to_is_erased_and_told_nothing(town):
    town.plant()
    with town.database.transaction() as session:
        correspondents.gone(session, AN, "withdrawn")
    privacy.ask(town.database, AN, privacy.DELETE)
    assert run_erasures(town.stores) == 1
    with town.database.reading() as session:
        assert list(session.execute(select(OutboxMessage.id).where(OutboxMessage.conversation == AN))) == []
        assert session.get(Correspondent, AN) is None


def test_a_conversation_with_a_message_on_its_way_waits(town):
    town.plant()
    inbox.accept(town.database, Arrival("web", "later", AN, "còn gì nữa", None))
    assert town.delete() == 0
    assert town.rows(Complaint)
    claim = inbox.claim_next(town.database)
    with town.database.transaction() as session:
        inbox.finish(session, claim)
    assert run_erasures(town.stores) == 1


def test_while_rasa_is_away_it_is_not_done_and_what_came_meanwhile_is_not_lost(town):
    town.plant()
    town.rasa.away = True
    assert town.delete() == 0
    assert town.centre.told() == []
    later = town.centre.file().code
    town.rasa.away = False
    assert run_erasures(town.stores) == 1
    assert town.rasa.events.get(AN) is None
    assert not find_status(town.database, later).erased


class Killed(BaseException):
    """What a kill looks like from inside."""


@pytest.mark.parametrize("place", ["forget", "scrub"])
def test_killed_half_way_it_is_finished_at_the_next_run(town, place):
    code = town.plant()

    def killed(*_):
        raise Killed

    broken = replace(town.stores, ask_rasa=killed) if place == "forget" else replace(town.stores)
    if place == "scrub":
        broken = replace(broken, database=Unscrubbed(town.database, killed))
    privacy.ask(town.database, AN, privacy.DELETE)
    with pytest.raises(Killed):
        run_erasures(broken)
    assert run_erasures(town.stores) == 1
    assert run_erasures(town.stores) == 0
    assert [one for one in PLANTED if one.encode() in town.readable()] == []
    assert [move.reason for move in town.centre.row(code).moves].count("erased") == 1


class Unscrubbed:
    """A database whose cleaning is cut short."""

    def __init__(self, database, scrub):
        self._database, self.scrub = database, scrub

    def __getattr__(self, name):
        return getattr(self._database, name)


def test_two_programs_at_the_same_erasure_do_it_once(town):
    town.plant()
    privacy.ask(town.database, AN, privacy.DELETE)
    together = Barrier(2)

    def at_once(work):
        together.wait(10)
        return town.stores.ask_rasa(work)

    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(run_erasures, replace(town.stores, ask_rasa=at_once)) for _ in range(2)]
        assert sorted(job.result() for job in running) == [0, 1]
    assert town.centre.told() == [ERASED]


def test_erasing_twice_is_harmless(town):
    town.plant()
    assert (town.delete(), town.delete()) == (1, 1)
    assert town.centre.told() == [ERASED]


def test_numbers_of_rows_are_never_given_twice(town):
    town.plant()
    with town.database.reading() as session:
        last = session.execute(select(InboxMessage.id).order_by(InboxMessage.id.desc())).scalars().first()
    town.delete()
    assert inbox.accept(town.database, Arrival("web", "new", AN, "xin chào", None))[0] > last


def test_turns_stay_as_figures_without_whose_they_were(town):
    town.plant()
    town.delete()
    assert [turn.outcome for turn in town.rows(Turn, NOBODY)] == ["answer"]


def age(town, days):
    """Everything as if it had happened so many days ago."""
    past = now() - timedelta(days=days)
    dates = {InboxMessage: "received_at", OutboxMessage: "created_at", VaultEntry: "created_at", Turn: "created_at"}
    dates |= {
        Attachment: "created_at",
        LinkCode: "expires_at",
        Complaint: "created_at",
        Evidence: "created_at",
        ComplaintOpening: "opened_at",
    }
    with town.database.transaction() as session:
        for table, name in dates.items():
            session.execute(update(table).values({name: past}))
        for row in session.execute(select(Complaint)).scalars():
            for move in row.moves:
                move.moved_at = past
        session.execute(update(PrivacyRequest).values(done_at=past))


PERIODS = load_retention(ROOT / "knowledge")
TODAY = day_in_viet_nam(now())


def kept(town):
    tables = (InboxMessage, OutboxMessage, VaultEntry, SentButton, Attachment)
    return [len(town.rows(table)) for table in tables], len(town.files())


def test_what_is_young_stays(town):
    town.plant()
    before = kept(town)
    counts = run_retention(town.stores, PERIODS, TODAY)
    assert {store for store, count in counts.items() if count} == {"tracker"}
    assert kept(town) == before


def test_a_dry_run_counts_what_the_real_one_takes_and_takes_nothing(town):
    town.plant()
    town.plant_file()
    age(town, 400)
    before = kept(town)
    counts = run_retention(town.stores, PERIODS, TODAY, dry_run=True)
    assert kept(town) == before
    assert run_retention(town.stores, PERIODS, TODAY) == counts
    assert 0 not in (counts["inbox"], counts["unfiled_files"], counts["turns"])
    assert sum(run_retention(town.stores, PERIODS, TODAY).values()) == counts["tracker"]


def test_values_and_notices_of_running_feedback_stay_and_the_rest_of_the_conversation_goes(town):
    code = town.plant()
    age(town, 400)
    run_retention(town.stores, PERIODS, TODAY)
    assert open_complaint(town.database, code, "Lê Hoa").told.description.startswith(f"{NAME} {PHONE}")
    assert [text.splitlines()[0] for text in town.centre.told()] == [f"Phản ánh {code}: đã tiếp nhận xử lý."]
    assert not town.rows(InboxMessage)
    assert not town.rows(SentButton)


def test_feedback_that_ended_long_ago_is_erased_by_the_clock(town):
    code, running = town.plant(), town.centre.file(BINH).code
    citizen.withdraw(town.database, town.centre.rules, AN, code)
    age(town, 1100)
    counts = run_retention(town.stores, PERIODS, TODAY)
    assert counts["ended_complaints"] == 1
    assert find_status(town.database, code).erased
    assert town.centre.row(code).moves[-1].moved_by == "system"
    assert not find_status(town.database, running).erased
    assert town.files() == []


def test_the_line_that_says_it_is_done_goes_after_its_days(town):
    town.plant()
    town.delete()
    age(town, 8)
    assert run_retention(town.stores, PERIODS, TODAY)["erasure_notices"] == 1
    assert town.centre.told() == []
    assert run_retention(town.stores, PERIODS, TODAY)["erasure_notices"] == 0


LONG_AGO = timedelta(days=400)


def know(town, conversation="telegram:7", **values):
    with town.database.transaction() as session:
        values = {"heard_at": now() - LONG_AGO, **values}
        session.add(Correspondent(conversation=conversation, channel=conversation.split(":")[0], **values))


def known(town):
    with town.database.reading() as session:
        return sorted(session.execute(select(Correspondent.conversation)).scalars())


@pytest.mark.parametrize(
    "values", [{}, {"heard_at": None}, {"gone_at": now(), "gone_reason": "blocked"}, {"person": "p"}]
)
def test_who_was_not_heard_of_for_long_and_to_whom_nothing_leads_goes(town, values):
    know(town, **values)
    assert run_retention(town.stores, PERIODS, TODAY, dry_run=True)["correspondents"] == 1
    assert known(town) == ["telegram:7"]
    assert run_retention(town.stores, PERIODS, TODAY)["correspondents"] == 1
    assert known(town) == []


@pytest.mark.parametrize(
    "reason", ["heard", "silent", "message", "said", "value", "feedback", "followed", "linked", "wish"]
)
def test_to_whom_anything_leads_stays(town, reason):
    values = {"heard": {"heard_at": now()}, "silent": {"silent_until": now()}, "linked": {"person": "p"}}
    know(town, **values.get(reason, {}))
    lead_to(town, "telegram:7", reason)
    assert run_retention(town.stores, PERIODS, TODAY)["correspondents"] == 0
    assert "telegram:7" in known(town)


def lead_to(town, conversation, reason):
    if reason == "message":
        inbox.accept(town.database, Arrival("telegram", "1:1", conversation, "xin chào", None))
        with town.database.transaction() as session:
            correspondents.heard(session, conversation, now() - LONG_AGO)
    elif reason == "said":
        with town.database.transaction() as session:
            outbox.enqueue(session, conversation, [Reply("xin chào")])
    elif reason == "value":
        town.centre.hide(PHONE, conversation)
    elif reason == "feedback":
        town.centre.file(conversation)
    elif reason == "followed":
        citizen.join(town.database, conversation, town.centre.file(AN, kind="online_system").code)
    elif reason == "linked":
        know(town, AN, person="p")
        town.centre.file(AN)
    elif reason == "wish":
        privacy.ask(town.database, conversation, privacy.DELETE)


def test_whom_the_last_line_of_an_erasure_did_not_reach_is_forgotten_too(town):
    town.plant()
    town.delete()
    with town.database.transaction() as session:
        correspondents.gone(session, AN, "blocked")
    age(town, 400)
    counts = [run_retention(town.stores, PERIODS, TODAY) for _ in range(2)]
    assert [one["erasure_notices"] + one["correspondents"] for one in counts] == [1, 1]
    assert known(town) == []


def test_a_tracker_out_of_reach_stops_nothing(town):
    town.plant()
    age(town, 400)
    town.rasa.away = True
    counts = run_retention(town.stores, PERIODS, TODAY)
    assert "tracker" not in counts
    assert counts["inbox"] == 1
