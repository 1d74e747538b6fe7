"""Word and Excel files: refused when they carry programs, other files, or fetch anything; otherwise packed anew."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import quoteattr

from bot.complaints.inspection.marks import without_marks
from bot.complaints.inspection.office_text import check_text
from bot.complaints.inspection.refusal import RefusedError
from bot.complaints.inspection.xml import Element, elements_of

_TYPES, _ROOT_LINKS = "[Content_Types].xml", "_rels/.rels"
_MAIN = "application/vnd.openxmlformats-officedocument."
_KINDS = {f"{_MAIN}wordprocessingml.document.main+xml": "docx", f"{_MAIN}spreadsheetml.sheet.main+xml": "xlsx"}
_MACRO_TYPES = re.compile(r"macro|vba|activex|oleobject|dialogsheet|ms-office\.control", re.IGNORECASE)
# The last part of a link's type, in small letters.
_MACRO_LINKS = frozenset(
    {"vbaproject", "wordvbadata", "control", "activexcontrolbinary", "xlmacrosheet", "xlintlmacrosheet"}
    | {"dialogsheet", "extensibility", "webextension", "webextensiontaskpanes", "taskpanes"}
)
_FILE_LINKS = frozenset({"oleobject", "package", "afchunk", "subdocument", "video", "audio", "media"})
_FETCHING_LINKS = frozenset(
    {"attachedtemplate", "externallink", "externallinkpath", "frame", "mailmergesource", "mailmergeheadersource"}
    | {"connections", "querytable", "volatiledependencies", "powerpivotdata"}
)
_PLAIN_TARGETS = ("http://", "https://", "mailto:", "tel:", "#")
_PARTS = re.compile(
    r".*\.(xml|rels|vml|png|jpe?g|gif|bmp|tiff?|emf|wmf|wdp|odttf)|xl/printersettings/[^/]+\.bin", re.IGNORECASE
)
_PICTURE = re.compile(r".*\.(png|jpe?g)", re.IGNORECASE)
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, zlib.error, ExpatError, EOFError, OSError, ValueError, NotImplementedError, KeyError)
_ENCRYPTED = 0x1


@dataclass
class _Package:
    """A document unpacked a part at a time: its parts by name, and what is to be written."""

    archive: zipfile.ZipFile
    parts: list[zipfile.ZipInfo]
    kind: str = ""
    dropped: set[str] = field(default_factory=set)


def clean_document(content: bytes, most_parts: int, most_bytes: int) -> tuple[str, bytes]:
    """The kind ("docx", "xlsx") of a document, and the document packed anew without properties and hidden places.

    Raises:
        RefusedError: it is no such document, or broken, or not safe to open.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            package = _Package(archive, archive.infolist())
            _check_shape(package, most_parts, most_bytes)
            package.kind = _kind(package)
            return package.kind, _packed(package)
    except _BROKEN as error:
        raise RefusedError("broken") from error


def _check_shape(package: _Package, most_parts: int, most_bytes: int) -> None:
    parts, names = package.parts, [part.filename for part in package.parts]
    if _TYPES not in names:
        raise RefusedError("archive")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise RefusedError("encrypted")
    if len(parts) > most_parts or sum(part.file_size for part in parts) > most_bytes:
        raise RefusedError("too_complex")
    # Something in front of the archive makes it two files in one.
    if min(part.header_offset for part in parts) != 0:
        raise RefusedError("mixed")
    if len({name.lower() for name in names}) < len(names) or any(not _is_plain(name) for name in names):
        raise RefusedError("broken")


def _is_plain(name: str) -> bool:
    return bool(name) and not (
        name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name or "\0" in name
    )


def _kind(package: _Package) -> str:
    types = [element.values.get("ContentType", "") for element in elements_of(package.archive.read(_TYPES))]
    if any(_MACRO_TYPES.search(one) for one in types):
        raise RefusedError("macro")
    kinds = {_KINDS[one] for one in types if one in _KINDS}
    if len(kinds) != 1:
        raise RefusedError("unknown")
    return kinds.pop()


def _packed(package: _Package) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in package.parts:
            if not part.is_dir() and not part.filename.lower().startswith("docprops/"):
                # A day of its own would tell when the document was made, and make two of the same file differ.
                entry = zipfile.ZipInfo(part.filename, _FIRST_DAY)
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, _checked(package.kind, part.filename, package.archive.read(part)))
    return out.getvalue()


def _checked(kind: str, name: str, content: bytes) -> bytes:
    lower = name.lower()
    if not _PARTS.fullmatch(lower):
        raise RefusedError("macro" if lower.endswith(".bin") else "embedded")
    if name == _TYPES:
        return _without_properties(content)
    if lower.endswith(".rels"):
        links = elements_of(content)
        _check_links(links)
        return _without_property_links(links) if lower == _ROOT_LINKS else content
    if lower.endswith(".xml"):
        check_text(kind, content)
    return without_marks(content) if _PICTURE.fullmatch(lower) else content


def _check_links(links: list[Element]) -> None:
    for link in links:
        kind = link.values.get("Type", "").rsplit("/", 1)[-1].lower()
        if kind in _MACRO_LINKS:
            raise RefusedError("macro")
        if kind in _FILE_LINKS:
            raise RefusedError("embedded")
        outside = link.values.get("TargetMode", "").lower() == "external"
        plain = kind == "hyperlink" and link.values.get("Target", "").strip().lower().startswith(_PLAIN_TARGETS)
        if kind in _FETCHING_LINKS or (outside and not plain):
            raise RefusedError("external")


def _without_properties(content: bytes) -> bytes:
    kept = [
        one for one in elements_of(content)[1:] if not one.values.get("PartName", "").lower().startswith("/docprops/")
    ]
    return _written("Types", "http://schemas.openxmlformats.org/package/2006/content-types", kept)


def _without_property_links(links: list[Element]) -> bytes:
    kept = [one for one in links[1:] if not one.values.get("Target", "").lower().lstrip("/").startswith("docprops/")]
    return _written("Relationships", "http://schemas.openxmlformats.org/package/2006/relationships", kept)


def _written(root: str, namespace: str, elements: list[Element]) -> bytes:
    lines = [
        "<" + " ".join([one.name, *(f"{key}={quoteattr(value)}" for key, value in one.values.items())]) + "/>"
        for one in elements
    ]
    head = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<{root} xmlns="{namespace}">'
    return f"{head}{''.join(lines)}</{root}>".encode()
