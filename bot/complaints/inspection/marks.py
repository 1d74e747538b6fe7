"""Photos inside documents: their description (place, device, comments) cut out, the picture itself untouched."""

from __future__ import annotations

_KEPT_SEGMENTS = frozenset({0xE0, 0xE2, 0xEE})
_SCAN = 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_DROPPED_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})
_PNG_START = b"\x89PNG\r\n\x1a\n"


def without_marks(content: bytes) -> bytes:
    """A JPEG or PNG without its description; anything else, or one that is put together oddly, as it is."""
    if content.startswith(b"\xff\xd8"):
        return _jpeg(content)
    return _png(content) if content.startswith(_PNG_START) else content


def _jpeg(content: bytes) -> bytes:
    kept, at = [content[:2]], 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            kept.append(content[at : at + 2])
            at += 2
            continue
        if marker == _SCAN:
            return b"".join([*kept, content[at:]])
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        # Application segments other than those of JFIF, colour profile and Adobe's colours, and comments.
        dropped = (0xE0 <= marker <= 0xEF and marker not in _KEPT_SEGMENTS) or marker == 0xFE
        if not dropped:
            kept.append(content[at:end])
        at = end
    return content


def _png(content: bytes) -> bytes:
    kept, at = [_PNG_START], len(_PNG_START)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4], "big")
        name = content[at + 4 : at + 8]
        if name not in _DROPPED_CHUNKS:
            kept.append(content[at:end])
        if name == b"IEND":
            return b"".join(kept)
        at = end
    return content
