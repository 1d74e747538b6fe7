"""Shape `detail`: the portal's own answer for one procedure, bare or wrapped in {code, data, message}."""

from __future__ import annotations

from bot.catalogue.importing.codes import checked_code, checked_name, find_uuid, page_of
from bot.catalogue.importing.fees import read_fee
from bot.catalogue.importing.laws import read_law, without_doubles
from bot.catalogue.importing.node import Node
from bot.catalogue.importing.record import Channel, Paper, Record, RefusedError, Step
from bot.catalogue.importing.terms import read_keywords
from bot.catalogue.importing.texts import unique
from bot.catalogue.importing.times import Time, read_time, read_time_text

SHAPE = "detail"
METHODS = ("ONLINE", "POSTAL", "DIRECT")
_LEVELS = {"isMinistry": "ministry", "isProvince": "province", "isWard": "ward", "isOtherAgency": "other"}
# A flag that is false is left out: it often only kept its default.
_FLAGS = {
    "isFullProcess": "full_process",
    "isSharedService": "shared_service",
    "isOfflineOnly": "offline_only",
    "isNonTerritorial": "non_territorial",
    "isVertical": "vertical",
    "isInternal": "internal",
}


def unwrapped(node: Node) -> Node:
    """The record inside an answer of the interface.

    Raises:
        RefusedError: the answer says that something went wrong.
    """
    if not node.has("data", "code", "message") or node.has("executionMethods"):
        return node
    if node.text("code") != "OK":
        raise RefusedError(f"the portal answered '{node.text('code')}': {node.text('message')[:100]}")
    return node.node("data")


def read_detail(node: Node) -> Record:
    """The record of one answer."""
    node = unwrapped(node)
    uuid = find_uuid(node.text("id"))
    steps = tuple(Step(step.text("name"), step.text("description")) for step in node.nodes("executionSteps"))
    proposal = node.node("procedureProposal")
    return Record(
        code=checked_code(node.text("code")),
        name=checked_name(node.text("name")),
        shape=SHAPE,
        uuid=uuid,
        publisher=node.text("departmentPromulgateName"),
        url=page_of(uuid),
        updated_at=node.moment("updatedAt"),
        levels=tuple(level for key, level in _LEVELS.items() if node.is_true(key)),
        fields=node.names("categoriesDetails") or unique([node.node("category").text("name")]),
        agencies=_agencies(node),
        subjects=node.names("subjectTypesDetails"),
        steps=tuple(step for step in steps if step.name or step.text),
        channels=_channels(node, "\n".join(step.text for step in steps)),
        papers=_papers(node),
        results=node.names("resultsDetails"),
        laws=without_doubles(
            [
                law
                for basis in node.nodes("legalBasisesDetails")
                if (law := read_law(basis.text("name"), basis.text("code"), node.notes))
            ]
        ),
        requirements=node.text("requirementsAndConditions"),
        keywords=read_keywords(node.text("keywords")),
        note=node.text("note"),
        # Its date is the day the procedure was published, not that of a law: left out.
        decision=node.text("decisionNo") or proposal.text("proposalNumber"),
        flags=tuple(flag for key, flag in _FLAGS.items() if node.is_true(key)),
        type=node.text("type"),
        state=node.text("state"),
    )


def _agencies(node: Node) -> tuple[str, ...]:
    named = (*node.names("departmentsExecuting"), *node.names("unitGroupsExecuting"))
    return unique(named) or unique([node.text("executingAgencies")])


def _channels(node: Node, steps: str) -> tuple[Channel, ...]:
    cases = tuple(_case(case.node("processingDay")) for case in node.nodes("cases"))
    known = tuple((quantity, unit) for quantity, unit in cases if quantity)
    return tuple(_channel(method, steps, known) for method in node.nodes("executionMethods"))


def _case(day: Node) -> tuple[float, str]:
    return day.number("qty") or 0, day.text("type")


def _channel(node: Node, steps: str, cases: tuple[tuple[float, str], ...]) -> Channel:
    note = node.text("description")
    time = channel_time(node, "processingTime", "processingTimeUnit", note, steps, cases)
    fees = tuple(
        read_fee(fee.number("value"), fee.text("description"), fee.notes, fee.text("currencyName"), fee.text("type"))
        for fee in node.nodes("fees")
    )
    method = node.text("submissionMethod")
    return Channel(method if method in METHODS else None, time.text, time.quantity, time.unit, note, fees)


def channel_time(
    node: Node, quantity: str, unit: str, note: str, steps: str, cases: tuple[tuple[float, str], ...]
) -> Time:
    """The time of a channel from the fields of these names; the quantity is sometimes a sentence."""
    number = node.number(quantity)
    if number is None:
        return read_time_text(node.text(quantity), note, steps, node.notes)
    return read_time(number, node.text(unit), note, steps, node.notes, cases)


def _papers(node: Node) -> tuple[Paper, ...]:
    groups = [(case.text("name"), case.nodes("profileComponents")) for case in node.nodes("executionCases")]
    groups.append(("", node.nodes("profileComponents")))
    return tuple(
        paper_of(component, group, "originalQty", "copyQty", "fileName")
        for group, components in groups
        for component in components
        if component.text("name")
    )


def paper_of(node: Node, group: str, originals: str, copies: str, form: str) -> Paper:
    """A paper from the fields of these names; none original and none copy means that no number was given."""
    numbers = [int(node.number(key) or 0) for key in (originals, copies)]
    forms = unique([attachment.text(form) for attachment in node.nodes("attachments")])
    if not any(numbers):
        return Paper(node.text("name"), group, forms=forms)
    return Paper(node.text("name"), group, numbers[0], numbers[1], forms)
