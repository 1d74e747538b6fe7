"""What staff read instead of keys: questions, acts and states of notices; the same on pages and in commands."""

from __future__ import annotations

from bot.complaints.lifecycle import CITIZEN, END_REASONS, STATE_LABELS, SYSTEM

ERASED = "(đã xóa theo yêu cầu)"
DELIVERY = {
    "pending": "chưa tới",
    "held": "chờ người dân nhắn lại",
    "unread": "lâu rồi chưa đọc",
    "delivered": "đã tới",
    "failed": "không gửi được",
}
# Why a notice did not arrive, by the beginning of the reason in the outbox.
_UNDELIVERED = {
    "window_closed": "người dân chưa nhắn lại trong bảy ngày",
    "paid_window": "quá 48 giờ người dân chưa nhắn lại, nhắn tiếp có thể mất phí",
    "not_following": "người dân không theo dõi tài khoản",
    "out_of_quota": "tài khoản đã hết lượt nhắn",
    "night": "tin mẫu chỉ gửi được sau 6 giờ sáng",
    "too_many_calls": "đang gửi quá nhiều, sẽ gửi lại",
    "not_logged_in": "chưa đăng nhập Zalo, quản trị cần xem",
    "not_renewed": "Zalo không gia hạn đăng nhập, quản trị cần xem",
    "restricted_by_user": "người dân không nhận tin của tài khoản",
    "banned_or_inactive": "tài khoản Zalo của người dân bị khóa hoặc lâu không dùng",
    "blocked": "người dân đã chặn",
    "withdrawn": "người dân đã rút đồng ý",
}
# What stands behind it: whether a template told the citizen that something waits.
_AND_THEN = {
    "_template_sent": "đã gửi tin mẫu báo cho người dân",
    "_template_unsure": "tin mẫu báo cho người dân có thể đã tới",
}
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
    """Why a notice did not arrive, in words; a reason that is not known stays a key."""
    said = next((said for key, said in _UNDELIVERED.items() if reason.startswith(key)), reason)
    then = next((told for key, told in _AND_THEN.items() if reason.endswith(key)), "")
    return f"{said}; {then}" if then else said
