"""A bot whose database holds imported records: it answers from them, and the reviewed content comes first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.database import Database, open_database
from tests.conftest import Conversation, RunningBot, make_bot

pytestmark = pytest.mark.server


def record(code: str, name: str, **parts: object) -> dict[str, object]:
    """A raw answer of the portal in its own shape, made up for the test."""
    identity = f"00000000-0000-4000-8000-{code.replace('.', ''):0>12}"
    fixed = {"id": identity, "code": code, "name": name, "state": "ACTIVE", "type": "STANDARD"}
    return {**fixed, "updatedAt": 1780000000000, **parts}


STEP = {"name": "Bước 1", "description": "Nộp tờ khai."}
RECORDS = [
    record(
        "9.900001",
        "Cấp giấy phép nuôi chim yến trong khu dân cư",
        executionSteps=[{"name": "Bước 1", "description": "Nộp hồ sơ."}],
        executionMethods=[
            {
                "submissionMethod": "DIRECT",
                "processingTime": 12,
                "processingTimeUnit": "WORKING_DAY",
                "description": "",
                "fees": [{"type": "FEE", "value": 250000, "currencyName": "VND", "description": "250.000 đồng"}],
            }
        ],
        executionCases=[{"name": "", "profileComponents": [{"name": "Sơ đồ nhà yến", "originalQty": 1, "copyQty": 0}]}],
        unitGroupsExecuting=[{"name": "Ủy ban nhân dân cấp xã"}],
    ),
    record(
        "9.900002",
        "Thu hồi giấy phép nuôi chim yến trong khu dân cư",
        executionSteps=[{"name": "B1", "description": "Gửi đơn."}],
    ),
    record(
        "9.900003",
        "Xác nhận đàn ong mật di chuyển theo mùa hoa",
        updatedAt=None,
        executionSteps=[STEP],
        unitGroupsExecuting=[{"name": "Sở Nông nghiệp và Môi trường"}],
    ),
    record("1.001193", "Thủ tục đăng ký khai sinh", executionSteps=[{"name": "B1", "description": "Nộp tờ khai."}]),
]


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBot]:
    folder = tmp_path_factory.mktemp("imported")
    records = folder / "records"
    records.mkdir()
    for number, one in enumerate(RECORDS):
        (records / f"{number}.json").write_text(json.dumps(one, ensure_ascii=False), encoding="utf-8")
    running = make_bot(folder)
    running.motcua("import", "procedures", str(records))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def citizen(bot: RunningBot) -> Iterator[Conversation]:
    database: Database = open_database(bot.settings)
    yield Conversation(database)
    database.close()


def test_an_imported_procedure_is_answered_as_what_it_is(citizen: Conversation) -> None:
    answer = citizen.say("xin cấp giấy phép nuôi chim yến trong khu dân cư cần giấy tờ gì")
    assert (answer.log.outcome, answer.log.procedure) == ("answer", "9.900001")
    assert "Sơ đồ nhà yến" in citizen.text
    assert "chưa kiểm lại" in citizen.text
    assert "9.900001" in citizen.text


def test_a_follow_up_keeps_the_imported_procedure(citizen: Conversation) -> None:
    citizen.say("cap giay phep nuoi chim yen trong khu dan cu")
    fee = citizen.say("còn lệ phí?")
    assert fee.log.procedure == "9.900001"
    assert "250.000" in citizen.text


def test_what_the_record_does_not_say_is_said(citizen: Conversation) -> None:
    citizen.say("thu hồi giấy phép nuôi chim yến trong khu dân cư")
    assert citizen.say("mất bao nhiêu tiền").log.outcome == "handover"
    assert "không nói rõ" in citizen.text


def test_between_two_imported_procedures_both_are_offered(citizen: Conversation) -> None:
    answer = citizen.say("giấy phép chim yến thì làm thế nào")
    assert answer.log.outcome == "clarify"
    titles = [button.title for button in answer.replies[-1].buttons]
    assert sum("chim yến" in title for title in titles) == 2
    assert citizen.tap(next(title for title in titles if "Thu hồi" in title)).log.procedure == "9.900002"


def test_reviewed_content_comes_before_an_imported_record_of_its_code(citizen: Conversation) -> None:
    assert citizen.say("đăng ký khai sinh cần giấy tờ gì").log.procedure == "khai_sinh"
    assert citizen.say("thủ tục 1.001193 nộp ở đâu").log.procedure == "khai_sinh"


def test_an_imported_procedure_is_found_by_its_code(citizen: Conversation) -> None:
    assert citizen.say("thủ tục 9.900002 làm ở đâu").log.procedure == "9.900002"


def test_a_record_without_a_date_is_not_given_that_of_its_import(citizen: Conversation) -> None:
    answer = citizen.say("thủ tục 9.900003 làm ở đâu")
    assert (answer.log.outcome, answer.log.procedure) == ("answer", "9.900003")
    assert "không có ngày" in citizen.text


def test_the_command_names_an_imported_procedure_by_its_code(bot: RunningBot, tmp_path: Path) -> None:
    asked = tmp_path / "in.jsonl"
    asked.write_text(json.dumps({"id": 1, "text": "thủ tục 9.900002 làm ở đâu"}), encoding="utf-8")
    bot.motcua("ask", "--file", str(asked), "--out", str(tmp_path / "out.jsonl"))
    answer = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert (answer["id"], answer["procedure"]) == (1, {"key": "9.900002", "codes": ["9.900002"]})
