import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.glued import read_channels, read_papers
from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Paper
from tests.catalogue.importing.samples import (
    CHANNELS,
    CODE,
    NAME,
    OTHER_CODE,
    PAPERS,
    UUID,
    flat,
    page,
    read,
    record_of,
)


def channels_of(cells, steps=""):
    notes = Notes()
    found = read_channels(CHANNELS + cells, steps, notes)
    return [(one.method, one.time, one.note) for one in found], {rule for rule, _ in notes}


def papers_of(text):
    return list(read_papers(text, Notes()))


def test_a_page_is_read_as_a_whole():
    record = record_of(flat())
    assert (record.code, record.name, record.uuid, record.decision) == (CODE, NAME, UUID, "34/QĐ-BT")
    assert (record.levels, record.fields, record.agencies) == (("ward",), ("Nhạc cụ",), ("Nhà văn hóa xã",))
    assert [step.text for step in record.steps] == ["Nộp đơn."]
    assert record.channels[0].quantity == 5
    assert record.papers == (Paper("Đơn mượn trống", "", 1, 0),)
    assert [law.code for law in record.laws] == ["12/2025/NĐ-CP"]
    assert record.results == ("Giấy phép mượn trống",)


def test_staff_is_one_kind_of_person_although_it_has_commas():
    assert record_of(flat()).subjects == ("Công dân Việt Nam", "Cán bộ, công chức, viên chức")


def test_glued_channels_are_split_at_their_labels():
    online = "Trực tuyến7 Ngày làm việc10,000 Việt Nam Đồng(lượt)Nộp trên cổng"
    others = "Dịch vụ bưu chính5 NgàyMiễn phíTrực tiếp1 GiờKhông có thông tin"
    assert channels_of(online + others)[0] == [
        ("ONLINE", "7 ngày làm việc", "Nộp trên cổng"),
        ("POSTAL", "5 ngày", ""),
        ("DIRECT", "1 giờ", ""),
    ]


def test_a_label_inside_a_description_splits_nothing():
    cells = "Trực tiếp3 NgàyMiễn phíTrực tiếp nộp tại xã, Trực tuyến: nộp trên cổng. Trực tiếp, qua bưu chính."
    assert [(method, time) for method, time, _ in channels_of(cells)[0]] == [("DIRECT", "3 ngày")]


def test_bare_units_are_no_time():
    assert channels_of("Trực tuyến1Miễn phíTrực tiếp5Không có thông tin") == (
        [("ONLINE", "", ""), ("DIRECT", "", "")],
        {"bare_time"},
    )


def test_a_bare_1_is_the_same_day_when_the_steps_say_so():
    assert channels_of("Trực tuyến1Miễn phí", steps="Trả kết quả trong ngày.")[0] == [("ONLINE", "trong ngày", "")]


@pytest.mark.parametrize("glued", ["125 VNĐ", "120,000 VNĐ", "1100,000 VNĐ", "125 VNĐ(mỗi tờ)"])
def test_time_and_fee_glued_into_one_number_are_neither(glued):
    found = read_channels(f"{CHANNELS}Trực tuyến{glued}", "", notes := Notes())
    assert (found[0].time, found[0].quantity, found[0].fees[0].value) == ("", None, None)
    assert [rule for rule, _ in notes] == ["glued_number"]


def test_a_sentence_in_place_of_a_time_is_kept():
    assert channels_of("Trực tuyếnKhông phải trả kết quảMiễn phíQua cổng")[0] == [
        ("ONLINE", "Không phải trả kết quả", "Qua cổng")
    ]


def test_a_table_that_can_not_be_taken_apart_is_noted():
    assert channels_of("Nộp ở đâu cũng được") == ([], {"channels_unread"})


def test_glued_papers_are_split_at_their_numbers():
    text = f"--{PAPERS}Đơn mượn1 bản chínhBản sao thẻ0 bản chính,2 bản saoẢnh0 bản chính"
    assert papers_of(text) == [
        Paper("Đơn mượn", "", 1, 0),
        Paper("Bản sao thẻ", "", 0, 2),
        Paper("Ảnh"),
    ]


def test_a_number_in_a_papers_own_words_does_not_end_it():
    text = f"--{PAPERS}Hợp đồng: 01 bản chính, 02 bản sao kèm theo1 bản chính"
    assert papers_of(text) == [Paper("Hợp đồng: 01 bản chính, 02 bản sao kèm theo", "", 1, 0)]


def test_a_year_before_the_number_stays_with_the_paper():
    assert papers_of(f"--{PAPERS}Mẫu theo Nghị định ngày 30/01/20201 bản chính")[0].name.endswith("30/01/2020")


def test_papers_of_several_cases_keep_their_case():
    text = f"Người lớn:{PAPERS}Đơn1 bản chínhTrẻ em:{PAPERS}Đơn của cha mẹ1 bản chính"
    assert [(paper.group, paper.name) for paper in papers_of(text)] == [
        ("Người lớn:", "Đơn"),
        ("Trẻ em:", "Đơn của cha mẹ"),
    ]


def test_the_name_of_a_form_is_told_from_the_paper():
    assert papers_of(f"--{PAPERS}Đơn (mẫu 01).Mau so 01.docx1 bản chính") == [
        Paper("Đơn (mẫu 01).", "", 1, 0, ("Mau so 01.docx",))
    ]


def test_no_papers_are_no_papers():
    assert papers_of("--") == []


def test_social_insurance_papers_come_from_the_whole_text():
    steps = "Lập hồ sơ (theo mục Thành phần hồ sơ); nộp tại cơ quan."
    record = record_of(flat(raw_text=page(steps=steps, papers=f"1. Trường hợp ốm{PAPERS}Giấy ra viện1 bản chính")))
    assert [paper.name for paper in record.papers] == ["Giấy ra viện"]
    assert [step.text for step in record.steps] == [steps]


def test_interface_text_behind_the_keywords_is_left_out():
    record = record_of(flat(raw_text=page(keywords="mượn trống", note="Chỉ mượn trong hội làng.")))
    assert record.results == ("Giấy phép mượn trống",)
    assert (record.keywords, record.note) == (("mượn trống",), "Chỉ mượn trong hội làng.")


def test_a_trail_of_the_menu_is_no_keyword():
    assert record_of(flat(raw_text=page(keywords="CSDL»Bộ Trống»Nhạc cụ, mượn trống"))).keywords == ("mượn trống",)


def test_a_whole_name_among_the_keywords_is_not_cut_at_its_commas():
    name = "Đăng ký mượn trống làng và chiêng trong ngày hội, trả trống, báo trống hỏng"
    assert record_of(flat(raw_text=page(keywords=name))).keywords == (name,)


def test_results_are_told_apart_by_their_codes():
    results = "Kết quả xử lýGiấy phépMã: KQ.G99.0000012 bản thông báoMã: 000.00.00.G99-KQ.12Xin lỗiMã: Test_P001"
    found = read(flat(raw_text=page(results=results)))
    assert found.record.results == ("Giấy phép", "2 bản thông báo")
    assert [rule for rule, _ in found.notes] == ["test_result"]


def test_a_page_without_results_is_read():
    assert record_of(flat(raw_text=page(results="", requirements="Biết gõ."))).requirements == "Biết gõ."


def test_a_page_of_another_procedure_is_refused():
    assert read(flat(raw_text=page(code=OTHER_CODE))).refusal == f"its code is {CODE}, its text that of {OTHER_CODE}"


def test_without_the_whole_text_the_collectors_fields_are_taken():
    fields = {"thanh_phan_ho_so": f"--{PAPERS}Đơn1 bản chính", "ket_qua_xu_ly": "Giấy phépTừ khóatrốngMô tảNộp hồ sơ"}
    found = read(flat(raw_text="", **fields))
    assert (found.record.papers, found.record.results) == ((Paper("Đơn", "", 1, 0),), ("Giấy phép",))
    assert (found.record.keywords, found.record.note) == (("trống",), "")
    assert "page_uncut" in {rule for rule, _ in found.notes}


WORDS = ["Trực tuyến", "Trực tiếp", "Dịch vụ bưu chính", "5 Ngày làm việc", "1", "Miễn phí", "Không có thông tin"]
SIGNS = ["700 VNĐ", "20,000 Việt Nam Đồng", "(", ")", "chờ ", PAPERS, "1 bản chính", "1 bản sao", "Đơn", "\n"]
HEADINGS = ["Trình Tự Thực Hiện", "Cách Thức Thực Hiện", "Thành phần hồ sơ", "Căn cứ pháp lýKhông có thông tin"]
MORE_HEADINGS = ["Cơ quan thực hiện", "Yêu cầu, điều kiện thực hiện", "Kết quả xử lý", "Từ khóa", "Mô tả", "x"]


@given(st.lists(st.sampled_from([*HEADINGS, *MORE_HEADINGS]), max_size=30).map("".join))
def test_a_page_with_any_headings_is_read(raw_text):
    assert record_of(flat(raw_text=raw_text)).name == NAME


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "again", ["Căn cứ pháp lýKhông có thông tin", "Từ khóa", "Trực tiếp", "1 bản chính", "12/2025/"]
)
def test_a_page_that_repeats_itself_takes_no_long_time(again):
    many = again * (300_000 // len(again.encode()))
    assert record_of(flat(raw_text=page(papers=many, laws=many, channels=many))).code == CODE


CELLS = st.lists(st.sampled_from([*WORDS, *SIGNS]), max_size=25).map("".join)


@given(CELLS)
def test_any_table_of_channels_is_read_and_keeps_its_order(cells):
    for channel in read_channels(cells, "", Notes()):
        assert channel.method in ("ONLINE", "POSTAL", "DIRECT")
        assert channel.note in cells


@given(CELLS)
def test_any_table_of_papers_is_read_and_no_paper_is_nameless(cells):
    for paper in read_papers(cells, Notes()):
        assert paper.name.strip()
        assert PAPERS not in paper.name
