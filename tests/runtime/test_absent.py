"""What Rasa's server does without TensorFlow; each in a process of its own, because imports stay."""

import subprocess
import sys

import pytest

BEGIN = "from bot.runtime.absent import *; keep_tensorflow_out();"


def run(code):
    return subprocess.run([sys.executable, "-W", "ignore", "-c", BEGIN + code], capture_output=True, text=True)


def test_everything_that_the_model_is_made_of_is_there_without_it():
    code = """
import sys, inspect, yaml
from pathlib import Path
import rasa.core.run, rasa.server
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
config = yaml.safe_load(Path("config.yml").read_text())
for part in (*config["pipeline"], *config["policies"]):
    made = DefaultV1Recipe._from_registry(part["name"]) if "." not in part["name"] else None
    for parent in inspect.getmro(made.clazz) if made else ():
        assert not isinstance(parent, Absent), f"{part['name']} needs TensorFlow: take keep_tensorflow_out out"
        module = inspect.getsource(sys.modules[parent.__module__]) if parent.__module__.startswith("rasa") else ""
        assert "import tensorflow" not in module, f"{part['name']} uses TensorFlow"
assert isinstance(sys.modules["tensorflow"].Tensor, Absent)
"""
    done = run(code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("use", ["tf.constant(1)", "tf.keras.layers.Dense(3)", "type('M', (tf.keras.Model,), {})()"])
def test_using_it_says_what_is_missing(use):
    done = run(f"import tensorflow as tf; {use}")
    assert "AbsentError" in done.stderr
    assert "bot/runtime/absent.py" in done.stderr


def test_it_can_be_imported_inherited_from_and_used_as_a_decorator():
    code = """
import tensorflow as tf
from tensorflow.keras.utils import Sequence
from tensorflow.python.eager.wrap_function import x
@tf.function
def double(number: tf.Tensor): return 2 * number
class Data(Sequence): pass
print(double(21))
"""
    assert run(code).stdout == "42\n"
