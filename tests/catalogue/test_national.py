"""The search over imported records, and both searches as one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.combined import CombinedSearch
from bot.catalogue.contrast import Contrast
from bot.catalogue.imported import ImportedName
from bot.catalogue.model import Name
from bot.catalogue.national import NationalSearch
from bot.catalogue.ranker import Ranker
from bot.catalogue.search import ProcedureSearch
from bot.catalogue.vectors import CHARACTERS, WORDS, Nearness, Vectors

TEXTS = ["cap lai the bao ve", "doi the bao ve", "cap phep mo quan karaoke", "thue ho ca nhan ban com"]


def record(code, name, kind="STANDARD", province="", steps=""):
    return ImportedName(
        key=f"{code}/{province}" if province else code,
        name=name,
        codes=(code,),
        fields=("An ninh",),
        publisher="Bộ Công an",
        province=province,
        type=kind,
        steps=steps,
    )


RECORDS = [
    record("1.000001", "Cấp lại giấy phép sử dụng pháo hiệu", steps="Nộp đơn ở công an tỉnh"),
    record("1.000002", "Cấp đổi giấy phép sử dụng pháo hiệu"),
    record("1.000003", "Cấp giấy phép nhập khẩu pháo hiệu cho tàu cá"),
    record("1.000004", "Đăng ký nuôi voi", "STANDARD_INTERNAL"),
    record("1.000005", "Đăng ký nuôi cá tầm"),
    record("1.000005", "Đăng ký nuôi cá tầm", "SPECIFIC", "Lâm Đồng"),
]
TOLD = {
    "1.000001": ("làm mất tờ phép bắn pháo hiệu, xin tờ khác",),
    "1.000002": ("phép pháo hiệu cũ mẫu xưa, đổi mẫu mới", "giấy pháo hiệu rách đổi tờ mới"),
}
REVIEWED = [
    Name("ca_tam", "Nuôi cá tầm thương phẩm", ("nuôi cá tầm",), ("1.000005",)),
    Name("vang_mon", "Giấy xác nhận vắng mặt", ("xin vắng mặt",)),
]
NATIONAL = NationalSearch(RECORDS, TOLD)
ELSEWHERE = [
    "xin cấp lại phép bắn pháo",
    "giấy phép hết hạn muốn gia hạn",
    "mất chứng chỉ lái máy ủi",
    "mở tiệm in ảnh",
]
COMBINED = CombinedSearch(ProcedureSearch(REVIEWED, None, ELSEWHERE), NATIONAL)


@pytest.mark.parametrize(
    "text, code",
    [
        ("mất giấy phép pháo hiệu xin cấp lại", "1.000001"),
        ("MAT GIAY PHEP PHAO HIEU XIN CAP LAI", "1.000001"),
        ("giấy phép pháo hiệu bị rách muốn đổi", "1.000002"),
        ("tàu cá muốn nhập khẩu pháo hiệu", "1.000003"),
    ],
)
def test_near_identical_records_are_told_apart(text, code):
    assert NATIONAL.find(text)[0].procedure.codes == (code,)


def test_internal_procedures_are_not_found_and_provinces_own_stand_behind_the_national_one():
    assert NATIONAL.find("đăng ký nuôi voi")[0].procedure.codes != ("1.000004",)
    found = NATIONAL.find("đăng ký nuôi cá tầm")
    assert [hit.procedure.province for hit in found if hit.procedure.codes == ("1.000005",)] == [""]


def test_what_nobody_wrote_about_is_found_by_nothing():
    assert NATIONAL.find("xyz qwerty") == []
    assert NATIONAL.match("xyz qwerty").doubtful == ()


def test_a_record_of_a_reviewed_procedure_is_that_procedure():
    hits = COMBINED.find("muốn nuôi cá tầm")
    assert hits[0].procedure.key == "ca_tam"
    assert len({hit.procedure.key for hit in hits}) == len(hits)
    assert all(0 <= hit.score <= 1 for hit in hits)


def test_both_kinds_are_found_by_one_search():
    assert COMBINED.find("mất giấy phép pháo hiệu xin cấp lại")[0].procedure.codes == ("1.000001",)
    assert COMBINED.find("cần giấy xác nhận vắng mặt")[0].procedure.key == "vang_mon"


def test_a_code_finds_its_procedure_alone():
    assert [hit.procedure.codes for hit in COMBINED.find("thủ tục 1.000003")] == [("1.000003",)]
    assert [hit.procedure.key for hit in COMBINED.find("1.000005 cần gì")] == ["ca_tam"]


def test_without_an_import_only_reviewed_procedures_are_found():
    alone = CombinedSearch(ProcedureSearch(REVIEWED), None)
    assert {hit.procedure.key for hit in alone.find("nuôi cá tầm")} <= {"ca_tam", "vang_mon"}


def test_a_message_about_something_else_is_near_to_nothing():
    own = {"a": ["giấy khai sinh cho con", "khai sinh"], "b": ["giấy kết hôn", "cưới vợ"]}
    alone = Ranker(own).rank("giấy phép bán pháo")
    aware = Ranker(own, ["giấy phép bán pháo hoa", "xin phép bắn pháo"]).rank("giấy phép bán pháo")
    assert alone.sum() == pytest.approx(1)
    assert len(aware) == 2
    assert aware.sum() < 0.5


@pytest.mark.parametrize(
    "records, found",
    [
        ([], []),
        ([record("1.000004", "Đăng ký nuôi voi", "STANDARD_INTERNAL")], []),
        ([record("1.000001", "Cấp lại giấy phép sử dụng pháo hiệu")], ["1.000001"]),
        ([record("1.000001", "Giấy phép pháo hiệu"), record("1.000002", "Đăng ký nuôi voi")], ["1.000001"]),
        ([record("1.000001", "!!!"), record("1.000002", "???")], []),
    ],
)
def test_an_import_of_hardly_anything_is_searched(records, found):
    small = NationalSearch(records, {})
    assert [hit.procedure.key for hit in small.find("giấy phép pháo hiệu")] == found
    match = small.match("giấy phép pháo hiệu")
    assert [name.key for name in (match.sure, *match.doubtful) if name] == found
    combined = CombinedSearch(ProcedureSearch(REVIEWED), small).find("giấy phép pháo hiệu")
    assert {hit.procedure.key for hit in combined} <= {"ca_tam", "vang_mon", *found}


def test_contrast_sees_what_distinguishes_two_alike():
    contrast = Contrast([[TEXTS[0], "mat the bao ve"], [TEXTS[1], "the bao ve het han"], [TEXTS[2]]])
    scores = contrast.score("the bao ve het han roi", np.array([0, 1]))
    assert scores[1] > scores[0]
    assert contrast.score("", np.array([0, 1, 2])).tolist() == [0, 0, 0]


@given(st.text(alphabet="abcdeghiklmnopqrstuvxy ", max_size=60))
def test_a_query_is_weighed_as_a_text_is(query):
    for kind in (WORDS, CHARACTERS):
        vectors = Vectors([*TEXTS, query or "x"], kind)
        columns, weights = vectors.weigh(query or "x")
        row = np.zeros(vectors.rows.shape[1])
        row[columns] = weights
        assert np.allclose(row, vectors.rows[-1].toarray()[0], atol=1e-5)


def test_nearness_is_a_cosine():
    near = Nearness(TEXTS).score(TEXTS[1])
    assert near[1] == pytest.approx(1, abs=1e-5)
    assert near[3] == 0
    assert near.argmax() == 1
