"""Files that an officer sends along with an answer: taken while it is written, sent with it, shown in the history."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from bot.complaints import answer_files
from bot.complaints.enclosing import Enclosing
from bot.complaints.errors import RefusedFileError
from bot.complaints.evidence import Kept
from bot.complaints.evidence_checks import FileRules, too_large
from bot.complaints.model import Complaint
from bot.console.forms import Upload, whole
from bot.console.visit import Visit
from bot.database import Database
from bot.delivery.attached import Attached

# Fields of the form: what was shown as waiting, and what of it is to be sent.
_SHOWN, _WANTED = "file-shown", "file"
_INSPECTED_AT_ONCE = 2


@dataclass(frozen=True)
class AnswerFiles:
    """Handles the files of the answer's form.

    Attributes:
        folder: where photos and documents lie.
        address: of the site on which citizens open them.
    """

    database: Database
    folder: Path
    rules: FileRules
    address: str
    _room: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_INSPECTED_AT_ONCE))

    def take(self, visit: Visit, code: str) -> tuple[Visit, list[str]]:
        """Keep what the form brings, let go what was unticked.

        Returns:
            The visit with what was kept as if it had been ticked; why files were refused, a sentence for each.

        Raises:
            UnknownComplaintError: there is no complaint that this officer may know of.
        """
        by, viewer = visit.person.name, visit.viewer
        unticked = _numbers(visit, _SHOWN) - _numbers(visit, _WANTED)
        if unticked:
            answer_files.take_back(self.database, self.folder, code, by, viewer, unticked)
        kept, refused = [], []
        for upload in visit.form.uploads:
            try:
                kept.append(str(self._keep(visit, code, upload).id))
            except RefusedFileError as error:
                refused.append(f"“{upload.name[:_LONGEST_NAME]}”: {error}")
        return visit.with_more(_WANTED, kept), refused

    def parts(self, visit: Visit, row: Complaint) -> dict[str, Any]:
        """What `answer_files.html` and `given_files.html` show; answers to denunciations take no files."""
        if row.restricted:
            return {"enclosed": None, "given": {}, "files_allowed": ""}
        given = answer_files.files_given(self.database, row.code, visit.viewer)
        return {"enclosed": self._waiting(visit, row.code), "given": given, "files_allowed": self.rules.allowed}

    def preview(self, visit: Visit, row: Complaint) -> tuple[Attached, ...]:
        """What the citizen would get."""
        if row.restricted:
            return ()
        return answer_files.preview(self.database, row.code, visit.person.name, visit.viewer, self.address)

    def enclose(self, visit: Visit) -> Enclosing:
        """What goes along: what was ticked or came with this form, and nothing that waits for another one."""
        return Enclosing(tuple(sorted(_numbers(visit, _WANTED))), self.address)

    def _waiting(self, visit: Visit, code: str) -> list[Kept]:
        return answer_files.waiting_files(self.database, code, visit.person.name, visit.viewer)

    def _keep(self, visit: Visit, code: str, upload: Upload) -> Kept:
        if not upload.whole:
            raise too_large(self.rules, upload.content)
        by, viewer = visit.person.name, visit.viewer
        with self._room:
            args = (self.rules, code, by, viewer, upload.name, upload.content)
            return answer_files.keep(self.database, self.folder, *args)


_LONGEST_NAME = 80


def _numbers(visit: Visit, name: str) -> set[int]:
    return {number for text in visit.form.all(name) if (number := whole(text)) is not None}
