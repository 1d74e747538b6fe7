"""Who writes to the bot on the small Telegram, and the shapes of users and messages there."""

import time

NAME = "motcua_bot"


class Citizen:
    """Somebody with Telegram on the phone."""

    def __init__(self, fake, chat_id, name):
        self.fake, self.id, self.name = fake, chat_id, name
        fake.chats.add(chat_id)

    @property
    def texts(self):
        return self.fake.texts_to(self.id)

    @property
    def last(self):
        return [sent for sent in list(self.fake.sent) if sent.chat == self.id][-1]

    def send(self, **content):
        """A message with this content."""
        return self.fake.add("message", {**self._frame(), **content})

    def write(self, text):
        command = text.split()[0] if text.startswith("/") else ""
        marks = [{"type": "bot_command", "offset": 0, "length": len(command)}] if command else []
        return self.send(text=text, **({"entities": marks} if marks else {}))

    def edit(self, update, text):
        """Correct a message that was written."""
        edited = {**update["message"], "edit_date": int(time.time()), "text": text}
        return self.fake.add("edited_message", edited)

    def tap(self, title, sent=None):
        """Tap a button of the newest message, or of an older one."""
        sent = sent or self.last
        data = next(button["callback_data"] for button in sent.buttons if button["text"] == title)
        return self.tap_data(data, sent.message_id)

    def tap_data(self, data, message_id=1):
        query = f"{self.id}{self.fake.next_message_id()}"
        self.fake.expect_query(query)
        message = {**make_message(message_id, self.id, bot_user(self.fake.token)), "text": "…"}
        tapped = {"id": query, "from": self._user(), "chat_instance": "1", "data": data, "message": message}
        return self.fake.add("callback_query", tapped)

    def send_photo(self, content, **more):
        small, large = self.fake.keep_file(content[:900]), self.fake.keep_file(content)
        sizes = [(small, 90, 900), (large, 1280, len(content))]
        photo = [
            {"file_id": file, "file_unique_id": f"u{file}", "width": width, "height": width, "file_size": size}
            for file, width, size in sizes
        ]
        return self.send(photo=photo, **more)

    def send_document(self, content, name, **more):
        file = self.fake.keep_file(content, f"documents/file_{{n}}.{name.rsplit('.', 1)[-1]}")
        document = {"file_id": file, "file_unique_id": f"u{file}", "file_name": name, "file_size": len(content)}
        return self.send(document=document, **more)

    def send_voice(self, content, **more):
        file = self.fake.keep_file(content, "voice/file_{n}.oga")
        voice = {"file_id": file, "file_unique_id": f"u{file}", "duration": 3, "mime_type": "audio/ogg"}
        return self.send(voice={**voice, "file_size": len(content)}, **more)

    def block(self):
        self.fake.blocked.add(self.id)
        return self._change("member", "kicked")

    def unblock(self):
        self.fake.blocked.discard(self.id)
        return self._change("kicked", "member")

    def _change(self, old, new):
        def member(status):
            until = {"until_date": 0} if status == "kicked" else {}
            return {"user": bot_user(self.fake.token), "status": status, **until}

        frame = {"chat": self._chat(), "from": self._user(), "date": int(time.time())}
        change = {**frame, "old_chat_member": member(old), "new_chat_member": member(new)}
        return self.fake.add("my_chat_member", change)

    def _frame(self):
        return {**make_message(self.fake.next_message_id(), self.id, self._user()), "chat": self._chat()}

    def _user(self):
        return {"id": abs(self.id), "is_bot": False, "first_name": self.name, "language_code": "vi"}

    def _chat(self):
        return {"id": self.id, "type": "private", "first_name": self.name}


def bot_user(token):
    return {"id": int(token.split(":")[0]), "is_bot": True, "first_name": "Một Cửa", "username": NAME}


def make_message(number, chat, sender):
    kind = "private" if chat > 0 else "supergroup"
    return {"message_id": number, "date": int(time.time()), "chat": {"id": chat, "type": kind}, "from": sender}
