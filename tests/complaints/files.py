"""Files as citizens and attackers send them, made here: none is kept in the repository."""

import io
import struct
import zipfile
import zlib

import openpyxl
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

SECRET = b"10.762622N106.660172E"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
DOCUMENT_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def photo(kind="JPEG", size=(60, 40), colour=(200, 30, 30), **more):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **more)
    return out.getvalue()


def photo_with_secrets(kind="JPEG"):
    """A photo lying on its side, with place and comment."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, SECRET.decode()
    exif.get_ifd(0x8825)[0x001D] = SECRET.decode()
    more = {"comment": SECRET} if kind == "JPEG" else {}
    return photo(kind, exif=exif, **more)


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def huge_png(side=50_000):
    """A few hundred bytes that unfold to a picture of `side` × `side`."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    rows = chunk(b"IDAT", zlib.compress(bytes(3 * side + 1), 9))
    return b"\x89PNG\r\n\x1a\n" + head + rows + chunk(b"IEND", b"")


def animated():
    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    return out.getvalue()


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in (parts or {"a.txt": "b"}).items():
            packed.writestr(name, content)
    return out.getvalue()


def sheet(value="Hồ sơ", formula=None):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["A2"] = value, formula
    book.properties.creator = SECRET.decode()
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def links(*given):
    """A part of relationships: (type, target) or (type, target, mode)."""
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{target}"'
        + (f' TargetMode="{mode[0]}"' if mode else "")
        + "/>"
        for n, (kind, target, *mode) in enumerate(given)
    )
    return f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>'


def document(body="<w:p><w:r><w:t>Kính gửi</w:t></w:r></w:p>", *, main=DOCUMENT_TYPE, parts=None, types=""):
    """A Word file; `parts` are added, or stand in place of its own."""
    content_types = (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/>{types}</Types>'
    )
    own = {
        "[Content_Types].xml": content_types,
        "_rels/.rels": links(("officeDocument", "word/document.xml")),
        "word/document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    }
    return archive(**{**own, **(parts or {})})


BEGIN, END = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "end"))


def field(*instructions):
    """A field of Word whose instruction is spread over runs, fields among them."""
    runs = (part if part.startswith("<") else f"<w:r><w:instrText>{part}</w:instrText></w:r>" for part in instructions)
    return f"{BEGIN}{''.join(runs)}{END}"


def named(**given):
    """A dictionary of PDF: keys without their slash, strings with one are names."""
    return DictionaryObject({NameObject(f"/{key}"): _pdf(value) for key, value in given.items()})


def _pdf(value):
    if isinstance(value, list):
        return ArrayObject([_pdf(one) for one in value])
    if isinstance(value, str):
        return NameObject(value) if value.startswith("/") else TextStringObject(value)
    return value


def pdf(pages=1, change=None, author=None, password=None, photos=()):
    """A PDF file; `change` is done to its writer last."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    writer.add_metadata({"/Author": author or SECRET.decode()})
    for content in photos:
        stream = DecodedStreamObject()
        stream.set_data(content)
        stream.update(named(Type="/XObject", Subtype="/Image", Filter="/DCTDecode"))
        writer.pages[0][NameObject("/Resources")] = named(XObject=named(Im0=writer._add_object(stream)))
    if change:
        change(writer)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def pdf_that(**catalogue):
    """A PDF file with entries in its catalogue."""
    return pdf(change=lambda writer: writer.root_object.update(named(**catalogue)))


def pdf_with_annotation(**annotation):
    return pdf(change=lambda writer: writer.pages[0].update(named(Annots=[named(**annotation)])))
