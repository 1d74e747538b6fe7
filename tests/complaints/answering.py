"""Answers with files, as an officer gives them."""

from sqlalchemy import select

from bot.complaints import answer_files, casework
from bot.complaints.answer_files import load_answer_rules
from bot.complaints.enclosing import Enclosing
from bot.complaints.lifecycle import ACCEPTED
from bot.database import cipher_of
from bot.delivery.model import OutboxMessage
from bot.delivery.outbox import read_reply
from bot.settings import ROOT
from tests.complaints.conftest import AN, OFFICER

RULES = load_answer_rules(ROOT / "knowledge")
ADDRESS = "https://motcua.example"
TEXT = "Đường đã vá xong ngày 20/11/2026."


def keep(centre, folder, code, name, content, by=OFFICER):
    """An officer's file that waits for their answer."""
    return answer_files.keep(centre.database, folder, RULES, code, by, None, name, content)


def answer(centre, folder, *files, conversation=AN):
    """A complaint that was answered with files, each (name, bytes); its code."""
    code = centre.file(conversation).code
    centre.step(code, ACCEPTED)
    return answer_again(centre, folder, code, *files)


def answer_again(centre, folder, code, *files):
    """The same for a complaint that is there."""
    ids = tuple(keep(centre, folder, code, *file).id for file in files)
    enclosing = Enclosing(ids, ADDRESS)
    casework.answer(centre.database, centre.rules, code, TEXT, "solved", OFFICER, enclosing=enclosing)
    return code


def replies(centre, conversation=AN):
    """What the outbox holds for a conversation."""
    with centre.database.reading() as session:
        rows = select(OutboxMessage.body).where(OutboxMessage.conversation == conversation).order_by(OutboxMessage.id)
        return [read_reply(cipher_of(session), body) for body in session.execute(rows).scalars()]


def key_of(centre, conversation=AN):
    """The key in the link of the newest answer with files."""
    return next(r.files[0].link for r in reversed(replies(centre, conversation)) if r.files).rpartition("/")[2]
