"""Shape `list`: a row of the portal's list, which names a procedure and says nothing more."""

from __future__ import annotations

from bot.catalogue.importing.codes import checked_code, checked_name, find_uuid, page_of
from bot.catalogue.importing.node import Node
from bot.catalogue.importing.record import Record

SHAPE = "list"


def read_list_row(node: Node) -> Record:
    """The record of one row."""
    uuid = find_uuid(node.text("id"))
    return Record(
        code=checked_code(node.text("code")),
        name=checked_name(node.text("name")),
        shape=SHAPE,
        uuid=uuid,
        publisher=node.text("departmentPromulgate"),
        url=page_of(uuid),
        fields=node.texts("categories"),
        agencies=node.texts("departments"),
        subjects=node.texts("formalityTargetType"),
        type=node.text("type"),
        state=node.text("state"),
    )
