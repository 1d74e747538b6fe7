"""Recordings as phones and channels send them, made here: frames of the right shape, with nothing to be heard."""

import struct

SECRET = b"Ba Tu, 10.762622N106.660172E"


def id3(text=SECRET):
    size = len(text) + 20
    return b"ID3\x03\x00\x00" + bytes([0, 0, size >> 7, size & 127]) + text + bytes(20)


START, END = id3(), b"TAG" + SECRET.ljust(125)


def mp3(frames=5, start=START, end=END):
    # Version 1, layer 3, 128 kbit/s, 44.1 kHz: 417 bytes a frame.
    return start + (b"\xff\xfb\x90\x00" + bytes(413)) * frames + end


def aac(frames=5):
    frame = b"\xff\xf1\x50\x80" + bytes([40 >> 3, (40 & 7) << 5 | 0x1F, 0xFC]) + bytes(33)
    return frame * frames


def amr(frames=5, end=b""):
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * frames + end


def ogg_page(body, number, kind=0, serial=7, last=None):
    segments = [255] * (len(body) // 255) + [len(body) % 255 if last is None else last]
    head = b"OggS\0" + bytes([kind]) + bytes(8) + struct.pack("<III", serial, number, 0)
    return head + bytes([len(segments)]) + bytes(segments) + body


def opus(frames=5, comment=SECRET, pages_of_comments=1):
    tags = b"OpusTags" + struct.pack("<I", len(comment)) + comment + bytes(4)
    pages = [ogg_page(b"OpusHead\x01\x01" + bytes(9), 0, kind=2)]
    if pages_of_comments == 1:
        pages.append(ogg_page(tags, 1))
    else:
        cut = 255 * 2
        tags += bytes(1000)
        first = b"OggS\0\0" + bytes(8) + struct.pack("<III", 7, 1, 0) + bytes([2, 255, 255]) + tags[:cut]
        pages += [first, ogg_page(tags[cut:], 2)]
    pages += [ogg_page(bytes([n]) * 80, len(pages) + n) for n in range(frames)]
    return b"".join(pages)


def box(name, *parts):
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def m4a(brand=b"M4A ", handler=b"soun", more=b""):
    def full(name, *parts):
        return box(name, bytes(4), *parts)

    track = box(
        b"trak",
        full(b"tkhd", SECRET[:8], bytes(72)),
        box(b"mdia", full(b"mdhd", SECRET[:8], bytes(12)), full(b"hdlr", bytes(4), handler, bytes(12), SECRET)),
    )
    story = box(b"udta", box(b"meta", bytes(4), full(b"hdlr", bytes(4), b"mdir", bytes(12)), SECRET))
    head = full(b"mvhd", SECRET[:8], bytes(88))
    return box(b"ftyp", brand, bytes(8)) + box(b"moov", head, track, story) + box(b"mdat", bytes(100)) + more
