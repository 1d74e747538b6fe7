"""Files of answers on their way to Telegram: after the text, each once, whatever happens in between."""

import asyncio
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.channels.enclosed import Enclosed
from bot.channels.registry import open_channels
from bot.channels.telegram import open_channel
from bot.complaints import evidence
from bot.database import now
from bot.delivery.adapter import Refused, Taken, TryAgain
from bot.delivery.intake import Intake
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, PENDING, OutboxMessage
from tests.complaints import files
from tests.complaints.answering import RULES, TEXT, answer, key_of, replies
from tests.complaints.conftest import OFFICER
from tests.complaints.conftest import centre as centre
from tests.delivery.sending import Clock, send_all
from tests.factories import make_settings
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.telegram_faults import AWAY, BLOCKED, ERROR, TIMEOUT_AFTER_DELIVERY, Fault, too_many

MAI = "telegram:7"
PHOTO, LETTER = ("đường.jpg", files.photo()), ("công văn.pdf", files.pdf())
WORD = ("thư.docx", files.document())
WEBP = ("hiện trường.webp", files.photo("WEBP"))
BAD = Fault(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")


@pytest.fixture
def kind_of_database():
    return "sqlite"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "evidence"


@pytest.fixture
def telegram():
    # The clock is turned by hand, and the pace is off with it.
    with FakeTelegram(limits=None).serving() as fake:
        yield fake


@pytest.fixture
def work(centre, telegram, tmp_path, folder):
    """Answers Mai with files and lets the sender work; again without files."""
    telegram.citizen(7)
    clock = Clock()

    def run(*given, patience=5.0, later=0.0, enclosed=None):
        if given:
            answer(centre, folder, *given, conversation=MAI)
        clock.moment = max(clock.moment + timedelta(seconds=later), now() + timedelta(seconds=1))
        settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
        channel = open_channel(centre.database, settings, Intake(centre.database, lambda: None), patience, enclosed)
        channel.adapter.per_conversation = channel.adapter.per_second = 0.0
        try:
            send_all(centre.database, channel.adapter, clock=clock)
        finally:
            asyncio.run(channel.closing())
        return row(centre)

    return run


def row(centre):
    newest = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)
    with centre.database.reading() as session:
        return session.execute(newest).scalar_one()


def texts(telegram):
    return [text for text in telegram.texts_to(7) if TEXT in text]


def test_photo_and_documents_follow_the_text(work, telegram):
    assert work(PHOTO, LETTER, WORD).state == DELIVERED
    last = telegram.sent[-4:]
    assert TEXT in last[0].text
    assert [button["text"] for button in last[0].buttons] == ["Đã ổn, cảm ơn", "Chưa giải quyết được"]
    sent = [one.file[:2] for one in last[1:]]
    assert sent == [("photo", "đường.jpg"), ("document", "công văn.pdf"), ("document", "thư.docx")]
    assert [one.file[2][:4] for one in last[1:]] == [b"\xff\xd8\xff\xe0", b"%PDF", b"PK\x03\x04"]


def test_a_webp_goes_as_a_photo_that_every_phone_shows(work, telegram):
    work(WEBP)
    kind, name, content = telegram.sent[-1].file
    assert (kind, name, content[:3]) == ("photo", "hiện trường.jpg", b"\xff\xd8\xff")


def test_what_fails_on_the_way_is_tried_again_alone(work, telegram):
    telegram.faults["sendDocument"].append(too_many(1))
    assert work(PHOTO, LETTER).state == PENDING
    assert row_is(work(later=10), DELIVERED, parts=3)
    assert telegram.files_to(7) == [("photo", "đường.jpg"), ("document", "công văn.pdf")]
    assert len(texts(telegram)) == 1


def row_is(row, state, parts):
    return (row.state, row.parts_sent) == (state, parts)


@pytest.mark.parametrize("fault, arrived", [(TIMEOUT_AFTER_DELIVERY, 1), (ERROR, 0), (AWAY, 0)])
def test_after_a_try_that_leaves_doubt_the_link_is_told_and_no_file_again(work, telegram, centre, fault, arrived):
    telegram.faults["sendPhoto"].append(fault)
    work(PHOTO, patience=0.3)
    telegram.faults["sendMessage"].append(too_many(1))
    assert work(later=10).state == PENDING
    assert row_is(after := work(later=10), DELIVERED, parts=2)
    assert (after.uncertain, len(telegram.files_to(7))) == (1, arrived)
    links = [text for text in telegram.texts_to(7) if text.endswith(f"/tep/{key_of(centre, MAI)}")]
    assert (len(texts(telegram)), len(links)) == (1, 1)


def test_a_doubt_about_one_file_is_none_about_the_next(work, telegram):
    telegram.faults["sendPhoto"].append(TIMEOUT_AFTER_DELIVERY)
    work(PHOTO, LETTER, patience=0.3)
    assert row_is(work(later=10), DELIVERED, parts=3)
    assert telegram.files_to(7)[-1] == ("document", "công văn.pdf")


@pytest.mark.parametrize("full", ["room", "inspected"])
def test_where_there_is_no_room_a_file_waits_without_doubt(work, telegram, centre, folder, full):
    crowded = Enclosed(centre.database, folder, **{full: asyncio.Semaphore(0)}, wait=0.05)
    after = work(WEBP, enclosed=crowded)
    assert (after.state, after.reason, after.uncertain) == (PENDING, "crowded", 0)
    assert row_is(work(later=10), DELIVERED, parts=2)
    assert len(telegram.files_to(7)) == 1


@pytest.mark.parametrize("fault, arrived", [(TIMEOUT_AFTER_DELIVERY, 2), (too_many(1), 1)])
def test_a_file_that_a_program_was_killed_with_is_told_by_its_link(work, telegram, centre, fault, arrived):
    telegram.faults["sendDocument"].append(fault)
    work(PHOTO, LETTER, WORD, patience=0.3)
    with centre.database.transaction() as session:
        killed = {"state": CLAIMED, "claimed_until": now() - timedelta(seconds=1)}
        session.execute(update(OutboxMessage).where(OutboxMessage.state == PENDING).values(**killed))
    assert row_is(work(later=10), DELIVERED, parts=4)
    sent = [name for _, name in telegram.files_to(7)]
    assert sent == ["đường.jpg", *(["công văn.pdf"] if arrived == 2 else []), "thư.docx"]
    links = [text for text in telegram.texts_to(7) if text.endswith(f"/tep/{key_of(centre, MAI)}")]
    assert (len(texts(telegram)), len(links)) == (1, 1)


def test_a_photo_that_telegram_does_not_take_goes_as_a_document(work, telegram):
    telegram.faults["sendPhoto"].append(BAD)
    assert work(PHOTO).state == DELIVERED
    assert telegram.files_to(7) == [("document", "đường.jpg")]


def test_what_telegram_does_not_take_at_all_is_told_by_its_link(work, telegram, centre):
    telegram.faults["sendDocument"].append(BAD)
    assert work(LETTER).state == DELIVERED
    assert telegram.texts_to(7)[-1].endswith(f"/tep/{key_of(centre, MAI)}")
    assert telegram.files_to(7) == []


def test_who_blocks_the_bot_between_the_parts_is_gone(work, telegram):
    telegram.faults["sendPhoto"].append(BLOCKED)
    after = work(PHOTO)
    assert (after.state, after.reason) == (FAILED, "blocked")


def test_a_file_that_was_removed_meanwhile_is_told_so(work, telegram, centre, folder):
    telegram.faults["sendPhoto"].append(ERROR)
    work(PHOTO)
    (file,) = replies(centre, MAI)[-1].files
    code = file.link.split("/")[-3]
    evidence.remove(centre.database, folder, code, file.id, OFFICER, "gửi nhầm")
    assert work(later=10).state == DELIVERED
    assert telegram.files_to(7) == []
    assert telegram.texts_to(7)[-1] == "Câu trả lời có kèm một tệp, nhưng trung tâm đã gỡ tệp đó."


def test_no_other_file_is_reached_by_its_number(work, centre, folder, telegram, tmp_path):
    evidence.agree(centre.database, "web:an")
    kept = evidence.keep(centre.database, folder, RULES, "web:an", "cccd.jpg", files.photo(colour=(1, 99, 1)))
    part = {"file": {"id": kept.id, "name": "a.jpg", "media_type": "image/jpeg", "size": 9, "link": "https://x"}}
    assert not isinstance(deliver(centre, tmp_path, telegram, part), (Refused, TryAgain))
    assert telegram.files_to(7) == []


def test_photos_that_are_made_to_fit_share_their_room_with_files_that_come_in(centre, folder, telegram, tmp_path):
    telegram.citizen(7)
    answer(centre, folder, WEBP, conversation=MAI)
    part = {"file": asdict(replies(centre, MAI)[-1].files[0])}
    full = asyncio.Semaphore(0)
    assert deliver(centre, tmp_path, telegram, part, inspected=full) == TryAgain("crowded")
    assert isinstance(deliver(centre, tmp_path, telegram, part), Taken)


def deliver(centre, tmp_path, telegram, part, **shared):
    settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
    (channel,) = open_channels(centre.database, settings, Intake(centre.database, lambda: None), **shared)

    async def work():
        outcome = await channel.adapter.deliver(MAI, part)
        await channel.closing()
        return outcome

    return asyncio.run(work())
