"""Photos, documents and recordings that come over a channel: consent asked, fetched, kept for the next complaint."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from bot.channels.limits import inspections
from bot.complaints import evidence
from bot.complaints.conversations import open_codes
from bot.complaints.errors import NoConsentError, RefusedFileError
from bot.complaints.evidence_checks import FileRules
from bot.complaints.notices import ADD, act_payload
from bot.database import Database, cipher_of
from bot.delivery import sentences
from bot.delivery.adapter import Adapter, FetchError
from bot.delivery.attending import OURS, Attended, InForm, LaterError
from bot.delivery.choices import newest_reply
from bot.delivery.inbox import Claim
from bot.delivery.model import CLAIMED, FAILED, KEPT, LET_GO, PENDING, WAITING, Attachment, InboxMessage
from bot.delivery.outbox import Button, Reply

KEEP, DROP = f"{OURS}keep_files", f"{OURS}drop_files"
BEGIN = "/submit_complaint"
KINDS = ("image", "file", "voice", "video")
# Refusals that are the channel's; all others are those of `knowledge/evidence.yml`.
_GONE, _TOO_LARGE = "gone", "too_large"


@dataclass(frozen=True)
class _Waiting:
    """An attachment, opened."""

    id: int
    channel: str
    kind: str
    reference: str
    name: str
    size: int | None
    state: str


@dataclass
class FileAttendant:
    """Sees to messages with files, and to the buttons under its own question.

    Attributes:
        adapters: channel → who fetches its files.
        in_form: whether a form waits for an answer in a conversation.
        inspected: room for inspections.
    """

    database: Database
    folder: Path
    rules: FileRules
    adapters: Mapping[str, Adapter]
    in_form: InForm
    inspected: asyncio.Semaphore = field(default_factory=inspections)

    async def __call__(self, claim: Claim) -> Attended | None:
        """What becomes of a message with files, None for all others."""
        if claim.payload == KEEP:
            return await self._agree(claim)
        if claim.payload == DROP:
            return await self._decline(claim)
        if claim.kind not in KINDS:
            return None
        files = await asyncio.to_thread(self._files, Attachment.inbox_id == claim.id)
        if not files:
            return None
        caption = claim.text or None
        if claim.kind == "voice" and not await self._is_about_feedback(claim):
            return Attended((Reply(sentences.VOICE),), caption, done=_mark(files, LET_GO))
        if claim.kind == "video":
            return Attended((Reply(self.rules.refusals["video"]),), caption, done=_mark(files, FAILED, "video"))
        if not await asyncio.to_thread(evidence.has_agreed, self.database, claim.conversation):
            return Attended(text=caption, questions=await self._question(claim))
        more = await asyncio.to_thread(self._more_to_come, claim)
        return await self._keep(claim, files, caption, quiet=more)

    async def _agree(self, claim: Claim) -> Attended:
        # What a former try has kept already is among them no more.
        files = await asyncio.to_thread(self._files, *_waiting(claim))
        if not files and not await self._count(claim):
            return Attended((Reply(sentences.FILES_NONE),))
        if not await asyncio.to_thread(evidence.has_agreed, self.database, claim.conversation):
            if not await self._is_asked(claim):
                return Attended(questions=(self._consent(),))
            await asyncio.to_thread(evidence.agree, self.database, claim.conversation)
        return await self._keep(claim, files, None)

    async def _decline(self, claim: Claim) -> Attended:
        files = await asyncio.to_thread(self._files, *_waiting(claim))
        if files and not await self._is_asked(claim):
            return Attended(questions=(self._consent(),))
        said = sentences.FILES_DROPPED if files else sentences.FILES_NONE
        return Attended((Reply(said),), done=_mark(files, LET_GO))

    async def _question(self, claim: Claim) -> tuple[Reply, ...]:
        """What is asked before the first file, unless it was the last thing said."""
        return () if await self._is_asked(claim) else (self._consent(),)

    async def _is_asked(self, claim: Claim) -> bool:
        """Whether the question is what the citizen has before them; buttons under an older one stay on the phone."""
        newest = await asyncio.to_thread(newest_reply, self.database, claim)
        return newest is not None and any(button.payload == KEEP for button in newest.buttons)

    def _consent(self) -> Reply:
        consent = self.rules.consent
        told = {"warning": consent["warning"], "agree": consent["agree"], "keep": sentences.KEEP_FILES}
        buttons = (Button(sentences.KEEP_FILES, KEEP), Button(sentences.DROP_FILES, DROP))
        return Reply(sentences.ASK_KEEP_FILES.format(**told), buttons)

    async def _keep(
        self, claim: Claim, files: Sequence[_Waiting], caption: str | None, quiet: bool = False
    ) -> Attended:
        """Fetch and keep what is not kept yet.

        Args:
            quiet: more files are coming, and the last of them tells of all.
        """
        refused: dict[str, list[_Waiting]] = {}
        for file in files:
            reason = await self._keep_one(claim.conversation, file) if file.state == WAITING else ""
            if reason:
                refused.setdefault(reason, []).append(file)
        replies = [Reply(self._sentence(reason)) for reason in refused]
        if not quiet:
            # Even when this one was refused: those before it said nothing.
            kept = [file for file in files if not any(file in others for others in refused.values())]
            replies += await self._tell(claim, kept, bool(caption))
        return Attended(tuple(replies), caption, done=_mark_refused(refused))

    async def _keep_one(self, conversation: str, file: _Waiting) -> str:
        """Keep one file; returns the reason when it is not taken."""
        most = self.rules.limits["file_bytes"]
        adapter = self.adapters.get(file.channel)
        if adapter is None:
            return _GONE
        if file.size is not None and file.size > most:
            return "file_bytes"
        try:
            fetched = await adapter.fetch(file.reference, most)
        except FetchError as error:
            if error.later:
                raise LaterError(f"file_{error}") from error
            return "file_bytes" if str(error) == _TOO_LARGE else _GONE
        name = file.name or fetched.name
        keep = partial(evidence.keep, self.database, self.folder, self.rules, conversation, name, fetched.content)
        try:
            async with self.inspected:
                await asyncio.to_thread(keep)
        except RefusedFileError as error:
            return error.reason
        except NoConsentError as error:
            # Withdrawn in this moment: asked anew.
            raise LaterError("no_consent") from error
        # At once, so that a try that fails later does not fetch it again.
        await asyncio.to_thread(self._set_kept, file.id)
        return ""

    async def _tell(self, claim: Claim, files: Sequence[_Waiting], captioned: bool) -> list[Reply]:
        count = await self._count(claim)
        if not count:
            return []
        spoken = [Reply(sentences.VOICE_KEPT)] if any(file.kind == "voice" for file in files) else []
        if captioned:
            return [*spoken, Reply(sentences.FILES_KEPT.format(count=count))]
        if await self.in_form(claim.conversation):
            return [*spoken, Reply(sentences.FILES_KEPT_FORM.format(count=count))]
        running = await asyncio.to_thread(open_codes, self.database, claim.conversation)
        add = [Button(sentences.ADD_TO_FEEDBACK.format(code=code), act_payload(ADD, code)) for code in running]
        buttons = (*add, Button(sentences.BEGIN_FEEDBACK, BEGIN))
        return [*spoken, Reply(sentences.FILES_KEPT_BEGIN.format(count=count), buttons)]

    async def _count(self, claim: Claim) -> int:
        return len(await asyncio.to_thread(evidence.waiting_files, self.database, claim.conversation))

    def _sentence(self, reason: str) -> str:
        return sentences.FILE_GONE if reason == _GONE else self.rules.refusals[reason]

    async def _is_about_feedback(self, claim: Claim) -> bool:
        """Whether a recording may belong to feedback: a form runs, files wait, or feedback of the person is open."""
        others = await asyncio.to_thread(self._files, *_waiting(claim), Attachment.inbox_id != claim.id)
        if others or await self._count(claim):
            return True
        running = await asyncio.to_thread(open_codes, self.database, claim.conversation)
        return bool(running) or await self.in_form(claim.conversation)

    def _files(self, *which: object) -> list[_Waiting]:
        names = ("id", "channel", "kind", "reference", "name", "size", "state")
        columns = [getattr(Attachment, name) for name in names]
        with self.database.reading() as session:
            rows = session.execute(select(*columns).where(*which).order_by(Attachment.id)).all()
            unseal = cipher_of(session).unseal
            return [
                _Waiting(row.id, row.channel, row.kind, unseal(row.reference), unseal(row.name), row.size, row.state)
                for row in rows
            ]

    def _more_to_come(self, claim: Claim) -> bool:
        later = (
            InboxMessage.conversation == claim.conversation,
            InboxMessage.id > claim.id,
            InboxMessage.state.in_((PENDING, CLAIMED)),
            InboxMessage.kind.in_(KINDS),
        )
        with self.database.reading() as session:
            return bool(session.execute(select(exists().where(*later))).scalar_one())

    def _set_kept(self, attachment_id: int) -> None:
        with self.database.transaction() as session:
            session.execute(update(Attachment).where(Attachment.id == attachment_id).values(state=KEPT))


def _waiting(claim: Claim) -> tuple[object, ...]:
    return (Attachment.conversation == claim.conversation, Attachment.state == WAITING)


def _mark(files: Sequence[_Waiting], state: str, reason: str | None = None) -> Callable[[Session], None]:
    ids = [file.id for file in files]

    def mark(session: Session) -> None:
        session.execute(update(Attachment).where(Attachment.id.in_(ids)).values(state=state, reason=reason))

    return mark


def _mark_refused(refused: Mapping[str, Sequence[_Waiting]]) -> Callable[[Session], None]:
    marks = [_mark(files, FAILED, reason) for reason, files in refused.items()]

    def mark(session: Session) -> None:
        for one in marks:
            one(session)

    return mark
