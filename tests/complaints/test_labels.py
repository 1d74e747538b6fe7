"""What staff read of a notice that did not arrive."""

import pytest

from bot.complaints.labels import why_undelivered


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("window_closed", "người dân chưa nhắn lại trong bảy ngày"),
        ("window_closed_template_sent", "người dân chưa nhắn lại trong bảy ngày; đã gửi tin mẫu báo cho người dân"),
        (
            "not_following_template_unsure",
            "người dân không theo dõi tài khoản; tin mẫu báo cho người dân có thể đã tới",
        ),
        ("night", "tin mẫu chỉ gửi được sau 6 giờ sáng"),
        ("not_logged_in", "chưa đăng nhập Zalo, quản trị cần xem"),
        ("error_404", "error_404"),
    ],
)
def test_why_a_notice_did_not_arrive_is_said_in_words(reason, said):
    assert why_undelivered(reason) == said
