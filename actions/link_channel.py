"""Taking a conversation along to another channel: the code that does it."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import AnsweringAction, Events, Speaker, button, services
from bot.delivery import links

TELEGRAM = "telegram"


class ActionLinkChannel(AnsweringAction):
    """Gives a code; Rasa, which keeps what is said in the clear, sees a token in its place."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_link_channel"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Give the code, or say that there is no other channel."""
        others = other_channels(say.conversation)
        if others:
            code = links.issue_hidden_code(services().database, say.conversation)
            say.say("utter_link_code", code=code, minutes=links.minutes(), places=links.places(others))
            bot = services().settings.telegram.name
            if bot and TELEGRAM in others:
                say.say("utter_link_telegram", bot=bot, code=code)
        else:
            say.say("utter_link_none")
        say.report("smalltalk")
        return []


def other_channels(conversation: str) -> list[str]:
    """Channels of this installation besides the one a conversation is on."""
    return links.other_channels(services().settings.push_channels, conversation)


def link_buttons(conversation: str) -> list[dict[str, str]]:
    """The button that asks for a code, where there is a channel that is sent to, and another one."""
    offered = services().settings.push_channels and other_channels(conversation)
    return [button(services().form.acts["link"], "/link_channel")] if offered else []
