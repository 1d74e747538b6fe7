"""Models without Rasa: files with anything in them, and their rows in the ledger."""

import json

from bot.training.measure import Prediction
from bot.training.model import CANDIDATE, Model
from bot.training.packed import pack_examples, pack_predictions
from bot.training.train import TrainedModel, inputs_fingerprint, sha256_of, version_fingerprint

CONTENT = b"a model" * 1000
PASSED = json.dumps({"passed": True, "reasons": [], "warnings": []})
REFUSED_BY_GATE = json.dumps({"passed": False, "reasons": ["overall"], "warnings": []})


def write_file(folder, name, content=CONTENT, note=False):
    """A file, and if wanted the note that training leaves beside it."""
    path = folder / f"{name}.tar.gz"
    path.write_bytes(content + name.encode())
    made = TrainedModel(path, inputs_fingerprint(), sha256_of(path))
    if note:
        (folder / f"{name}.json").write_text(json.dumps({"inputs": made.inputs, "sha256": made.sha256}))
    return made


def make_model(database, folder, name, state, **columns):
    """A model of today's version, of one sentence, in a state; returns its number."""
    made = write_file(folder, name)
    marks = {"inputs": made.inputs, "version": version_fingerprint(), "data": "", "pipeline": "", "packages": ""}
    examples = pack_examples([("xin chào", "greet")], database.cipher.digest)
    known = {"name": name, "sha256": made.sha256, "state": state, "sentences": 1, "examples": examples}
    with database.transaction() as session:
        row = Model(**{**marks, **known, **columns})
        session.add(row)
        session.flush()
        return row.id


def read_as(database, number, readings):
    """As if a model had been measured: (text, truth, ((intent, share), …), part) of each message."""
    with database.transaction() as session:
        kept = [Prediction(*one) for one in readings]
        session.get(Model, number).predictions = pack_predictions(kept, database.cipher.digest)


def write_blind_set(folder, *messages):
    """A blind set of (text, intent, part) for a test; twins are of the first message."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"id": f"h{place}", "of": f"h{0 if part != 'clean' else place}", "text": text, "intent": intent, "slice": part}
        for place, (text, intent, part) in enumerate(messages)
    ]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "messages.jsonl").write_text(lines, encoding="utf-8")
    return folder


def pass_gate(database, number, beside, predictions=()):
    """As if the gate had passed it beside another."""
    with database.transaction() as session:
        row = session.get(Model, number)
        row.verdict, row.compared_with, row.state = PASSED, beside, CANDIDATE
    read_as(database, number, predictions)


def state_of(database, number):
    with database.reading() as session:
        row = session.get(Model, number)
        return row.state, row.reason
