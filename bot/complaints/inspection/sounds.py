"""Recordings taken apart into their frames and put together again without what describes them; nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.complaints.inspection.refusal import RefusedError

SOUNDS = ("ogg", "m4a", "mp3", "aac", "amr")
# A few bytes that look like a frame are no recording.
_FEWEST_FRAMES = 2


def clean_sound(kind: str, content: bytes) -> bytes:
    """The recording without names, places, pictures and moments.

    Raises:
        RefusedError: it is broken, or more than one recording in one file.
    """
    try:
        return _CLEAN[kind](content)
    except (IndexError, KeyError, ValueError) as error:
        raise RefusedError("broken") from error


# MPEG audio: bit rates in kbit/s by (version 1?, layer), samples a second of version 1.
_RATES = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLES = (44100, 48000, 32000)


def _mpeg_length(content: bytes, at: int) -> int:
    """Bytes of the MPEG audio frame that begins here, 0 when none does."""
    head = int.from_bytes(content[at : at + 4], "big")
    version, layer, rate, sample = (head >> 19) & 3, 4 - ((head >> 17) & 3), (head >> 12) & 15, (head >> 10) & 3
    if at + 4 > len(content) or head >> 21 != 0x7FF or version == 1 or layer == 4 or rate in (0, 15) or sample == 3:
        return 0
    first = version == 3
    bits = _RATES[first, layer][rate] * 1000
    hertz = _SAMPLES[sample] >> (0 if first else 1 if version == 2 else 2)
    padding = (head >> 9) & 1
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (144 if first or layer == 2 else 72) * bits // hertz + padding


def _aac_length(content: bytes, at: int) -> int:
    head = content[at : at + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > len(head) else 0


def _framed(content: bytes, at: int, length: Callable[[bytes, int], int]) -> bytes:
    """The frames one after the other; what stands behind the last is not kept."""
    begin, frames = at, 0
    while (size := length(content, at)) and at + size <= len(content):
        at, frames = at + size, frames + 1
    if frames < _FEWEST_FRAMES:
        raise RefusedError("broken")
    return content[begin:at]


def _without_id3(content: bytes) -> int:
    """Where the recording begins behind its tags."""
    at = 0
    while content[at : at + 3] == b"ID3":
        size = content[at + 6 : at + 10]
        at += 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]) + (10 if content[at + 5] & 0x10 else 0)
    # Some programs fill the room behind the tag up.
    while content[at : at + 1] == b"\0":
        at += 1
    return at


def _clean_mp3(content: bytes) -> bytes:
    return _framed(content, _without_id3(content), _mpeg_length)


def _clean_aac(content: bytes) -> bytes:
    return _framed(content, 0, _aac_length)


# Bytes of an AMR frame by its type.
_NARROW = (13, 14, 16, 18, 20, 21, 27, 32, 6, 1, 1, 1, 1, 1, 1, 1)
_WIDE = (18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 1, 1, 1, 1, 1, 1)


def _clean_amr(content: bytes) -> bytes:
    start, sizes = (b"#!AMR-WB\n", _WIDE) if content.startswith(b"#!AMR-WB\n") else (b"#!AMR\n", _NARROW)
    if not content.startswith(start):
        raise RefusedError("audio")

    def length(given: bytes, at: int) -> int:
        return sizes[given[at] >> 3 & 15] if at < len(given) and not given[at] & 0x83 else 0

    return start + _framed(content, len(start), length)


def _pages(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Pages of an Ogg file: where they begin, where their body begins, where they end."""
    at = 0
    while content[at : at + 4] == b"OggS" and content[at + 4] == 0:
        body = at + 27 + content[at + 26]
        end = body + sum(content[at + 27 : body])
        if end > len(content) or len(content[at + 27 : body]) != content[at + 26]:
            raise RefusedError("broken")
        yield at, body, end
        at = end
    if at != len(content):
        raise RefusedError("broken")


def _clean_ogg(content: bytes) -> bytes:
    """An Opus recording with an empty comment header; other codecs put more into the pages of their comments."""
    pages = list(_pages(content))
    if len(pages) < 3 or not content[pages[0][1] :].startswith(b"OpusHead"):
        raise RefusedError("audio")
    serials = {content[at + 14 : at + 18] for at, *_ in pages}
    begins = sum(bool(content[at + 5] & 2) for at, *_ in pages)
    if len(serials) != 1 or begins != 1 or not content[pages[1][1] :].startswith(b"OpusTags"):
        raise RefusedError("audio")
    # The comments end with a segment of less than 255 bytes, and with it their page.
    tags = next(n for n in range(1, len(pages)) if content[pages[n][1] - 1] < 255)
    comments = b"OpusTags" + bytes(8)
    head = b"OggS" + bytes(10) + serials.pop() + (1).to_bytes(4, "little") + bytes(4) + bytes([1, len(comments)])
    kept = [content[: pages[0][2]], _summed(head + comments)]
    rest = pages[tags + 1 :]
    if tags == 1:
        kept += [content[rest[0][0] :]] if rest else []
    else:
        for number, (at, _, end) in enumerate(rest, 2):
            page = content[at : at + 18] + number.to_bytes(4, "little") + bytes(4) + content[at + 26 : end]
            kept.append(_summed(page))
    return b"".join(kept)


def _summed(page: bytes) -> bytes:
    """A page with its checksum, which must be nought before."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _SUMS[value >> 24 ^ byte]
    return page[:22] + value.to_bytes(4, "little") + page[26:]


def _sum_of(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if value >> 31 else value << 1
    return value


_SUMS = tuple(_sum_of(byte) for byte in range(256))

_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf")
_KEPT = (
    *_CONTAINERS,
    *(b"ftyp", b"mdat", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"smhd", b"dref", b"elst", b"iods"),
    *(b"stsd", b"stts", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"ctts", b"stss", b"sgpd", b"sbgp"),
)
_WITH_MOMENTS = (b"mvhd", b"tkhd", b"mdhd")
_HANDLER = b"hdlr"


def _clean_m4a(content: bytes) -> bytes:
    """The boxes that a player needs, in their places; what else there is becomes empty room of the same size."""
    kept = bytearray(content)
    handlers: list[bytes] = []
    _clean_boxes(kept, 0, len(kept), handlers, 0)
    if handlers != [b"soun"]:
        raise RefusedError("video" if b"vide" in handlers else "audio")
    return bytes(kept)


def _clean_boxes(kept: bytearray, at: int, end: int, handlers: list[bytes], depth: int) -> None:
    while at < end:
        size, head, name = int.from_bytes(kept[at : at + 4], "big"), 8, bytes(kept[at + 4 : at + 8])
        if size == 1:
            size, head = int.from_bytes(kept[at + 8 : at + 16], "big"), 16
        elif size == 0 and depth == 0:
            size = end - at
        if size < head or at + size > end or depth > len(_CONTAINERS):
            raise RefusedError("broken")
        body = at + head
        if name not in _KEPT:
            kept[at + 4 : at + 8] = b"free"
            kept[body : at + size] = bytes(size - head)
        elif name in _CONTAINERS:
            _clean_boxes(kept, body, at + size, handlers, depth + 1)
        elif name in _WITH_MOMENTS:
            width = 16 if kept[body] else 8
            kept[body + 4 : body + 4 + width] = bytes(width)
        elif name == _HANDLER:
            handlers.append(bytes(kept[body + 8 : body + 12]))
            # Behind it stands a name that anybody may have written.
            kept[body + 24 : at + size] = bytes(size - head - 24)
        at += size


_CLEAN = {"ogg": _clean_ogg, "m4a": _clean_m4a, "mp3": _clean_mp3, "aac": _clean_aac, "amr": _clean_amr}
