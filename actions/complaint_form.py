"""The guided form for feedback: which question comes next, and what counts as its answer."""

from __future__ import annotations

from typing import Any, cast

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.asides import answer_aside
from actions.base import Events, Speaker, carried, services, typed_text
from actions.complaint import LEAST_WORDS, begin, hear
from actions.complaint_slots import (
    CANCEL,
    CANCELLED,
    CONFIRMED,
    CORRECT,
    CORRECTABLE,
    GO_ON,
    JOINED,
    NONE,
    PLAIN,
    PREFIX,
    Values,
    answer_to,
    empty,
    kept_words,
    likely_route,
    questions_of,
    reopen,
    reopened,
    set_slots,
    slot_of,
)
from actions.unfinished import ANEW, CONTINUE
from bot.complaints import privacy
from bot.complaints.citizen import join
from bot.complaints.coach import with_day
from bot.complaints.errors import ComplaintError
from bot.complaints.kinds import find_kind
from bot.text.answers import is_cancel, is_correction, is_refusal, is_yes
from bot.text.codes import find_dossier_code, find_receipt_code
from bot.text.mask import TOKEN_PATTERN
from bot.text.normalise import words
from bot.text.phrases import Said

CONTACT_KINDS = ("sodienthoai", "thudientu")
IDENTITY = "sodinhdanh"
MOST_WORDS_OF_A_CODE = 6
# Questions whose answers belong to the story; what is typed there is kept word for word.
TELLING = ("description", "route", "kind", "office", "time", "person", "dossier")
_CANCELLED: Values = {PREFIX + "confirmation": CANCELLED}


class ValidateComplaintForm(FormValidationAction):
    """Checks each answer and decides what is asked next."""

    def name(self) -> str:
        """Its name in the domain."""
        return "validate_complaint_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """The questions that the kind needs; none once it was cancelled or joined."""
        return [PREFIX + name for name in questions_of(tracker)]

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        """Answer what is no answer first; only the rest is checked, kept, and read for what else it tells."""
        say = Speaker(dispatcher, tracker)
        asked = (tracker.get_slot("requested_slot") or "").removeprefix(PREFIX)
        aside = answer_aside(say, tracker)
        if aside is not None:
            return [*aside, *(SlotSet(name, None) for name in tracker.slots_to_validate())]
        if carried(tracker, "slot") == "change":
            return [SlotSet(PREFIX + asked, None), *set_slots(reopened(carried(tracker, "value")))]
        events = cast(Events, await super().get_validation_events(dispatcher, tracker, domain))
        tracker.add_slots(events)
        if asked == "resume":
            return [*events, *_resumed(say, tracker)]
        asked = _part_told(asked, events)
        if not asked or slot_of(tracker, "confirmation") == CANCELLED:
            return events
        kept = kept_words(tracker, asked)
        tracker.slots[PREFIX + "words"] = kept
        heard = hear(say, tracker, typed_text(tracker)) if asked in TELLING else []
        return [*events, SlotSet(PREFIX + "words", kept), *heard]

    def validate_complaint_resume(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Go on, begin anew, or be asked again."""
        said = answer_to("resume", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        wish = CONTINUE if said == CONTINUE or is_yes(said) else ANEW if said == ANEW or is_refusal(said) else None
        return {PREFIX + "resume": wish}

    def validate_complaint_route(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Go on with a note, take it for feedback, or stop; whoever goes on telling is asked again."""
        if value in services().routes:
            return {PREFIX + "route": value}
        said, likely = answer_to("route", value, tracker), likely_route(tracker)
        if said == CANCEL or is_cancel(said) or is_refusal(said):
            return _CANCELLED
        if said == GO_ON or is_yes(said):
            return {PREFIX + "route": likely.key if likely else PLAIN}
        if likely and PLAIN in likely.choices and (said == PLAIN or _names_plain(said)):
            return {PREFIX + "route": PLAIN}
        if len(said.split()) < LEAST_WORDS or str(value).startswith("/"):
            return {PREFIX + "route": None}
        story = "\n".join(filter(None, (slot_of(tracker, "description"), said)))
        return {PREFIX + "route": None, PREFIX + "description": story}

    def validate_complaint_description(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """The citizen's own words, kept as they are; they must have a word in them."""
        said = answer_to("description", value, tracker)
        if said == CANCEL or is_cancel(said) or is_refusal(said):
            return _CANCELLED
        return {PREFIX + "description": said if words(said) else None}

    def validate_complaint_kind(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """One of the kinds; what fits none is "other", so that nobody is held up by a list."""
        said = answer_to("kind", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        kind = find_kind(services().rules.kinds, said)
        return {PREFIX + "kind": (kind.key if kind else "other") if said else None}

    def validate_complaint_join(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Follow one that is open, or file one's own."""
        said = answer_to("join", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        code = find_receipt_code(said) if str(value).startswith("/") else None
        if code is None:
            return {PREFIX + "join": NONE if said else None}
        try:
            join(services().database, tracker.sender_id, code)
        except ComplaintError:
            dispatcher.utter_message(response="utter_complaint_join_gone")
            return {PREFIX + "join": NONE}
        return {PREFIX + "join": code, PREFIX + "confirmation": JOINED}

    def validate_complaint_office(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Any words, or none."""
        return _optional("office", value, tracker)

    def validate_complaint_time(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Any words, with the day where they give one, or none."""
        given = _optional("time", value, tracker)
        said = given.get(PREFIX + "time")
        return {PREFIX + "time": with_day(said, services().today)} if said and said != NONE else given

    def validate_complaint_person(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Any words, or none."""
        return _optional("person", value, tracker)

    def validate_complaint_dossier(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """A dossier code where there is one, otherwise what was typed, unless it can be none: a story, or no figure."""
        code = find_dossier_code(str(value))
        found = _optional("dossier", code or value, tracker)
        if found == _CANCELLED:
            return found
        said = found.get(PREFIX + "dossier") or ""
        is_none = len(words(said)) > MOST_WORDS_OF_A_CODE or not any(map(str.isdigit, said))
        return {PREFIX + "dossier": NONE} if code is None and is_none else found

    def validate_complaint_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """A phone number or an e-mail address (both tokens by now), or none."""
        said = answer_to("contact", value, tracker)
        found = _contacts(said)
        identity = any(m.group(1) == IDENTITY for m in TOKEN_PATTERN.finditer(said))
        if identity:
            privacy.drop_identity(services().database, tracker.sender_id, said)
            dispatcher.utter_message(response="utter_complaint_identity_not_needed")
        if found:
            return {PREFIX + "contact": " ".join(found)}
        if said == NONE or is_refusal(said):
            return {PREFIX + "contact": NONE}
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        if not identity:
            dispatcher.utter_message(response="utter_complaint_contact_unclear")
        return {PREFIX + "contact": None}

    def validate_complaint_confirmation(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Send, correct, cancel, or be asked again."""
        said = answer_to("confirmation", value, tracker)
        if said in (CONFIRMED, CANCELLED, CORRECT, JOINED):
            return {PREFIX + "confirmation": said}
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        if said == "correct" or is_correction(said):
            return reopen(services().form.find_part(said))
        if said == "send" or is_yes(said):
            return {PREFIX + "confirmation": CONFIRMED}
        # "không" to "gửi chứ?" sends nothing; whatever else is typed is kept and shown in the summary that comes again.
        return {PREFIX + "confirmation": None, **_told_late(dispatcher, tracker, said)}

    def validate_complaint_correction(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Values:
        """Which answer is given again; that question is opened, the summary comes after it."""
        said = answer_to("correction", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        part = said if said in CORRECTABLE else services().form.find_part(said)
        if part is None:
            dispatcher.utter_message(response="utter_correction_unclear")
            return {PREFIX + "correction": None}
        return reopen(part)


def _part_told(asked: str, events: Events) -> str:
    """The part of the matter that was told, empty when none was; under the summary it is seen by what was set."""
    if asked != "confirmation":
        return asked if asked in (*TELLING, "contact") else ""
    told = {event["name"].removeprefix(PREFIX) for event in events if event.get("value")}
    return next((part for part in ("contact", "description") if part in told), "")


def _told_late(dispatcher: CollectingDispatcher, tracker: Tracker, said: str) -> Values:
    """What was typed instead of sending: a contact, or more of the story."""
    contacts = _contacts(said)
    if contacts:
        return {PREFIX + "contact": " ".join(contacts)}
    if len(said.split()) >= LEAST_WORDS:
        return {PREFIX + "description": "\n".join(filter(None, (slot_of(tracker, "description"), said)))}
    if said:
        dispatcher.utter_message(response="utter_complaint_confirmation_unclear")
    return {}


def _contacts(said: str) -> list[str]:
    return list(dict.fromkeys(m.group() for m in TOKEN_PATTERN.finditer(said) if m.group(1) in CONTACT_KINDS))


def _names_plain(said: str) -> bool:
    return len(said.split()) < LEAST_WORDS and Said(said).affirms(services().routes[PLAIN].label)


def _resumed(say: Speaker, tracker: Tracker) -> Events:
    """After the question about an unfinished one."""
    wish, waiting = slot_of(tracker, "resume"), slot_of(tracker, "next")
    if wish == CONTINUE:
        return set_slots({"next": None, "resume": None})
    if wish == ANEW:
        tracker.slots.update({PREFIX + name: None for name in empty()})
        return begin(say, tracker, "" if waiting in (None, NONE) else waiting)
    return []


def _optional(name: str, value: Any, tracker: Tracker) -> Values:
    said = answer_to(name, value, tracker)
    if said == CANCEL or is_cancel(said):
        return _CANCELLED
    return {PREFIX + name: NONE if said == NONE or is_refusal(said) else said or None}
