"""The intent classifier of the pipeline: knows Vietnamese with and without tones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.features import make_lookup
from bot.nlu.linear import LinearModel, Options, train
from bot.text.questions import split_questions

RANKING_LENGTH = 10
# Where the questions of a message with several are found in what Rasa hands on.
QUESTIONS = "questions"
MOST_QUESTIONS = 3
# What a question of its own must reach to count as asked beside another.
SURE_OF_QUESTION = 0.8
ROOT = Path(__file__).resolve().parent.parent


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class VietnameseIntentClassifier(GraphComponent, IntentClassifier):
    """Predicts intents from n-grams of the message itself; needs no tokenizer and no featurizer."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The training options (`bot.nlu.linear.Options`)."""
        return {"regularisation": 0.25, "min_count": 2, "augment": True, "seed": 7}

    @staticmethod
    def fingerprint_addon(config: dict[str, Any]) -> str:
        """Whatever shapes a model besides this class, so that Rasa's training cache never gives a stale one."""
        parts = hashlib.sha256()
        for folder in ("text", "nlu"):
            for path in sorted((ROOT / folder).iterdir()):
                if path.suffix in (".py", ".json"):
                    parts.update(path.name.encode() + path.read_bytes())
        return parts.hexdigest()

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        model: LinearModel | None = None,
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> VietnameseIntentClassifier:
        """Make an untrained classifier."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Train on the examples of all intents; phrases of lookup tables count as what they are, too."""
        examples = [m for m in training_data.intent_examples if m.get(TEXT)]
        options = Options(**{name: self._config[name] for name in self.get_default_config()})
        if len({m.get(INTENT) for m in examples}) > 1:
            lookup = make_lookup(_tables(training_data))
            self._model = train([m.get(TEXT) for m in examples], [m.get(INTENT) for m in examples], options, lookup)
        self.persist()
        return self._resource

    def persist(self) -> None:
        """Keep the model as arrays and JSON."""
        if self._model:
            with self._model_storage.write_to(self._resource) as folder:
                self._model.save(Path(folder))

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> VietnameseIntentClassifier:
        """Read a trained classifier back."""
        try:
            with model_storage.read_from(resource) as folder:
                return cls(config, model_storage, resource, LinearModel.load(Path(folder)))
        except ValueError:
            # Rasa's word for "nothing was stored": there was nothing to train on.
            return cls(config, model_storage, resource)

    def process(self, messages: list[Message]) -> list[Message]:
        """Add the intent and its ranking to each message."""
        for message in messages:
            text = message.get(TEXT) or ""
            ranked = self._model.rank(text) if self._model else []
            asked = self._questions(text)
            if asked:
                ranked = settle_doubt(ranked, asked)
            ranking = [{"name": name, "confidence": share} for name, share in ranked[:RANKING_LENGTH]]
            message.set("intent", ranking[0] if ranking else {"name": None, "confidence": 0.0}, add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            if asked:
                message.set(QUESTIONS, asked, add_to_output=True)
        return messages

    def _questions(self, text: str) -> list[dict[str, Any]]:
        """What each question of a message asks by itself; nothing when there is only one."""
        parts = split_questions(text)[:MOST_QUESTIONS]
        if len(parts) < 2 or not self._model:
            return []
        best = [self._model.rank(part)[0] for part in parts]
        return [
            {"text": part, "name": name, "confidence": share} for part, (name, share) in zip(parts, best, strict=True)
        ]


def settle_doubt(ranked: list[tuple[str, float]], asked: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """The ranking of a message whose doubt is only between what its own questions ask: both are meant.

    The first of these questions takes the shares of the others, so that it is answered instead of asked back.
    """
    meant = list(dict.fromkeys(q["name"] for q in asked if q["confidence"] >= SURE_OF_QUESTION))
    shares = dict(ranked)
    if len(meant) < 2 or ranked[0][0] not in meant or ranked[0][1] >= SURE_OF_QUESTION:
        return ranked
    together = sum(shares[name] for name in meant)
    rest = [(name, share) for name, share in ranked if name not in meant]
    return [(meant[0], together), *rest, *((name, 0.0) for name in meant[1:])]


def _tables(training_data: TrainingData) -> Iterator[tuple[str, list[str]]]:
    for table in training_data.lookup_tables:
        elements = table["elements"]
        # A table may also be the path of a file with one phrase a line.
        yield table["name"], Path(elements).read_text("utf-8").splitlines() if isinstance(elements, str) else elements
