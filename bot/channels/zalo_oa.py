"""The Zalo Official Account as a channel: replies become consultation messages, Zalo's errors become outcomes."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import httpx

from bot.channels.calls import Caller
from bot.channels.channel import Channel
from bot.channels.enclosed import CrowdedError, Enclosed
from bot.channels.zalo_api import ACCOUNT_PATH, MESSAGE_PATH, TEMPLATE_PATH, Answer, ZaloApi
from bot.channels.zalo_enclosing import ZaloEnclosing
from bot.channels.zalo_errors import (
    NEXT_MINUTE,
    NIGHT_AGAIN,
    STOPPED_SECONDS,
    Fate,
    LaterError,
    NotAnsweredError,
    ZaloError,
    fate_of,
)
from bot.channels.zalo_files import ZaloFiles
from bot.channels.zalo_oa_events import BUTTON_PREFIX, CHANNEL
from bot.channels.zalo_oa_routes import ZaloWebhook
from bot.channels.zalo_tokens import LOGIN, ZaloTokens
from bot.channels.zalo_window import MAYBE_TOLD, PAID, TOLD, ZaloWindow
from bot.database import Database, now
from bot.delivery import counters
from bot.delivery.adapter import NIGHT, Fetched, MustWait, Outcome, Part, Refused, Taken, TryAgain
from bot.delivery.attached import BY_LINK, FILE, Attached, link_lines
from bot.delivery.finding import Finding
from bot.delivery.intake import Intake
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import nfc_length, shorten, split_text, text_with_numbers
from bot.delivery.sentences import FILE_TAKEN_BACK
from bot.settings import Settings
from bot.text.codes import find_receipt_code

logger = logging.getLogger(__name__)

MOST_CHARACTERS = 2000
MOST_BUTTONS, MOST_TITLE = 5, 100
# What Zalo may say of buttons: the interface has no page about them. They are tried again after so long.
BUTTONS_REFUSED, BUTTONS_AGAIN = (-201, -233), timedelta(hours=1)
# Of a notice, what stands in the template's only parameter.
TEMPLATE_PARAMETER = "code"
NO_BUTTONS = "set MOTCUA_ZALO_BUTTONS=off"
RENEWED_BY_ITSELF = "The running bot renews it within a minute, or before the next message."
# Shorter than a sender's patience and than the lease of a renewal.
_SECONDS, _CONNECTING = 15.0, 5.0


class ZaloAdapter:
    """Sends to citizens who wrote to the account."""

    channel = CHANNEL
    per_conversation = 5.0
    # 4,000 calls a minute for an application; some are left for tokens and quotas.
    per_second = 60.0

    def __init__(
        self,
        api: ZaloApi,
        window: ZaloWindow,
        files: ZaloFiles,
        template: str,
        buttons: bool = True,
        clock: Callable[[], datetime] = now,
        enclosing: ZaloEnclosing | None = None,
        nested: bool = False,
    ) -> None:
        self._api = api
        self._enclosing = enclosing
        self._window = window
        self._files = files
        self._template = template
        self._nested = nested
        self._buttons = buttons
        self._clock = clock
        self._plain_until: datetime | None = None

    def render(self, reply: Reply) -> list[Part]:
        """Texts of at most 2,000 characters, the last with the buttons, which are numbered lines too; then files."""
        numbered = unicodedata.normalize("NFC", text_with_numbers(reply, 0))
        texts = split_text(numbered, MOST_CHARACTERS, nfc_length)
        messages: list[dict[str, Any]] = [{"text": text} for text in texts]
        if messages and reply.buttons and self._buttons:
            shown = [_button(button) for button in reply.buttons[:MOST_BUTTONS]]
            messages[-1]["attachment"] = {"type": "template", "payload": {"buttons": shown}}
        notice = {"notice": find_receipt_code(reply.text) or ""} if reply.notice else {}
        parts: list[Part] = [{"message": message, **notice} for message in messages]
        return [*parts, *({FILE: asdict(file)} for file in reply.files)]

    async def deliver(self, conversation: str, part: Part) -> Outcome:
        """Hand one message to Zalo; what may not be written now is held, and a template may tell of it."""
        user_id = conversation.partition(":")[2]
        try:
            if FILE in part and self._enclosing:
                async with self._enclosing.enclosed.on_the_way():
                    return await self._deliver_file(self._enclosing, conversation, user_id, part)
            return await self._deliver(conversation, user_id, part)
        except LaterError as error:
            return TryAgain(error.reason, after=error.after, everybody=True)
        except NotAnsweredError as error:
            return TryAgain(error.reason, uncertain=error.uncertain)
        except ZaloError as error:
            return TryAgain(error.reason)
        except CrowdedError:
            return TryAgain("crowded")

    async def fetch(self, reference: str, most: int) -> Fetched:
        """The bytes of a file that Zalo keeps for us."""
        return await self._files.fetch(reference, most)

    async def _deliver(self, conversation: str, user_id: str, part: Part) -> Outcome:
        closed = await self._window.why_closed(conversation, user_id) if "notice" in part else None
        if closed:
            return await self._hold(conversation, user_id, part, closed)
        return await self._settle(conversation, user_id, part, await self._say(user_id, part["message"]))

    async def _deliver_file(self, enclosing: ZaloEnclosing, conversation: str, user_id: str, part: Part) -> Outcome:
        """A photo or a document; what Zalo can't take is told by its link."""
        file, text = await enclosing.enclosed.read(part[FILE]), FILE_TAKEN_BACK
        if file:
            answer = None if part.get(BY_LINK) else await enclosing.send(user_id, file)
            if answer:
                return await self._settle(conversation, user_id, {}, answer)
            text = "\n".join(link_lines([Attached(**part[FILE])]))
        return await self._deliver(conversation, user_id, {"message": {"text": text}})

    async def _settle(self, conversation: str, user_id: str, part: Part, answer: Answer) -> Outcome:
        if not answer.code:
            self._window.note_quota(answer)
            return Taken(_message_id(answer))
        fate, reason = fate_of(answer.code)
        if fate is Fate.WAIT:
            return await self._hold(conversation, user_id, part, reason)
        return _outcome(fate, reason, self._window)

    async def _say(self, user_id: str, message: Mapping[str, Any]) -> Answer:
        """What Zalo answers to a message; it goes out without its buttons when these are refused."""
        plain = {"text": message["text"]}
        carries = "attachment" in message
        if carries and self._plain_until and self._clock() < self._plain_until:
            message, carries = plain, False
        answer = await self._api.post(MESSAGE_PATH, {"recipient": {"user_id": user_id}, "message": message})
        if not carries or answer.code not in BUTTONS_REFUSED:
            return answer
        refused, answer = (
            answer,
            await self._api.post(MESSAGE_PATH, {"recipient": {"user_id": user_id}, "message": plain}),
        )
        if not answer.code:
            # Only now it is known that it was the buttons.
            self._plain_until = self._clock() + BUTTONS_AGAIN
            counters.count_buttons_refused(CHANNEL)
            logger.error("zalo: buttons are refused (%d); choices go out as numbers: %s", refused.code, NO_BUTTONS)
        return answer

    async def _hold(self, conversation: str, user_id: str, part: Part, why: str) -> Outcome:
        """Held until the citizen writes; of feedback, a template says so, once for all that waits."""
        code = part.get("notice")
        # A template is paid for, too.
        if why == PAID or not (code and self._template):
            return MustWait(why)
        if await self._window.goes_elsewhere(conversation):
            return MustWait(why)
        night = self._window.night_left()
        if night:
            return TryAgain(NIGHT, after=night)
        if not await self._window.begin_telling(conversation):
            cut_off = await self._window.was_cut_off(conversation)
            return MustWait(f"{why}{MAYBE_TOLD}" if cut_off else why)
        # The text stays here: neither the answer nor the citizen's words stand in a template.
        reader = {"user_id": user_id}
        body = {
            **({"recipient": reader} if self._nested else reader),
            "template_id": self._template,
            "template_data": {TEMPLATE_PARAMETER: code},
        }
        try:
            answer = await self._api.post(TEMPLATE_PATH, body)
        except NotAnsweredError as error:
            if error.uncertain:
                # Whoever tries again may pay a second time.
                return MustWait(f"{why}{MAYBE_TOLD}")
            await self._window.take_back_telling(conversation)
            raise
        except ZaloError:
            await self._window.take_back_telling(conversation)
            raise
        if not answer.code:
            return MustWait(f"{why}{TOLD}")
        await self._window.take_back_telling(conversation)
        fate, reason = fate_of(answer.code)
        if fate in (Fate.NEXT_MINUTE, Fate.MORNING, Fate.RENEW):
            return _outcome(fate, reason, self._window)
        if fate is Fate.QUOTA:
            _tell_of_quota(reason)
        # Whatever is wrong with the template, the notice itself can wait.
        return MustWait(f"{why}_{reason}"[:60])


def _outcome(fate: Fate, reason: str, window: ZaloWindow) -> Outcome:
    if fate is Fate.NEXT_MINUTE:
        return TryAgain(reason, after=NEXT_MINUTE, everybody=True)
    if fate in (Fate.RENEW, Fate.STOPPED):
        return TryAgain(reason, after=STOPPED_SECONDS if fate is Fate.STOPPED else NEXT_MINUTE, everybody=True)
    if fate is Fate.MORNING:
        return TryAgain(reason, after=window.night_left() or NIGHT_AGAIN)
    if fate in (Fate.NEVER, Fate.GONE):
        return Refused(reason, gone=fate is Fate.GONE)
    if fate is Fate.QUOTA:
        _tell_of_quota(reason)
        return MustWait(reason)
    return TryAgain(reason)


def _tell_of_quota(reason: str) -> None:
    told = "what goes to this citizen waits for their next word; look at the account's package and money"
    logger.error("zalo: %s: %s", reason, told)


def _button(button: Button) -> Mapping[str, str]:
    title = shorten(unicodedata.normalize("NFC", button.title), MOST_TITLE, nfc_length)
    return {"title": title, "type": "oa.query.hide", "payload": f"{BUTTON_PREFIX}{button.id}"}


def _message_id(answer: Answer) -> str | None:
    found = answer.data.get("message_id")
    return str(found)[:100] if isinstance(found, (str, int)) else None


async def _look(api: ZaloApi, tokens: ZaloTokens, clock: Callable[[], datetime]) -> Finding:
    """Who Zalo says we are. Renews nothing: a look that is cut off would lose the only refresh token there is."""
    known = await tokens.present()
    if known is None:
        return Finding("zalo account", False, "not_logged_in", f"{LOGIN.capitalize()}.")
    if known.expires_at and known.expires_at <= clock():
        said = f"not asked: the token ended {known.expires_at:%Y-%m-%d %H:%M} UTC"
        return Finding("zalo account", False, said, f"{RENEWED_BY_ITSELF} If it stays so, see web.log, or {LOGIN}.")
    try:
        answer = await api.look(ACCOUNT_PATH, known.value["access_token"])
    except ZaloError as error:
        return Finding("zalo account", False, error.reason, "Look at the way to Zalo.")
    if answer.code:
        fate, reason = fate_of(answer.code)
        todo = "docs/operating-zalo.md says what to do about each error."
        if fate is Fate.RENEW:
            todo = f"{RENEWED_BY_ITSELF} If it stays so, {LOGIN}."
        return Finding("zalo account", False, reason, todo)
    return Finding("zalo account", True, f"answers as {str(answer.data.get('name'))[:60]}")


def open_channel(
    database: Database,
    settings: Settings,
    intake: Intake,
    clock: Callable[[], datetime] = now,
    patience: float = _SECONDS,
    enclosed: Enclosed | None = None,
) -> Channel | None:
    """The channel, None without settings for it.

    Args:
        patience: seconds that one call of Zalo's interface may take.
        enclosed: gives what goes along with answers, with the room that channels share; its own without.
    """
    zalo = settings.zalo
    if not zalo.app_id:
        return None
    connecting = min(patience, _CONNECTING)
    client = httpx.AsyncClient(timeout=httpx.Timeout(patience, connect=connecting), trust_env=False)
    caller = Caller(patience, connecting)
    tokens = ZaloTokens(database, zalo, client, clock)
    api = ZaloApi(zalo, tokens, caller)
    files = ZaloFiles(zalo.api_url)
    enclosing = ZaloEnclosing(api, enclosed or Enclosed(database, settings.evidence))
    window = ZaloWindow(database, api, clock, zalo)
    adapter = ZaloAdapter(api, window, files, zalo.template, zalo.buttons, clock, enclosing, zalo.nested)

    async def check() -> list[Finding]:
        return [await _look(api, tokens, clock)]

    async def close() -> None:
        await tokens.close()
        await caller.close()
        await client.aclose()

    webhook = ZaloWebhook(database, zalo, intake, clock)
    return Channel(adapter, webhook.routes(), (tokens.keep_fresh,), close, check, tokens.stop)
