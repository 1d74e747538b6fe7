from datetime import date

import pytest
import yaml

from bot.catalogue.loader import load_knowledge
from bot.catalogue.model import Link, Statement
from bot.settings import ROOT

BIRTH = "procedures/birth.yml"
PROCEDURES = {"birth", "birth_again", "licence", "residence"}
NOTICE_ENDS = date(2026, 12, 31)


def test_a_right_folder_is_read_whole(folder):
    knowledge, refused = folder.load()
    assert refused == {}
    assert set(knowledge.procedures) == PROCEDURES
    assert set(knowledge.topics) == {"hours", "notice"}


def test_a_procedure_carries_what_its_file_says(small):
    procedure = small.procedures["birth"]
    assert (procedure.codes, procedure.old_codes) == (("1.900001",), ("2.800001",))
    assert procedure.aspects["how"] == (Statement("Điền tờ khai."), Statement("Nộp ở quầy."))
    assert procedure.provenance.checked_on == date(2026, 11, 1)
    assert procedure.provenance.source.urls == ("https://example.org/thu-tuc",)
    assert "online" not in procedure.aspects


def test_a_topic_is_found_by_its_intent(small):
    topic = small.topic_for("ask_hours")
    assert topic is small.topics["hours"]
    assert topic.links == (Link("Cổng", "https://example.org"),)
    assert small.topic_for("ask_weather") is None


def test_buttons_are_labelled_by_title_or_reading(small):
    assert (small.title("ask_hours"), small.reading("ask_hours")) == ("Giờ mở cửa", "Giờ làm việc")
    assert (small.title("show_topic"), small.reading("show_topic")) == ("Xem thêm", "")
    assert small.reading("unheard_of") == ""


@pytest.mark.parametrize(
    "before, after, reason",
    [
        ("summary:", "sumary:", "'sumary' was unexpected"),
        ("summary:", "# summary:", "'summary' is a required property"),
        ("key: birth", "key: death", "key 'death' differs from the file's name"),
        ("valid_until: null", "valid_until: '2026-02-30'", "valid_until: '2026-02-30' is not a 'date'"),
        ("valid_until: null", "valid_until: 31/12/2026", "valid_until: '31/12/2026' does not match"),
        ("checked_on: '2026-11-01'", "checked_on: null", "checked_on: None is not of type 'string'"),
        ("confidence: high", "confidence: sure", "confidence: 'sure' is not one of"),
        ("fee: Không thu.", "fee: {text: '', price: 5}", "fee: "),
        ("fee: Không thu.", "fee: Không thu.\nfee: Có thu.", "'fee' stands there twice"),
        ("name: Đăng ký khai sinh", "name: 'Đăng ký", "not readable as YAML"),
    ],
)
def test_a_wrong_file_is_refused_alone_by_name_and_with_the_reason(folder, before, after, reason):
    folder.change(BIRTH, before, after)
    knowledge, refused = folder.load()
    assert list(refused) == [BIRTH]
    assert reason in refused[BIRTH]
    assert set(knowledge.procedures) == PROCEDURES - {"birth"}


@pytest.mark.parametrize("encoding", ["utf-16", "cp1258"])
def test_a_file_in_another_encoding_is_refused_alone(folder, encoding):
    folder.write(BIRTH, "key: birth\nname: khai sinh cho bé út đà", encoding)
    knowledge, refused = folder.load()
    assert "not readable as YAML in UTF-8" in refused[BIRTH]
    assert set(knowledge.procedures) == PROCEDURES - {"birth"}


@pytest.mark.parametrize("text", ["", "- birth\n", "birth\n"])
def test_a_file_that_is_no_record_is_refused_alone(folder, text):
    folder.write(BIRTH, text)
    assert "the file: " in folder.load()[1][BIRTH]


@pytest.mark.parametrize(
    "name, before, after, first",
    [
        ("procedures/residence.yml", "name: Đăng ký tạm trú", "name: ĐĂNG KÝ  khai sinh", "birth.yml"),
        ("topics/notice.yml", "title: Thông báo", "title: Giờ làm việc", "hours.yml"),
    ],
)
def test_the_second_of_two_equal_names_is_refused_alone(folder, name, before, after, first):
    folder.change(name, before, after)
    knowledge, refused = folder.load()
    assert refused == {name: f"its name is already that of {first}"}
    assert len(knowledge.procedures) + len(knowledge.topics) == 5


def test_an_office_tells_verified_addresses_only(small):
    office = small.offices["north"]
    assert [centre.place for centre in office.centres] == ["1 Đường Thử", None]
    assert (office.hours, office.hotline, office.merged_from) == (None, None, ("Bắc Thử", "Tây Thử"))


def test_places_are_read_from_all_files_of_the_folder(folder):
    folder.write("places/more.yml", "no_places: [bắc thử nữa]\n")
    knowledge, refused = folder.load()
    assert refused == {}
    assert knowledge.provinces["north"].former == ("Tây Thử", "Bắc Thử")
    assert [(old.name, old.province) for old in knowledge.old_places] == [("huyện Thử", "north")]
    assert (knowledge.ambiguous, knowledge.no_places) == (("bắc thử",), ("bắc thử nữa", "bắc thử nghiệm"))


def test_what_provinces_decide_is_read_with_procedures_and_topics(small):
    licence = small.procedures["licence"]
    assert (licence.local, licence.local_figures["time"]["north"]) == (("time",), Statement("Hai ngày."))
    assert (small.topics["hours"].local, small.procedures["birth"].local) == ("hours", ())


@pytest.mark.parametrize(
    "name, before, after, reason",
    [
        ("offices/north.yml", "hours: null\n", "", "'hours' is a required property"),
        ("offices/north.yml", "key: north", "key: south", "key 'south' differs from the file's name"),
        ("offices/north.yml", "confidence: low", "confidence: sure", "centres/1/confidence: 'sure' is not one of"),
        ("places/names.yml", "kind: district", "kind: planet", "old_names/0/kind: 'planet' is not one of"),
        ("places/names.yml", "former:", "formerly:", "provinces/0: "),
        ("places/names.yml", "no_places:", "noplaces:", "'noplaces' was unexpected"),
        ("places/names.yml", "ambiguous: [", "ambiguous: {", "not readable as YAML"),
    ],
)
def test_a_wrong_file_of_offices_or_places_is_refused_alone(folder, name, before, after, reason):
    folder.change(name, before, after)
    knowledge, refused = folder.load()
    assert list(refused) == [name]
    assert reason in refused[name]
    assert (bool(knowledge.offices), bool(knowledge.provinces)) == ("places" in name, "offices" in name)


def test_a_province_in_two_files_is_refused_with_the_second(folder):
    folder.write("places/twice.yml", (folder.path / "places/names.yml").read_text(encoding="utf-8"))
    knowledge, refused = folder.load()
    assert refused == {"places/twice.yml": "a province stands there twice, or in another file"}
    assert list(knowledge.provinces) == ["north"]


def test_several_wrong_files_are_refused_each_for_itself(folder):
    folder.change(BIRTH, "group:", "grup:")
    folder.change("topics/hours.yml", "https://", "http://")
    assert set(folder.load()[1]) == {BIRTH, "topics/hours.yml"}


@pytest.mark.parametrize(
    "day, said",
    [
        (date(2026, 11, 22), "50 nghìn đồng, đang giảm một nửa."),
        (NOTICE_ENDS, "50 nghìn đồng, đang giảm một nửa."),
        (date(2027, 1, 1), "Mức giảm đã hết, xem mức mới ở quầy."),
    ],
)
def test_what_is_said_of_a_fee_changes_after_its_last_day(small, day, said):
    assert small.procedures["licence"].aspects["fee"][0].on(day) == said


def test_an_ended_statement_without_words_for_afterwards_is_silent(small):
    note = small.procedures["licence"].aspects["notes"][0]
    assert (note.on(NOTICE_ENDS), note.on(date(2027, 1, 1))) == ("Ảnh chụp tại quầy.", None)


def test_a_statement_is_silent_before_its_first_day(small):
    fee = small.procedures["residence"].aspects["fee"][0]
    assert (fee.on(date(2026, 6, 30)), fee.on(date(2026, 7, 1))) == (None, "15 nghìn đồng.")


@pytest.mark.parametrize(
    "day, current",
    [(date(2026, 6, 30), False), (date(2026, 7, 1), True), (NOTICE_ENDS, True), (date(2027, 1, 1), False)],
)
def test_an_item_is_current_from_its_first_to_its_last_day(small, day, current):
    assert small.topics["notice"].provenance.is_current(day) is current
    assert small.topics["hours"].provenance.is_current(day)


def test_the_real_content_is_read_without_a_refusal(real_folder):
    knowledge, refusals = load_knowledge(real_folder)
    assert refusals == []
    assert len(knowledge.procedures) >= 25
    assert len(knowledge.procedures) == len(list((real_folder / "procedures").iterdir()))
    assert len(knowledge.topics) == len(list((real_folder / "topics").iterdir()))
    assert (len(knowledge.offices), len(knowledge.provinces)) == (5, 34)


def test_no_address_hour_or_number_that_is_not_verified_is_in_the_profiles(real):
    told = {key: [centre.place for centre in office.centres if centre.place] for key, office in real.offices.items()}
    assert {key for key, places in told.items() if places} == {"gia-lai"}
    assert [office.key for office in real.offices.values() if office.hours or office.hotline] == []


def rules_with(action):
    for path in (ROOT / "data" / "rules").glob("*.yml"):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            if {"action": action} in rule["steps"]:
                yield from (step["intent"] for step in rule["steps"] if "intent" in step)


def test_every_intent_that_a_topic_must_answer_has_exactly_one(real):
    answering = {
        intent: [key for key, topic in real.topics.items() if intent in topic.intents]
        for intent in rules_with("action_answer_topic")
    }
    assert len(answering) > 20
    assert {intent: keys for intent, keys in answering.items() if len(keys) != 1} == {}


def test_no_topic_claims_an_intent_that_the_bot_does_not_know(real):
    known = set(yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"])
    assert {intent for topic in real.topics.values() for intent in topic.intents} <= known
    assert set(real.labels) <= known


@pytest.mark.parametrize(
    "name, text",
    [
        ("intents.yml", "ask: ["),
        ("intents.yml", "- ask"),
        ("channels.yml", "- online"),
        ("unchecked.yml", "drum: {nam: Trống}"),
        ("thresholds.yml", "answer: 0.7"),
        ("national_wordings.jsonl", '{"code"'),
        ("wordings/birth.yml", "a: ["),
        ("wordings/birth.yml", "one text"),
        ("wordings/birth.yml", ""),
    ],
)
def test_a_part_of_another_shape_is_refused_alone(folder, name, text):
    (folder.path / "wordings").mkdir()
    folder.write("wordings/licence.yml", "- bằng lái hết hạn")
    folder.write(name, text)
    knowledge, refused = folder.load()
    assert name in refused
    assert "not of its shape" in refused[name]
    assert "licence" in knowledge.procedures
    assert knowledge.wordings == {"licence": ("bằng lái hết hạn",)}
