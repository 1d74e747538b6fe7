"""What citizens are told when something about their feedback changes, and that they were told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints.lifecycle import (
    ANSWERED,
    CLOSED,
    END_REASONS,
    MOST_REOPENINGS,
    NEEDS_INFORMATION,
    STATE_LABELS,
    WITHDRAWN,
)
from bot.complaints.model import Complaint, ComplaintJoin, ComplaintNotice
from bot.database import take_turn
from bot.delivery import correspondents, outbox
from bot.delivery.attached import Attached
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.model import FETCHING, channel_of
from bot.delivery.outbox import Button, Reply

_MOVED = "Phản ánh {code}: {state}."
_NOTE = "Trung tâm nhắn: {note}"
_FORWARDED_TO = "Nơi nhận: {unit}."
_ASKED = (
    "Trung tâm cần thêm thông tin cho phản ánh {code}: {note}\n"
    "Anh/chị bấm nút dưới đây rồi nhắn. Trong lúc chờ, thời hạn trả lời tạm dừng."
)
_ANSWERED = "Trung tâm trả lời phản ánh {code} ({reason}):\n{note}"
_ANSWERED_NEXT = (
    "Việc đã ổn chưa ạ? Nếu chưa, anh/chị bấm “Chưa giải quyết được” và cho biết vì sao; phản ánh được mở lại một lần."
)
_ANSWERED_AGAIN = (
    "Việc đã ổn chưa ạ? Phản ánh này đã mở lại một lần nên không mở lại được nữa. Nếu vẫn chưa ổn, anh/chị gửi phản "
    "ánh, kiến nghị trên Cổng Dịch vụ công quốc gia (https://dichvucong.gov.vn/nop-phan-anh-kien-nghi); các cách khác "
    "có ở trang theo dõi của mã này."
)
_NEW_DATE = "Dự kiến trả lời: {day}."
_LATE = (
    "Phản ánh {code} đã quá ngày dự kiến trả lời ({day}) mà chưa có câu trả lời. Trung tâm xin lỗi anh/chị.\n"
    "Anh/chị có thể gửi phản ánh, kiến nghị trên Cổng Dịch vụ công quốc gia "
    "(https://dichvucong.gov.vn/nop-phan-anh-kien-nghi). Nếu quyết định hay việc làm của cơ quan xâm phạm quyền lợi "
    "của mình, anh/chị có quyền khiếu nại trong 90 ngày kể từ khi nhận được hoặc biết được (Luật Khiếu nại 2011, "
    "Điều 9); việc chờ ở đây không kéo dài hạn đó."
)
_REMINDED = (
    "Trung tâm vẫn chờ anh/chị bổ sung thông tin cho phản ánh {code}: {note}\n"
    "Anh/chị bấm nút dưới đây rồi nhắn. Trong lúc chờ, thời hạn trả lời vẫn tạm dừng; phản ánh không bị đóng."
)
_CLOSED = (
    "Phản ánh {code} đã có câu trả lời từ {days} ngày trước; trung tâm không nhận được ý kiến khác của anh/chị nên nay "
    "kết thúc phản ánh."
)
_CLOSED_NEXT = "Nếu việc chưa được giải quyết, anh/chị vẫn có thể bấm nút dưới đây để mở lại, một lần."
_JOINED = "Phản ánh {code} mà anh/chị cùng theo dõi: {state}."
_JOINED_WITHDRAWN = (
    "Người gửi đã rút phản ánh đó, nên trung tâm không xử lý nữa. Nếu việc của anh/chị chưa xong, anh/chị gõ "
    '"gửi phản ánh" để gửi riêng.'
)

ADD, NOT_SOLVED, SOLVED = "add", "not_solved", "solved"
_TITLES = {ADD: "Bổ sung thông tin", NOT_SOLVED: "Chưa giải quyết được", SOLVED: "Đã ổn, cảm ơn"}


def tell_move(session: Session, complaint: Complaint, note: str, files: tuple[Attached, ...] = ()) -> None:
    """Tell the citizen, and those who joined, that the complaint has moved to the state it is in.

    Args:
        files: what the citizen gets along with it; those who joined don't, it may be about the citizen alone.
    """
    reply = replace(_moved(complaint, note), files=files)
    _tell(session, complaint, complaint.conversation, reply, complaint.state)
    tell_followers(session, complaint, note)


def preview_answer(complaint: Complaint, text: str, reason: str, files: tuple[Attached, ...] = ()) -> Reply:
    """What the citizen will get of an answer that is not given yet."""
    return replace(_preview(complaint, ANSWERED, text, reason), files=files)


def preview_question(complaint: Complaint, text: str) -> Reply:
    """What the citizen will read of a question that is not asked yet."""
    return _preview(complaint, NEEDS_INFORMATION, text, "")


def _preview(complaint: Complaint, state: str, text: str, reason: str) -> Reply:
    moved = Complaint(code=complaint.code, state=state, end_reason=reason or None, reopened=complaint.reopened)
    return _moved(moved, text)


def tell_followers(session: Session, complaint: Complaint, note: str) -> None:
    """Tell those who joined, and nobody else, that the complaint has moved to the state it is in."""
    joined = select(ComplaintJoin.conversation).where(ComplaintJoin.complaint_id == complaint.id)
    for conversation in session.execute(joined).scalars().all():
        _tell(session, complaint, conversation, _moved_for_others(complaint, note), complaint.state)


def tell_overdue(session: Session, complaint: Complaint) -> None:
    """Tell the citizen that the date has passed, and what they may do."""
    text = _LATE.format(code=complaint.code, day=_day(complaint.due_on))
    _tell(session, complaint, complaint.conversation, Reply(text), "overdue")


def tell_reminder(session: Session, complaint: Complaint, question: str) -> None:
    """Tell the citizen again what the centre asked and still waits for."""
    reply = Reply(_REMINDED.format(code=complaint.code, note=question), (_button(ADD, complaint.code),))
    _tell(session, complaint, complaint.conversation, reply, "reminder")


def tell_closed(session: Session, complaint: Complaint, days: int, may_reopen: bool) -> None:
    """Tell the citizen that an answered complaint has ended because nobody objected for so many days."""
    text = _CLOSED.format(code=complaint.code, days=days)
    buttons = (_button(NOT_SOLVED, complaint.code),) if may_reopen else ()
    reply = Reply(f"{text}\n{_CLOSED_NEXT}" if may_reopen else text, buttons)
    _tell(session, complaint, complaint.conversation, reply, complaint.state)


def _tell(session: Session, complaint: Complaint, conversation: str, reply: Reply, about: str) -> None:
    elsewhere = correspondents.best_other(session, conversation, sent_to=True) if _is_fetched(conversation) else None
    # In the same order everywhere, or two programs could wait for each other.
    for name in sorted({conversation, elsewhere or conversation}):
        take_turn(session, f"outbox:{name}")
    for outbox_id in outbox.enqueue(session, conversation, [reply]):
        session.add(ComplaintNotice(complaint_id=complaint.id, outbox_id=outbox_id, about=about))
        if elsewhere:
            # A page shows a notice to who comes back to it; the citizen linked the other channel to be told.
            send_elsewhere(session, outbox_id, sent_to=True)


def _is_fetched(conversation: str) -> bool:
    return channel_of(conversation) in FETCHING


def _moved(complaint: Complaint, note: str) -> Reply:
    code, state = complaint.code, complaint.state
    if state == NEEDS_INFORMATION:
        return Reply(_ASKED.format(code=code, note=note), (_button(ADD, code),))
    if state == ANSWERED:
        reason = END_REASONS.get(complaint.end_reason or "", STATE_LABELS[state]).lower()
        text = _ANSWERED.format(code=code, reason=reason, note=note)
        may_reopen = complaint.reopened < MOST_REOPENINGS
        after, act = (_ANSWERED_NEXT, NOT_SOLVED) if may_reopen else (_ANSWERED_AGAIN, ADD)
        return Reply(f"{text}\n{after}", (_button(SOLVED, code), _button(act, code)))
    lines = [_MOVED.format(code=code, state=STATE_LABELS[state].lower())]
    if complaint.unit and state == "forwarded":
        lines.append(_FORWARDED_TO.format(unit=complaint.unit))
    if note:
        lines.append(_NOTE.format(note=note))
    if complaint.due_on and state != CLOSED:
        lines.append(_NEW_DATE.format(day=_day(complaint.due_on)))
    return Reply("\n".join(lines))


def _moved_for_others(complaint: Complaint, note: str) -> Reply:
    # An answer is for all who have the matter; what one citizen was asked is not.
    lines = [_JOINED.format(code=complaint.code, state=STATE_LABELS[complaint.state].lower())]
    if note and complaint.state == ANSWERED:
        lines.append(_NOTE.format(note=note))
    if complaint.state == CLOSED and complaint.end_reason == WITHDRAWN:
        lines.append(_JOINED_WITHDRAWN)
    return Reply("\n".join(lines))


def act_payload(act: str, code: str) -> str:
    """What a button stands for by which citizens do something with their feedback."""
    return f'/complaint_act{{"act": "{act}", "complaint_code": "{code}"}}'


def _button(act: str, code: str) -> Button:
    return Button(_TITLES[act], act_payload(act, code))


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else ""
