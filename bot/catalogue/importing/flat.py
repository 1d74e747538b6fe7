"""Shape `flat`: the text of the portal's page, cut into fields by a collector.

The collector cut at every place where a heading's words stand, also in the middle of a sentence (most often in records
of social insurance). The whole text (`raw_text`) is therefore cut again here, at headings that only the page's own can
be; the collector's fields serve where it is missing.
"""

from __future__ import annotations

import re

from bot.catalogue.importing.codes import checked_code, checked_name, find_uuid, page_of
from bot.catalogue.importing.glued import read_channels, read_papers
from bot.catalogue.importing.laws import read_law_table
from bot.catalogue.importing.node import Node, Notes
from bot.catalogue.importing.record import Record, RefusedError, Step
from bot.catalogue.importing.terms import read_keywords, read_levels, read_subjects
from bot.catalogue.importing.texts import tidy, unique

SHAPE = "flat"

_PAGE_CODE = re.compile(r"Mã thủ tục\s*(\S{3,20}?)Số quyết định")
# Headings in the order of the page; those that ordinary sentences hold, too, are known by what follows.
_HEADINGS = {
    "steps": re.compile("Trình Tự Thực Hiện"),
    "channels": re.compile("Cách Thức Thực Hiện"),
    "papers": re.compile(r"Thành phần hồ sơ(?![:;.,)])"),
    "laws": re.compile("Căn cứ pháp lý(?=Tên văn bản pháp lý|Không có thông tin)"),
    "agency": re.compile("Cơ quan thực hiện"),
    "requirements": re.compile("Yêu cầu, điều kiện thực hiện"),
}
_RESULTS, _KEYWORDS, _NOTE = "Kết quả xử lý", "Từ khóa", "Mô tả"
# The rest of the page: a form to choose an office, and a button.
_INTERFACE = re.compile(r"Chọn cơ quan thực hiện.*|Nộp hồ sơ$", re.DOTALL)
# "Mã: KQ.G12.000327", "Mã: 000.00.00.G12-KQ.812", "Mã: Test_P001", "Mã: VBTT"; the next name follows at once.
_RESULT_CODE = re.compile(
    r"Mã: ?(KQ\.[A-Z]\d{2}\.\d{6}|(?:0{3}\.0{2}\.0{2}\.)?[A-Z]\d{2}-KQ\.?\d{1,6}|Test\w*?\d+|[A-ZĐ\d._-]+(?=$|\n))"
)
_FIELDS = {
    "steps": "trinh_tu_thuc_hien",
    "channels": "cach_thuc_thuc_hien",
    "papers": "thanh_phan_ho_so",
    "laws": "can_cu_phap_ly",
    "agency": "co_quan_thuc_hien",
    "requirements": "yeu_cau_dieu_kien",
    "results": "ket_qua_xu_ly",
}


def read_flat(node: Node) -> Record:
    """The record of one file.

    Raises:
        RefusedError: also when the page is that of another procedure than the file's code.
    """
    code = checked_code(node.text("ma_thu_tuc"))
    raw = node.raw("raw_text")
    on_page = _PAGE_CODE.search(raw)
    if on_page and on_page.group(1) != code:
        raise RefusedError(f"its code is {code}, its text that of {on_page.group(1)}")
    uuid = find_uuid(node.text("detail_url")) or find_uuid(node.text("formality_id"))
    parts = _parts(node, raw)
    steps = _tidied(parts["steps"], node.notes)
    return Record(
        code=code,
        name=checked_name(node.text("ten_thu_tuc")),
        shape=SHAPE,
        uuid=uuid,
        url=node.text("detail_url") or page_of(uuid),
        levels=read_levels(node.text("cap_thuc_hien")),
        fields=unique([node.text("linh_vuc")]),
        agencies=unique([_tidied(parts["agency"], node.notes)]),
        subjects=read_subjects(node.text("doi_tuong_thuc_hien")),
        steps=(Step("", steps),) if steps else (),
        channels=read_channels(_tidied(parts["channels"], node.notes), steps, node.notes),
        papers=read_papers(_tidied(parts["papers"], node.notes), node.notes),
        results=_results(_tidied(parts["results"], node.notes), node.notes),
        laws=read_law_table(_tidied(parts["laws"], node.notes), node.notes),
        requirements=_tidied(parts["requirements"], node.notes),
        keywords=_keywords(_tidied(parts["keywords"], node.notes)),
        note=_tidied(parts["note"], node.notes),
        decision=node.text("so_quyet_dinh"),
    )


def _parts(node: Node, raw: str) -> dict[str, str]:
    parts = _cut(raw)
    if not parts:
        node.notes.add("page_uncut", "the whole text is missing or has other headings")
        parts = {name: node.raw(field) for name, field in _FIELDS.items()}
        parts["results"], _, rest = parts["results"].partition(_KEYWORDS)
        parts["keywords"], _, parts["note"] = rest.partition(_NOTE)
    parts["note"] = _INTERFACE.sub("", parts["note"])
    return parts


def _cut(raw: str) -> dict[str, str]:
    """The page's parts by name; empty when a heading is missing."""
    found: dict[str, re.Match[str]] = {}
    place = 0
    for name, heading in _HEADINGS.items():
        match = heading.search(raw, place)
        if not match:
            return {}
        found[name], place = match, match.end()
    # What follows has no sign of its own: the last of each is the page's.
    keywords = raw.rfind(_KEYWORDS, place)
    note = raw.find(_NOTE, keywords) if keywords >= 0 else -1
    if note < 0:
        return {}
    results = raw.rfind(_RESULTS, place, keywords)
    ends = [*(match.start() for match in found.values()), results if results >= 0 else keywords]
    parts = {name: raw[match.end() : end] for (name, match), end in zip(found.items(), ends[1:], strict=True)}
    parts["results"] = raw[results + len(_RESULTS) : keywords] if results >= 0 else ""
    parts["keywords"] = raw[keywords + len(_KEYWORDS) : note]
    parts["note"] = raw[note + len(_NOTE) :]
    return parts


def _tidied(text: str, notes: Notes) -> str:
    plain, marked = tidy(text)
    if marked:
        notes.add("markup", text[:80])
    return plain


def _results(text: str, notes: Notes) -> tuple[str, ...]:
    names = _RESULT_CODE.split(text)
    # The list goes name, code, name, code …; what testers of the portal left behind is no result.
    rows = [(names[place], names[place + 1] if place + 1 < len(names) else "") for place in range(0, len(names), 2)]
    for name, code in rows:
        if code.startswith("Test"):
            notes.add("test_result", f"{name} {code}")
        elif "Mã:" in name:
            notes.add("results_unread", name)
    return unique([name for name, code in rows if not code.startswith("Test")])


def _keywords(text: str) -> tuple[str, ...]:
    # A trail of the page's menu ("CSDL Quốc gia về TTHC»Bộ Công An»…") is no keyword.
    return unique([word for word in read_keywords(text) if "»" not in word])
