"""Files of answers on their way to Zalo: uploaded, then named in a message. What is uploaded serves one try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.channels.enclosed import PHOTOS, Enclosed
from bot.channels.zalo_api import MESSAGE_PATH, UPLOAD_FILE_PATH, UPLOAD_IMAGE_PATH, Answer, ZaloApi
from bot.channels.zalo_errors import FATES, Fate, fate_of
from bot.complaints.evidence import OpenedFile

# What Zalo takes of each; photos are made smaller, documents are not.
LARGEST_PHOTO, LARGEST_DOCUMENT = 1_000_000, 5_000_000
# The upload has ended meanwhile: Zalo keeps one for days, so a fresh one is hardly ever too old.
ENDED = -100
_UPLOADS = 2
# Codes that say "not now" of everything; any other is about the file or about uploads, and the link serves as well.
_LATER = (Fate.AGAIN, Fate.NEXT_MINUTE, Fate.RENEW, Fate.MORNING)
# Codes of the message that may be about its file alone; where nothing at all is let through, the link meets them too.
_OF_THE_FILE = (Fate.NEVER, Fate.STOPPED)


@dataclass(frozen=True)
class ZaloEnclosing:
    """Uploads and sends."""

    api: ZaloApi
    enclosed: Enclosed

    async def send(self, user_id: str, file: OpenedFile) -> Answer | None:
        """What Zalo answers to a message with this file; None when it takes no such file, or no upload at all.

        Raises:
            ZaloError: as the interface; uncertain only when the message itself may have arrived.
        """
        photo = file.media_type in PHOTOS
        fit = await self.enclosed.as_photo(file, LARGEST_PHOTO) if photo else file
        if fit is None or (not photo and len(fit.content) > LARGEST_DOCUMENT):
            return None
        for _ in range(_UPLOADS):
            uploaded = await self.api.upload(UPLOAD_IMAGE_PATH if photo else UPLOAD_FILE_PATH, fit)
            if uploaded.code:
                return uploaded if _fate_of(uploaded.code) in _LATER else None
            name = uploaded.data.get("attachment_id" if photo else "token")
            if not isinstance(name, str) or not name:
                return None
            message = _photo(name, fit) if photo else _document(name)
            body = {"recipient": {"user_id": user_id}, "message": message}
            answer = await self.api.post(MESSAGE_PATH, body)
            if answer.code != ENDED:
                return None if answer.code and _fate_of(answer.code) in _OF_THE_FILE else answer
        return None


def _fate_of(code: int) -> Fate:
    """As the table has it; a code it does not know is about the file: trying on would upload that for hours."""
    return fate_of(code)[0] if code in FATES else Fate.NEVER


def _photo(name: str, file: OpenedFile) -> dict[str, Any]:
    element = {"media_type": "image", "attachment_id": name}
    payload = {"template_type": "media", "elements": [element]}
    return {"text": file.name, "attachment": {"type": "template", "payload": payload}}


def _document(name: str) -> dict[str, Any]:
    return {"attachment": {"type": "file", "payload": {"token": name}}}
