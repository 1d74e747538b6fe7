"""Shape `police`: procedures of a provincial police's web site, which gives names and no codes.

The code comes from the imported record of the same name (`naming.py`); the record stays one of its own, published by
that police.
"""

from __future__ import annotations

import re

from bot.catalogue.importing.codes import checked_name
from bot.catalogue.importing.fees import read_fee
from bot.catalogue.importing.laws import clean_code, without_doubles
from bot.catalogue.importing.node import Node
from bot.catalogue.importing.record import Channel, Law, Paper, Record, Step
from bot.catalogue.importing.terms import read_levels
from bot.catalogue.importing.texts import unique
from bot.catalogue.importing.times import SEE_NOTE

SHAPE = "police"
_SITE = re.compile(r"Trang thông tin điện tử\s+(.+)")
# The site's menu stands behind the last field, its download links behind the papers.
_MENU = re.compile(r"(?:\A|\n)[^\S\n]*(?:Nộp hồ sơ trực tuyến|Thủ tục hành chính)[^\S\n]*\n.*", re.DOTALL)
_BEHIND_PAPERS = re.compile(rf"Biểu mẫu đính kèm:.*|{_MENU.pattern}", re.DOTALL)
_SERVICE = {"Toàn trình": ("full_process",), "Một phần": ("part_process",)}


def read_police_source(node: Node) -> list[Node]:
    """The procedures of one file."""
    return node.nodes("procedures")


def read_police(source: Node, node: Node) -> Record:
    """The record of one procedure, its code still empty.

    Args:
        source: the file, which says whose site it is and when it was read.
    """
    fetched = source.moment("fetched_at")
    site = _SITE.search(source.text("source_name") or node.text("source_name"))
    fee, time = node.text("fee"), node.text("processing_time")
    steps = _cut(node, "steps", _MENU)
    return Record(
        code="",
        name=checked_name(node.text("title")),
        shape=SHAPE,
        publisher=site.group(1) if site else source.text("source_name"),
        url=node.text("source_url"),
        data_date=fetched.date() if fetched else None,
        levels=read_levels(node.text("level")),
        fields=unique([node.text("category").removeprefix("Lĩnh vực ")]),
        agencies=unique([node.text("agency")]),
        subjects=unique([node.text("target_audience")]),
        steps=(Step("", steps),) if steps else (),
        channels=(
            Channel(
                method=None,
                time=SEE_NOTE if time else "",
                note="\n".join(part for part in (time, node.text("method")) if part),
                fees=(read_fee(None, fee, node.notes),) if fee else (),
            ),
        )
        if fee or time
        else (),
        papers=_papers(node),
        results=unique([node.text("result")]),
        laws=_laws(node.text("legal_basis")),
        requirements=_cut(node, "requirements", _MENU),
        flags=_SERVICE.get(node.text("service_level"), ()),
    )


def _cut(node: Node, key: str, pattern: re.Pattern[str]) -> str:
    return node.text(key, without=pattern)


def _papers(node: Node) -> tuple[Paper, ...]:
    told = _cut(node, "documents", _BEHIND_PAPERS)
    forms = unique([attachment.text("title") for attachment in node.nodes("attachments")])
    return (Paper(told, forms=forms),) if told else ()


def _laws(text: str) -> tuple[Law, ...]:
    lines = (line.strip(" -+;.\t") for line in text.splitlines())
    return without_doubles([Law(line, clean_code(line)) for line in lines if line])
