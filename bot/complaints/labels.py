"""What staff read instead of keys: questions, acts and states of notices; the same on pages and in commands."""

from __future__ import annotations

import re

from bot.complaints.lifecycle import CITIZEN, END_REASONS, STATE_LABELS, SYSTEM

ERASED = "(đã xóa theo yêu cầu)"
DELIVERY = {
    "pending": "chưa tới",
    "claimed": "đang gửi",
    "held": "chờ người dân nhắn lại",
    "unread": "lâu rồi chưa đọc",
    "delivered": "đã tới",
    "failed": "không gửi được",
}
# Why a notice did not arrive, by the reason in the outbox.
_UNDELIVERED = {
    "window_closed": "người dân chưa nhắn lại trong bảy ngày",
    "paid_window": "quá 48 giờ người dân chưa nhắn lại, nhắn tiếp có thể mất phí",
    "not_following": "người dân không theo dõi tài khoản",
    "restricted_by_user": "người dân không nhận tin của tài khoản",
    "banned_or_inactive": "tài khoản Zalo của người dân bị khóa hoặc lâu không dùng",
    "receiver_out_of_quota": "người dân đã nhận đủ số tin được phép",
    "blocked_invitation": "người dân đã chặn lời mời của tài khoản",
    "blocked": "người dân đã chặn",
    "left": "người dân đã rời cuộc trò chuyện",
    "gone": "không còn nhắn được cho người dân ở đây",
    "withdrawn": "người dân đã rút đồng ý",
    "deactivated": "người dân đã xóa tài khoản",
    "not_started": "người dân chưa bắt đầu trò chuyện với bot",
    "kicked": "bot đã bị đưa ra khỏi cuộc trò chuyện",
    "no_chat": "không thấy cuộc trò chuyện với người dân",
    "no_rights": "bot không được nhắn trong cuộc trò chuyện này",
    "moved": "cuộc trò chuyện đã chuyển đi nơi khác",
    "forbidden": "kênh nhắn không cho gửi tới người dân",
    "never_heard": "chờ đã lâu mà người dân không nhắn lại",
    "night": "tin mẫu chỉ gửi được sau 6 giờ sáng",
    "too_many": "đang gửi quá nhiều, sẽ gửi lại",
    "too_many_calls": "đang gửi quá nhiều, sẽ gửi lại",
    "crowded": "đang có nhiều tệp phải gửi, sẽ gửi lại",
    "stopped": "chương trình dừng giữa chừng, sẽ gửi lại",
    "interrupted": "chương trình dừng giữa chừng, sẽ gửi lại",
    "unreachable": "không kết nối được với kênh nhắn",
    "network": "không kết nối được với kênh nhắn",
    "timeout": "kênh nhắn không trả lời, tin có thể đã tới",
    "no_answer": "kênh nhắn không trả lời, tin có thể đã tới",
    "send_failed": "Zalo báo gửi không được",
    "against_standards": "Zalo cho rằng tin không đúng quy định của họ",
    "attachment_expired": "tệp gửi lên Zalo đã hết hạn",
    "too_long": "tin dài quá mức kênh nhắn nhận",
    "empty": "tin không có nội dung",
    # What an administrator has to look after.
    "out_of_quota": "tài khoản đã hết lượt nhắn",
    "out_of_money": "tài khoản Zalo Cloud đã hết tiền, quản trị cần xem",
    "no_cloud_account": "chưa có tài khoản Zalo Cloud để trả phí, quản trị cần xem",
    "package_too_small": "gói dịch vụ của tài khoản Zalo chưa đủ, quản trị cần xem",
    "account_not_verified": "tài khoản Zalo chưa xác thực, quản trị cần xem",
    "account_disabled": "tài khoản Zalo của trung tâm bị khóa, quản trị cần xem",
    "account_unknown": "Zalo không thấy tài khoản của trung tâm, quản trị cần xem",
    "wrong_kind_of_account": "loại tài khoản Zalo này không gửi được tin, quản trị cần xem",
    "app_not_activated": "ứng dụng Zalo chưa được kích hoạt, quản trị cần xem",
    "app_removed": "ứng dụng Zalo bị gỡ hoặc bị khóa, quản trị cần xem",
    "api_not_registered": "ứng dụng Zalo chưa đăng ký quyền gửi tin, quản trị cần xem",
    "api_not_authorised": "tài khoản Zalo chưa cho ứng dụng gửi tin, quản trị cần xem",
    "api_shut_down": "Zalo đã bỏ cách gửi này, quản trị cần xem",
    "wrong_proof": "Zalo cần thêm chứng thực của ứng dụng, quản trị cần xem",
    "not_logged_in": "chưa đăng nhập Zalo, quản trị cần xem",
    "not_renewed": "Zalo không gia hạn đăng nhập, quản trị cần xem",
    "refused": "Zalo không gia hạn đăng nhập, quản trị cần xem",
    "oauth_unreachable": "không kết nối được với Zalo để gia hạn đăng nhập",
    "oauth_no_answer": "Zalo không trả lời khi gia hạn đăng nhập",
    "renewed_elsewhere": "đang chờ gia hạn đăng nhập Zalo, sẽ gửi lại",
    "renewal_under_way": "đang gia hạn đăng nhập Zalo, sẽ gửi lại; kéo dài thì quản trị cần xem",
    "not_stored": "chưa lưu được thông tin đăng nhập Zalo, quản trị cần xem",
    "token_invalid": "Zalo không nhận đăng nhập hiện có, quản trị cần xem",
    "token_expired": "đăng nhập Zalo đã hết hạn, quản trị cần xem",
    "token_refused": "kênh nhắn không nhận mã của bot, quản trị cần xem",
    "token": "kênh nhắn không nhận mã của bot, quản trị cần xem",
    "conflict": "có chương trình khác đang dùng bot này, quản trị cần xem",
    "no_channel": "kênh nhắn này đã tắt, quản trị cần xem",
    "invalid_field": "Zalo không nhận nội dung tin, quản trị cần xem",
    "type_not_supported": "Zalo không nhận loại tin này, quản trị cần xem",
    "template_not_by_user": "mẫu này không gửi được theo người dùng, quản trị cần xem",
    "template_value_missing": "mẫu cần tham số khác, quản trị cần xem",
    "template_value_too_long": "mẫu không đủ chỗ cho mã phản ánh, quản trị cần xem",
    "bad_request": "kênh nhắn không nhận tin này, quản trị cần xem",
    "button": "kênh nhắn không nhận nút của tin, quản trị cần xem",
    "entities": "kênh nhắn không nhận cách trình bày của tin, quản trị cần xem",
    "unreadable": "trợ lý không đọc được tin hoặc câu trả lời của kênh nhắn, quản trị cần xem",
    "error": "trợ lý gặp lỗi khi gửi, quản trị cần xem",
}
# What stands behind it: whether a template told the citizen that something waits.
_AND_THEN = {
    "_template_sent": "đã gửi tin mẫu báo cho người dân",
    "_template_unsure": "tin mẫu báo cho người dân có thể đã tới",
}
_NO_TEMPLATE = "chưa gửi được tin mẫu báo cho người dân"
_NUMBERED_ERROR = re.compile(r"(?:oauth_)?(?:error|http)_(\d+)")
# Begins the reason of what was tried for long enough.
_GAVE_UP, _GAVE_UP_SAID = "gave_up:", "đã thử nhiều lần"
# What must not wait: its time runs by law, or it is for few to read.
MARKS = {"khieu_nai": "KHIẾU NẠI", "to_cao": "TỐ CÁO"}
ACTORS = {CITIZEN: "người dân", SYSTEM: "hệ thống"}
ABOUT = {**STATE_LABELS, "overdue": "Đã quá ngày", "reminder": "Nhắc bổ sung"}
OPENED = {
    "contact": "liên hệ",
    "restricted": "tố cáo",
    "restricted again": "tố cáo, mở tiếp",
    "talk": "cuộc trò chuyện",
}
CHANNELS = {
    "web": "trang web",
    "terminal": "dòng lệnh",
    "telegram": "Telegram",
    "zalo_oa": "Zalo",
    "zalo_bot": "Zalo (bot)",
}
QUESTIONS = {
    "description": "Việc gì",
    "kind": "Loại",
    "office": "Ở đâu",
    "time": "Khi nào",
    "person": "Ai",
    "dossier": "Mã hồ sơ",
    "evidence": "Bằng chứng",
    "contact": "Liên hệ",
    "route": "Chọn cách đi tiếp",
    "join": "Cùng theo dõi hay gửi riêng",
    "confirmation": "Trước khi gửi",
    "correction": "Muốn sửa",
    "added": "Bổ sung",
    "not_solved": "Chưa giải quyết được",
    "withdrawn": "Rút lại",
}
# Why a line stands in the history, beside the ways feedback ends.
REASONS = {
    **END_REASONS,
    "assigned": "Đổi người xử lý",
    "merged": "Gộp",
    "named": "Xác nhận người bị nêu tên",
    "overdue": "Đã quá ngày",
    "reminded": "Nhắc bổ sung",
    "no_objection": "Không có ý kiến khác",
    "added": "Bổ sung",
    "not_solved": "Chưa giải quyết được",
    "rated": "Đánh giá",
    "joined": "Có người cùng theo dõi",
    "erased": "Đã xóa dữ liệu",
    "file_removed": "Gỡ tệp",
}


def why_undelivered(reason: str) -> str:
    """Why a notice did not arrive, in words; of what nobody foresaw these name the reason."""
    name = reason.removeprefix(_GAVE_UP)
    # The longest that fits: "blocked_invitation" is not "blocked".
    known = max((key for key in _UNDELIVERED if name == key or name.startswith(f"{key}_")), key=len, default="")
    then = name[len(known) :]
    if not known or _NUMBERED_ERROR.fullmatch(name):
        said, then = _error(name), ""
    else:
        said = _UNDELIVERED[known]
    if then:
        said += f"; {_AND_THEN.get(then) or f'{_NO_TEMPLATE}: {why_undelivered(then[1:])}'}"
    return f"{said}; {_GAVE_UP_SAID}" if reason.startswith(_GAVE_UP) else said


def _error(name: str) -> str:
    number = _NUMBERED_ERROR.fullmatch(name)
    return f"kênh nhắn báo lỗi {number.group(1) if number else f'lạ ({name})'}, quản trị cần xem"
