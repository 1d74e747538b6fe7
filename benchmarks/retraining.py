"""The retraining loop under drill (`make bench-retraining`): the gate before a model, putting one live under load,
and a simulated month of labels.

Writes docs/benchmarks.md; ends with 1 when a promise broke.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import retraining_gate, retraining_month, retraining_swap
from benchmarks.report import replace_section
from benchmarks.retraining_lab import Lab
from bot.settings import ROOT, load_settings

PAGE = ROOT / "docs" / "benchmarks.md"


def run_gate(arguments: argparse.Namespace) -> tuple[list[str], bool]:
    """The gate's drills; their table, and whether every promise held."""
    drills = retraining_gate.Drills(Lab(), arguments.seed, arguments.each)
    results = []
    for result in drills.run():
        results.append(result)
        told = f"{result.kind}: {result.held} of {len(result.verdicts)} ({result.seconds:.0f} s)"
        print(told, file=sys.stderr)
        for verdict in result.verdicts:
            if verdict.passed != result.good:
                print(f"  {'; '.join(verdict.reasons) or 'nothing stood against it'}", file=sys.stderr)
    return retraining_gate.show(results), retraining_gate.holds(results)


def run_swap(arguments: argparse.Namespace) -> tuple[list[str], bool]:
    """Models going live and back under load; its table, and whether every promise held."""
    with tempfile.TemporaryDirectory() as folder:
        course = retraining_swap.drill(Path(folder), load_settings().models, arguments.seconds, arguments.changes)
    return retraining_swap.show(course), retraining_swap.holds(course)


def run_month(arguments: argparse.Namespace) -> tuple[list[str], bool]:
    """A simulated month of drifting topics, labels and an attacker; its table, and whether every promise held."""
    blind = min(retraining_month.Plan.blind, arguments.messages)
    plan = retraining_month.Plan(arguments.messages, blind, arguments.sentences, seed=arguments.seed)
    found = retraining_month.simulate(plan, lambda line: print(line, file=sys.stderr, flush=True))
    return retraining_month.show(found, plan), retraining_month.holds(found)


PARTS: Mapping[str, Callable[[argparse.Namespace], tuple[list[str], bool]]] = {
    "gate": run_gate,
    "swap": run_swap,
    "month": run_month,
}


def main() -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(PARTS), action="append", help="only this one; may be given again")
    parser.add_argument("--each", type=int, default=10, help="candidates of each kind of drill")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long citizens write")
    parser.add_argument("--changes", type=int, default=10, help="how often the model is changed meanwhile")
    parser.add_argument("--messages", type=int, default=20_000, help="of the simulated month")
    parser.add_argument("--sentences", type=int, help="a smaller world for the simulated month, of so many of ours")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dry-run", action="store_true", help="print only, leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    held = True
    for part in arguments.part or list(PARTS):
        lines, good = PARTS[part](arguments)
        print("\n".join(lines))
        held = held and good
        if not arguments.dry_run:
            replace_section(PAGE, f"retraining-{part}", lines)
    sys.exit(not held)


if __name__ == "__main__":
    main()
