"""Events as Zalo pushes them: signed over their exact bytes, tried again with `num_retry`, doubled, out of order, and
none any more once the last try of one has failed."""

import hashlib
import itertools
import json
import random
import time

import httpx

APP_ID, OA_ID, SECRET_KEY = "360846524940903967", "388613280878808645", "oa-k3y-0f-the-fake"
# Zalo's ladder is 30 s, 5 min, 15 min, 30 min, 1 h; here a second stands for an hour.
LADDER = (30 / 3600, 300 / 3600, 900 / 3600, 1800 / 3600, 1.0)
_numbers = itertools.count(1)


def make_event(name="user_send_text", user_id="246845883529197922", message=None, moment=None, **more):
    """The body of an event from a person, as text of JSON with the letters as they are."""
    body = {
        "app_id": APP_ID,
        "sender": {"id": user_id},
        "user_id_by_app": "552177279717587730",
        "recipient": {"id": OA_ID},
        "event_name": name,
        "message": {"text": "xin chào", "msg_id": f"{next(_numbers):020x}", **(message or {})},
        "timestamp": moment or str(int(time.time() * 1000)),
    }
    body.update(more)
    return json.dumps({key: value for key, value in body.items() if value is not None}, ensure_ascii=False).encode()


def sign(raw, timestamp=None, app_id=APP_ID, secret=SECRET_KEY):
    """The headers of an event."""
    timestamp = timestamp or json.loads(raw).get("timestamp", "")
    together = app_id.encode() + raw + str(timestamp).encode() + secret.encode()
    return {
        "X-ZEvent-Signature": f"mac={hashlib.sha256(together).hexdigest()}",
        "Content-Type": "application/json",
    }


class Webhook:
    """Zalo's side of an application's webhook: when the last try of one event fails, it calls no more at all.

    Attributes:
        subscribed: whether it calls; only a person at Zalo's page sets it again.
    """

    def __init__(self, url, ladder=LADDER, sleep=time.sleep):
        self.subscribed = True
        self._url, self._ladder, self._sleep = url, ladder, sleep

    def push(self, raw, headers=None):
        """Post an event until it is answered 200, as often as Zalo does; returns the status of each try."""
        headers, statuses = headers or sign(raw), []
        with httpx.Client(timeout=2, trust_env=False) as client:
            for number, pause in enumerate((*self._ladder, None)):
                if not self.subscribed:
                    break
                tried = {**headers, "num_retry": str(number)} if number else headers
                try:
                    statuses.append(client.post(self._url, content=raw, headers=tried).status_code)
                except httpx.HTTPError:
                    statuses.append(0)
                if statuses[-1] == 200:
                    break
                if pause is None:
                    self.subscribed = False
                else:
                    self._sleep(pause)
        return statuses


def disturb(events, seed=0, doubles=0.05, distance=3):
    """Events with some of them twice, none further than `distance` from its place."""
    dice = random.Random(seed)
    places = [(number, event) for number, event in enumerate(events)]
    places += [place for place in places if dice.random() < doubles]
    return [event for _, event in sorted(places, key=lambda place: place[0] + dice.random() * distance)]
