"""Forms about models: a training is asked for, a model goes live and back, and what is refused says why."""

import pytest
from sqlalchemy import select

from bot.accounts import audit
from bot.console.model_words import why_not
from bot.database import now
from bot.training import ledger, plans, shadow
from bot.training.model import CANDIDATE, FORMER, LIVE, REFUSED, ModelPlan
from tests.console.conftest import HOA, KEEPER, text_of
from tests.training.models import make_model, pass_gate, state_of


@pytest.fixture
def models(office, tmp_path):
    """With one live model and one that waits."""
    folder = tmp_path / "models"
    folder.mkdir()
    make_model(office.centre.database, folder, "motcua-a", LIVE)
    make_model(office.centre.database, folder, "motcua-b", CANDIDATE)
    return office.centre.database


def last_act(database):
    entry = audit.list_entries(database)[0]
    return entry.by, entry.act, entry.subject, entry.detail


def test_a_training_is_asked_for_once_however_often_the_button_is_pressed(office, models):
    browser = office.browser(KEEPER)
    for _ in range(2):
        assert browser.post("/mo-hinh/huan-luyen").headers["location"] == "/can-bo/mo-hinh?xong=huan-luyen"
    with models.reading() as session:
        rows = session.execute(select(ModelPlan)).scalars().all()
    assert [(row.by, row.quiet, row.ended_at) for row in rows] == [(KEEPER, False, None)]
    assert last_act(models) == (KEEPER, "model.train", "", "")
    assert "Sắp huấn luyện trong giây lát" in text_of(browser.get("/mo-hinh"))


def test_what_the_last_training_came_to_is_seen_though_it_made_no_row(office, models):
    browser = office.browser(KEEPER)
    browser.post("/mo-hinh/huan-luyen")
    with models.transaction() as session:
        plans.end(plans.waiting(session)[0], "Error: The training data is not in order; nothing was trained.")
    assert "The training data is not in order; nothing was trained." in text_of(browser.get("/mo-hinh"))


def test_what_was_taken_back_and_what_reads_along_is_seen(office, models):
    with models.transaction() as session:
        ledger.mark_dropped(session, ["xin chào"])
        seen = shadow.Shadow()
        seen.add(7, [("ask_forms", "ask_hotline"), ("greet", "greet")])
        shadow.begin(session, "2")
        shadow.keep(session, 2, seen)
    browser = office.browser(KEEPER)
    listed = text_of(browser.get("/mo-hinh"))
    assert "1 câu đã bị rút lại" in listed
    assert "Sắp huấn luyện trong đêm nay" in listed
    assert "2 tin của người dân, hiểu khác mô hình đang dùng 1 tin" in text_of(browser.get("/mo-hinh/2"))


def test_what_the_gate_passed_goes_live_and_back_with_its_reason(office, models):
    pass_gate(models, 2, beside=1)
    browser = office.browser(KEEPER)
    assert browser.post("/mo-hinh/2/dua-len").headers["location"] == "/can-bo/mo-hinh?xong=dua-len"
    assert [state_of(models, number)[0] for number in (1, 2)] == [FORMER, LIVE]
    browser.post("/mo-hinh/quay-lai", reason="trả lời sai về khai sinh")
    assert [state_of(models, number) for number in (1, 2)] == [(LIVE, "trả lời sai về khai sinh"), (REFUSED, None)]
    assert last_act(models) == (KEEPER, "model.back", "1", "trả lời sai về khai sinh")


def test_what_the_gate_has_not_passed_goes_live_only_with_a_reason(office, models):
    browser = office.browser(KEEPER)
    refused = browser.post("/mo-hinh/2/dua-len", reason="  ")
    assert refused.status_code == 422
    assert "Mô hình 2 chưa được so sánh với mô hình đang dùng." in text_of(refused)
    assert state_of(models, 2)[0] == CANDIDATE
    assert browser.post("/mo-hinh/2/dua-len", reason="đã thử tay").status_code == 303
    assert state_of(models, 2) == (LIVE, "đã thử tay")


def test_what_stands_against_an_act_is_said_in_vietnamese(office, models, tmp_path):
    browser = office.browser(KEEPER)
    assert "Mô hình 1 đang được dùng rồi." in text_of(browser.post("/mo-hinh/1/dua-len", reason="x"))
    (tmp_path / "models" / "motcua-b.tar.gz").write_bytes(b"")
    refused = text_of(browser.post("/mo-hinh/2/dua-len", reason="x"))
    assert "Không nạp mô hình 2: tệp của nó đã bị sửa hoặc không còn." in refused
    make_model(models, tmp_path / "models", "motcua-c", CANDIDATE, version="0" * 64)
    assert "phiên bản khác" in text_of(browser.post("/mo-hinh/3/dua-len", reason="x"))
    make_model(models, tmp_path / "models", "motcua-d", REFUSED)
    assert "Cổng kiểm tra đã từ chối mô hình 4." in text_of(browser.post("/mo-hinh/4/dua-len"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Rasa did not answer while it loaded a.tar.gz (ConnectError).", "Trợ lý không nạp được"),
        ("Something else.", "Chưa làm được; không có gì thay đổi. Báo người vận hành: Something else."),
    ],
)
def test_what_is_not_known_is_left_as_it_is(said, told):
    assert why_not(said).startswith(told)


def test_without_a_reason_or_a_model_before_nothing_goes_back(office, models):
    browser = office.browser(KEEPER)
    assert "Cần ghi lý do" in text_of(browser.post("/mo-hinh/quay-lai"))
    refused = browser.post("/mo-hinh/quay-lai", reason="lỗi <b> nặng")
    assert (refused.status_code, "Không có mô hình nào trước đó" in refused.text) == (422, True)
    assert [state_of(office.centre.database, number)[0] for number in (1, 2)] == [LIVE, CANDIDATE]


@pytest.mark.parametrize("path", ["/mo-hinh/huan-luyen", "/mo-hinh/quay-lai", "/mo-hinh/2/dua-len"])
def test_only_maintainers_may(office, models, path):
    assert office.browser(HOA).post(path, reason="x").status_code == 403
    assert state_of(models, 2)[0] == CANDIDATE


@pytest.mark.parametrize(("model", "status"), [("x", 404), ("99", 404), ("9" * 40, 404)])
def test_a_model_that_does_not_exist_is_no_model(office, models, model, status):
    assert office.browser(KEEPER).post(f"/mo-hinh/{model}/dua-len", reason="x").status_code == status


def test_one_with_sentences_taken_back_asks_for_a_reason(office, models):
    pass_gate(models, 2, beside=1)
    with models.transaction() as session:
        row = ledger.find(session, "2")
        row.dropped, row.dropped_at = 1, now()
    browser = office.browser(KEEPER)
    assert "Vì sao vẫn đưa lên dù có câu đã bị rút lại" in text_of(browser.get("/mo-hinh/2"))
    assert browser.post("/mo-hinh/2/dua-len").status_code == 422
    assert state_of(models, 2)[0] == CANDIDATE
