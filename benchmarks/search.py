"""`make bench-search`: our procedure search beside SQLite's FTS5 (BM25) and PostgreSQL's full text, in one run.

The reviewed procedures are searched always; the national catalogue where MOTCUA_NATIONAL_DATA names a folder of
its records.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from benchmarks.report import replace_section
from bot.catalogue.combined import CombinedSearch
from bot.catalogue.imported import ImportedName, imported_names
from bot.catalogue.loader import load_knowledge
from bot.catalogue.model import Knowledge
from bot.catalogue.national import INTERNAL, NationalSearch
from bot.catalogue.search import ProcedureSearch
from bot.catalogue.wordings import plain
from bot.database import open_database
from bot.settings import ROOT, load_settings
from bot.text.normalise import fold
from tests.postgres import NoServerError, postgres_server

SETS = ROOT / "tests" / "heldout" / "search"
PAGE = ROOT / "docs" / "benchmarks.md"
Find = Callable[[str], Sequence[frozenset[str]]]
OURS, TOGETHER = "Một Cửa", "Một Cửa, with the reviewed in one list"


@dataclass(frozen=True)
class Query:
    """A message and the keys or codes that would be right."""

    text: str
    right: frozenset[str]


@dataclass(frozen=True)
class Result:
    """What a search made of a set of queries; milliseconds of each."""

    first: float
    first_five: float
    toneless: float
    p95: float


def read_queries(path: Path) -> list[Query]:
    """The queries of one blind set."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Query(r["text"], frozenset((r.get("key") or r["code"], *r.get("also", ())))) for r in rows]


def measure(find: Find, queries: Sequence[Query]) -> Result:
    """Shares found first and among five, also without tones, and the time that 95 of 100 queries take at most."""
    found, milliseconds = [], []
    for query in queries:
        start = time.perf_counter()
        found.append(find(query.text))
        milliseconds.append((time.perf_counter() - start) * 1000)
    bare = [find(fold(query.text)) for query in queries]
    return Result(
        _share(found, queries, 1),
        _share(found, queries, 5),
        _share(bare, queries, 1),
        statistics.quantiles(milliseconds, n=20)[18],
    )


def _share(found: Iterable[Sequence[frozenset[str]]], queries: Sequence[Query], most: int) -> float:
    right = [any(one & query.right for one in hits[:most]) for hits, query in zip(found, queries, strict=True)]
    return sum(right) / len(right)


@dataclass(frozen=True)
class Document:
    """What the peers search of a procedure, folded: its name, how citizens call it and ask for it, all its texts."""

    name: str
    wordings: str
    body: str


class FullText:
    """SQLite's FTS5: BM25 over folded texts, the name and wordings counting more, any word of the query may match."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._keys = list(documents)
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE documents USING fts5(name, wordings, body)")
        rows = [(number, *astuple(documents[key])) for number, key in enumerate(self._keys)]
        self._connection.executemany("INSERT INTO documents (rowid, name, wordings, body) VALUES (?, ?, ?, ?)", rows)

    def find(self, query: str) -> list[str]:
        """Keys, best first."""
        words = dict.fromkeys(plain(query).split())
        if not words:
            return []
        wanted = " OR ".join(f'"{word}"' for word in words)
        asked = "SELECT rowid FROM documents WHERE documents MATCH ? ORDER BY bm25(documents, 8.0, 8.0, 1.0) LIMIT 10"
        return [self._keys[row[0]] for row in self._connection.execute(asked, (wanted,))]


class PostgresText:
    """PostgreSQL's full text with the `simple` configuration, weights for name and wordings, ranked with `ts_rank`."""

    def __init__(self, documents: Mapping[str, Document], url: str) -> None:
        self._connection = create_engine(url, poolclass=NullPool, future=True).connect()
        run = self._connection.execute
        run(text("CREATE TABLE documents (key text, body tsvector)"))
        parts = (("name", "A"), ("wordings", "A"), ("body", "D"))
        weighed = (f"setweight(to_tsvector('simple', left(:{part}, 200000)), '{mark}')" for part, mark in parts)
        vector = " || ".join(weighed)
        insert = text(f"INSERT INTO documents VALUES (:key, {vector})")
        run(insert, [{"key": key, **asdict(document)} for key, document in documents.items()])
        run(text("CREATE INDEX ON documents USING gin (body)"))
        run(text("ANALYZE documents"))

    def find(self, query: str) -> list[str]:
        """Keys, best first."""
        words = dict.fromkeys(word for word in plain(query).split() if word.isalnum())
        asked = text(
            "SELECT key FROM documents, to_tsquery('simple', :wanted) AS wanted WHERE body @@ wanted"
            " ORDER BY ts_rank(body, wanted, 1) DESC LIMIT 10"
        )
        return list(self._connection.execute(asked, {"wanted": " | ".join(words)}).scalars()) if words else []

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def compare_reviewed(
    knowledge: Knowledge, queries: Sequence[Query], postgres: Callable[[], str]
) -> dict[str, tuple[float, Result]]:
    """The reviewed procedures: seconds to build, and what each search finds.

    Args:
        postgres: gives the address of an empty PostgreSQL database.
    """
    documents = {
        p.key: Document(
            plain(p.name),
            plain(" ".join((*p.synonyms, *knowledge.wordings.get(p.key, ())))),
            plain(" ".join((p.summary, *(s.text for a in p.aspects.values() for s in a)))),
        )
        for p in knowledge.procedures.values()
    }

    def ours() -> Find:
        search = ProcedureSearch(knowledge.names(), knowledge.wordings, knowledge.elsewhere())
        return lambda query: [frozenset((hit.procedure.key,)) for hit in search.find(query)]

    return _compare({OURS: ours}, documents, {}, [queries], postgres)[0]


def compare_national(
    names: Sequence[ImportedName],
    knowledge: Knowledge,
    sets: Sequence[Sequence[Query]],
    postgres: Callable[[], str],
) -> list[dict[str, tuple[float, Result]]]:
    """The imported catalogue beside the reviewed content, the same for each set of queries."""
    documents, codes = {}, {}
    for name in names:
        if name.type != INTERNAL:
            told = [text for code in name.codes for text in knowledge.national_wordings.get(code, ())]
            documents[name.key] = Document(
                plain(name.name), plain(" ".join((*name.synonyms, *told))), plain(" ".join((*name.fields, name.steps)))
            )
            codes[name.key] = frozenset(name.codes)

    def alone() -> Find:
        national = NationalSearch(names, knowledge.national_wordings)
        return lambda query: [national.codes_of(hit.procedure) for hit in national.find(query)]

    def together() -> Find:
        national = NationalSearch(names, knowledge.national_wordings)
        reviewed = ProcedureSearch(knowledge.names(), knowledge.wordings, knowledge.elsewhere())
        search = CombinedSearch(reviewed, national)
        return lambda query: [national.codes_of(hit.procedure) for hit in search.find(query)]

    return _compare({OURS: alone, TOGETHER: together}, documents, codes, sets, postgres)


def _compare(
    ours: Mapping[str, Callable[[], Find]],
    documents: Mapping[str, Document],
    codes: Mapping[str, frozenset[str]],
    sets: Sequence[Sequence[Query]],
    postgres: Callable[[], str],
) -> list[dict[str, tuple[float, Result]]]:
    found: list[dict[str, tuple[float, Result]]] = [{} for _ in sets]

    def run(name: str, make: Callable[[], Find]) -> None:
        start = time.perf_counter()
        find = make()
        seconds = time.perf_counter() - start
        for results, queries in zip(found, sets, strict=True):
            results[name] = (seconds, measure(find, queries))

    def coded(find: Callable[[str], list[str]]) -> Find:
        return lambda query: [codes.get(key, frozenset((key,))) for key in find(query)]

    for name, make in ours.items():
        run(name, make)
    run("SQLite FTS5, BM25", lambda: coded(FullText(documents).find))
    server: list[PostgresText] = []

    def with_postgres() -> Find:
        server.append(PostgresText(documents, postgres()))
        return coded(server[0].find)

    run("PostgreSQL full text", with_postgres)
    server[0].close()
    return found


def table(title: str, found: Mapping[str, tuple[float, Result]]) -> list[str]:
    """One comparison as lines of Markdown."""
    lines = [f"**{title}**", "", "| | first (%) | first five (%) | first, no tones (%) | p95 ms | index s |"]
    lines.append("|---|---|---|---|---|---|")
    for name, (seconds, result) in found.items():
        shares = (result.first, result.first_five, result.toneless)
        told = " | ".join(f"{100 * share:.1f}" for share in shares)
        lines.append(f"| {name} | {told} | {result.p95:.1f} | {seconds:.1f} |")
    return [*lines, ""]


def import_records(folder: str, home: str) -> list[ImportedName]:
    """The names of a folder's records, imported into a database of their own."""
    # Whatever database this machine's bot works on stays as it is.
    environment = {**os.environ, "MOTCUA_HOME": home, "MOTCUA_DATABASE_URL": f"sqlite:///{home}/motcua.db"}
    command = [sys.executable, "-m", "bot.cli", "import", "procedures", folder]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    database = open_database(load_settings(environment))
    names = list(imported_names(database))
    database.close()
    return names


def main() -> None:
    """Compare, print, and write the page."""
    lines = [f"`make bench-search`, {date.today()}, {os.cpu_count()} cores; blind sets of `tests/heldout/search/`.", ""]
    folder = os.environ.get("MOTCUA_NATIONAL_DATA")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server(dict(os.environ)))
        except NoServerError as error:
            raise SystemExit(str(error)) from error

        def fresh() -> str:
            return stack.enter_context(server.fresh())

        knowledge = load_knowledge(ROOT / "knowledge")[0]
        queries = read_queries(SETS / "curated.jsonl")
        reviewed = compare_reviewed(knowledge, queries, fresh)
        lines += table(f"The {len(knowledge.procedures)} reviewed procedures, {len(queries)} messages", reviewed)
        if folder:
            names = import_records(folder, stack.enter_context(tempfile.TemporaryDirectory()))
            sets = [read_queries(SETS / name) for name in ("national.jsonl", "names_only.jsonl")]
            details, only_names = compare_national(names, knowledge, sets, fresh)
            title = f"The national catalogue ({len(names)} records), {len(sets[0])} messages about records with details"
            lines += table(title, details)
            title = f"The same, {len(sets[1])} messages about records of which only the name is known"
            lines += table(title, only_names)
    print("\n".join(lines))
    replace_section(PAGE, "search", lines)


if __name__ == "__main__":
    main()
