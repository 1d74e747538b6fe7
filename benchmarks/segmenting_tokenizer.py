"""A Rasa tokenizer that finds Vietnamese words of several syllables with pyvi; for the comparison only."""

from __future__ import annotations

from typing import Any

from pyvi import ViTokenizer
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class SegmentingTokenizer(Tokenizer):
    """Gives "giấy khai_sinh" as two tokens."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The options every tokenizer of Rasa has."""
        return {"intent_tokenization_flag": False, "intent_split_symbol": "_", "token_pattern": None}

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The words of one attribute with their places in the text."""
        text = message.get(attribute)
        tokens, place = [], 0
        for word in ViTokenizer.tokenize(text).split():
            spoken = word.replace("_", " ")
            start = text.find(spoken, place)
            if start < 0:
                # pyvi puts a space where there was none, for example before a full stop in a code.
                start = place
            tokens.append(Token(word, start, start + len(spoken)))
            place = min(start + len(spoken), len(text))
        return tokens
