"""Shape `normalised`: the portal's records as a public collector rewrote them, with its own names of fields."""

from __future__ import annotations

from bot.catalogue.importing.codes import checked_code, checked_name, find_uuid
from bot.catalogue.importing.detail import METHODS, channel_time, paper_of
from bot.catalogue.importing.fees import read_fee
from bot.catalogue.importing.laws import read_law, without_doubles
from bot.catalogue.importing.node import Node
from bot.catalogue.importing.record import Channel, Record, Step
from bot.catalogue.importing.texts import unique

SHAPE = "normalised"


def read_normalised(node: Node) -> Record:
    """The record of one object."""
    source = node.node("source")
    crawled = source.moment("crawled_at")
    steps = tuple(Step(step.text("name"), step.text("text")) for step in node.nodes("steps_raw"))
    return Record(
        code=checked_code(node.text("code")),
        name=checked_name(node.text("name")),
        shape=SHAPE,
        uuid=find_uuid(node.text("source_id")),
        publisher=node.text("promulgating_agency"),
        url=source.text("url"),
        updated_at=source.moment("updated_at"),
        data_date=crawled.date() if crawled else None,
        fields=unique([node.node("category").text("name")]),
        agencies=unique([node.text("executing_agency")]),
        subjects=node.texts("subject_types"),
        steps=tuple(step for step in steps if step.name or step.text),
        channels=_channels(node, "\n".join(step.text for step in steps)),
        papers=tuple(
            paper_of(item, group.text("group"), "original_qty", "copy_qty", "fileName")
            for group in node.nodes("checklist_raw")
            for item in group.nodes("items")
            if item.text("name")
        ),
        results=node.texts("results"),
        laws=without_doubles(
            [
                law
                for basis in node.nodes("legal_basis")
                if (law := read_law(basis.text("name"), basis.text("code"), node.notes))
            ]
        ),
        requirements=node.text("requirements"),
        state=node.text("state"),
    )


def _channels(node: Node, steps: str) -> tuple[Channel, ...]:
    cases = [(case.number("qty") or 0, case.text("unit")) for case in node.nodes("processing_cases")]
    known = tuple((quantity, unit) for quantity, unit in cases if quantity)
    return tuple(_channel(channel, steps, known) for channel in node.nodes("channels"))


def _channel(node: Node, steps: str, cases: tuple[tuple[float, str], ...]) -> Channel:
    note, method = node.text("note"), node.text("method")
    time = channel_time(node.node("processing"), "qty", "unit", note, steps, cases)
    fees = tuple(
        # The currency was lost here: a number under a thousand may as well be dollars, and is not shown.
        read_fee(fee.number("value_vnd"), fee.text("text"), fee.notes, kind=fee.text("type"))
        for fee in node.nodes("fees")
    )
    return Channel(method if method in METHODS else None, time.text, time.quantity, time.unit, note, fees)
