"""The same done to many complaints of a list."""

import pytest

from bot.complaints import casework, naming
from bot.complaints.lifecycle import ACCEPTED, ANSWERED
from bot.complaints.visibility import viewer_of
from bot.text.codes import new_receipt_code
from tests.console.conftest import EDITOR, HOA, JUSTICE, MINH, THU, text_of


@pytest.fixture
def centre(office):
    return office.centre


def ticked(centre, *codes):
    return [f"{code}:{centre.row(code).version}" for code in codes]


def test_many_are_assigned_at_once(office, centre):
    codes = [centre.file().code for _ in range(3)]
    browser = office.browser(MINH)
    page = browser.get("/phan-anh?hang=new").text
    assert all(f'value="{one}"' in page for one in ticked(centre, *codes))
    response = browser.post("/nhieu/giao", case=ticked(centre, *codes), assignee=THU, unit=JUSTICE)
    assert "Đã làm với 3 phản ánh" in text_of(response)
    assert {(centre.row(code).assignee, centre.row(code).unit) for code in codes} == {(THU, JUSTICE)}


def test_what_somebody_else_changed_meanwhile_is_told_and_the_rest_is_done(office, centre):
    first, second = centre.file().code, centre.file().code
    seen = ticked(centre, first, second)
    casework.assign(centre.database, first, MINH, assignee=HOA)
    response = office.browser(MINH).post("/nhieu/giao", case=seen, assignee=THU)
    assert "Đã làm với 1 phản ánh" in text_of(response)
    assert f"{first} : Vừa có người khác thay đổi" in text_of(response)
    assert (centre.row(first).assignee, centre.row(second).assignee) == (HOA, THU)


def test_many_are_merged_into_one(office, centre):
    into, *others = [centre.file_in(ACCEPTED) for _ in range(3)]
    fields = {"case": ticked(centre, into, *others), "into": into, "text": "Trùng với phản ánh trước của anh/chị."}
    assert "Đã làm với 2 phản ánh" in text_of(office.browser(MINH).post("/nhieu/gop", **fields))
    assert [centre.row(code).state for code in (into, *others)] == [ACCEPTED, ANSWERED, ANSWERED]


def test_the_words_of_a_merge_that_was_refused_are_not_lost(office, centre):
    into, first = centre.file_in(ACCEPTED), centre.file_in(ACCEPTED)
    seen = ticked(centre, first)
    casework.assign(centre.database, first, MINH, assignee=HOA)
    response = office.browser(MINH).post("/nhieu/gop", case=seen, into=into, text="Trùng với phản ánh trước.")
    assert "Trùng với phản ánh trước." in response.text
    assert "Dưới đây là bản mới nhất" not in text_of(response)
    assert centre.row(first).state == ACCEPTED


def test_a_number_in_the_words_of_a_merge_is_asked_about_once(office, centre):
    into, first = centre.file_in(ACCEPTED), centre.file_in(ACCEPTED)
    fields = {"case": ticked(centre, first), "into": into, "text": "trùng với phản ánh của 0912345678"}
    browser = office.browser(MINH)
    response = browser.post("/nhieu/gop", **fields)
    assert response.status_code == 422
    assert all(f'value="{value}"' in response.text for value in (*fields["case"], into, "yes"))
    assert centre.row(first).state == ACCEPTED
    assert "Đã làm với 1" in text_of(browser.post("/nhieu/gop", **fields, sure="yes"))


def test_what_is_hidden_is_told_like_what_does_not_exist(office, centre):
    hidden = centre.file(kind="attitude").code
    naming.confirm(centre.database, hidden, [HOA], viewer_of(office.desk.accounts.find(MINH)))
    unknown, browser = new_receipt_code(), office.browser(HOA)
    told = [
        text_of(browser.post("/nhieu/giao", case=f"{code}:1", assignee=HOA)).replace(code, "…")
        for code in (hidden, unknown)
    ]
    assert "Chưa làm được" in told[0]
    assert told[0] == told[1]
    assert centre.row(hidden).assignee is None


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"assignee": "Không Ai"},
        {"assignee": THU},
        {"case": ["", ":", "x:1", "PA-1:1", "PA-0000-0000-0001", "PA-0000-0000-0001:x"], "assignee": THU},
    ],
)
def test_nothing_ticked_or_nobody_chosen_changes_nothing(office, centre, fields):
    code = centre.file().code
    assert office.browser(MINH).post("/nhieu/giao", **fields).status_code in (200, 422)
    assert centre.row(code).assignee is None


def test_who_works_on_no_complaint_does_nothing_to_many(office, centre):
    code = centre.file().code
    assert office.browser(EDITOR).post("/nhieu/giao", case=ticked(centre, code), assignee=HOA).status_code == 403
