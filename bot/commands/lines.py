"""JSON lines, one object a line: how ask, parse and search read their questions and write what they found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from bot.commands.common import short_path


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file in UTF-8, one for each line that is not blank.

    Raises:
        click.ClickException: a line is no JSON object; the message names it.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise click.ClickException(f"{path.name}, line {number}: not JSON ({error}).") from error
        if not isinstance(row, dict):
            raise click.ClickException(f'{path.name}, line {number}: a JSON object {{"id","text"}} is needed.')
        rows.append(row)
    return rows


def write_lines(records: Iterable[dict[str, Any]], out: Path | None, total: int) -> None:
    """Write `total` records to a file, with progress on a terminal; without a file print them."""
    if out is None:
        for record in records:
            click.echo(json.dumps(record, ensure_ascii=False))
        return
    with out.open("w", encoding="utf-8") as file:
        for record in tqdm(records, total=total, unit="message", disable=not sys.stderr.isatty()):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    click.echo(f"{total} lines written to {short_path(out.resolve())}.")


def needed(text: str | None) -> str:
    """The text of a command that was given no file.

    Raises:
        click.UsageError: it was given neither.
    """
    if not text:
        raise click.UsageError("Give a text, or --file.")
    return text
