import json
import os
import stat
import threading
from dataclasses import replace

import pytest
import yaml
from sqlalchemy import update

from bot.complaints import consents
from bot.review import writing
from bot.review.errors import ReviewError
from bot.review.files import DataFiles, as_sentence
from bot.review.keeping import find_kept, is_kept_here, kept_sentences
from bot.review.model import ReviewExample, ReviewItem
from bot.review.writing import part_of, write
from tests.factories import raw_bytes
from tests.review.conftest import LEAD, MORE, NLU


def put(town, **more):
    return write(town.desk, town.root, LEAD, **more)


def erase(town, *conversations):
    with writing.locked(town.root), town.database.transaction() as session:
        return writing.erase(session, town.root, conversations)


def test_a_sentence_joins_its_intent_and_nothing_else_changes(town):
    town.accepted("gọi số nào để hỏi")
    done = put(town)
    assert (done.train, done.files) == (1, ["data/nlu/a.yml"])
    assert town.file() == NLU.replace("số tổng đài là gì\n", "số tổng đài là gì\n    - gọi số nào để hỏi\n")
    assert town.file("data/nlu/b.yml") == MORE


def test_each_sentence_carries_where_it_came_from(town):
    item = town.accepted("gọi số nào để hỏi")
    put(town)
    example = town.rows(ReviewExample)[0]
    assert (example.item_id, example.conversation, example.intent, example.by) == (item, "web:an", "ask_hotline", LEAD)
    assert (example.part, example.file) == ("train", "data/nlu/a.yml")
    assert "gọi số nào".encode() not in raw_bytes(town.database)


def test_writing_again_changes_nothing(town):
    town.accepted("gọi số nào để hỏi")
    put(town)
    before = town.file()
    assert (put(town).train, town.file()) == (0, before)


def test_only_looking_shows_the_change_and_makes_none(town):
    town.accepted("gọi số nào để hỏi")
    done = put(town, dry_run=True)
    assert "+    - gọi số nào để hỏi" in done.diff.splitlines()
    assert (town.file(), town.item().state, town.rows(ReviewExample)) == (NLU, "accepted", [])


def test_what_stands_there_already_is_not_doubled_nor_anybodys(town):
    town.accepted("Số tổng đài là gì?")
    assert put(town).known == 1
    assert (town.file(), town.rows(ReviewExample)) == (NLU, [])


def test_other_words_of_other_people_for_the_same_go_along_up_to_a_number(town):
    said = (
        "gọi số nào để hỏi",
        "goi so nao de hoi",
        "gọi số nào để hỏi vậy",
        "gọi số nào để hỏi ạ",
        "gọi số nào để hỏi á",
    )
    for number, text in enumerate(said):
        town.say(text, f"web:{min(number, 3)}")
    town.collect()
    town.desk.label([town.item().id], LEAD, "ask_hotline")
    town.rules = replace(town.rules, variants=3)
    assert put(town).train == 3
    assert [row.conversation for row in town.rows(ReviewExample)] == ["web:0", "web:2", "web:3"]
    assert erase(town, "web:2") == ["gọi số nào để hỏi vậy"]
    assert "    - gọi số nào để hỏi ạ\n" in town.file()
    assert "hỏi vậy" not in town.file()


def test_of_what_measures_no_other_words_are_learnt(town):
    town.rules = replace(town.rules, blind=1.0)
    for number, text in enumerate(("gọi số nào để hỏi", "gọi số nào để hỏi vậy")):
        town.say(text, f"web:{number}")
    town.collect()
    town.desk.label([town.item().id], LEAD, "ask_hotline")
    done = put(town)
    assert (done.train, done.blind) == (0, 1)


def test_what_is_near_a_message_that_measures_is_not_learnt(town):
    town.accepted("đường dây nóng số mấy vậy ạ")
    assert put(town).near_blind == 1
    assert town.file() == NLU


def test_some_are_kept_to_measure_by_the_sentence_itself(town):
    town.rules = type(town.rules)(**{**vars(town.rules), "blind": 1.0})
    town.accepted("gọi số nào để hỏi")
    assert put(town).blind == 1
    row = json.loads(town.file("tests/heldout/reviewed.jsonl"))
    assert (row["text"], row["intent"]) == ("gọi số nào để hỏi", "ask_hotline")
    assert town.file() == NLU


def test_the_share_that_measures_is_the_one_that_was_asked_for():
    parts = [part_of(f"câu số {number}", 0.2) for number in range(2000)]
    assert 320 < parts.count("blind") < 480
    assert part_of("Câu số 7!", 0.2) == part_of("cau so 7", 0.2)


def test_an_intent_that_is_not_there_yet_waits(town):
    item = town.accepted("gọi số nào để hỏi")
    with town.database.transaction() as session:
        session.execute(update(ReviewItem).values(intent="ask_hotline"))
    (town.root / "data/nlu/a.yml").write_text(NLU.replace("intent: ask_hotline", "intent: ask_number"), "utf-8")
    assert put(town).waiting == {"ask_hotline": 1}
    assert town.item(item).state == "accepted"


@pytest.mark.parametrize(
    "broken",
    ["nlu:\n- intent: a\n  examples: |\n   - x\n  - y\n", "nlu: {}\n", "- a\n", "nlu:\n- intent: a\n  examples: x\n"],
)
def test_a_file_broken_by_hand_is_named_and_nothing_is_written(town, broken):
    town.accepted("gọi số nào để hỏi")
    (town.root / "data/nlu/b.yml").write_text(broken, "utf-8")
    with pytest.raises(ReviewError, match=r"b\.yml"):
        put(town)
    assert (town.file(), town.item().state, town.rows(ReviewExample)) == (NLU, "accepted", [])


def test_files_are_read_once_however_many_intents_get_sentences(town, monkeypatch):
    (town.root / "data/nlu/b.yml").write_text(
        MORE + "- intent: ask_postal\n  examples: |\n    - gửi qua bưu điện\n", "utf-8"
    )
    files, parsed = DataFiles(town.root), []
    compose = yaml.compose
    monkeypatch.setattr(yaml, "compose", lambda *given, **more: parsed.append(1) or compose(*given, **more))
    intents = ("ask_hotline", "submit_complaint", "ask_forms", "ask_postal")
    added = [(f"câu {number} của {intent}", intent) for intent in intents for number in range(2)]
    files.add(added)
    assert parsed == []
    stood = files.sentences()
    assert all(stood[intent][-2:] == [text for text, own in added if own == intent] for intent in intents)
    assert len(parsed) == 2
    files.remove([*added, ("không có", "ask_forms")])
    assert len(parsed) == 2
    assert (files.lines[town.root / "data/nlu/a.yml"], files.sentences()["ask_postal"]) == (
        NLU.splitlines(keepends=True),
        ["gửi qua bưu điện"],
    )


def test_a_file_changed_meanwhile_is_not_written_over(town):
    files = DataFiles(town.root)
    files.add([("gọi số nào", "ask_hotline")])
    (town.root / "data/nlu/a.yml").write_text(NLU + "# mine\n", "utf-8")
    with pytest.raises(ReviewError, match="meanwhile"):
        files.save()
    assert town.file() == NLU + "# mine\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_leaves_everything_as_it_was(town):
    town.accepted("gọi số nào để hỏi")
    (town.root / "data/nlu").chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(ReviewError, match="can't be written"):
        put(town)
    assert town.item().state == "accepted"


def test_without_a_checkout_what_was_accepted_stays_in_the_database(town, tmp_path):
    town.accepted("gọi số nào để hỏi")
    with pytest.raises(ReviewError, match="stays in the database"):
        write(town.desk, tmp_path / "elsewhere", LEAD)
    assert town.item().state == "accepted"


@pytest.mark.parametrize("arrived", [True, False])
def test_killed_between_row_and_file_the_next_run_finds_out(town, arrived):
    item = town.accepted("gọi số nào để hỏi")
    put(town)
    with town.database.transaction() as session:
        session.execute(update(ReviewExample).values(written_at=None))
    if not arrived:
        (town.root / "data/nlu/a.yml").write_text(NLU, "utf-8")
    done = put(town)
    assert done.train == (0 if arrived else 1)
    assert town.file().count("gọi số nào để hỏi") == 1
    assert (town.item(item).state, len(town.rows(ReviewExample))) == ("written", 1)


def test_two_at_once_write_everything_once(town):
    for number in range(6):
        town.accepted(f"gọi {'abcdef'[number] * 7} để hỏi", who=f"web:{number}")
    threads = [threading.Thread(target=put, args=(town,)) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(DataFiles(town.root).sentences()["ask_hotline"]) == 7
    assert len(town.rows(ReviewExample)) == 6


def test_who_is_erased_is_in_no_file_and_no_row(town):
    town.accepted("gọi số nào để hỏi")
    put(town)
    assert erase(town, "web:an") == ["gọi số nào để hỏi"]
    assert town.file() == NLU
    assert town.is_empty()


def test_what_others_said_alike_stays_and_is_written_in_their_words(town):
    town.accepted("gọi số nào để hỏi", who="web:binh")
    town.say("gọi số nào để hỏi ạ")
    assert town.collect().items == 0
    put(town)
    erase(town, "web:binh")
    assert (town.item().messages, town.item().state) == (1, "accepted")
    put(town)
    assert town.file() == NLU.replace("số tổng đài là gì\n", "số tổng đài là gì\n    - gọi số nào để hỏi ạ\n")


def test_a_sentence_moved_or_changed_in_tones_by_hand_is_found_all_the_same(town):
    town.accepted("gọi số nào để hỏi")
    put(town)
    (town.root / "data/nlu/a.yml").write_text(NLU, "utf-8")
    moved = MORE + "- intent: ask_hotline\n  examples: |\n    - Goi so nao de hoi?\n    - hotline\n"
    (town.root / "data/nlu/b.yml").write_text(moved, "utf-8")
    erase(town, "web:an")
    assert "de hoi" not in town.file("data/nlu/b.yml")
    assert "- hotline\n" in town.file("data/nlu/b.yml")


def test_who_takes_the_agreement_back_leaves_the_data_at_the_next_run(town):
    town.accepted("gọi số nào để hỏi")
    put(town)
    with town.database.transaction() as session:
        consents.withdraw(session, "web:an", consents.IMPROVE)
    assert writing.drop_ended(town.database, town.root) == ["gọi số nào để hỏi"]
    assert town.file() == NLU
    assert town.is_empty()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("/restart", "restart"),
        ("- gạch đầu dòng", "gạch đầu dòng"),
        ("xem [ở đây](intent) {x}", "xem (ở đây)(intent) (x)"),
        ("hai\ndòng\u2028ba", "hai dòng ba"),
        ("# chú thích: x", "chú thích: x"),
    ],
)
def test_a_message_means_nothing_to_rasa_nor_to_yaml(town, typed, kept):
    files = DataFiles(town.root)
    files.add([(as_sentence(typed), "ask_hotline")])
    files.save()
    assert DataFiles(town.root).sentences()["ask_hotline"] == ["số tổng đài là gì", kept]


def test_where_the_database_keeps_them_sentences_are_learnt_from_there(town):
    town.rules = replace(town.rules, in_database=True)
    town.accepted("gọi số nào để hỏi")
    assert (put(town).in_database, town.file()) == (True, NLU)
    assert kept_sentences(town.database, town.root) == [("gọi số nào để hỏi", "ask_hotline")]
    assert put(town).train == 0
    assert erase(town, "web:an") == ["gọi số nào để hỏi"]
    assert kept_sentences(town.database, town.root) == []


def test_what_is_kept_is_not_learnt_once_nobody_agrees(town):
    town.rules = replace(town.rules, in_database=True)
    town.accepted("gọi số nào để hỏi")
    put(town)
    with town.database.transaction() as session:
        consents.withdraw(session, "web:an", consents.IMPROVE)
    assert kept_sentences(town.database, town.root) == []


def test_what_is_kept_and_fits_no_more_is_left_out_and_counted(town):
    town.rules = replace(town.rules, in_database=True)
    for who, text in enumerate(("gọi số nào để hỏi", "tổng đài nào nghe máy", "số tổng đài nào trực đêm")):
        town.accepted(text, who=f"web:{who}")
    put(town)
    assert len(kept_sentences(town.database, town.root)) == 3
    blind = {"id": "h2", "text": "Gọi số nào để hỏi?", "intent": "ask_hotline"}
    with (town.root / "tests/heldout/messages.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(blind) + "\n")
    with town.database.transaction() as session:
        gone = update(ReviewExample).where(ReviewExample.id == town.rows(ReviewExample)[2].id)
        session.execute(gone.values(intent="ask_number"))
    found = find_kept(town.database, town.root)
    assert (found.sentences, found.no_intent, found.near_blind) == ([("tổng đài nào nghe máy", "ask_hotline")], 1, 1)


def test_what_measures_is_kept_apart(town):
    town.rules = replace(town.rules, in_database=True, blind=1.0)
    town.accepted("gọi số nào để hỏi")
    assert put(town).blind == 1
    assert kept_sentences(town.database, town.root) == []


def test_files_that_cannot_be_written_are_left_alone(town):
    assert is_kept_here(town.root / "nowhere", in_database=False)
    assert not is_kept_here(town.root, in_database=False)
