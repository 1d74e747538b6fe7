"""What a file is, by its bytes alone: names and headers are whatever the sender writes."""

from __future__ import annotations

import re

OFFICE = "office"
_HEAD = 4096

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", OFFICE),
    (b"PK", "archive"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ", "archive"),
    (b"MSCF", "archive"),
    (b"\xd0\xcf\x11\xe0", "old_office"),
    (b"{\\rtf", "old_office"),
    (b"GIF8", "other_image"),
    (b"BM", "other_image"),
    (b"II*\x00", "other_image"),
    (b"MM\x00*", "other_image"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x00\x00\x01\xb3", "video"),
    (b"\x30\x26\xb2\x75", "video"),
    (b"ID3", "mp3"),
    (b"OggS", "ogg"),
    (b"fLaC", "audio"),
    (b"#!AMR", "amr"),
    *((b"\xff" + bytes([second]), "mp3") for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"#!", "program"),
)
_RIFF = {b"WEBP": "webp", b"AVI ": "video", b"WAVE": "audio"}
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis")
# What no photo and no document holds by chance, and what makes it a page or a script for another program.
_SCRIPT = re.compile(rb"<script|<\?php|<!doctype\s+html|<iframe\s", re.IGNORECASE)
_ZIP_END = b"PK\x05\x06"
# Where a reader of PDF still looks for the beginning, and a reader of zip for the end.
_PDF_HEAD, _ZIP_TAIL = 1024, 65_557


def kind_of(content: bytes) -> str:
    """The kind of a file ("jpeg", "pdf", "office", "ogg" …) or the reason why it is none that is taken."""
    if not content:
        return "empty"
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12], "unknown")
    if content[4:8] == b"ftyp":
        brand = content[8:12]
        return "heic" if brand in _STILL_BRANDS else _kind_of_film(content, brand)
    found = next((kind for start, kind in _STARTS if content.startswith(start)), None)
    return found or ("archive" if content[257:262] == b"ustar" else _kind_of_text(content[:_HEAD]))


def _kind_of_film(content: bytes, brand: bytes) -> str:
    # Phones' recorders call a recording what they call a film; what is in it says "soun" or "vide".
    sound = brand.startswith(b"M4A") or (b"soun" in content and b"vide" not in content)
    return "m4a" if sound else "video"


def is_mixed(kind: str, content: bytes) -> bool:
    """Whether a file is of another kind besides: an archive behind a photo, a page in front of a document."""
    hidden_zip = kind != OFFICE and _ZIP_END in content[-_ZIP_TAIL:]
    hidden_pdf = kind != "pdf" and b"%PDF-" in content[:_PDF_HEAD]
    return hidden_zip or hidden_pdf or _SCRIPT.search(content) is not None


def _kind_of_text(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(encoding, errors="replace").lower()
    if "<svg" in text:
        return "svg"
    return "html" if re.search(r"<!doctype html|<html|<script|<body|<iframe", text) else "unknown"
