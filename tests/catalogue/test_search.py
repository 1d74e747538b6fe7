import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.catalogue.search import Match, ProcedureSearch, match_procedure, match_several, topic_words
from bot.text.normalise import fold


@pytest.fixture(scope="module")
def search(small):
    return ProcedureSearch(small.procedures.values())


@pytest.fixture(scope="module")
def real_search(real):
    return ProcedureSearch(real.names(), real.wordings, real.elsewhere())


def keys(procedures):
    return [procedure.key for procedure in procedures]


def sure_key(search, text):
    match = match_procedure(search, text)
    return match.sure.key if match.sure else keys(match.doubtful)


@pytest.mark.parametrize(
    "text, key",
    [
        ("1.900003", "residence"),
        ("thủ tục 1.900001 cần giấy tờ gì", "birth"),
        ("mã cũ 2.800001", "birth"),
        ("1.900003.000.00.00.H08", "residence"),
        ("làm theo 1.900004.Nộp ở đâu?", "licence"),
        ("1.900003 là gì, 1.900003 nộp đâu", "residence"),
        ("đăng ký khai sinh theo mã 1.900004", "licence"),
    ],
)
def test_a_code_names_its_procedure_whatever_else_is_said(search, text, key):
    assert sure_key(search, text) == key
    assert [hit.score for hit in search.find(text)] == [1.0]


def test_two_codes_are_a_doubt_between_their_procedures(search):
    match = match_procedure(search, "1.900003 hay 1.900004")
    assert match.sure is None
    assert keys(match.doubtful) == ["residence", "licence"]


@pytest.mark.parametrize(
    "text, key",
    [
        ("Đăng ký khai sinh", "birth"),
        ("em muốn làm giấy khai sinh thì cần giấy tờ gì ạ", "birth"),
        ("bằng lái hết hạn thì sao", "licence"),
        ("KT3 nộp ở đâu", "residence"),
        ("khai báo ở trọ mất bao lâu", "residence"),
        ("gplx hết hạn", "licence"),
    ],
)
def test_a_procedure_is_found_by_name_and_by_citizens_words_with_and_without_tones(search, text, key):
    assert sure_key(search, text) == key
    assert sure_key(search, fold(text)) == key
    assert sure_key(search, text.upper()) == key


def test_words_near_to_two_procedures_are_a_doubt_that_offers_both(search):
    match = match_procedure(search, "khai sinh hay bằng lái vậy")
    assert match.sure is None
    assert set(keys(match.doubtful)) >= {"birth", "licence"}


@pytest.mark.parametrize(
    "text", ["", "?", "😂", "cần giấy tờ gì", "bao nhiêu tiền vậy em", "nộp ở đâu", "1.999999", "xyzzy"]
)
def test_what_names_nothing_matches_nothing(search, text):
    assert match_procedure(search, text) == Match()


def test_only_words_that_may_name_a_subject_are_topic_words():
    assert topic_words("Cho em hỏi làm hộ chiếu hết bao nhiêu tiền ạ") == ["chieu"]
    assert topic_words("còn lệ phí thì bao nhiêu") == []


def test_hits_come_best_first_and_no_more_than_asked_for(search):
    hits = search.find("đăng ký khai sinh lại tạm trú")
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert len(hits) > 2
    assert search.find("đăng ký khai sinh lại tạm trú", limit=2) == hits[:2]


@settings(deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_is_searched_and_every_score_is_a_share(search, text):
    assert all(0 < hit.score <= 1.000001 for hit in search.find(text))


def test_every_real_procedure_is_sure_by_its_name_with_and_without_tones(real, real_search):
    missed = {
        name: sure_key(real_search, name)
        for procedure in real.procedures.values()
        for name in (procedure.name, fold(procedure.name))
        if sure_key(real_search, name) != procedure.key
    }
    assert missed == {}


def test_every_real_procedure_is_found_by_each_of_its_codes(real, real_search):
    coded = [(code, procedure) for procedure in real.procedures.values() for code in procedure.codes]
    assert len(coded) > 25
    assert [code for code, procedure in coded if real_search.find(code)[0].procedure is not procedure] == []


def test_the_words_of_citizens_lead_to_their_real_procedure(real, real_search):
    told = [(words, procedure) for procedure in real.procedures.values() for words in procedure.synonyms]
    first = [(real_search.find(words, limit=1) or [None])[0] for words, _ in told]
    right = sum(hit is not None and hit.procedure is owner for hit, (_, owner) in zip(first, told, strict=True))
    assert right / len(told) > 0.97


@pytest.mark.parametrize(
    "text, key",
    [
        ("đăng ký khai tử", "khai_tu"),
        ("khai bao tam vang", "tam_vang"),
        ("mất hộ chiếu thì làm sao", "mat_ho_chieu"),
        ("lam kt3", "tam_tru"),
    ],
)
def test_neighbours_are_told_apart_by_the_word_that_matters(real_search, text, key):
    assert sure_key(real_search, text) == key


@pytest.mark.parametrize("text", ["đăng ký", "muốn đăng ký thì làm sao", "đổi", "cấp lại", "khai báo"])
def test_a_verb_that_many_names_share_is_never_sure(real_search, text):
    assert match_procedure(real_search, text).sure is None


@pytest.mark.parametrize(
    "text, several",
    [
        ("làm giấy khai sinh và đăng ký tạm trú cần gì", ["khai_sinh", "tam_tru"]),
        ("đổi bằng lái với làm hộ chiếu ở đâu", ["gplx_doi", "ho_chieu"]),
        ("dang ky ket hon, lam giay xac nhan doc than", ["ket_hon", "tinh_trang_hon_nhan"]),
        ("làm hộ chiếu cần gì và mất bao lâu", None),
        ("kết hôn với người nước ngoài", None),
        ("Liên thông khai tử, xóa thường trú, mai táng phí", None),
        ("cần giấy gì và nộp ở đâu", None),
    ],
)
def test_procedures_named_one_after_the_other_are_found_in_order(real_search, text, several):
    found = keys(match_several(real_search, text))
    assert found == several if several else len(found) < 2


@pytest.mark.parametrize(
    "text, key",
    [
        ("bão cuốn mất hết giấy tờ xe máy, giờ xin lại ở đâu", "cap_lai_xe"),
        ("con gái lấy chồng bên Đức rồi, giấy kết hôn bên đó về đây có được công nhận không", "ghi_chu_ket_hon"),
        ("nha minh o tro, chu tro bat khai bao voi cong an thi lam sao", "tam_tru"),
    ],
)
def test_a_story_that_names_nothing_finds_its_procedure(real_search, text, key):
    assert key in [hit.procedure.key for hit in real_search.find(text, limit=5)]


@pytest.mark.parametrize(
    "text, key",
    [
        ("hộ chiếu làm mất bao lâu", "ho_chieu"),
        ("ho chieu lam mat bao lau", "ho_chieu"),
        ("mất hộ chiếu", "mat_ho_chieu"),
        ("khai sinh cần giấy gì", "khai_sinh"),
        ("đăng ký tạm trú mất bao nhiêu tiền", "tam_tru"),
    ],
)
def test_a_short_question_finds_the_procedure_it_names(real_search, text, key):
    assert sure_key(real_search, text) == key


@pytest.mark.parametrize("spelt", [str, fold], ids=["tones", "no tones"])
@pytest.mark.parametrize(
    "text, key",
    [
        ("khai sinh ở đâu", "khai_sinh"),
        ("làm khai sinh ở đâu", "khai_sinh"),
        ("làm khai sinh tại đâu", "khai_sinh"),
        ("làm giấy khai sinh ở đâu", "khai_sinh"),
        ("làm khai sinh cho con ở đâu vậy ạ", "khai_sinh"),
        ("đi làm khai sinh cho con ở chỗ nào", "khai_sinh"),
        ("kết hôn ở đâu", "ket_hon"),
        ("làm kết hôn ở đâu", "ket_hon"),
        ("đi làm giấy kết hôn ở chỗ nào", "ket_hon"),
        ("làm khai tử ở đâu", "khai_tu"),
        ("xin xác nhận độc thân ở đâu", "tinh_trang_hon_nhan"),
        ("làm khai sinh cho con có bố người nước ngoài ở đâu", "khai_sinh_nn"),
        ("đẻ ở nước ngoài về làm khai sinh ở đâu", "khai_sinh_nn"),
        ("làm kết hôn với người nước ngoài ở đâu", "ket_hon_nn"),
        ("cưới ở nước ngoài rồi, ghi chú kết hôn ở đâu", "ghi_chu_ket_hon"),
    ],
)
def test_asking_for_the_place_says_nothing_about_abroad(real_search, text, key, spelt):
    assert sure_key(real_search, spelt(text)) == key


@pytest.mark.parametrize("frame", ["làm {} ở đâu", "đi làm {} ở chỗ nào"])
def test_a_name_is_not_taken_for_another_because_the_place_is_asked(real, real_search, frame):
    named = [(procedure, name) for procedure in real.procedures.values() for name in procedure.synonyms]
    asked = [
        (procedure, frame.format(name)) for procedure, name in named if sure_key(real_search, name) == procedure.key
    ]
    wrong = [text for procedure, text in asked if match_procedure(real_search, text).sure not in (None, procedure)]
    assert len(asked) > 900
    assert wrong == []


@pytest.mark.parametrize("text, key", [("sang tên nhà ở đâu", "dat_sang_ten"), ("người có lương hưu", "luong_huu")])
def test_words_a_name_has_besides_its_subject_are_not_made_up(real_search, text, key):
    assert real_search.find(text)[0].procedure.key == key
