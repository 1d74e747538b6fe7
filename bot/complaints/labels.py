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
# What must not wait: its time runs by law, or it is for few to read.
MARKS = {"khieu_nai": "KHIẾU NẠI", "to_cao": "TỐ CÁO"}
ACTORS = {CITIZEN: "người dân", SYSTEM: "hệ thống"}
ABOUT = {**STATE_LABELS, "overdue": "Đã quá ngày", "reminder": "Nhắc bổ sung"}
OPENED = {"contact": "liên hệ", "restricted": "tố cáo", "talk": "cuộc trò chuyện"}
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
