import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest
from sqlalchemy import update

from bot.accounts.officers import Accounts
from bot.accounts.passwords import Cost, Passwords
from bot.complaints.casework import move
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.rules import load_rules
from bot.database import Database, now
from bot.delivery import outbox, switches
from bot.delivery.model import FAILED, ChannelCredential, InboxMessage, OutboxMessage
from bot.delivery.outbox import Reply
from bot.operations.doctor import examine
from bot.operations.jobs import CUT_SHORT, LEASE, Job
from bot.operations.model import JobRun
from bot.settings import ROOT
from bot.training import ledger
from bot.training.model import LIVE
from bot.training.train import inputs_fingerprint
from tests.channels.zalo import log_in
from tests.factories import KEY, accept, make_settings
from tests.fakes.oidc import FakeProvider
from tests.fakes.server import FakeServer, Quiet
from tests.training.models import make_model

JOBS = [Job("overdue", "tells", lambda: None), Job("erasures", "erases", lambda: None, every=timedelta(seconds=15))]


class Healthy(Quiet, BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def settings(tmp_path):
    """Of a bot all whose programs answer, with a model in place."""
    with FakeServer(Healthy).serving() as programs:
        yield healthy_settings(tmp_path, programs.url.rsplit(":", 1)[1])


def healthy_settings(tmp_path, port):
    ports = dict.fromkeys(("PORT", "RASA_PORT", "ACTIONS_PORT"), port)
    settings = make_settings(tmp_path, MODELS=tmp_path / "models", **ports)
    settings.models.mkdir()
    model = settings.models / "motcua.tar.gz"
    model.write_bytes(b"model")
    note = {"inputs": inputs_fingerprint(), "sha256": hashlib.sha256(b"model").hexdigest()}
    model.with_name("motcua.json").write_text(json.dumps(note))
    return settings


def add(database, *rows):
    with database.transaction() as session:
        session.add_all(rows)


def found(database, settings, jobs=JOBS):
    return {finding.about: finding for finding in examine(database, settings, jobs)}


def bad(database, settings, jobs=JOBS):
    return {about: finding for about, finding in found(database, settings, jobs).items() if not finding.good}


def test_a_live_model_that_nothing_was_compared_with_is_told(database, settings):
    make_model(database, settings.models, "motcua-live", LIVE, reason=ledger.NOT_COMPARED)
    assert found(database, settings)["model"].said == "1 (motcua-live), not compared with the one before"


def test_a_live_model_that_was_altered_is_told(database, settings):
    made = make_model(database, settings.models, "motcua-live", LIVE)
    assert found(database, settings)["model"].said == f"{made} (motcua-live)"
    (settings.models / "motcua-live.tar.gz").write_bytes(b"evil")
    assert bad(database, settings)["model"].said.endswith("is not loaded: its file was altered or is gone.")


def test_a_healthy_bot_has_nothing_wrong(database, settings):
    assert bad(database, settings) == {}


def test_whatever_is_wrong_comes_with_what_to_do(tmp_path, settings):
    nowhere = Database(f"sqlite:///{tmp_path / 'empty.db'}", (KEY,))
    (settings.models / "motcua.json").unlink()
    settings.evidence.write_text("no folder")
    wrong = bad(nowhere, settings)
    assert set(wrong) == {"model", "evidence folder", "database"}
    assert all(finding.todo for finding in wrong.values())


def test_programs_that_do_not_answer_are_named(database, settings, tmp_path):
    away = make_settings(tmp_path, PORT=1, RASA_PORT=1, ACTIONS_PORT=1, MODELS=settings.models)
    wrong = bad(database, away)
    assert {"rasa", "actions", "web"} == set(wrong)
    assert "rasa.log" in wrong["rasa"].todo


def test_a_server_that_does_not_answer_is_one_finding(settings):
    away = Database("postgresql://motcua@127.0.0.1:1/motcua", (KEY,))
    assert set(bad(away, settings)) == {"database"}


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (4, True), (7, False), (-7, False)])
def test_a_clock_that_the_database_does_not_share_is_named(database, settings, seconds, good):
    told = examine(database, settings, JOBS, clock=lambda: now() + timedelta(seconds=seconds))
    clocks = [finding.good for finding in told if finding.about == "clock"]
    assert clocks == ([] if database.embedded else [good])


def test_what_waits_too_long_is_named_with_its_channel(database, settings):
    accept(database, conversation="telegram:1", channel="telegram")
    assert bad(database, settings) == {}
    with database.transaction() as session:
        outbox.enqueue(session, "zalo_oa:1", [Reply("chào")])
        session.execute(update(InboxMessage).values(received_at=now() - timedelta(minutes=3)))
        session.execute(update(OutboxMessage).values(created_at=now() - timedelta(minutes=16)))
    assert set(bad(database, settings)) == {"inbox telegram", "outbox zalo_oa"}


def test_what_was_not_answered_is_wrong_and_what_citizens_did_not_take_is_only_told(database, settings):
    accept(database, conversation="telegram:1", channel="telegram")
    with database.transaction() as session:
        outbox.enqueue(session, "zalo_oa:1", [Reply("chào")])
        session.execute(update(InboxMessage).values(state=FAILED))
        session.execute(update(OutboxMessage).values(state=FAILED, reason="blocked"))
    assert set(bad(database, settings)) == {"inbox telegram"}
    assert found(database, settings)["outbox zalo_oa"].good


def test_tokens_in_trouble_and_tokens_near_their_end_are_named(database, settings):
    add(
        database,
        ChannelCredential(name="a", value=b"x", renewable_until=now() + timedelta(days=9)),
        ChannelCredential(name="b", value=b"x", problem="the pair was refused"),
        ChannelCredential(name="c", value=b"x", renewable_until=now() + timedelta(days=80)),
    )
    assert set(bad(database, settings)) == {"a token", "b token"}


def test_a_pair_that_nothing_can_renew_is_named_while_it_still_serves(database, settings):
    log_in(database, refresh="")
    wrong = bad(database, settings)["zalo_oa token"]
    assert "no refresh token" in wrong.said
    assert "motcua channels zalo login" in wrong.todo


def test_jobs_that_fail_are_late_or_ran_in_the_future_are_named(database, settings):
    add(database, JobRun(name="overdue", failures=2, error="OSError", started_at=now()))
    add(database, JobRun(name="erasures", failures=0, started_at=now() - timedelta(hours=1)))
    wrong = bad(database, settings)
    assert wrong["job overdue"].said == "failed 2 times: OSError"
    assert wrong["job erasures"].said.startswith("due since")
    with database.transaction() as session:
        session.execute(update(JobRun).values(failures=0, started_at=now() + timedelta(hours=1)))
    assert bad(database, settings)["job erasures"].todo == "Set this machine's clock."


def test_a_job_that_runs_just_now_has_not_failed(database, settings):
    add(database, JobRun(name="overdue", failures=1, error=CUT_SHORT, started_at=now(), lease_until=now() + LEASE))
    assert "job overdue" not in bad(database, settings)
    with database.transaction() as session:
        session.execute(update(JobRun).values(failures=3))
    assert bad(database, settings)["job overdue"].said == "failed 2 times: being tried again"


def test_a_notice_that_did_not_arrive_is_told(database, settings):
    rules = load_rules(ROOT / "knowledge", "demo")
    code = file_complaint(database, rules, "web:an", 7, Draft("late", "Chưa trả kết quả")).code
    move(database, rules, code, "accepted", "Lê Thị Hoa")
    with database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=FAILED))
    assert bad(database, settings)["notices"].said == "1 did not reach citizens"


def test_feedback_about_persons_that_no_supervisor_sees_is_told(database, settings):
    assert bad(database, settings) == {}
    accounts = Accounts(database, Passwords(Cost(1, 8)))
    accounts.add("Lê Thị Hoa", "Phòng Đất đai", ("officer",), (), "test")
    assert "no supervisor" in bad(database, settings)["accounts"].said
    rules = load_rules(ROOT / "knowledge", "demo")
    file_complaint(database, rules, "web:an", 7, Draft("attitude", "Cán bộ phòng Đất đai quát tháo"))
    accounts.add("Vũ Lan", "Phòng Đất đai", ("supervisor",), (), "test")
    assert bad(database, settings)["accounts"].said == "2, feedback about persons that nobody sees: 1"
    accounts.add("Đỗ Minh", "", ("supervisor",), (), "test")
    assert bad(database, settings) == {}


def test_denunciations_that_no_reader_sees_are_told(database, settings):
    accounts = Accounts(database, Passwords(Cost(1, 8)))
    for name, unit, role in (("Vũ Lan", "", "supervisor"), ("Lê Thị Hoa", "Phòng Đất đai", "officer")):
        accounts.add(name, unit, (role,), (), "test")
    rules = load_rules(ROOT / "knowledge", "demo")
    told = Draft("bribery", "Cán bộ phòng Đất đai đòi tiền", route="to_cao")
    file_complaint(database, rules, "web:an", 7, told)
    for readers in ((), ("Lê Thị Hoa",), ("Không Ai",)):
        unread = replace(settings, restricted_readers=readers)
        assert bad(database, unread)["denunciations"].said == "1 that no reader sees"
    assert bad(database, replace(settings, restricted_readers=("Lê Thị Hoa", "Vũ Lan"))) == {}


def test_a_log_in_provider_that_does_not_answer_is_told(database, settings):
    Accounts(database, Passwords(Cost(1, 8))).add("Vũ Lan", "", ("supervisor",), (), "test")
    with FakeProvider().serving() as fake:
        known = replace(settings.oidc, issuer=fake.issuer, client_id="x", client_secret="x")
        assert found(database, replace(settings, oidc=known))["log-in provider"].good
        fake.document = {"issuer": "https://elsewhere.example"}
        assert "another issuer" in bad(database, replace(settings, oidc=known))["log-in provider"].said


def test_what_is_switched_off_is_told_but_not_wrong(database, settings):
    switches.switch_off(database, "telegram", "an", "nghỉ")
    assert found(database, settings)["switch telegram"].good
    assert bad(database, settings) == {}


def test_a_public_address_that_does_not_answer_is_wrong(database, settings, tmp_path):
    public = make_settings(tmp_path, MODELS=settings.models, PUBLIC_URL="https://127.0.0.1:1")
    assert "certificate" in bad(database, public)["public address"].todo
