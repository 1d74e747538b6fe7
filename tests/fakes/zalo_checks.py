"""What the fake Official Account refuses of messages and templates: the facts about Zalo, sections 4 and 6, no more."""

from datetime import timedelta

OPEN_FOR, FREE_FOR = timedelta(days=7), timedelta(hours=48)
MOST_A_MINUTE = 4000
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def error(code, message):
    return {"error": code, "message": message}


def check_message(body, alive):
    """The error of a message that Zalo would not take, None when it would.

    Args:
        alive: name → upload, of what can be named in a message.
    """
    user_id, message = body.get("recipient", {}).get("user_id"), body.get("message", {})
    if not isinstance(user_id, str) or not user_id.isdigit():
        return error(-201, "user_id is invalid!")
    text, attachment = message.get("text", ""), message.get("attachment")
    if len(text) > 2000:
        return error(-210, "Parameter exceeds allowable limit")
    if attachment is None:
        return None if text else error(-210, "Parameter exceeds allowable limit")
    payload = attachment.get("payload", {})
    if attachment.get("type") == "file":
        return _check_upload(payload.get("token"), "file", alive)
    kind = payload.get("template_type") if attachment.get("type") == "template" else attachment.get("type")
    if kind == "request_user_info":
        return _check_request(payload)
    if not text:
        return error(-201, "text is invalid!")
    if kind == "media":
        return _check_media(payload, alive)
    # "button" and "list" are forms of other interfaces.
    return _check_buttons(payload) if kind is None else error(-233, "message type is invalid or not support")


def check_template(given, parameters):
    """The error of values that do not fit a template, None when they do."""
    if given.keys() - parameters.keys():
        return error(-201, "template_data is invalid!")
    if parameters.keys() - given.keys():
        return error(-1122, "a parameter of the template is missing")
    if any(len(value) > parameters[name] for name, value in given.items()):
        return error(-1121, "a parameter of the template is too long")
    return None


def check_window(silent, quota, account):
    """The error of a message by when its reader was heard of, None when it may go out.

    Args:
        silent: since their last interaction, None when there was none.
        quota: what is left for this reader, None without a bound.
        account: what is left of the account's package, None when there is none.
    """
    if silent is None:
        return error(-232, "User has not interacted with the OA, or the last interaction has expired")
    if silent > OPEN_FOR:
        return error(-230, "User has not interacted with the OA in the past 7 days")
    paid = silent > FREE_FOR and account
    return error(-211, "Out of quota") if quota == 0 and not paid else None


def _check_upload(name, kind, alive):
    upload = alive.get(name)
    return None if upload and upload.kind == kind else error(-100, "attachment_id was expired")


def _check_media(payload, alive):
    elements = payload.get("elements") or []
    if len(elements) != 1:
        return error(-201, "elements is invalid!")
    (element,) = elements
    kind, name = element.get("media_type"), element.get("attachment_id")
    needed = {"image": (), "sticker": ("attachment_id",), "gif": ("attachment_id", "width", "height")}.get(kind)
    if needed is None or any(not element.get(one) for one in needed):
        return error(-201, "elements is invalid!")
    if kind == "image" and (name is not None or not element.get("url")):
        return _check_upload(name, "image", alive)
    return None


def _check_request(payload):
    elements = payload.get("elements") or []
    fits = [len(one.get("title", "")) <= 100 and len(one.get("subtitle", "")) <= 500 for one in elements]
    return None if fits == [True] else error(-201, "elements is invalid!")


def _check_buttons(payload):
    buttons = payload.get("buttons") or []
    good = all(len(one.get("title", "")) <= 100 and _is_button(one.get("type"), one.get("payload")) for one in buttons)
    return None if 1 <= len(buttons) <= 5 and good else error(-201, "buttons is invalid!")


def _is_button(kind, payload):
    if kind in ("oa.query.show", "oa.query.hide"):
        return isinstance(payload, str) and len(payload) <= 1000
    if kind not in ("oa.open.url", "oa.open.sms", "oa.open.phone") or not isinstance(payload, dict):
        return False
    return kind != "oa.open.sms" or len(payload.get("content", "")) <= 160
