"""A report that people read: one HTML page with plots, and a few lines for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

matplotlib.use("svg")
TEMPLATES = Path(__file__).parent / "templates"
_MOST_WARNINGS = 10


def write_page(report: dict[str, Any], title: str, path: Path) -> None:
    """Write the report as one HTML file that needs nothing else."""
    plots = {"calibration": _draw_calibration(report), "coverage": _draw_coverage(report), "scope": _draw_scope(report)}
    page = _environment().get_template("report.html").render(report=report, title=title, plots=plots)
    path.write_text(page, encoding="utf-8")


def short_lines(report: dict[str, Any]) -> Iterator[str]:
    """The figures that matter, one a line."""
    for part, found in report["parts"].items():
        interval = f"{found['low']:.1%} – {found['high']:.1%}"
        yield f"{part:24} {found['accuracy']:6.1%}  ({interval}, {found['messages']} messages)"
    answered, outside = report["answered"], report["out_of_scope"]
    yield f"{'macro-F1':24} {report['macro_f1']:6.1%}"
    yield f"{'answered':24} {answered['coverage']:6.1%}  of them right {answered['accuracy']:.1%}"
    yield f"{'coverage at 95 % right':24} {report['coverage_at_95']:6.1%}"
    if outside["messages"]:
        yield f"{'out of scope answered':24} {outside['answered']:6.1%}  AUROC {outside['auroc']:.3f}"
    yield f"{'calibration error':24} {report['calibration_error']:6.3f}"
    for pair in report["confused"][:5]:
        yield f"  {pair['truth']} taken for {pair['taken_for']}: {pair['times']}"


def write_comparison(trial: dict[str, Any], title: str, path: Path) -> None:
    """Write a comparison of two models as one HTML file that needs nothing else."""
    page = _environment().get_template("comparison.html").render(trial=trial, title=title)
    path.write_text(page, encoding="utf-8")


def comparison_lines(trial: dict[str, Any]) -> Iterator[str]:
    """The figures of a comparison that matter, one a line."""
    found = trial["comparison"]
    for name, change in (("overall", found["overall"]), *found["parts"].items()):
        moved = f"{change['candidate'] - change['live']:+6.1%} ({change['low']:+.1%} … {change['high']:+.1%})"
        yield (
            f"{name:24} {change['live']:6.1%} → {change['candidate']:6.1%}  {moved}  "
            f"better {change['better']}, worse {change['worse']}, p {change['p']:.3f}"
        )
    changes = trial["changes"]
    gone = sum(changes["gone"].values())
    yield f"sentences: {changes['new']} new, {gone} left out, {len(changes['relabelled'])} with another intent"
    for warning in trial["verdict"]["warnings"][:_MOST_WARNINGS]:
        yield f"  note: {warning}"


def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)


def _draw_calibration(report: dict[str, Any]) -> Markup:
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    axes.plot([b[2] for b in report["calibration"]], [b[1] for b in report["calibration"]], marker="o", color="#b5121b")
    axes.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1.02))
    return _as_svg(figure)


def _draw_coverage(report: dict[str, Any]) -> Markup:
    figure = Figure(figsize=(5, 4))
    axes = figure.subplots()
    axes.plot([p[1] for p in report["risk_coverage"]], [p[2] for p in report["risk_coverage"]], color="#b5121b")
    axes.set(xlabel="share answered, surest first", ylabel="share right among them")
    return _as_svg(figure)


def _draw_scope(report: dict[str, Any]) -> Markup:
    figure = Figure(figsize=(4, 4))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    axes.plot(
        [p[0] for p in report["out_of_scope"]["roc"]], [p[1] for p in report["out_of_scope"]["roc"]], color="#b5121b"
    )
    axes.set(xlabel="out of scope, taken as in scope", ylabel="in scope, taken as such", xlim=(0, 1), ylim=(0, 1.02))
    return _as_svg(figure)


def _as_svg(figure: Figure) -> Markup:
    figure.tight_layout()
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg")
    # The drawing begins after the XML declaration; it is ours, so it is not escaped.
    return Markup(drawn.getvalue()[drawn.getvalue().index("<svg") :])  # noqa: S704
