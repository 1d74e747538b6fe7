"""Files of answers on their way to Telegram: after the text, each once, whatever happens in between."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.channels.telegram import open_channel
from bot.complaints import evidence
from bot.database import now
from bot.delivery.adapter import Refused, TryAgain
from bot.delivery.intake import Intake
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, PENDING, OutboxMessage
from tests.complaints import files
from tests.complaints.answering import RULES, TEXT, answer, key_of, replies
from tests.complaints.conftest import OFFICER
from tests.complaints.conftest import centre as centre
from tests.delivery.sending import Clock, send_all
from tests.factories import make_settings
from tests.fakes.telegram import TOKEN
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
def work(centre, telegram, tmp_path, folder):
    """Answers Mai with files and lets the sender work; again without files."""
    telegram.citizen(7)
    clock = Clock()

    def run(*given, patience=5.0, later=0.0):
        if given:
            answer(centre, folder, *given, conversation=MAI)
        clock.moment = max(clock.moment + timedelta(seconds=later), now() + timedelta(seconds=1))
        settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
        channel = open_channel(centre.database, settings, Intake(centre.database, lambda: None), patience)
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


@pytest.mark.parametrize("fault", [ERROR, AWAY, too_many(1)])
def test_what_fails_on_the_way_is_tried_again_alone(work, telegram, fault):
    telegram.faults["sendDocument"].append(fault)
    assert work(PHOTO, LETTER).state == PENDING
    assert row_is(work(later=10), DELIVERED, parts=3)
    assert telegram.files_to(7) == [("photo", "đường.jpg"), ("document", "công văn.pdf")]
    assert len(texts(telegram)) == 1


def row_is(row, state, parts):
    return (row.state, row.parts_sent) == (state, parts)


def test_a_time_out_after_delivery_is_counted_as_uncertain_and_the_text_is_not_sent_again(work, telegram):
    telegram.faults["sendPhoto"].append(TIMEOUT_AFTER_DELIVERY)
    work(PHOTO, patience=0.3)
    assert row_is(after := work(later=10), DELIVERED, parts=2)
    assert after.uncertain == 1
    assert (len(texts(telegram)), len(telegram.files_to(7))) == (1, 2)


def test_a_program_killed_between_the_parts_sends_what_is_left(work, telegram, centre):
    telegram.faults["sendDocument"].append(AWAY)
    work(PHOTO, LETTER)
    with centre.database.transaction() as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.state == PENDING).values(state=CLAIMED))
    assert row_is(work(later=10), DELIVERED, parts=3)
    assert telegram.files_to(7) == [("photo", "đường.jpg"), ("document", "công văn.pdf")]
    assert len(texts(telegram)) == 1


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
    settings = make_settings(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
    channel = open_channel(centre.database, settings, Intake(centre.database, lambda: None))
    part = {"file": {"id": kept.id, "name": "a.jpg", "media_type": "image/jpeg", "size": 9, "link": "https://x"}}

    async def deliver():
        outcome = await channel.adapter.deliver(MAI, part)
        await channel.closing()
        return outcome

    assert not isinstance(asyncio.run(deliver()), (Refused, TryAgain))
    assert telegram.files_to(7) == []
