"""What of a complaint is opened with a reason: contacts, files, the conversation around it. All of it is recorded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from bot.accounts.permissions import OPEN_CONTACT
from bot.complaints import evidence
from bot.complaints.errors import UnknownComplaintError, UnknownFileError
from bot.complaints.evidence import OpenedFile
from bot.complaints.reading import Look
from bot.complaints.talk import see_talk
from bot.complaints.visibility import Viewer
from bot.console.case_page import PHOTOS, CasePage
from bot.console.case_parts import After, answered, code_of
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.visit import Visit
from bot.database import Database

# Named as what they are in a download; everything else is bytes.
_KNOWN_TYPES = (*PHOTOS, "application/pdf")


@dataclass(frozen=True)
class OpeningPages:
    """Handlers of the forms.

    Attributes:
        folder: where photos and documents lie.
    """

    page: CasePage
    folder: Path

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        case = "/phan-anh/{code}"
        return [
            Door(f"{case}/lien-he", self.open_contact, allowed(OPEN_CONTACT), "POST"),
            Door(f"{case}/tro-chuyen", self.open_talk, allowed(OPEN_CONTACT), "POST"),
            Door(f"{case}/tep/{{file}}", self.open_file, allowed(OPEN_CONTACT), "POST"),
        ]

    def open_contact(self, visit: Visit) -> Response:
        """POST: the page with contact and personal values."""
        return answered(
            lambda: self.page.show(visit, After(contact=True)), lambda after: self.page.show(visit, after), "contact"
        )

    def open_talk(self, visit: Visit) -> Response:
        """POST: the page with what was said around the complaint."""
        look = Look(visit.person.name, why=visit.form.get("why"), viewer=visit.viewer)

        def show() -> Response:
            return self.page.show(visit, After(talk=see_talk(self.page.work.database, code_of(visit), look)))

        return answered(show, lambda after: self.page.show(visit, after), "talk")

    def open_file(self, visit: Visit) -> Response:
        """POST: a photo in a page, or any file as a download."""

        def show() -> Response:
            file = file_of(self.page.work.database, self.folder, visit, visit.viewer)
            if visit.form.get("view") and file.media_type in PHOTOS:
                # Within the page: there is no address of a photo that could be opened without its reason.
                photo = f"data:{file.media_type};base64,{base64.b64encode(file.content).decode()}"
                frame = self.page.work.frame
                return frame.page(visit, "photo.html", code=code_of(visit), name=file.name, photo=photo)
            return download(file, file.media_type)

        return answered(show, lambda after: self.page.show(visit, after), "file")


def file_of(database: Database, folder: Path, visit: Visit, viewer: Viewer) -> OpenedFile:
    """The file in the address, opened for the reason that was typed.

    Raises:
        ComplaintError: there is none, or no reason was given.
    """
    number = whole(str(visit.request.path_params["file"]))
    if number is None:
        raise UnknownComplaintError("There is no such file.")
    code, by, why = code_of(visit), visit.person.name, visit.form.get("why")
    try:
        return evidence.open_file(database, folder, code, number, by, why, restricted=viewer.restricted, viewer=viewer)
    except UnknownFileError as error:
        raise UnknownComplaintError("There is no such file.") from error


def download(file: OpenedFile, media_type: str = "") -> Response:
    """A file that browsers keep and do not show."""
    return Response(
        file.content,
        media_type=media_type if media_type in _KNOWN_TYPES else "application/octet-stream",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            # Should a browser show it all the same, nothing in it runs.
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )
