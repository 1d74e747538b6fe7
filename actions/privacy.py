"""A citizen's own data in the chat: what is kept, correct, take an agreement back, delete; and asking for agreement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from rasa_sdk import Tracker

from actions.agreement import privacy_buttons, wording
from actions.base import AnsweringAction, Events, Speaker, carried, follows, services, show_day
from actions.topics import ActionAnswerTopic
from bot.complaints import consents, privacy
from bot.complaints.consents import IMPROVE
from bot.complaints.lifecycle import CLOSED, STATE_LABELS
from bot.complaints.privacy import Kept
from bot.complaints.retention import Retention, load_retention
from bot.complaints.workdays import day_in_viet_nam
from bot.settings import ROOT

CHOICES = ("kept", "correct", "withdraw", "delete")
SURE = ("delete_now", "stop")


class ActionPrivacyRequest(AnsweringAction):
    """Answers what is kept in general, and offers what can be done."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_privacy_request"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say the topic, then the choices."""
        events = ActionAnswerTopic().answer(say, tracker)
        say.say("utter_privacy_choices", privacy_buttons(CHOICES))
        return events


class ActionPrivacyAct(AnsweringAction):
    """Does what a button about one's own data stands for."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_privacy_act"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Do it; tapped again, it changes nothing more."""
        acts = {
            "kept": _show,
            "correct": _correct,
            "withdraw": _withdraw,
            "delete": _confirm,
            "delete_now": _delete,
            "stop": _stop,
            "improve_yes": _give,
            "improve_no": _refuse,
        }
        act = carried(tracker, "value") or ""
        if act == SURE[0] and not follows(tracker, privacy_buttons(("delete",))[0]):
            act = "delete"
        acts.get(act, _offer)(say, tracker.sender_id)
        say.report("smalltalk")
        return []


def _offer(say: Speaker, conversation: str) -> None:
    say.say("utter_privacy_choices", privacy_buttons(CHOICES))


def _show(say: Speaker, conversation: str) -> None:
    kept = privacy.summary(services().database, conversation)
    told = "\n".join(f"• {line}" for line in _lines(kept))
    say.say(
        "utter_privacy_kept",
        privacy_buttons(CHOICES[1:]),
        kept=told,
        days=str(_retention().days["tracker"] or "–"),
        opened=_joined(
            _label("opened", day=_day(at), by=by, what=_opened(what), code=code) for code, by, at, what in kept.openings
        ),
        consents=_joined(_consent(*one) for one in kept.consents),
        wishes=_joined(_label("wish", wish=_label(one.wish), day=_day(one.asked_at)) for one in kept.wishes),
    )


def _correct(say: Speaker, conversation: str) -> None:
    wish = privacy.ask(services().database, conversation, privacy.CORRECT)
    kept = privacy.look(services().database, conversation)
    codes = _joined(code for code, state in kept.complaints if state != CLOSED)
    say.say("utter_privacy_correct", codes=codes, due=show_day(wish.due_on))


def _withdraw(say: Speaker, conversation: str) -> None:
    ended = privacy.withdraw_consents(services().database, conversation)
    if ended:
        say.say("utter_privacy_withdrawn", count=ended)
    else:
        say.say("utter_privacy_nothing_to_withdraw")


def _confirm(say: Speaker, conversation: str) -> None:
    kept = privacy.look(services().database, conversation)
    if _asked_already(say, kept):
        return
    say.say(
        "utter_privacy_delete_confirm",
        privacy_buttons(SURE),
        codes=_joined(_complaint(*one, label="own") for one in kept.complaints),
    )


def _delete(say: Speaker, conversation: str) -> None:
    wish = privacy.ask(services().database, conversation, privacy.DELETE)
    say.say("utter_privacy_delete_asked", due=show_day(wish.due_on))


def _stop(say: Speaker, conversation: str) -> None:
    if not _asked_already(say, privacy.look(services().database, conversation)):
        say.say("utter_privacy_delete_stopped")


def _asked_already(say: Speaker, kept: Kept) -> bool:
    """Say so where deleting was asked for and is on its way."""
    wish = next((one for one in kept.wishes if one.wish == privacy.DELETE and one.done_at is None), None)
    if wish:
        say.say("utter_privacy_delete_asked", due=show_day(wish.due_on))
    return wish is not None


def _give(say: Speaker, conversation: str) -> None:
    with services().database.transaction() as session:
        consents.give(session, conversation, IMPROVE)
    say.say("utter_improve_given")


def _refuse(say: Speaker, conversation: str) -> None:
    with services().database.transaction() as session:
        consents.refuse(session, conversation, IMPROVE)
    say.say("utter_improve_refused")


def _lines(kept: Kept) -> list[str]:
    counted = [
        _label(store, count=count) + _period(store)
        for store, count in kept.counts.items()
        if count and store != "buttons"
    ]
    values = ", ".join(f"{count} {_label(kind)}" for kind, count in kept.values.items())
    stored = [_label("vault", values=values) + _period("vault")] if values else []
    complaints = [_complaint(*one) + _period("ended_complaints") for one in kept.complaints]
    return [*counted, *stored, *complaints, *(_label("joined", code=code) for code in kept.joined)]


def _opened(what: str) -> str:
    # "file 12" names the file, too.
    return _label(what.split()[0])


def _complaint(code: str, state: str, label: str = "complaint") -> str:
    return _label(label, code=code, state=STATE_LABELS[state].lower())


def _period(store: str) -> str:
    after_end = store in ("ended_complaints", "filed_files")
    days = _retention().days["ended_complaints" if after_end else store]
    if days is None:
        return _label("always")
    # Values that running feedback has tokens of stay with it.
    label = "days_after_end" if after_end else "days_and_feedback" if store == "vault" else "days"
    return _label(label, days=days)


def _consent(purpose: str, since: datetime, ended: datetime | None) -> str:
    words = {"purpose": _label(purpose), "day": _day(since)}
    return _label("consent_ended", ended=_day(ended), **words) if ended else _label("consent", **words)


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts) or _label("none")


def _day(moment: datetime) -> str:
    return show_day(day_in_viet_nam(moment))


def _label(name: str, **values: object) -> str:
    return wording().labels[name].format(**values)


@lru_cache(maxsize=1)
def _retention() -> Retention:
    return load_retention(ROOT / "knowledge")
