"""Stands in for TensorFlow, which Rasa imports everywhere and which nothing of `config.yml` uses.

350 MB and more than a second of each start. What is never called need not be there: the stand-in can be imported,
inherited from and used as a decorator, and says what it is when anything else is done with it. To be without it, take
`keep_tensorflow_out` out of `bot/runtime/start.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ABSENT = ("tensorflow", "keras", "tensorflow_addons", "tensorflow_hub", "tensorflow_text")


class AbsentError(RuntimeError):
    """Something needs TensorFlow after all."""


class Absent(type):
    """The type of everything that is found in the absent modules."""

    def __getattr__(cls, name: str) -> Absent:
        return _absent(cls, name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        """As a decorator it leaves a function as it is."""
        if len(arguments) == 1 and callable(arguments[0]) and not named:
            return arguments[0]
        raise AbsentError(f"{cls.__name__} is of TensorFlow, which bot/runtime/absent.py keeps out of Rasa's server.")


class _AbsentModule(ModuleType):
    def __getattr__(self, name: str) -> Absent:
        return _absent(self, name)


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Every module of the absent packages."""
        return ModuleSpec(name, self, is_package=True) if name.split(".")[0] in ABSENT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """A module in which everything is found."""
        return _AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def keep_tensorflow_out() -> None:
    """Let the imports of this process find the stand-in; before Rasa is imported."""
    sys.meta_path.insert(0, _Finder())


def _absent(owner: Any, name: str) -> Absent:
    # Python asks for names like __path__ or __wrapped__ to learn what a thing is.
    if name.startswith("__"):
        raise AttributeError(name)
    made = Absent(name, (), {"__module__": ABSENT[0]})
    setattr(owner, name, made)
    return made
