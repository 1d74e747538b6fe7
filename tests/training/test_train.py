import json
import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from bot.training.train import (
    MODEL,
    NICENESS,
    TrainedModel,
    current_model,
    inputs_fingerprint,
    sentences_fingerprint,
    set_candidate,
)
from tests.training.project import CONFIG, Project

TRAIN = """
import os
from pathlib import Path
from bot.training.train import TrainingError, current_model, train_model
models = Path("models")
try:
    made = train_model(models, Path("logs/train.log"), os.environ, print)
    print("made", made == current_model(models))
except TrainingError as error:
    print("failed:", error)
"""


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def models(tmp_path):
    """A folder with a model that is whole and made of today's inputs."""
    content = b"a model" * 1000
    (tmp_path / f"{MODEL}.tar.gz").write_bytes(content)
    note = {"inputs": inputs_fingerprint(), "sha256": sha256(content).hexdigest()}
    (tmp_path / f"{MODEL}.json").write_text(json.dumps(note))
    return tmp_path


def test_every_kind_of_input_changes_the_fingerprint(project):
    inputs = [
        "config.yml",
        "domain.yml",
        "data/nlu.yml",
        "bot/nlu/linear.py",
        "bot/text/abbreviations.json",
        "data/new/x.yml",
    ]
    marks = project.fingerprints(*inputs)
    assert len(set(marks)) == len(inputs) + 1


def test_what_shapes_no_model_leaves_the_fingerprint_alone(project):
    others = ["knowledge/topics/x.yml", "endpoints.yml", "bot/web.py", "data/notes.txt", "bot/nlu/__pycache__/x.py"]
    assert len(set(project.fingerprints(*others))) == 1


def test_the_fingerprint_is_the_same_each_time():
    assert inputs_fingerprint() == inputs_fingerprint()


def test_sentences_of_the_database_shape_a_model_too_in_whatever_order():
    more = [("lệ phí bao nhiêu", "fee"), ("mấy giờ mở cửa", "hours")]
    assert len({inputs_fingerprint(), inputs_fingerprint(more), inputs_fingerprint(more[:1])}) == 3
    assert inputs_fingerprint(more) == inputs_fingerprint(more[::-1])
    assert sentences_fingerprint(more) != sentences_fingerprint()


def test_a_model_is_trained_with_sentences_of_the_database_and_none_of_them_stays(project):
    read = """
from bot.training.parse import parse_messages
print([one["intent"] for one in parse_messages(made.path, ["con mèo ba chân"])])
print([path.name for path in Path(".").rglob("reviewed.yml")])
"""
    more = [("con mèo ba chân", "hours"), ("con mèo ba chân nhé", "hours")]
    lines = project.run(TRAIN.replace("os.environ, print)", f"os.environ, print, more={more!r})") + read)
    assert lines[-2:] == ["['hours']", "[]"]


def test_a_whole_model_of_todays_inputs_is_current(models):
    path = models / f"{MODEL}.tar.gz"
    digest = sha256(path.read_bytes()).hexdigest()
    assert current_model(models) == TrainedModel(path, inputs_fingerprint(), digest)


def test_a_truncated_model_counts_as_absent(models):
    path = models / f"{MODEL}.tar.gz"
    path.write_bytes(path.read_bytes()[:-1])
    assert current_model(models) is None


@pytest.mark.parametrize("name", [f"{MODEL}.tar.gz", f"{MODEL}.json"])
def test_a_model_or_note_that_is_missing_counts_as_absent(models, name):
    (models / name).unlink()
    assert current_model(models) is None


@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_note_cut_short_by_a_crash_counts_as_absent(models, kept):
    note = models / f"{MODEL}.json"
    note.write_bytes(note.read_bytes()[:kept])
    assert current_model(models) is None


def test_a_model_of_other_inputs_is_not_current(models):
    note = models / f"{MODEL}.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "inputs": "0" * 64}))
    assert current_model(models) is None


def test_an_empty_folder_has_no_model(tmp_path):
    assert current_model(tmp_path) is None
    assert current_model(tmp_path / "nowhere") is None


def test_a_candidate_is_not_the_model_in_place_and_the_newest_other_one_is(models):
    for name in ("motcua-older", "motcua-newer"):
        shutil.copy(models / f"{MODEL}.tar.gz", models / f"{name}.tar.gz")
        shutil.copy(models / f"{MODEL}.json", models / f"{name}.json")
    os.utime(models / "motcua-older.json", (1, 1))
    os.utime(models / f"{MODEL}.json", (2, 2))
    assert current_model(models).name == "motcua-newer"
    set_candidate(models / "motcua-newer.tar.gz", True)
    assert current_model(models).name == MODEL
    set_candidate(models / "motcua-newer.tar.gz", False)
    assert current_model(models).name == "motcua-newer"


def files_of(project):
    """What a training leaves, but for its lock."""
    return {
        path.name: path.read_bytes()
        for path in (project.path / "models").glob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def test_training_puts_a_model_in_place_and_a_failed_one_leaves_it_there(project):
    told = project.run(TRAIN)
    assert told[-1] == "made True"
    assert any("VietnameseIntentClassifier" in line for line in told[:-1])
    kept = files_of(project)
    assert len(kept) == 2
    (project.path / "config.yml").write_text(CONFIG.replace("VietnameseIntentClassifier", "NoSuchClassifier"))
    failed = project.run(TRAIN)[-1]
    assert failed.startswith("failed: Training failed (")
    assert "NoSuchClassifier" in failed
    assert failed.endswith(f"; {Path('logs/train.log')} says why.")
    assert files_of(project) == kept


def test_a_disk_that_is_full_leaves_nothing_of_a_training(project):
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))"
    failed = project.run(f"{full}\n{TRAIN}")[-1]
    assert failed.startswith("failed: Training failed")
    assert "too large" in failed
    assert files_of(project) == {}


def test_too_little_room_is_said_before_anything_begins(project):
    told = project.run(TRAIN.replace("os.environ, print)", "os.environ, print, needed_space=1 << 60)"))
    assert len(told) == 1
    assert told[0].startswith("failed: Training needs 1099511627776 MiB on the disk of models; ")


BESIDE_A_BOT = """
def look(step):
    if not seen:
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            seen.append((os.getpriority(os.PRIO_PROCESS, int(child)), len(os.sched_getaffinity(int(child)))))
        try:
            train_model(models, Path("logs/other.log"), os.environ, print)
        except TrainingError as error:
            print(error)
        with open("data/nlu.yml", "a") as file:
            file.write("# changed\\n")
seen = []
"""


def test_a_training_beside_a_bot_stands_back_runs_alone_and_notices_what_changes_meanwhile(project):
    code = TRAIN.replace("try:", f"{BESIDE_A_BOT}try:", 1).replace("print)", "look, candidate=True)")
    told = project.run(f"{code}print(*seen[0], os.getpriority(os.PRIO_PROCESS, 0), len(os.sched_getaffinity(0)))")
    assert told[:2] == [
        "A training is under way in models; wait for its end.",
        "failed: What the model is made of was changed while it was trained; train again.",
    ]
    niceness, cores, own_niceness, own_cores = map(int, told[2].split())
    assert niceness == min(19, own_niceness + NICENESS)
    assert cores == max(1, own_cores // 2)
    assert files_of(project) == {}


def test_a_killed_training_ends_its_rasa_and_the_next_one_sweeps_what_it_left(project):
    dying = TRAIN.replace("os.environ, print)", "os.environ, lambda step: os.kill(os.getpid(), 9))")
    environment = {**os.environ, "PYTHONPATH": str(project.path), "PYTHONUTF8": "1"}
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", dying], cwd=project.path, env=environment, timeout=120
    )
    assert killed.returncode == -9
    assert [name for name in files_of(project) if name.endswith((".tar.gz", ".json"))] == []
    lines = [
        "from pathlib import Path",
        "from bot.training.train import is_training",
        "print(is_training(Path('models')))",
    ]
    assert project.run("\n".join(lines)) == ["False"]
    assert list((project.path / "models").glob(".training-*")) == []
