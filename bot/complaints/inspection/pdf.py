"""PDF files: refused when anything in them runs or is hidden; otherwise written again without description."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

from bot.complaints.inspection.marks import without_marks
from bot.complaints.inspection.refusal import RefusedError

# Things that nobody needs to read a document; each may run something or hide a file.
_RUN = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Rendition", "/Sound", "/Movie"}
    | {"/RichMediaExecute", "/GoTo3DView"}
)
_ACTIVE_KEYS = frozenset({"/JS", "/JavaScript", "/EF", "/EmbeddedFiles", "/XFA", "/Collection", "/RichMediaContent"})
_ACTIVE_SUBTYPES = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Screen", "/3D", "/Sound"})
_RUNNING_LINKS = ("javascript:", "file:", "data:", "vbscript:")
# What of the catalogue a document is read with.
_KEPT = frozenset(
    {"/Type", "/Version", "/Pages", "/PageLabels", "/Names", "/Dests", "/ViewerPreferences", "/PageLayout"}
    | {"/PageMode", "/Outlines", "/AcroForm", "/Lang", "/OCProperties"}
)
_DESCRIPTIONS = ("/Metadata", "/PieceInfo", "/LastModified", "/Thumb")
_PHOTO = ("/DCTDecode", "['/DCTDecode']")
_MOST_OBJECTS = 300_000
_BROKEN = (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, struct.error)


def clean_pdf(content: bytes, most_pages: int) -> bytes:
    """The document written again, without description, description of its photos, and what no page shows.

    Raises:
        RefusedError: it is broken, encrypted, too long, or something in it runs.
    """
    try:
        reader = PdfReader(BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise RefusedError("encrypted")
        for part in _parts_of(reader.trailer["/Root"]):
            if isinstance(part, DictionaryObject) and _is_active(part):
                raise RefusedError("active_pdf")
        pages = len(reader.pages)
        if not pages:
            raise RefusedError("broken")
        if pages > most_pages:
            raise RefusedError("pages")
        return _written_again(reader)
    except _BROKEN as error:
        raise RefusedError("broken") from error


def _parts_of(root: Any) -> Iterator[Any]:
    """Everything that can be reached from a document's catalogue, each once."""
    seen: set[tuple[int, int]] = set()
    waiting, counted = [root], 0
    while waiting:
        part = waiting.pop()
        if isinstance(part, IndirectObject):
            if (part.idnum, part.generation) in seen:
                continue
            seen.add((part.idnum, part.generation))
            part = part.get_object()
        counted += 1
        if counted > _MOST_OBJECTS:
            raise RefusedError("too_complex")
        yield part
        if isinstance(part, DictionaryObject):
            waiting += [value for key in part for value in (part.raw_get(key),) if _has_parts(value)]
        elif isinstance(part, ArrayObject):
            waiting += [value for value in list.__iter__(part) if _has_parts(value)]


def _has_parts(value: Any) -> bool:
    return isinstance(value, (IndirectObject, DictionaryObject, ArrayObject))


def _is_active(part: DictionaryObject) -> bool:
    if not _ACTIVE_KEYS.isdisjoint(part) or _value(part, "/Type") == "/EmbeddedFile":
        return True
    if _value(part, "/S") in _RUN or _value(part, "/Subtype") in _ACTIVE_SUBTYPES:
        return True
    # A stream whose bytes stand in another file.
    if isinstance(part, StreamObject) and "/F" in part:
        return True
    return "".join(_value(part, "/URI").split()).lower().startswith(_RUNNING_LINKS)


def _value(part: DictionaryObject, key: str) -> str:
    return str(part[key]) if key in part else ""


def _written_again(reader: PdfReader) -> bytes:
    writer = PdfWriter(clone_from=reader)
    writer.metadata = None
    root = writer.root_object
    for key in [key for key in root if key not in _KEPT]:
        del root[NameObject(key)]
    for part in list(_parts_of(root)):
        if isinstance(part, DictionaryObject):
            for key in _DESCRIPTIONS:
                part.pop(key, None)
        if isinstance(part, StreamObject) and _value(part, "/Filter") in _PHOTO:
            part._data = without_marks(part._data)
    writer.compress_identical_objects(remove_duplicates=False, remove_unreferenced=True)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
