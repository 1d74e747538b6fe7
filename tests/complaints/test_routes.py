from datetime import date

import pytest

from bot.catalogue.loader import load_knowledge
from bot.complaints.kinds import clear_kind, load_kinds
from bot.complaints.routes import guess_route, load_routes
from bot.settings import ROOT
from bot.text.normalise import fold

ROUTES = load_routes(ROOT / "knowledge")
KINDS = load_kinds(ROOT / "knowledge")


def route_of(text: str) -> str:
    return guess_route(ROUTES, text, clear_kind(KINDS, text)).key


def test_every_route_says_why_and_what_it_means_with_its_source() -> None:
    for route in ROUTES.values():
        assert route.why
        assert route.means
        assert route.basis
        assert date(2026, 1, 1) <= route.checked_on <= date.today()
        assert "\n\n" not in route.means


def test_every_route_that_asks_may_be_gone_on_with_and_left() -> None:
    asking = [route for route in ROUTES.values() if route.asks]
    assert all({"go_on", "cancel"} <= set(route.choices) for route in asking)
    assert len(asking) == 6


def test_routes_lead_to_kinds_topics_and_routes_that_there_are() -> None:
    topics = load_knowledge(ROOT / "knowledge")[0].topics
    assert {kind.route for kind in KINDS.values()} <= set(ROUTES)
    for route in ROUTES.values():
        assert set(route.topics) <= set(topics)
        assert set(route.kinds) <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("tôi không đồng ý với quyết định xử phạt", "khieu_nai"),
        ("tôi khiếu nại thái độ cán bộ", "khieu_nai"),
        ("cán bộ đòi phong bì mới nhận hồ sơ", "to_cao"),
        ("tôi tố cáo ông trưởng phòng", "to_cao"),
        ("đang có người cầm dao ở quầy", "urgent"),
        ("vừa bị cướp giật ngay trước cổng ủy ban", "urgent"),
        ("có người định tự tử ở trụ sở", "urgent"),
        ("tôi bị lừa đảo chuyển 20 triệu cho người giả danh công an", "crime"),
        ("để xe ở trụ sở thì bị trộm mất", "crime"),
        ("cán bộ nhận hối lộ rồi lừa đảo dân", "to_cao"),
        ("bị lừa đi lại nhiều lần, cán bộ hẹn rồi không có mặt", "phan_anh"),
        ("cửa hàng bán hàng lỗi không cho đổi", "not_ours"),
        ("cổng dịch vụ công báo lỗi khi thanh toán", "phan_anh"),
        ("trễ hẹn hai tuần chưa trả kết quả", "phan_anh"),
        ("quy định này chồng chéo, bất cập", "kien_nghi"),
        ("chị ấy rất tận tình", "khen"),
        ("cho hỏi giấy này làm thế nào?", "question"),
        ("đây không phải khiếu nại, chỉ là cán bộ quát tháo", "phan_anh"),
        ("xe đang chạy thì bị cán bộ quát", "phan_anh"),
    ],
)
def test_the_words_show_the_way_with_tones_or_without(text, route) -> None:
    assert route_of(text) == route
    if "đang chạy" not in text:
        assert route_of(fold(text)) == route
