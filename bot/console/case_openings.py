"""What of a complaint is opened with a reason: contacts, files, the conversation around it. All of it is recorded."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from bot.accounts.permissions import OPEN_CONTACT
from bot.complaints import evidence
from bot.complaints.errors import ComplaintError, UnknownComplaintError, UnknownFileError
from bot.complaints.reading import Look
from bot.complaints.talk import see_talk
from bot.console.case_page import PHOTOS, CasePage, code_of
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.sentences import sentence_of
from bot.console.visit import Visit

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
        try:
            return self.page.show(visit, contact=True)
        except UnknownComplaintError:
            raise
        except ComplaintError as error:
            return self.page.show(visit, error=sentence_of(error), failed="contact", status=422)

    def open_talk(self, visit: Visit) -> Response:
        """POST: the page with what was said around the complaint."""
        look = Look(visit.person.name, why=visit.form.get("why"), viewer=visit.viewer)
        try:
            return self.page.show(visit, talk=see_talk(self.page.database, code_of(visit), look))
        except UnknownComplaintError:
            raise
        except ComplaintError as error:
            return self.page.show(visit, error=sentence_of(error), failed="talk", status=422)

    def open_file(self, visit: Visit) -> Response:
        """POST: a photo in a page, or any file as a download."""
        number, why = whole(visit.request.path_params["file"]), visit.form.get("why")
        if number is None:
            raise UnknownComplaintError("There is no such file.")
        by, viewer, database = visit.person.name, visit.viewer, self.page.database
        try:
            file = evidence.open_file(database, self.folder, code_of(visit), number, by, why, viewer=viewer)
        except (UnknownComplaintError, UnknownFileError) as error:
            raise UnknownComplaintError("There is no such file.") from error
        except ComplaintError as error:
            return self.page.show(visit, error=sentence_of(error), failed="file", status=422)
        if visit.form.get("view") and file.media_type in PHOTOS:
            # Within the page: there is no address of a photo that could be opened without its reason.
            photo = f"data:{file.media_type};base64,{base64.b64encode(file.content).decode()}"
            return self.page.frame.page(visit, "photo.html", code=code_of(visit), name=file.name, photo=photo)
        return Response(
            file.content,
            media_type=file.media_type if file.media_type in _KNOWN_TYPES else "application/octet-stream",
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
                # Should a browser show it all the same, nothing in it runs.
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )
