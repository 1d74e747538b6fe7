"""A small Telegram over HTTP: the Bot API as its documentation describes it, and the people who write to the bot.

`python -m tests.fakes.telegram --port 9466` runs it alone; `POST /sim/message {"chat": 7, "text": "xin chào"}` makes a
citizen write, `GET /sim/chat/7` shows what the bot said. Nothing here was tried against the live service.
"""

import argparse
import itertools
import json
import random
import re
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from tests.fakes.server import FakeServer
from tests.fakes.telegram_faults import AWAY, BROKEN_AFTER_DELIVERY, ERROR, ApiError, Limits, Meter, too_many
from tests.fakes.telegram_http import Handler
from tests.fakes.telegram_people import Citizen, bot_user, make_message

TOKEN = "4242:t0k3n-f0r-tests"
SENDING = ("sendMessage", "sendPhoto", "sendDocument", "editMessageText")
COUNTED = ("sendMessage", "sendPhoto", "sendDocument")
DEFAULT_UPDATES = {"message", "edited_message", "callback_query", "my_chat_member", "channel_post"}
LONGEST_POLL = 50


@dataclass(frozen=True)
class Call:
    method: str
    parameters: dict
    at: float


@dataclass(frozen=True)
class Sent:
    """What stands in a chat from the bot; a file with how it is shown, its name and bytes."""

    chat: int
    message_id: int
    text: str
    keyboard: list
    at: float
    file: tuple | None = None

    @property
    def buttons(self):
        return [button for row in self.keyboard for button in row]


class FakeTelegram(FakeServer):
    """Make `citizen`s write; set `faults[method]` (one for each coming call); look at `calls`, `sent`, `webhook`.

    More messages than its `limits` are answered 429 and counted in `too_many`; None for no limits.
    """

    def __init__(self, token=TOKEN, port=0, failing=0.0, seed=1, first_update=1000, limits=Limits()):  # noqa: B008
        self.token = token
        self.too_many, self._meter = 0, Meter(limits)
        self.faults = defaultdict(deque)
        self.calls = []
        self.sent = []
        self.files = {}
        # What getFile says of a file where that is not true, and the paths that were fetched.
        self.sizes, self.given = {}, []
        self.webhook, self.webhook_error = {}, {}
        self.commands = []
        self.menu = None
        self.answered = {}
        self.old_queries = set()
        self.blocked = set()
        self.chats = set()
        self.updates = deque()
        self.confirmed = []
        self.longest_poll = LONGEST_POLL
        self.failing, self._random = failing, random.Random(seed)
        self._allowed = DEFAULT_UPDATES
        self._message_ids, self._update_ids = itertools.count(1), itertools.count(first_update)
        self._news = threading.Condition()
        self._poller = None
        self._queries = set()
        super().__init__(Handler, port)

    def citizen(self, chat_id, name="Nguyễn Thị Mai"):
        return Citizen(self, chat_id, name)

    def add(self, kind, content, update_id=None):
        """Something happened: an update, unless the bot does not ask for its kind."""
        with self._news:
            if kind not in self._allowed:
                return None
            update = {"update_id": update_id or next(self._update_ids), kind: content}
            self.updates.append(update)
            self._news.notify_all()
        return update

    def begin_anew(self, update_id):
        """Number updates from here on: after a week without any, Telegram's ids begin somewhere else."""
        self._update_ids = itertools.count(update_id)

    def keep_file(self, content, path="photos/file_{n}.jpg"):
        file_id = f"AgACAgUAAxkB-{len(self.files)}"
        self.files[file_id] = path.format(n=len(self.files)), content
        return file_id

    def texts_to(self, chat_id):
        return [sent.text for sent in list(self.sent) if sent.chat == chat_id]

    def push(self, update, base, secret=None, **headers):
        """POST an update to the webhook as Telegram does. Returns the HTTP status."""
        secret = self.webhook.get("secret_token") if secret is None else secret
        headers = {"content-type": "application/json", **headers}
        if secret:
            headers["x-telegram-bot-api-secret-token"] = secret
        url = f"{base}{urlsplit(self.webhook.get('url', '/webhooks/telegram')).path}"
        return httpx.post(url, content=json.dumps(update), headers=headers, trust_env=False, timeout=30).status_code

    def push_all(self, base, twice=0.0):
        """Deliver what waits until all is confirmed; a share of it twice. Several threads may do so at once."""
        while update := self._take_next():
            if self.push(update, base) // 100 != 2:
                self.updates.append(update)
                time.sleep(0.1)
            elif self._random.random() < twice:
                self.push(update, base)

    def _take_next(self):
        with self._news:
            return self.updates.popleft() if self.updates else None

    # What follows answers the bot.

    def call(self, method, parameters):
        self.calls.append(Call(method, parameters, time.monotonic()))
        fault = self._next_fault(method)
        if fault and not fault.delivered:
            return fault
        limited = self._meter.take(int(parameters["chat_id"])) if method in COUNTED else None
        if limited:
            self.too_many += 1
            return limited
        try:
            handler = getattr(self, f"answer_{_snake(method)}", None)
            if handler is None:
                raise ApiError(404, "Not Found: method not found")
            result = handler(parameters)
        except ApiError as error:
            return error.fault
        return fault or {"ok": True, "result": result}

    def _next_fault(self, method):
        if self.faults[method]:
            return self.faults[method].popleft()
        if method in SENDING and self._random.random() < self.failing:
            return self._random.choice([too_many(), ERROR, AWAY, BROKEN_AFTER_DELIVERY])
        return None

    def answer_get_me(self, _):
        return bot_user(self.token)

    def answer_get_updates(self, given):
        if self.webhook:
            words = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            raise ApiError(409, f"Conflict: {words}")
        if "allowed_updates" in given:
            self._allowed = set(json.loads(given["allowed_updates"])) or DEFAULT_UPDATES
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", 100))
        if not 1 <= limit <= 100:
            raise ApiError(400, "Bad Request: LIMIT_INVALID")
        until = time.monotonic() + min(float(given.get("timeout", 0)), self.longest_poll)
        with self._news:
            mine = self._poller = object()
            self._news.notify_all()
            self.confirmed += [update for update in self.updates if update["update_id"] < offset]
            # Whatever comes while it waits: what is below the offset is not given out, and forgotten by the next call.
            self.updates = deque(update for update in self.updates if update["update_id"] >= offset)
            while not (found := [update for update in self.updates if update["update_id"] >= offset]):
                if time.monotonic() >= until or self._poller is not mine or self._closing.is_set():
                    break
                self._news.wait(0.1)
            if self._poller is not mine:
                words = "terminated by other getUpdates request; make sure that only one bot instance is running"
                raise ApiError(409, f"Conflict: {words}")
            return found[:limit]

    def answer_set_webhook(self, given):
        if not given.get("url", "").startswith("https://"):
            raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if "allowed_updates" in given:
            self._allowed = set(json.loads(given["allowed_updates"])) or DEFAULT_UPDATES
        self.webhook = dict(given)
        return True

    def answer_delete_webhook(self, given):
        self.webhook = {}
        if given.get("drop_pending_updates") == "true":
            self.updates.clear()
        return True

    def answer_get_webhook_info(self, _):
        info = {"url": self.webhook.get("url", ""), "has_custom_certificate": False}
        return {**info, "pending_update_count": len(self.updates), **self.webhook_error}

    def answer_set_my_commands(self, given):
        self.commands = json.loads(given["commands"])
        return True

    def answer_set_chat_menu_button(self, given):
        self.menu = json.loads(given["menu_button"])
        return True

    def answer_send_chat_action(self, given):
        self._check_chat(int(given["chat_id"]))
        return True

    def answer_send_message(self, given):
        chat, text = int(given["chat_id"]), given.get("text", "")
        self._check_chat(chat)
        _check_text(text)
        sent = Sent(chat, next(self._message_ids), text, _read_keyboard(given), time.monotonic())
        self.sent.append(sent)
        return {**make_message(sent.message_id, chat, bot_user(self.token)), "text": text}

    def answer_send_photo(self, given):
        _check_size(given["photo"][1], 10)
        return self._take_file(given, "photo")

    def answer_send_document(self, given):
        _check_size(given["document"][1], 50)
        return self._take_file(given, "document")

    def _take_file(self, given, kind):
        chat, (name, content) = int(given["chat_id"]), given[kind]
        self._check_chat(chat)
        sent = Sent(chat, next(self._message_ids), "", [], time.monotonic(), (kind, name, content))
        self.sent.append(sent)
        return make_message(sent.message_id, chat, bot_user(self.token))

    def files_to(self, chat_id):
        return [(sent.file[0], sent.file[1]) for sent in list(self.sent) if sent.chat == chat_id and sent.file]

    def answer_edit_message_text(self, given):
        chat, number = int(given["chat_id"]), int(given["message_id"])
        _check_text(given.get("text", ""))
        known = [place for place, sent in enumerate(self.sent) if (sent.chat, sent.message_id) == (chat, number)]
        if not known:
            raise ApiError(400, "Bad Request: message to edit not found")
        self.sent[known[0]] = Sent(chat, number, given["text"], _read_keyboard(given), time.monotonic())
        return {**make_message(number, chat, bot_user(self.token)), "text": given["text"]}

    def answer_answer_callback_query(self, given):
        query = given["callback_query_id"]
        if query in self.old_queries or query not in self._queries:
            words = "query is too old and response timeout expired or query ID is invalid"
            raise ApiError(400, f"Bad Request: {words}")
        if len(given.get("text", "")) > 200:
            raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.answered[query] = given.get("text")
        return True

    def answer_get_file(self, given):
        if given["file_id"] not in self.files:
            raise ApiError(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = self.files[given["file_id"]]
        if len(content) > 20 * 1024 * 1024:
            raise ApiError(400, "Bad Request: file is too big")
        unique = f"u{given['file_id']}"
        return {
            "file_id": given["file_id"],
            "file_unique_id": unique,
            "file_size": self.sizes.get(given["file_id"], len(content)),
            "file_path": path,
        }

    def _check_chat(self, chat):
        if chat in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat not in self.chats:
            raise ApiError(400, "Bad Request: chat not found")

    def content_at(self, path):
        return next((content for place, content in self.files.values() if place == path), None)

    def expect_query(self, query):
        self._queries.add(query)

    def next_message_id(self):
        return next(self._message_ids)


def _snake(method):
    return re.sub("[A-Z]", lambda found: f"_{found.group().lower()}", method)


def _check_size(content, megabytes):
    if not content:
        raise ApiError(400, "Bad Request: file must be non-empty")
    if len(content) > megabytes * 1024 * 1024:
        raise ApiError(413, "Request Entity Too Large")


def _check_text(text):
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if len(text.encode("utf-16-le")) // 2 > 4096:
        raise ApiError(400, "Bad Request: message is too long")


def _read_keyboard(given):
    keyboard = json.loads(given.get("reply_markup", "{}")).get("inline_keyboard", [])
    for button in (button for row in keyboard for button in row):
        if not button["text"].strip():
            raise ApiError(400, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
        if not 1 <= len(button.get("callback_data", "").encode()) <= 64:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
    return keyboard


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9466)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--failing", type=float, default=0.0, help="share of sent messages that meet a fault")
    parser.add_argument("--push", metavar="URL", help="where the webhook is reached from here, such as the web program")
    given = parser.parse_args()
    # Ids of a run before would be taken for duplicates.
    fake = FakeTelegram(given.token, given.port, given.failing, first_update=int(time.time()))
    with fake.serving():
        print(f"MOTCUA_TELEGRAM_TOKEN={given.token} MOTCUA_TELEGRAM_API_URL={fake.url}", flush=True)
        while True:
            time.sleep(0.05)
            if given.push and fake.webhook:
                fake.push_all(given.push)


if __name__ == "__main__":
    main()
