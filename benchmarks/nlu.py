"""`make bench-nlu`: our understanding beside the pipelines people start with, on the same data and machine."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from benchmarks.report import replace_section
from bot.settings import ROOT
from bot.training.evaluate import BLIND_SET, predict, read_blind_set
from bot.training.measure import OUT_OF_SCOPE, Prediction, accuracy, calibration_error, scope_auroc

OURS = "Một Cửa"
WHOLE = "Một Cửa, all sentences"
PIPELINES = {
    OURS: ROOT / "config.yml",
    "`rasa init` default (DIET)": ROOT / "benchmarks/pipelines/default.yml",
    "DIET with word segmentation (pyvi)": ROOT / "benchmarks/pipelines/segmented.yml",
}
# Of all sentences the peers would train for hours; of as many as a usual project has, half an hour each.
SENTENCES_EACH = 40
RESULTS = ROOT / "benchmarks/results"
PAGE = ROOT / "docs/benchmarks.md"
Rows = Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Bench:
    """What is compared: training data in a folder, and labelled messages (text, intent, slice)."""

    data: Path
    messages: Rows

    def fingerprint(self, config: Path) -> str:
        """Of everything that a peer's result rests on."""
        digest = hashlib.sha256(f"{version('rasa')} {version('pyvi')}".encode())
        files = [config, ROOT / "benchmarks/segmenting_tokenizer.py", *sorted(self.data.rglob("*.yml"))]
        for path in files:
            digest.update(path.read_bytes())
        digest.update(json.dumps(self.messages, ensure_ascii=False).encode())
        return digest.hexdigest()

    def measure(self, config: Path) -> dict[str, Any]:
        """Train a pipeline and let it understand every message."""
        with tempfile.TemporaryDirectory() as folder:
            trained = _child("train", str(config), str(self.data), folder)
            read = _child("parse", trained["model"], given=[text for text, _, _ in self.messages])
        return {
            "train_seconds": trained["seconds"],
            "train_cpu_seconds": trained["cpu_seconds"],
            "train_peak_mb": trained["peak_mb"],
            "model_mb": trained["megabytes"],
            "load_seconds": read["load_seconds"],
            "run_mb": read["peak_mb"],
            "median_ms": statistics.median(read["milliseconds"]),
            "p99_ms": statistics.quantiles(read["milliseconds"], n=100)[98],
            **_accuracies(predict(self.messages, lambda _: read["rankings"])),
        }


def _accuracies(predictions: Sequence[Prediction]) -> dict[str, Any]:
    inside = [p for p in predictions if p.truth != OUT_OF_SCOPE]
    outside = [p for p in predictions if p.truth == OUT_OF_SCOPE]
    clean = [p for p in inside if p.part == "clean"]
    slices = {part: accuracy([p for p in inside if p.part == part])["accuracy"] for part in {p.part: 0 for p in inside}}
    return {
        "slices": slices,
        "auroc": scope_auroc(clean, outside) if outside else None,
        "calibration_error": calibration_error(clean),
    }


def _child(*arguments: str, given: object = None) -> dict[str, Any]:
    # A cache of Rasa's would make the second training free.
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "RASA_CACHE_DIRECTORY": cache, "RASA_TELEMETRY_ENABLED": "false"}
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.nlu_child", *arguments]
        finished = subprocess.run(
            command, cwd=ROOT, env=environment, input=json.dumps(given), capture_output=True, text=True, check=False
        )
    if finished.returncode:
        raise SystemExit(f"'{' '.join(arguments[:2])}' failed:\n{finished.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def write_sample(data: Path, each: int, folder: Path) -> None:
    """Copy lookup tables, and of every intent `each` sentences: those whose hashes come first, so always the same."""
    by_intent: dict[str, list[str]] = {}
    for block in _blocks(data):
        if "intent" in block:
            lines = [line.removeprefix("- ") for line in block["examples"].splitlines()]
            by_intent.setdefault(block["intent"], []).extend(lines)
    blocks = []
    for intent, texts in sorted(by_intent.items()):
        kept = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:each]
        blocks.append({"intent": intent, "examples": "".join(f"- {text}\n" for text in kept)})
    (folder / "nlu").mkdir(parents=True)
    content = yaml.dump({"version": "3.1", "nlu": blocks}, allow_unicode=True, sort_keys=False)
    (folder / "nlu" / "sample.yml").write_text(content, encoding="utf-8")
    if (data / "lookups").exists():
        shutil.copytree(data / "lookups", folder / "lookups")


def compare(bench: Bench, kept: Path, pipelines: Mapping[str, Path]) -> dict[str, dict[str, Any]]:
    """Measure every pipeline; a peer's result is kept and reused while nothing it rests on has changed."""
    found = {}
    for name, config in pipelines.items():
        mark = bench.fingerprint(config)
        file = kept / f"nlu-{config.stem}.json"
        if name != OURS and file.exists():
            earlier = json.loads(file.read_text(encoding="utf-8"))
            if earlier["fingerprint"] == mark:
                print(f"{name}: the result of {earlier['measured_on']} still holds.")
                found[name] = earlier
                continue
        print(f"{name}: training and measuring …", flush=True)
        found[name] = bench.measure(config)
        if name != OURS:
            kept.mkdir(parents=True, exist_ok=True)
            note = {"fingerprint": mark, "measured_on": date.today().isoformat(), **found[name]}
            file.write_text(json.dumps(note, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """The comparison as lines of Markdown."""
    rows: list[tuple[str, str, str]] = [(f"right, {part} (%)", "slices", part) for part in found[OURS]["slices"]]
    lines = [f"| | {' | '.join(found)} |", "|---|" + "---|" * len(found)]
    for title, group, key in rows:
        lines.append(
            f"| {title.replace('_', ' ')} | " + " | ".join(f"{100 * r[group][key]:.1f}" for r in found.values()) + " |"
        )
    for title, key, digits in (
        ("out of scope told apart (AUROC)", "auroc", 3),
        ("calibration error", "calibration_error", 3),
        ("training, seconds", "train_seconds", 1),
        ("training, CPU seconds", "train_cpu_seconds", 1),
        ("training, peak memory (MB, Rasa included)", "train_peak_mb", 0),
        ("milliseconds a message, median", "median_ms", 2),
        ("milliseconds a message, p99", "p99_ms", 2),
        ("loading, seconds", "load_seconds", 1),
        ("memory while running (MB, Rasa included)", "run_mb", 0),
        ("model, MB", "model_mb", 1),
    ):
        lines.append(f"| {title} | " + " | ".join(f"{r[key]:.{digits}f}" for r in found.values()) + " |")
    return lines


def _ratios(found: dict[str, dict[str, Any]]) -> list[str]:
    ours = found[OURS]
    lines = []
    for name, other in found.items():
        if name in (OURS, WHOLE):
            continue
        faster, sooner = other["median_ms"] / ours["median_ms"], other["train_cpu_seconds"] / ours["train_cpu_seconds"]
        worse = [part for part, share in other["slices"].items() if share > ours["slices"][part]]
        lines.append(
            f"Against {name}: {faster:.1f} times faster a message, {sooner:.1f} times less computing to train "
            f"({other['train_seconds'] / ours['train_seconds']:.1f} times by the clock), "
            f"{'no slice worse' if not worse else 'worse on ' + ', '.join(worse)}."
        )
    return lines


def main() -> None:
    """Compare, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-page", action="store_true", help="print only")
    options = parser.parse_args()
    messages = read_blind_set(BLIND_SET)
    with tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "data"
        write_sample(ROOT / "data", SENTENCES_EACH, sample)
        found = compare(Bench(sample, messages), RESULTS, PIPELINES)
        sampled = _count(sample)
    print(f"{OURS}, all sentences: training and measuring …", flush=True)
    found[WHOLE] = Bench(ROOT / "data", messages).measure(PIPELINES[OURS])
    alone = _child("component")
    component = f"{alone['seconds']:.1f} s ({alone['cpu_seconds']:.1f} CPU seconds), peak {alone['peak_mb']:.0f} MB"
    lines = [
        f"`make bench-nlu`, {date.today()}, {os.cpu_count()} cores. The first three: {sampled} training sentences, "
        f"{SENTENCES_EACH} of each intent at most; the last: all {_count(ROOT / 'data')}. "
        f"{len(messages)} blind messages.",
        "",
        *table(found),
        "",
        *_ratios(found),
        "",
        f"Our classifier trained on all sentences by itself, without Rasa: {component}.",
    ]
    print("\n".join(lines))
    if not options.no_page:
        replace_section(PAGE, "nlu", lines)


def _count(data: Path) -> int:
    return sum(len(block["examples"].splitlines()) for block in _blocks(data) if "intent" in block)


def _blocks(data: Path) -> list[dict[str, str]]:
    return [b for path in sorted((data / "nlu").glob("*.yml")) for b in yaml.safe_load(path.read_text("utf-8"))["nlu"]]


if __name__ == "__main__":
    main()
