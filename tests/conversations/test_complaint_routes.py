import re

import pytest

from bot.complaints.queries import find_status, list_complaints
from bot.database import Database
from tests.conftest import Conversation
from tests.factories import open_complaint

pytestmark = pytest.mark.server

CODE = re.compile(r"PA-\w{4}-\w{4}-\w{4}")
FORMAL = "tôi muốn khiếu nại quyết định xử phạt của UBND phường Bến Thủy vì trái luật"
BRIBE = "hôm qua cán bộ địa chính phường Trường Vinh gợi ý tiền rồi mới nhận hồ sơ của tôi"
PORTAL = "https://dichvucong.gov.vn/nop-phan-anh-kien-nghi"


def titles(citizen: Conversation) -> list[str]:
    assert citizen.last
    return [button.title for button in citizen.last.replies[-1].buttons]


def finish(citizen: Conversation) -> str:
    """Leave out all that is asked, and send."""
    for _ in range(8):
        shown = titles(citizen)
        skip = next((title for title in ("Gửi", "Bỏ qua", "Không để lại", "Gửi riêng") if title in shown), None)
        if skip is None:
            break
        citizen.tap(skip)
        if skip == "Gửi":
            found = CODE.search(citizen.text)
            assert found, citizen.text
            return found.group()
    raise AssertionError(citizen.text)


def test_a_formal_complaint_gets_the_ninety_days_before_anything_else(citizen: Conversation) -> None:
    citizen.say(FORMAL)
    assert "có vẻ là khiếu nại" in citizen.text
    for told in ("90 ngày", "không làm dừng hạn", "người đã ra quyết định", "02/2011/QH13", "21/11/2026"):
        assert told in citizen.text
    assert "Loại" not in citizen.last.replies[-1].text
    assert titles(citizen)[:2] == ["Vẫn gửi ghi nhận cho trung tâm", "Việc này chỉ là phản ánh"]


def test_a_bare_wish_for_a_formal_complaint_gets_the_ninety_days_too(citizen: Conversation) -> None:
    citizen.say("tôi muốn khiếu nại")
    assert "90 ngày" in citizen.text
    citizen.tap("Vẫn gửi ghi nhận cho trung tâm")
    assert "chuyện gì đã xảy ra" in citizen.text


def test_a_note_beside_a_formal_complaint_keeps_what_it_looked_like(
    citizen: Conversation, bot_database: Database
) -> None:
    citizen.say(FORMAL)
    citizen.tap("Vẫn gửi ghi nhận cho trung tâm")
    citizen.say("việc khác")
    told = open_complaint(bot_database, finish(citizen), "officer").told
    assert (told.route, told.office) == ("khieu_nai", "UBND phường Bến Thủy")


def test_the_citizen_may_say_that_it_is_only_feedback(citizen: Conversation, bot_database: Database) -> None:
    citizen.say("tôi khiếu nại thái độ cán bộ ở xã Cẩm Duệ quát mắng dân")
    citizen.tap("Việc này chỉ là phản ánh")
    told = open_complaint(bot_database, finish(citizen), "officer").told
    assert (told.route, told.kind) == ("phan_anh", "attitude")


def test_a_denunciation_is_warned_of_before_sending_and_goes_to_named_readers(
    citizen: Conversation, bot_database: Database
) -> None:
    citizen.say(BRIBE)
    assert "có vẻ là tố cáo" in citizen.text
    assert "không có sự bảo vệ mà luật dành cho người tố cáo" in citizen.text
    assert "cơ quan có thẩm quyền" in citizen.text
    citizen.tap("Vẫn gửi, chỉ người được chỉ định đọc")
    code = finish(citizen)
    assert code not in [one.code for one in list_complaints(bot_database)]
    told = open_complaint(bot_database, code, "reader").told
    assert (told.route, told.kind) == ("to_cao", "bribery")
    assert told.happened.startswith("hôm qua (")


def test_whoever_goes_to_the_proper_place_leaves_nothing_here(citizen: Conversation, bot_database: Database) -> None:
    before = len(list_complaints(bot_database))
    citizen.say(BRIBE)
    citizen.tap("Thôi, tôi đến nơi có thẩm quyền")
    assert "không lưu phản ánh nào" in citizen.text
    assert len(list_complaints(bot_database)) == before


def test_choosing_the_kind_of_bribery_warns_too(citizen: Conversation) -> None:
    citizen.say("tôi muốn phản ánh")
    citizen.say("chuyện ở quầy hôm trước làm tôi thấy rất bực mình")
    citizen.tap("Gợi ý quà, tiền; gây khó khăn")
    assert "có vẻ là tố cáo" in citizen.text


def test_telling_more_instead_of_choosing_is_kept_and_asked_again(
    citizen: Conversation, bot_database: Database
) -> None:
    citizen.say(BRIBE)
    more = "anh ấy nói phải có ba triệu thì mới làm nhanh được"
    citizen.say(more)
    assert "Vẫn gửi, chỉ người được chỉ định đọc" in titles(citizen)
    citizen.tap("Vẫn gửi, chỉ người được chỉ định đọc")
    opened = open_complaint(bot_database, finish(citizen), "reader")
    assert [text for _, text, _ in opened.words][:2] == [BRIBE, more]
    assert more in opened.told.description


def test_more_about_the_way_is_told_and_the_choice_comes_again(citizen: Conversation) -> None:
    citizen.say(FORMAL)
    citizen.tap("Khiếu nại, tố cáo được giải quyết thế nào, bao lâu")
    assert "khiếu nại lần hai" in citizen.last.replies[0].text
    assert "Vẫn gửi ghi nhận cho trung tâm" in titles(citizen)


def test_plain_feedback_is_told_what_it_is_without_a_further_turn(citizen: Conversation) -> None:
    citizen.say("cán bộ một cửa phường Bến Thủy hách dịch, quát nạt người già hôm qua")
    assert "có vẻ là phản ánh" in citizen.text
    assert PORTAL in citizen.text
    assert "20/2008/NĐ-CP" in citizen.text
    assert "Việc liên quan tới ai" in citizen.last.replies[-1].text


def test_a_matter_between_private_people_is_said_to_be_none_of_the_centre(citizen: Conversation) -> None:
    citizen.say("tôi muốn phản ánh cửa hàng bán hàng lỗi mà không cho đổi trả")
    assert "việc ngoài cơ quan hành chính" in citizen.text
    assert titles(citizen)[0] == "Có liên quan cơ quan hành chính, ghi phản ánh"


def test_danger_gets_the_numbers_before_the_form(citizen: Conversation) -> None:
    citizen.say("tôi muốn phản ánh có người cầm dao hành hung cán bộ ở quầy một cửa")
    assert "113" in citizen.last.replies[-1].text


def test_what_is_no_longer_dangerous_may_still_be_a_denunciation(citizen: Conversation, bot_database: Database) -> None:
    citizen.say("tôi muốn phản ánh")
    citizen.say("tôi bị hành hung ở quầy vì không đưa phong bì cho cán bộ xã Cẩm Duệ")
    citizen.tap("Không còn nguy hiểm, ghi phản ánh")
    assert "không có sự bảo vệ mà luật dành cho người tố cáo" in citizen.text
    citizen.tap("Vẫn gửi, chỉ người được chỉ định đọc")
    citizen.say("việc khác")
    code = finish(citizen)
    assert code not in [one.code for one in list_complaints(bot_database)]
    assert open_complaint(bot_database, code, "reader").told.route == "to_cao"


def test_choosing_the_kind_of_bribery_after_danger_warns_too(citizen: Conversation) -> None:
    citizen.say("tôi muốn phản ánh")
    citizen.say("chuyện ở quầy hôm trước, tôi bị dọa giết mà không ai can")
    citizen.tap("Không còn nguy hiểm, ghi phản ánh")
    citizen.tap("Gợi ý quà, tiền; gây khó khăn")
    assert "có vẻ là tố cáo" in citizen.text


def test_a_suggestion_is_a_kien_nghi(citizen: Conversation, bot_database: Database) -> None:
    citizen.say("tôi góp ý trung tâm nên mở thêm quầy vào sáng thứ bảy cho người đi làm")
    assert "có vẻ là kiến nghị" in citizen.text
    assert find_status(bot_database, finish(citizen))
    assert list_complaints(bot_database)[-1].route == "kien_nghi"


def test_praise_goes_its_own_way(citizen: Conversation, bot_database: Database) -> None:
    citizen.say("tôi muốn khen chị Hoa ở quầy số 2 phường Bến Thủy rất tận tình chu đáo")
    assert "có vẻ là lời khen" in citizen.text
    told = open_complaint(bot_database, finish(citizen), "officer").told
    assert (told.route, told.office, told.person) == ("khen", "quầy số 2 phường Bến Thủy", "chị Hoa")


@pytest.mark.parametrize(
    "text",
    [
        "mẹ kiếp làm ăn như cứt, hồ sơ nộp hai tháng rồi chưa trả kết quả",
        "ĐM CÁN BỘ PHƯỜNG QUÁT THÁO DÂN NHƯ CON",
    ],
)
def test_swearing_around_a_real_complaint_is_no_obstacle(citizen: Conversation, text) -> None:
    citizen.say(text)
    assert "có vẻ là phản ánh" in citizen.text


def test_the_kind_that_was_understood_can_be_changed_at_once(citizen: Conversation) -> None:
    citizen.say("Cán bộ ở phường bắt tôi đi lại 3 lần")
    citizen.tap("Đổi loại")
    assert "thuộc loại nào" in citizen.text
    citizen.tap("Đòi thêm giấy tờ, sai hồ sơ")
    assert "Ở cơ quan, quầy nào" in citizen.text
