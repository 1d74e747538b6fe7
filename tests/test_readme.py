"""README and docs, held: what they name exists, and nothing in the project belongs to one machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import click
import pytest

from bot.cli import cli
from bot.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FILE_ENDINGS = (".md", ".yml", ".py", ".toml", ".txt", ".in", ".json", ".jsonl", ".html")
IGNORED = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
HERE_ONLY = re.compile(r"(?<![\w./-])/(?:work|root|home|tmp|Users)/\w")
# What pip and npm would be pointed at; a lock file holds hashes, never addresses.
REGISTRIES = re.compile(r"pypi\.org|pythonhosted\.|npmjs\.|--(?:extra-)?index-url|--find[-]links|--trusted[-]host")


def code_in(path: Path) -> list[str]:
    """What a document sets as code: single spans, and the lines of fenced blocks."""
    text = path.read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return spans + [line for block in fenced for line in block.splitlines()]


def is_made_later(path: str) -> bool:
    return any(fnmatch(path, pattern) or path.startswith(pattern) for pattern in IGNORED)


def looks_like_a_path(code: str) -> bool:
    made_of_names = re.fullmatch(r"[\w.-]+(/[\w.<>*-]+)*/?", code)
    return bool(made_of_names) and ("/" in code or code.endswith(FILE_ENDINGS))


def named_paths() -> Iterator[tuple[str, str]]:
    for doc in DOCS:
        text = doc.read_text(encoding="utf-8")
        for code in code_in(doc):
            if looks_like_a_path(code) and not is_made_later(code):
                yield doc.name, code
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            yield doc.name, (doc.parent / link).resolve().relative_to(ROOT).as_posix()


def named_commands() -> Iterator[tuple[str, str]]:
    for doc in DOCS:
        for code in code_in(doc):
            found = re.search(r"(?:^|\s|/)motcua ([a-z]+\b.*)", code)
            if found:
                yield doc.name, found.group(1)


def find_command(line: str) -> click.Command:
    command: click.Command = cli
    for word in re.findall(r"^[a-z]+(?: [a-z][a-z-]*)*", line)[0].split():
        if not isinstance(command, click.Group):
            break
        command = command.commands[word]
    return command


def all_commands(command: click.Command, name: str = "") -> Iterator[str]:
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            yield from all_commands(inner, f"{name} {part}".strip())
    else:
        yield name


def documented_settings() -> dict[str, str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `(MOTCUA_\w+)` \| ([^|]+?) \|", text, re.MULTILINE))


def settings_read() -> set[str]:
    tree = ast.parse((ROOT / "bot" / "settings.py").read_text(encoding="utf-8"))
    # What children are told stands in no table.
    readers = [
        n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name not in ("child_environment", "quieten")
    ]
    walked = [n for reader in readers for n in ast.walk(reader)]
    constants = {n.value for n in walked if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return {value for value in constants if re.fullmatch(r"MOTCUA_\w+", value)}


def project_files() -> Iterator[Path]:
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        skipped = any(part in (".git", *(name.rstrip("/") for name in IGNORED)) for part in parts)
        if path.is_file() and not skipped and not path.name.endswith(".pyc") and ".egg-info" not in path.as_posix():
            yield path


@pytest.mark.parametrize(("doc", "path"), sorted(set(named_paths())))
def test_a_path_that_a_document_names_exists(doc: str, path: str) -> None:
    assert list(ROOT.glob(re.sub(r"<[^>]+>", "*", path.rstrip("/"))))


def test_a_path_is_told_from_other_code() -> None:
    assert [c for c in ("bot/cli.py", "data/nlu/", "README.md", "a b/c", "/ask", "fee") if looks_like_a_path(c)] == [
        "bot/cli.py",
        "data/nlu/",
        "README.md",
    ]


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {name for doc in DOCS for code in code_in(doc) for name in re.findall(r"(?:^|\s)make ([a-z-]+)", code)}
    assert named - targets == set()
    assert {"run", "test"} <= named


@pytest.mark.parametrize(("doc", "line"), sorted(set(named_commands())))
def test_a_command_that_a_document_names_exists_with_its_options(doc: str, line: str) -> None:
    command = find_command(line)
    options = {name for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"(?<!\S)--[a-z-]+", line)) - options == set()


def test_every_command_stands_in_the_readme() -> None:
    lines = [line for doc, line in named_commands() if doc == "README.md"]
    assert [name for name in all_commands(cli) if not any(line.startswith(name) for line in lines)] == []


def test_the_settings_table_names_exactly_what_is_read() -> None:
    assert set(documented_settings()) == settings_read()


def test_the_defaults_in_the_settings_table_are_the_real_ones(tmp_path: Path) -> None:
    settings = load_settings({"MOTCUA_HOME": str(tmp_path)})
    written = {name: default.strip("`") for name, default in documented_settings().items()}
    plain = {name: default for name, default in written.items() if re.fullmatch(r"[\d.]+", default)}
    assert plain == {name: str(getattr(settings, name.removeprefix("MOTCUA_").lower())) for name in plain}
    assert len(plain) >= 8


def test_every_test_that_a_document_names_exists() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = {code for doc in DOCS for code in code_in(doc) if re.fullmatch(r"test_\w+", code)}
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    found = []
    for path in project_files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        hits = [match.group() for pattern in (HERE_ONLY, REGISTRIES) if (match := pattern.search(text))]
        found += [f"{path.relative_to(ROOT)}: {hit}" for hit in hits]
    assert found == []
