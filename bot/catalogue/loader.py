"""Reads the reviewed content; a file that is wrong is refused alone, by name and with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import jsonschema
import yaml

from bot.catalogue.model import (
    Centre,
    Knowledge,
    LifeEvent,
    Link,
    Name,
    Office,
    OldPlace,
    Procedure,
    Provenance,
    Province,
    Source,
    Statement,
    Step,
    Topic,
)
from bot.text.normalise import normalise

SCHEMAS = Path(__file__).parent / "schemas"
ASPECTS = (
    "documents", "fee", "time", "where", "how", "online", "result", "eligibility",
    "authorization", "penalty", "forms", "notes",
)  # fmt: skip

Item = TypeVar("Item", Procedure, Topic, LifeEvent, Office)


# The one written in C reads the same ten times as fast, and every program that answers reads all content at its start.
if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _PlainLoader(_SafeLoader):
    """YAML without dates: days stay text, so that the schema sees what was written. No key may stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(problem=f"'{twice}' stands there twice")
        return super().construct_mapping(node, deep)


_PlainLoader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Refusal:
    """A content file that was left out, and why."""

    path: str
    reason: str


def load_knowledge(folder: Path) -> tuple[Knowledge, list[Refusal]]:
    """Read a `knowledge/` folder.

    Returns:
        the content that is right, and one refusal per file that is not.
    """
    refusals: list[Refusal] = []
    procedures = _load_items(folder / "procedures", "procedure", _procedure, refusals)
    topics = _load_items(folder / "topics", "topic", _topic, refusals)
    life_events = _load_items(folder / "life_events", "life_event", _life_event, refusals)
    offices = _load_items(folder / "offices", "office", _office, refusals)
    places = _load_places(folder / "places", refusals)

    def part(name: str, build: Callable[[Path], Any], otherwise: Any) -> Any:
        return _read_part(folder, folder / name, build, otherwise, refusals)

    labels = part("intents.yml", _labels, {})
    hand_over = part("thresholds.yml", lambda path: float(_read_yaml(path)["hand_over"]), 0.0)
    told = {
        path.stem: part(f"wordings/{path.name}", _texts, ()) for path in sorted((folder / "wordings").glob("*.yml"))
    }
    wordings = {key: texts for key, texts in told.items() if texts}
    national = part("national_wordings.jsonl", _read_lines, {})
    channels = part("channels.yml", lambda path: {str(k): str(v) for k, v in _read_yaml(path).items()}, {})
    unchecked = part("unchecked.yml", _unchecked, {})
    known = Knowledge(
        procedures, topics, life_events, unchecked, labels, hand_over, wordings, national, channels, offices, **places
    )
    return known, refusals


def _load_items(
    folder: Path, kind: str, build: Callable[[dict[str, Any]], Item], refusals: list[Refusal]
) -> dict[str, Item]:
    validator = _validator(kind)
    items: dict[str, Item] = {}
    names: dict[str, str] = {}
    for path in sorted(folder.glob("*.yml")):
        reasons = list(_problems(path, validator))
        if reasons:
            refusals.append(Refusal(f"{folder.name}/{path.name}", "; ".join(reasons)))
            continue
        content = _read_yaml(path)
        name = normalise(content.get("name") or content["title"])
        if name in names:
            refusals.append(Refusal(f"{folder.name}/{path.name}", f"its name is already that of {names[name]}"))
            continue
        names[name] = path.name
        items[content["key"]] = build(content)
    return items


def _read_part(folder: Path, path: Path, build: Callable[[Path], Any], otherwise: Any, refusals: list[Refusal]) -> Any:
    """One file that is not of a kind with a schema; `otherwise` where there is none, and where it is refused."""
    try:
        return build(path) if path.exists() else otherwise
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        refusals.append(
            Refusal(path.relative_to(folder).as_posix(), f"not of its shape ({type(error).__name__}: {reason})")
        )
        return otherwise


def _labels(path: Path) -> dict[str, dict[str, str]]:
    return {intent: {**titles} for intent, titles in (_read_yaml(path) or {}).items()}


def _unchecked(path: Path) -> dict[str, Name]:
    return {key: Name(key, name["name"], _all_texts(name["synonyms"])) for key, name in _read_yaml(path).items()}


def _texts(path: Path) -> tuple[str, ...]:
    return _all_texts(_read_yaml(path))


def _all_texts(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not all(isinstance(text, str) for text in given):
        raise TypeError("not a list of texts")
    return tuple(given)


def _read_lines(path: Path) -> dict[str, tuple[str, ...]]:
    """Citizens' wordings by code: one JSON object {"code", "wordings"} a line."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {row["code"]: _all_texts(row["wordings"]) for row in rows}


def _load_places(folder: Path, refusals: list[Refusal]) -> dict[str, Any]:
    validator = _validator("places")
    found: dict[str, list[Any]] = {"provinces": [], "old_names": [], "ambiguous": [], "no_places": []}
    for path in sorted(folder.glob("*.yml")):
        reasons = list(_problems(path, validator, keyed=False))
        if reasons:
            refusals.append(Refusal(f"{folder.name}/{path.name}", "; ".join(reasons)))
            continue
        content = _read_yaml(path)
        keys = [province["key"] for part in (found, content) for province in part.get("provinces", ())]
        if len(set(keys)) < len(keys):
            refusals.append(Refusal(f"{folder.name}/{path.name}", "a province stands there twice, or in another file"))
            continue
        for part, more in content.items():
            found[part] += more
    return {
        "provinces": {content["key"]: _province(content) for content in found["provinces"]},
        "old_places": tuple(_old_place(content) for content in found["old_names"]),
        "ambiguous": tuple(found["ambiguous"]),
        "no_places": tuple(found["no_places"]),
    }


def _validator(kind: str) -> jsonschema.Draft7Validator:
    schema = json.loads((SCHEMAS / f"{kind}.json").read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker(["date"]))


def _problems(path: Path, validator: jsonschema.Draft7Validator, keyed: bool = True) -> Iterator[str]:
    try:
        content = _read_yaml(path)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield f"not readable as YAML in UTF-8: {str(error).splitlines()[0]}"
        return
    for problem in validator.iter_errors(content):
        place = "/".join(str(part) for part in problem.absolute_path) or "the file"
        yield f"{place}: {problem.message[:200]}"
    if keyed and isinstance(content, dict) and content.get("key") != path.stem:
        yield f"key '{content.get('key')}' differs from the file's name"


def _read_yaml(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_PlainLoader)  # noqa: S506 - a SafeLoader


def _procedure(content: dict[str, Any]) -> Procedure:
    return Procedure(
        key=content["key"],
        name=content["name"],
        synonyms=tuple(content["synonyms"]),
        codes=tuple(content["codes"]),
        old_codes=tuple(content.get("old_codes", ())),
        group=content["group"],
        summary=content["summary"],
        aspects={name: _statements(content[name]) for name in ASPECTS if name in content},
        provenance=_provenance(content),
        english=content.get("english"),
        local=tuple(content.get("local", ())),
        local_figures={
            aspect: {province: _statement(given) for province, given in figures.items()}
            for aspect, figures in content.get("local_figures", {}).items()
        },
    )


def _topic(content: dict[str, Any]) -> Topic:
    return Topic(
        key=content["key"],
        title=content["title"],
        intents=tuple(content["intents"]),
        short=content["short"].strip(),
        provenance=_provenance(content),
        synonyms=tuple(content.get("synonyms", ())),
        details=tuple(content.get("details", ())),
        links=tuple(Link(**link) for link in content.get("links", ())),
        related=tuple(content.get("related", ())),
        english=content.get("english"),
        local=content.get("local"),
    )


def _life_event(content: dict[str, Any]) -> LifeEvent:
    return LifeEvent(
        key=content["key"],
        name=content["name"],
        synonyms=tuple(content["synonyms"]),
        intro=content["intro"],
        steps=tuple(Step(**step) for step in content["steps"]),
        provenance=_provenance(content),
        notes=tuple(content.get("notes", ())),
        english=content.get("english"),
    )


def _office(content: dict[str, Any]) -> Office:
    return Office(
        key=content["key"],
        name=content["name"],
        merged_from=tuple(content["merged_from"]),
        centres=tuple(
            Centre(one["name"], one["address"], one["note"], one["confidence"], _source(one["source"]))
            for one in content["centres"]
        ),
        hours=content["hours"],
        hotline=content["hotline"],
        note=content["note"],
        provenance=_provenance(content),
    )


def _province(content: dict[str, Any]) -> Province:
    return Province(
        content["key"],
        content["name"],
        tuple(content["former"]),
        tuple(content["synonyms"]),
        _provenance(content),
    )


def _old_place(content: dict[str, Any]) -> OldPlace:
    return OldPlace(
        content["name"],
        content["kind"],
        tuple(content["synonyms"]),
        content["province"],
        content["say"],
        _provenance(content),
    )


def _statements(given: Any) -> tuple[Statement, ...]:
    return tuple(_statement(one) for one in (given if isinstance(given, list) else [given]))


def _statement(given: str | dict[str, Any]) -> Statement:
    if isinstance(given, str):
        return Statement(given.strip())
    return Statement(
        text=given["text"].strip(),
        valid_from=_day(given.get("valid_from")),
        valid_until=_day(given.get("valid_until")),
        afterwards=given.get("afterwards"),
        confidence=given.get("confidence"),
    )


def _provenance(content: dict[str, Any]) -> Provenance:
    checked_on = _day(content["checked_on"])
    assert checked_on
    return Provenance(
        legal_basis=tuple(content["legal_basis"]),
        valid_from=_day(content["valid_from"]),
        valid_until=_day(content["valid_until"]),
        checked_on=checked_on,
        source=_source(content["source"]),
        confidence=content["confidence"],
    )


def _source(content: dict[str, Any]) -> Source:
    return Source(content["name"], tuple(content.get("urls", ())))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
