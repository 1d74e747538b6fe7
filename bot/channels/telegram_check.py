"""How the bot stands with Telegram, for `motcua doctor`."""

from __future__ import annotations

from telegram import Bot, WebhookInfo
from telegram.error import TelegramError

from bot.channels.telegram_errors import reason_of
from bot.delivery.finding import Finding

# More than come in while somebody looks.
MOST_WAITING = 100
_TODO = {
    "token": "Look at MOTCUA_TELEGRAM_TOKEN; BotFather shows it under /mybots.",
    "unreachable": "Telegram is blocked in some networks: let this machine out through another, or a proxy.",
    "timeout": "Telegram is slow or blocked from here: look at the network, or set a proxy.",
}


async def check_telegram(bot: Bot, address: str | None, name: str = "") -> list[Finding]:
    """Ask Telegram who the bot is and how its updates come.

    Args:
        address: of our webhook, None when updates are fetched.
        name: by which citizens are sent to the bot; empty where they are not.
    """
    try:
        me = await bot.get_me()
        info = await bot.get_webhook_info()
    except TelegramError as error:
        reason = reason_of(error)
        return [Finding("telegram", False, reason, _TODO.get(reason, "Try again in a few minutes."))]
    return [_name(str(me.username), name), _way_in(info, address), _waiting(info)]


def _name(real: str, told: str) -> Finding:
    if told and told.lower() != real.lower():
        todo = "Set MOTCUA_TELEGRAM_NAME to the bot's own name; citizens take their link codes to the other one."
        return Finding("telegram", False, f"t.me/{real}, but citizens are sent to t.me/{told}", todo)
    return Finding("telegram", True, f"t.me/{real}")


def _way_in(info: WebhookInfo, address: str | None) -> Finding:
    about, wanted = "telegram updates", address or ""
    if info.url != wanted:
        said = "another webhook is set" if info.url else "no webhook is set"
        return Finding(about, False, said, "Start the web program; it sets and takes away the webhook by itself.")
    if info.last_error_message and info.pending_update_count:
        return Finding(about, False, info.last_error_message, "Look at the web server in front and its certificate.")
    return Finding(about, True, "called by webhook" if address else "fetched by long poll")


def _waiting(info: WebhookInfo) -> Finding:
    count = info.pending_update_count
    todo = "" if count <= MOST_WAITING else "Look whether the web program runs; Telegram keeps them for a day."
    return Finding("telegram queue", count <= MOST_WAITING, f"{count} updates wait at Telegram", todo)
