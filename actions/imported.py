"""Answers from imported records of the national portal: said as what they are, not reviewed here."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actions.base import MOST_BUTTONS, Speaker, button, services
from bot.catalogue.imported import Imported
from bot.catalogue.importing.record import Channel, Fee, Record

# Intent → the aspect of a record that answers it; the order is that of the buttons.
ASPECTS = {
    "ask_procedure": "overview",
    "ask_procedure_documents": "papers",
    "ask_procedure_fee": "fees",
    "ask_procedure_time": "times",
    "ask_procedure_where": "agencies",
    "ask_eligibility": "requirements",
    "ask_legal_basis": "laws",
}
VND = "VND"
MOST_LINES = 8
LONGEST = 600


def say_imported(say: Speaker, intent: str, imported: Imported) -> None:
    """Say one aspect of a record, with the day it is of, and where to compare."""
    record, knowledge = imported.record, services().knowledge
    lines = aspect_lines(record, ASPECTS.get(intent, ""))
    others = [name for name, aspect in ASPECTS.items() if name != intent and aspect_lines(record, aspect)]
    of = record.updated_at or record.data_date
    # A record without a date of its own is not given that of its import.
    known = "utter_imported" if of else "utter_imported_undated"
    say.say(
        known if lines else "utter_imported_unknown",
        [button(knowledge.title(name), payload(name, record.code)) for name in others[:MOST_BUTTONS]],
        procedure=record.name,
        aspect=knowledge.title(intent).lower(),
        body="\n".join(lines),
        code=record.code,
        day=f"{of:%d/%m/%Y}" if of else "",
        url=record.url or "https://dichvucong.gov.vn",
    )
    say.report("answer" if lines else "handover", procedure=record.code)


def payload(intent: str, key: str) -> str:
    """What a button carries that asks one thing about a procedure; an imported one is known by its code."""
    return f'/{intent}{{"procedure": "{key}"}}'


def aspect_lines(record: Record, aspect: str) -> list[str]:
    """An aspect of a record in a few lines; none when the record says nothing of it."""
    lines = _LINES[aspect](record) if aspect in _LINES else []
    return [_short(line) for line in list(dict.fromkeys(lines))[:MOST_LINES]]


def _by_channel(channels: Iterable[Channel], tell: Callable[[Channel], str]) -> list[str]:
    methods = services().knowledge.channels
    told = [(methods.get(channel.method or "", ""), tell(channel)) for channel in channels]
    return [f"• {method}: {text}" if method else f"• {text}" for method, text in told if text]


def _time(channel: Channel) -> str:
    return ". ".join(part for part in (channel.time, " ".join(channel.note.split())) if part)


def _fees(channel: Channel) -> str:
    return "; ".join(dict.fromkeys(_fee(fee) for fee in channel.fees if _fee(fee)))


def _fee(fee: Fee) -> str:
    # The portal's 0 is no promise that nothing is due.
    amount = f"{fee.value:,.0f}".replace(",", ".") if fee.value and fee.currency == VND else ""
    if not amount or amount in fee.text:
        return fee.text
    return f"{amount} {services().knowledge.channels.get(VND, VND)} {fee.text}".strip()


_LINES: dict[str, Callable[[Record], list[str]]] = {
    "overview": lambda r: [*(f"• {agency}" for agency in r.agencies[:2]), *_by_channel(r.channels, _time)],
    "papers": lambda r: [f"• {paper.name.lstrip('-+ ')}" for paper in r.papers],
    "fees": lambda r: _by_channel(r.channels, _fees),
    "times": lambda r: _by_channel(r.channels, _time),
    "agencies": lambda r: [f"• {agency}" for agency in r.agencies],
    "requirements": lambda r: [r.requirements] if r.requirements else [],
    "laws": lambda r: [f"• {law.name}" for law in r.laws],
}


def _short(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST].rsplit(' ', 1)[0]} …"
