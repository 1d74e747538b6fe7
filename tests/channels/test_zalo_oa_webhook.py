"""The Official Account's webhook: signatures, what is kept, what is refused, and how fast it answers."""

import asyncio
import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.channels.zalo_oa_routes import PATH, ZaloWebhook, signature_of
from bot.complaints import privacy
from bot.database import cipher_of, now
from bot.delivery import correspondents, erase, outbox
from bot.delivery.attending import UNKNOWN_TAP
from bot.delivery.intake import Intake
from bot.delivery.model import Attachment, Correspondent, InboxMessage, OutboxMessage
from bot.delivery.outbox import Button, Reply
from tests.channels.zalo import AN, AN_TALKS, BINH, oa_settings
from tests.fakes.zalo_events import APP_ID, OA_ID, make_event, sign

# Of the facts about Zalo, section 2.1.
VECTOR = (
    '{"app_id":"360846524940903967","sender":{"id":"246845883529197922"},"user_id_by_app":"552177279717587730",'
    '"recipient":{"id":"388613280878808645"},"event_name":"user_send_text","message":{"text":"Xin chào phường",'
    '"msg_id":"96d3cdf3af150460909"},"timestamp":"1727000000000"}'
).encode()
VECTOR_MAC = "6054dbf1d73a613865f07cc17ba5423eb34ae1cc5fc48729a76c942d01829b27"
FIXTURES = sorted((Path(__file__).parent / "fixtures" / "zalo_oa").glob("*.json"))


class Stuck:
    """An intake whose disk does not answer."""

    def __init__(self, seconds=0.0, error=None):
        self.seconds, self.error = seconds, error

    async def accept(self, arrival):
        await asyncio.sleep(self.seconds)
        raise self.error


@pytest.fixture
def webhook(database, tmp_path, clock):
    def make(intake=None, **settings):
        mine = oa_settings(tmp_path, **settings).zalo
        hook = ZaloWebhook(database, mine, intake or Intake(database, lambda: None), clock)
        return TestClient(Starlette(routes=hook.routes()), raise_server_exceptions=False)

    return make


@pytest.fixture
def zalo(webhook):
    """Posts an event, signed unless headers are given; the status."""
    # One loop for all requests of a test, as in the web program.
    with webhook() as client:
        yield lambda raw, headers=None: client.post(PATH, content=raw, headers=headers or sign(raw)).status_code


def kept(database):
    """What lies in the inbox: kind, text, payload."""
    with database.reading() as session:
        rows = session.execute(select(InboxMessage).order_by(InboxMessage.id)).scalars()
        return [(row.kind, cipher_of(session).unseal(row.body), row.payload) for row in rows]


def changed(raw, **values):
    return json.dumps({**json.loads(raw), **values}, ensure_ascii=False).encode()


def test_the_published_vector_is_signed_as_it_says():
    assert signature_of("360846524940903967", VECTOR, "1727000000000", "oa-secret-fixture") == VECTOR_MAC


def test_the_vector_is_taken_as_it_stands(webhook, database):
    headers = {"X-ZEvent-Signature": f"mac={VECTOR_MAC}"}
    with webhook(ZALO_OA_SECRET_KEY="oa-secret-fixture") as client:
        assert client.post(PATH, content=VECTOR, headers=headers).status_code == 200
    assert kept(database) == [("text", "Xin chào phường", None)]


def test_a_message_is_kept_under_the_person(zalo, database):
    assert zalo(make_event(message={"text": "xin chào"})) == 200
    with database.reading() as session:
        row = session.execute(select(InboxMessage)).scalar_one()
        assert (row.channel, row.conversation, row.state) == ("zalo_oa", AN_TALKS, "pending")
        assert session.get(Correspondent, AN_TALKS).heard_at is not None


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_every_recorded_event_is_answered_200(zalo, path):
    assert zalo(path.read_bytes()) == 200


@pytest.mark.parametrize(
    "header",
    ["", "mac=", f"mac={'0' * 64}", VECTOR_MAC, "mac=ệ", "mac=" + "f" * 10_000],
    ids=["none", "empty", "wrong", "no-prefix", "no-hex", "long"],
)
def test_a_wrong_signature_is_refused(zalo, database, header):
    raw = make_event()
    assert zalo(raw, {"X-ZEvent-Signature": header.encode()}) == 403
    assert kept(database) == []


@pytest.mark.parametrize(("setting", "other"), [("app_id", "oa_id"), ("oa_id", "app_id")])
def test_the_number_that_begins_the_signature_can_be_set(webhook, database, caplog, setting, other):
    numbers = {"app_id": APP_ID, "oa_id": OA_ID}
    raw = make_event()
    with webhook(ZALO_SIGNED_WITH=setting) as client:
        assert client.post(PATH, content=raw, headers=sign(raw, app_id=numbers[other])).status_code == 403
        assert f"set MOTCUA_ZALO_SIGNED_WITH={other}" in caplog.text
        assert kept(database) == []
        assert client.post(PATH, content=raw, headers=sign(raw, app_id=numbers[setting])).status_code == 200
    assert kept(database) == [("text", "xin chào", None)]


def test_a_signature_of_the_same_body_written_otherwise_is_refused(zalo, database):
    raw = make_event(message={"text": "Xin chào phường"})
    again = json.dumps(json.loads(raw)).encode()
    assert again != raw
    assert zalo(again, sign(raw)) == 403
    assert kept(database) == []


def test_an_old_body_with_a_new_timestamp_is_refused(zalo, database):
    old = make_event(moment="1727000000000")
    assert zalo(changed(old, timestamp="1763776800000"), sign(old)) == 403
    assert zalo(old, sign(old, timestamp="1763776800000")) == 403
    assert kept(database) == []


def test_the_same_body_again_is_a_duplicate(zalo, database):
    raw = make_event()
    assert [zalo(raw), zalo(raw, {**sign(raw), "num_retry": "1"})] == [200, 200]
    assert len(kept(database)) == 1


def test_a_retry_is_taken_however_old_it_is(zalo, database):
    raw = make_event(moment="1390853474000")
    assert zalo(raw, {**sign(raw), "num_retry": "5"}) == 200
    assert len(kept(database)) == 1


@pytest.mark.parametrize(
    "value", [None, "", [], {}, True, 1.5], ids=["missing", "empty", "list", "object", "true", "float"]
)
def test_without_a_timestamp_there_is_no_event(zalo, database, value):
    raw = changed(make_event(), timestamp=value)
    assert zalo(raw, sign(raw, timestamp=str(value))) == 400
    assert kept(database) == []


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"[" * 100_000, b"1" * 100_000])
def test_what_is_no_event_is_refused(zalo, database, raw):
    assert zalo(raw, sign(raw, timestamp="1")) == 400
    assert kept(database) == []


def test_a_body_of_ten_megabytes_is_refused(zalo, database):
    raw = make_event(message={"text": "x" * 10_000_000})
    assert zalo(raw) == 413
    assert kept(database) == []


def test_an_event_of_another_application_is_refused(zalo, database):
    raw = changed(make_event(), app_id="1163843031413526746")
    assert zalo(raw, sign(raw, app_id="1163843031413526746")) == 403
    assert kept(database) == []


def test_an_event_of_another_account_makes_nothing(zalo, database):
    assert zalo(make_event(recipient={"id": "2197174064623873199"})) == 200
    assert kept(database) == []


def test_numbers_where_texts_should_be_lose_no_figure(zalo, database):
    person = 9_007_199_254_740_993
    raw = changed(make_event(), sender={"id": person}, recipient={"id": int(OA_ID)}, timestamp=1763776800123)
    assert zalo(raw) == 200
    with database.reading() as session:
        assert session.execute(select(InboxMessage.conversation)).scalar_one() == f"zalo_oa:{person}"


@pytest.mark.parametrize("wrong", [2.5e18, True, None, [], {"id": "1"}, "", "a b", "x" * 65])
def test_a_person_without_a_usable_id_makes_nothing(zalo, database, wrong):
    assert zalo(make_event(sender={"id": wrong})) == 200
    assert kept(database) == []


def test_half_letters_and_nul_are_stored_as_something_else(zalo, database):
    raw = make_event().replace("xin chào".encode(), b"a\\ud83d b\\u0000")
    assert zalo(raw) == 200
    assert "\0" not in kept(database)[0][1]


def test_a_tap_is_known_only_when_it_was_sent_to_this_person(zalo, database):
    with database.transaction() as session:
        outbox.enqueue(session, AN_TALKS, [Reply("Chọn", (Button("Lệ phí", '/ask_fee{"a": 1}'),))])
        button = outbox.read_reply(
            cipher_of(session), session.execute(select(OutboxMessage.body)).scalar_one()
        ).buttons[0]
    for person in (AN, BINH):
        assert zalo(make_event(user_id=person, message={"text": f"#mc:{button.id}"})) == 200
    assert kept(database) == [("text", "Lệ phí", '/ask_fee{"a": 1}'), ("text", f"#mc:{button.id}", UNKNOWN_TAP)]


@pytest.mark.parametrize("text", ['/ask_fee{"a": 1}', "gateway:agree", "#mc:", "#mc:a b", f"#mc:{'a' * 17}", "x #mc:a"])
def test_a_payload_made_up_by_hand_is_only_text(zalo, database, text):
    zalo(make_event(message={"text": text}))
    assert kept(database) == [("text", text, None)]


def test_files_are_kept_to_be_fetched(zalo, database):
    attached = [{"type": "image", "payload": {"url": "https://photo.zdn.vn/1.jpg"}}]
    zalo(make_event("user_send_image", message={"text": "ổ gà", "attachments": attached * 2}))
    with database.reading() as session:
        assert session.execute(select(func.count(Attachment.id))).scalar_one() == 2
    assert kept(database) == [("image", "ổ gà", None)]


def test_a_person_of_the_centre_lets_the_bot_keep_still(zalo, database, clock):
    wrote_at = clock() - timedelta(minutes=10)
    by_hand = {"sender": {"id": OA_ID, "admin_id": "77"}, "recipient": {"id": AN}}
    moment = str(int(wrote_at.timestamp() * 1000))
    assert zalo(make_event("oa_send_text", moment=moment, **by_hand)) == 200
    with database.reading() as session:
        assert correspondents.is_silent(session, AN_TALKS, wrote_at + timedelta(minutes=29))
        assert not correspondents.is_silent(session, AN_TALKS, wrote_at + timedelta(minutes=31))
    assert kept(database) == []


def test_a_word_that_is_told_of_late_shortens_nothing(zalo, database, clock):
    by_hand = {"sender": {"id": OA_ID, "admin_id": "77"}, "recipient": {"id": AN}}
    for ago in (0, 600):
        zalo(make_event("oa_send_text", moment=str(int((clock().timestamp() - ago) * 1000)), **by_hand))
    with database.reading() as session:
        assert correspondents.is_silent(session, AN_TALKS, clock() + timedelta(minutes=29))


def test_a_moment_to_come_keeps_the_bot_still_no_longer(zalo, database, clock):
    by_hand = {"sender": {"id": OA_ID, "admin_id": "77"}, "recipient": {"id": AN}}
    zalo(make_event("oa_send_image", moment="4102444800000", **by_hand))
    with database.reading() as session:
        assert not correspondents.is_silent(session, AN_TALKS, clock() + timedelta(minutes=31))


def test_our_own_echo_makes_nothing(zalo, database):
    zalo(make_event("oa_send_text", sender={"id": OA_ID}, recipient={"id": AN}))
    with database.reading() as session:
        assert not correspondents.is_silent(session, AN_TALKS)
    assert kept(database) == []


def test_whether_who_unfollows_can_be_written_to_is_for_zalo_to_say(zalo, database):
    follower = {"oa_id": OA_ID, "follower": {"id": AN}, "sender": None, "recipient": None, "message": None}
    zalo(make_event("follow", moment="1763776800000", **follower))
    zalo(make_event("unfollow", moment="1763776800001", **follower))
    with database.reading() as session:
        assert correspondents.reachable(session, AN_TALKS)
        assert session.get(Correspondent, AN_TALKS).heard_at.timestamp() == 1763776800
    assert [kind for kind, _, _ in kept(database)] == ["follow", "unfollow"]


def test_who_withdraws_is_to_be_erased_and_hears_nothing_more(zalo, database):
    zalo(make_event(message={"text": "xin chào"}))
    raw = changed(make_event("user_withdraw", oa_id=OA_ID, sender=None, recipient=None), user_id=AN)
    assert [zalo(raw), zalo(raw)] == [200, 200]
    wishes = privacy.list_wishes(database, wish=privacy.DELETE)
    assert [wish.conversation for wish in wishes] == [AN_TALKS]
    with database.reading() as session:
        assert not correspondents.reachable(session, AN_TALKS)
        assert session.execute(select(func.count(OutboxMessage.id))).scalar_one() == 0


def test_a_withdrawal_told_of_again_after_its_erasure_takes_nothing_that_came_since(zalo, database):
    raw = changed(make_event("user_withdraw", oa_id=OA_ID, sender=None, recipient=None), user_id=AN)
    assert zalo(raw) == 200
    with database.transaction() as session:
        erase.erase_conversation(session, AN_TALKS)
        privacy.sign_off(session, privacy.lock(session, 1), None)
    assert zalo(make_event(message={"text": "xin chào"})) == 200
    assert zalo(raw, {**sign(raw), "num_retry": "3"}) == 200
    assert privacy.list_wishes(database, wish=privacy.DELETE) == []
    with database.reading() as session:
        assert correspondents.reachable(session, AN_TALKS)
    again = changed(raw, timestamp=str(int(time.time() * 1000) + 1))
    time.sleep(0.002)
    assert zalo(again) == 200
    assert len(privacy.list_wishes(database, wish=privacy.DELETE)) == 1


def test_what_was_written_after_a_withdrawal_is_answered_whatever_comes_first(zalo, database):
    moment = int(time.time() * 1000)
    assert zalo(make_event(message={"text": "xin chào"}, moment=str(moment - 1000))) == 200
    withdrawn = make_event("user_withdraw", oa_id=OA_ID, sender=None, recipient=None, moment=str(moment - 2000))
    assert zalo(changed(withdrawn, user_id=AN)) == 200
    with database.reading() as session:
        assert correspondents.reachable(session, AN_TALKS)
    # Everything of theirs goes all the same: nobody can tell what they meant to keep.
    assert len(privacy.list_wishes(database, wish=privacy.DELETE)) == 1


def test_what_was_written_before_a_withdrawal_and_comes_late_is_not_kept(zalo, database):
    moment = int(time.time() * 1000)
    assert zalo(make_event(message={"text": "xin chào"}, moment=str(moment - 40_000))) == 200
    withdrawn = make_event("user_withdraw", oa_id=OA_ID, sender=None, recipient=None, moment=str(moment - 20_000))
    assert zalo(changed(withdrawn, user_id=AN)) == 200
    with database.transaction() as session:
        erase.erase_conversation(session, AN_TALKS)
        privacy.sign_off(session, privacy.lock(session, 1), None)
    assert zalo(make_event(message={"text": "của tôi"}, moment=str(moment - 30_000))) == 200
    assert zalo(make_event(message={"text": "tôi quay lại"}, moment=str(moment - 10_000))) == 200
    assert [text for _, text, _ in kept(database) if text] == ["tôi quay lại"]


def test_who_withdrew_is_not_kept_anew_by_what_the_centre_wrote_before(zalo, database):
    moment = int(time.time() * 1000)
    withdrawn = make_event("user_withdraw", oa_id=OA_ID, sender=None, recipient=None, moment=str(moment - 20_000))
    assert zalo(changed(withdrawn, user_id=AN)) == 200
    with database.transaction() as session:
        erase.erase_conversation(session, AN_TALKS)
        privacy.sign_off(session, privacy.lock(session, 1), None)
    by_hand = {"sender": {"id": OA_ID, "admin_id": "77"}, "recipient": {"id": AN}}
    assert zalo(make_event("oa_send_text", moment=str(moment - 30_000), **by_hand)) == 200
    with database.reading() as session:
        assert session.get(Correspondent, AN_TALKS) is None
    assert zalo(make_event("oa_send_text", moment=str(moment - 10_000), **by_hand)) == 200
    with database.reading() as session:
        assert correspondents.is_silent(session, AN_TALKS)


def test_the_seven_days_run_from_when_it_was_written(zalo, database):
    wrote_at = int(time.time() * 1000) - 3_600_000
    for moment in (wrote_at, wrote_at - 1000):
        zalo(make_event(moment=str(moment)))
    with database.reading() as session:
        assert session.get(Correspondent, AN_TALKS).heard_at.timestamp() * 1000 == pytest.approx(wrote_at)


def test_who_withdraws_from_another_account_is_not_ours_to_erase(zalo, database):
    raw = changed(make_event("user_withdraw", oa_id="9" * 19, sender=None, recipient=None), user_id=AN)
    assert zalo(raw) == 200
    assert privacy.list_wishes(database, wish=privacy.DELETE) == []


def test_a_disk_that_does_not_answer_is_a_failure_within_two_seconds(webhook):
    begun = time.monotonic()
    with webhook(Stuck(seconds=60)) as client:
        raw = make_event()
        assert client.post(PATH, content=raw, headers=sign(raw)).status_code == 503
        assert time.monotonic() - begun < 2


def test_a_message_that_could_not_be_stored_is_not_confirmed(webhook):
    with webhook(Stuck(error=OperationalError("", None, Exception()))) as client:
        raw = make_event()
        assert client.post(PATH, content=raw, headers=sign(raw)).status_code == 503


def test_nothing_of_a_person_is_logged(zalo, caplog):
    caplog.set_level("INFO")
    for raw in (make_event(message={"text": "bí mật"}), changed(make_event(), recipient={"id": "1"})):
        zalo(raw)
    zalo(make_event(message={"text": "bí mật"}), {"X-ZEvent-Signature": "mac=0"})
    assert AN not in caplog.text
    assert "bí mật" not in caplog.text


def test_the_header_of_now_is_not_needed(zalo):
    raw = make_event(moment=str(int((now() - timedelta(hours=2)).timestamp() * 1000)))
    assert zalo(raw) == 200
