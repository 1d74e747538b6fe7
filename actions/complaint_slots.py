"""The slots of the feedback form: their names, what stands in them, what is read out of the citizen's words."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import Events, button, carried, services, typed_text
from actions.local import PROVINCE
from actions.unfinished import OFFERED
from bot.complaints.coach import Told, understand
from bot.complaints.conversations import Offer, offers_for
from bot.complaints.kinds import Kind, clear_kind
from bot.complaints.routes import QUESTION, Route, find_pointed, guess_route
from bot.text.mask import TOKEN_PATTERN
from bot.text.normalise import words

PREFIX = "complaint_"
CORRECTABLE = ("description", "kind", "office", "time", "person", "dossier", "contact")
# What is asked, and beside it: what the words look like, all that was typed, what waits behind an unfinished one.
SLOTS = (*CORRECTABLE, "resume", "route", "join", "confirmation", "correction", "reopened", "likely", "words", "next")
# What may be asked about a matter; which of it and in which order, says its kind.
ASKED_FOR = ("office", "time", "person", "dossier", "contact")
# What is asked before the kind is known.
ALL_QUESTIONS = ("office", "time", "dossier", "contact")
PLAIN = "phan_anh"
# Stands in a slot for "asked, and there is nothing".
NONE = "-"
CANCEL = "cancel"
GO_ON = "go_on"
CONFIRMED, CANCELLED, CORRECT, JOINED = "confirmed", "cancelled", "correcting", "joined"

Values = dict[str, Any]


def slot_of(tracker: Tracker, name: str) -> Any:
    """What a slot of the form holds."""
    return tracker.get_slot(PREFIX + name)


def set_slots(values: Values) -> Events:
    """Events that set slots of the form."""
    return [SlotSet(PREFIX + name, value) for name, value in values.items()]


def empty() -> Values:
    """A form nobody has begun."""
    return dict.fromkeys(SLOTS)


def reset() -> Events:
    """Forget the form."""
    return [*set_slots(empty()), SlotSet(OFFERED, None)]


def answer_to(question: str, value: Any, tracker: Tracker) -> str:
    """What was typed, or what the tapped button stands for; empty when that button belongs to another question."""
    if value is None:
        return ""
    if not str(value).startswith("/"):
        return str(value).strip()
    return (carried(tracker, "value") or "") if carried(tracker, "slot") == question else ""


def form_button(question: str, value: str, title: str) -> dict[str, str]:
    """A button of the form, named after its question: tapped later, it must not answer another."""
    return button(title, f'/form_answer{{"slot": "{question}", "value": "{NONE if value == "none" else value}"}}')


def buttons_of(question: str) -> list[dict[str, str]]:
    """The buttons that a question always has."""
    return [form_button(question, value, title) for value, title in services().form.buttons[question].items()]


def kind_of(tracker: Tracker) -> Kind | None:
    """The kind that was told or is clear."""
    return services().rules.kinds.get(slot_of(tracker, "kind") or "")


def likely_route(tracker: Tracker) -> Route | None:
    """What the matter looks like."""
    return services().routes.get(slot_of(tracker, "likely") or "")


def route_filed(route: str, kind: str) -> str:
    """The route that a complaint is filed under: the citizen's choice where one was asked for, otherwise its kind's."""
    chosen = services().routes.get(route)
    return (chosen.goes_on_as if chosen else "") or services().rules.kinds[kind].route


def kept_words(tracker: Tracker, question: str) -> list[list[str]]:
    """All that was typed so far with this message, word for word; a contact stands encrypted elsewhere."""
    kept: list[list[str]] = slot_of(tracker, "words") or []
    text = typed_text(tracker)
    if question == "contact":
        text = TOKEN_PATTERN.sub("…", text)
    return [*kept, [question, text]] if words(text.replace("…", "")) else kept


def read_words(tracker: Tracker, text: str) -> Values:
    """What a text of the citizen settles of what is still open: kind, route, where, when, who, which dossier.

    Slots that hold something, or were left out, stay as they are.
    """
    told = understand(text, services().today)
    found: Values = {name: value for name, value in _parts(told).items() if slot_of(tracker, name) is None and value}
    place = services().places.find(text)
    if place and place.province and not tracker.get_slot(PROVINCE):
        found["province"] = place.province
    return found


def _parts(told: Told) -> Values:
    return {"office": told.office, "time": told.happened, "person": told.person, "dossier": told.dossier_code}


def settle_route(tracker: Tracker, text: str) -> Values:
    """Kind and route, as soon as the matter was told; a route that asks stays open until the citizen has chosen."""
    found: Values = {}
    likely = likely_route(tracker)
    if slot_of(tracker, "kind") is None and slot_of(tracker, "description"):
        kind = clear_kind(services().rules.kinds, text)
        found["kind"] = kind.key if kind else None
    key = slot_of(tracker, "kind") or found.get("kind")
    if likely and likely.asks:
        return found | _settle_by_law(tracker, likely, text, key)
    route = guess_route(services().routes, text, services().rules.kinds.get(key or ""))
    if route.key == QUESTION and not slot_of(tracker, "description"):
        return found
    if route.asks:
        return {**found, "likely": route.key, "route": None}
    if slot_of(tracker, "description"):
        found |= {"likely": route.key, "route": route.key}
    return found


def _settle_by_law(tracker: Tracker, likely: Route, text: str, kind: str | None) -> Values:
    """After a way that only held the citizen up, such as danger: the one with a law of its own, which asks, too."""
    if likely.goes_on_as or slot_of(tracker, "route") is None:
        return {}
    lawful = {key: route for key, route in services().routes.items() if route.goes_on_as}
    route = find_pointed(lawful, text, services().rules.kinds.get(kind or ""))
    return {"likely": route.key, "route": None} if route else {}


def settle_join(tracker: Tracker) -> Values:
    """Whether there is something to join at all, once the kind is known; never about a person."""
    kind = kind_of(tracker)
    if kind is None or not slot_of(tracker, "description") or slot_of(tracker, "join") is not None:
        return {}
    if slot_of(tracker, "person") not in (None, NONE) or slot_of(tracker, "route") not in (None, kind.route):
        return {"join": NONE}
    return {} if offers_to(tracker, kind) else {"join": NONE}


def offers_to(tracker: Tracker, kind: Kind) -> list[Offer]:
    """What this citizen may join: alike, and of their province as far as both are known."""
    story = slot_of(tracker, "description") or ""
    return offers_for(services().database, tracker.sender_id, kind, story, tracker.get_slot(PROVINCE))


def questions_of(tracker: Tracker) -> list[str]:
    """What is asked, in this order, as far as it is not known."""
    confirmation = slot_of(tracker, "confirmation")
    if confirmation in (CANCELLED, JOINED):
        return []
    if confirmation == CORRECT:
        return ["correction"]
    if slot_of(tracker, "next") is not None:
        return ["resume"]
    kind, route = kind_of(tracker), likely_route(tracker)
    asked = dict.fromkeys((*(kind.questions if kind else ALL_QUESTIONS), slot_of(tracker, "reopened")))
    return [
        *(["route"] if route and route.asks else []),
        "description",
        "kind",
        *(["join"] if kind and kind.joinable else []),
        *(name for name in asked if name in ASKED_FOR),
        "confirmation",
    ]


def reopened(part: str | None) -> Values:
    """One part without its answer, after a tap on the button that changes it."""
    return {part: None} if part in CORRECTABLE else {}


def reopen(part: str | None) -> Values:
    """Ask one part again, or which part when none was named."""
    if part is None:
        return {PREFIX + "confirmation": CORRECT, PREFIX + "correction": None}
    return {
        PREFIX + part: None,
        PREFIX + "reopened": part,
        PREFIX + "confirmation": None,
        PREFIX + "correction": None,
    }
