"""A small copy of the project that may be changed, broken and trained."""

import os
import shutil
import subprocess
import sys

from bot.settings import ROOT

CONFIG = """
recipe: default.v1
assistant_id: copy
language: vi
pipeline:
- name: bot.nlu.intent_classifier.VietnameseIntentClassifier
policies:
- name: RulePolicy
"""
DOMAIN = """
version: "3.1"
intents: [fee, hours]
responses:
  utter_fee: [{text: Năm nghìn.}]
"""
NLU = """
version: "3.1"
nlu:
- intent: fee
  examples: |
    - bao nhiêu tiền
    - lệ phí thế nào
- intent: hours
  examples: |
    - mấy giờ mở cửa
    - giờ làm việc
"""
RULES = """
version: "3.1"
rules:
- rule: fee
  steps: [{intent: fee}, {action: utter_fee}]
"""


class Project:
    """A small copy of the project that may be changed, broken and trained."""

    def __init__(self, path):
        self.path = path
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "bot", path / "bot", ignore=ignore)
        for name, text in (
            ("config.yml", CONFIG),
            ("domain.yml", DOMAIN),
            ("data/nlu.yml", NLU),
            ("data/rules.yml", RULES),
        ):
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text, encoding="utf-8")

    def run(self, code):
        environment = {**os.environ, "PYTHONPATH": str(self.path), "RASA_TELEMETRY_ENABLED": "false", "PYTHONUTF8": "1"}
        command = [sys.executable, "-W", "ignore", "-c", code]
        finished = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=120)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.splitlines()

    def fingerprints(self, *changes):
        """The fingerprint before any change and after each one, in one run."""
        lines = [
            "from pathlib import Path",
            "from bot.training.train import inputs_fingerprint as mark",
            "print(mark())",
        ]
        for name in changes:
            lines += [f"p = Path({name!r}); p.parent.mkdir(parents=True, exist_ok=True)"]
            lines += ["p.write_bytes((p.read_bytes() if p.exists() else b'') + b'# more\\n'); print(mark())"]
        return self.run("\n".join(lines))
