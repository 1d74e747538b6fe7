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
OPENED = {"contact": "liên hệ", "restricted": "tố cáo"}
QUESTIONS = {
    "description": "Việc gì",
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
REASONS = {
    **END_REASONS,
    "assigned": "Giao việc",
    "merged": "Gộp phản ánh khác vào",
    "named": "Xác nhận người bị nêu tên",
    "overdue": "Đã báo quá hạn",
    "reminded": "Đã nhắc bổ sung",
    "no_objection": "Không có ý kiến khác",
    "added": "Bổ sung",
    "not_solved": "Chưa giải quyết được",
    "rated": "Đã đánh giá",
    "joined": "Có thêm người cùng theo dõi",
    "erased": "Đã xóa nội dung",
    "file_removed": "Gỡ tệp",
}
