"""The comparison of understanding, on a handful of sentences: a smoke test of what `make bench-nlu` does at length."""

import json

import pytest
import yaml

from benchmarks import nlu
from benchmarks.nlu import OURS, PIPELINES, Bench, compare, table, write_sample
from benchmarks.report import replace_section

SENTENCES = {
    "fee": ["lệ phí bao nhiêu tiền", "làm cái này tốn bao nhiêu", "phí làm hộ chiếu"],
    "papers": ["cần giấy tờ gì", "hồ sơ gồm những gì", "phải mang theo giấy gì"],
    "out_of_scope": ["hôm nay trời mưa", "kết quả bóng đá", "xổ số miền nam"],
}
MESSAGES = [(t, intent, part) for intent, texts in SENTENCES.items() for t in texts for part in ("clean", "again")]


@pytest.fixture
def bench(tmp_path):
    folder = tmp_path / "data" / "nlu"
    folder.mkdir(parents=True)
    blocks = [{"intent": i, "examples": "".join(f"- {text}\n" for text in texts)} for i, texts in SENTENCES.items()]
    (folder / "a.yml").write_text(yaml.dump({"version": "3.1", "nlu": blocks}, allow_unicode=True), encoding="utf-8")
    return Bench(tmp_path / "data", MESSAGES)


def short_pipeline(folder, tokenizer):
    """A peer that trains in a second: the same front as the real one, and a linear classifier in place of DIET."""
    pipeline = [{"name": tokenizer}, {"name": "CountVectorsFeaturizer"}, {"name": "LogisticRegressionClassifier"}]
    path = folder / f"{tokenizer.rsplit('.', 1)[-1]}.yml"
    path.write_text(yaml.dump({"recipe": "default.v1", "assistant_id": "b", "language": "vi", "pipeline": pipeline}))
    return path


def test_every_pipeline_is_measured_and_a_peer_is_measured_once(bench, tmp_path, capsys):
    pipelines = {
        OURS: PIPELINES[OURS],
        "segmented": short_pipeline(tmp_path, "benchmarks.segmenting_tokenizer.SegmentingTokenizer"),
    }
    found = compare(bench, tmp_path / "kept", pipelines)
    assert all(result["slices"] == {"clean": 1.0, "again": 1.0} for result in found.values())
    assert all(result["median_ms"] > 0 and result["train_seconds"] > 0 for result in found.values())
    lines = table(found)
    assert "| right, clean (%) | 100.0 | 100.0 |" in lines
    again = compare(bench, tmp_path / "kept", pipelines)
    assert again["segmented"] == json.loads((tmp_path / "kept" / "nlu-SegmentingTokenizer.json").read_text())
    assert "still holds" in capsys.readouterr().out


def test_a_peers_result_is_good_for_its_data_and_pipeline_only(bench, tmp_path):
    config = tmp_path / "a.yml"
    config.write_text("pipeline: []")
    first = bench.fingerprint(config)
    assert bench.fingerprint(config) == first
    assert Bench(bench.data, MESSAGES[:-1]).fingerprint(config) != first
    config.write_text("pipeline: [{name: x}]")
    second = bench.fingerprint(config)
    assert second != first
    (bench.data / "nlu" / "b.yml").write_text("nlu: []")
    assert bench.fingerprint(config) != second


def test_the_peers_differ_in_their_tokenizer_and_in_rounds_alone():
    default, segmented = (yaml.safe_load(path.read_text())["pipeline"] for path in list(PIPELINES.values())[1:])
    assert [part["name"] for part in default[1:]] == [part["name"] for part in segmented[1:]]
    assert default[0] != segmented[0]


def test_only_the_marked_part_of_the_page_changes(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- nlu -->\nold\n<!-- /nlu -->\nafter\n")
    replace_section(page, "nlu", ["new", "lines"])
    assert page.read_text() == "before\n<!-- nlu -->\nnew\nlines\n<!-- /nlu -->\nafter\n"
    with pytest.raises(ValueError, match="marks"):
        replace_section(page, "other", [])


def test_the_page_has_the_marks():
    assert f"<!-- {'nlu'} -->" in nlu.PAGE.read_text(encoding="utf-8")


def test_a_sample_is_always_the_same_and_holds_every_intent(bench, tmp_path):
    (bench.data / "lookups").mkdir()
    (bench.data / "lookups" / "things.yml").write_text("nlu: []")
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        write_sample(bench.data, 2, folder)
    sample = (one / "nlu" / "sample.yml").read_text(encoding="utf-8")
    assert sample == (other / "nlu" / "sample.yml").read_text(encoding="utf-8")
    blocks = yaml.safe_load(sample)["nlu"]
    assert {block["intent"]: len(block["examples"].splitlines()) for block in blocks} == dict.fromkeys(SENTENCES, 2)
    assert (one / "lookups" / "things.yml").exists()
