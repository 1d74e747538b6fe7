"""What the console says to staff besides its pages: errors and what was done."""

from __future__ import annotations

from bot.accounts.errors import (
    AccountError,
    BadIdentityError,
    BadNameError,
    ChangedOfficerError,
    LastAdministratorError,
    ProviderDownError,
    ProviderError,
    StaleLogInError,
    TakenError,
    UnknownPersonError,
    UnknownRoleError,
    UnknownSessionError,
    WaitError,
    WeakPasswordError,
    WrongCodeError,
    WrongLoginError,
)
from bot.accounts.passwords import RETRY_AFTER
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ComplaintError,
    ForbiddenMoveError,
    MissingTextError,
    NamingWaitsError,
    NobodyChosenError,
    UnknownUnitError,
)

QUEUES = {
    "new": "Mới nhận",
    "mine": "Việc của tôi",
    "unit": "Đơn vị của tôi",
    "asked": "Chờ người dân",
    "today": "Đến hạn hôm nay",
    "overdue": "Quá hạn",
    "answered": "Đã trả lời, chờ xác nhận",
    "reopened": "Mở lại",
    "naming": "Chờ xác nhận người bị nêu tên",
    "mentioned": "Được nhắc tên",
}
IN_VAIN = "in-vain"
DONE = {
    "move": "Đã chuyển bước. Người dân được nhắn.",
    "ask": "Đã hỏi người dân. Thời hạn tạm dừng đến khi có trả lời.",
    "forward": "Đã chuyển đơn vị. Người dân được nhắn.",
    "answer": "Đã trả lời. Người dân được nhắn.",
    "assign": "Đã giao việc.",
    "merge": "Đã gộp. Người dân được nhắn.",
    "remark": "Đã lưu ghi chú.",
    IN_VAIN: "Đã lưu ghi chú. Có người được nhắc không xem được phản ánh này, nên chưa được báo.",
    "name": "Đã xác nhận người bị nêu tên.",
    "password": "Đã đổi mật khẩu. Các phiên khác đã kết thúc.",
    "sessions": "Đã kết thúc.",
    "changed": "Đã đổi. Người này phải đăng nhập lại.",
    "disabled": "Đã khóa. Mọi phiên của người này đã kết thúc.",
    "enabled": "Đã mở lại.",
    "unlocked": "Đã bỏ chờ. Người này đăng nhập được ngay.",
}
ACTS = {
    "login": "đăng nhập",
    "login.failed": "đăng nhập sai",
    "login.second_step": "xác thực bước hai",
    "login.code_failed": "mã xác thực sai",
    "login.unknown": "đăng nhập qua cơ quan, không có tài khoản",
    "login.provider_failed": "đăng nhập qua cơ quan không được",
    "logout": "đăng xuất",
    "denied": "bị từ chối",
    "officer.add": "tạo tài khoản",
    "officer.change": "đổi vai trò, đơn vị",
    "officer.reset": "cấp lại mật khẩu",
    "officer.disable": "khóa tài khoản",
    "officer.enable": "mở tài khoản",
    "officer.unlock": "bỏ chờ đăng nhập",
    "officer.password": "đổi mật khẩu",
    "officer.second_step": "bật xác thực bước hai",
    "officer.recovery_codes": "tạo mã dự phòng mới",
    "officer.end_sessions": "kết thúc phiên khác",
    "officer.identity": "đổi tài khoản cơ quan",
    "complaint.move": "chuyển bước",
    "complaint.assign": "giao việc",
    "complaint.merge": "gộp",
    "complaint.open": "mở thông tin",
    "complaint.name": "xác nhận người bị nêu tên",
    "complaint.remark": "ghi chú",
    "complaint.export": "xuất danh sách",
    "complaint.remove_file": "gỡ tệp",
}
_WEAK = {
    "short": "Mật khẩu cần ít nhất 12 ký tự. Một câu ngắn dễ nhớ là tốt nhất.",
    "long": "Mật khẩu dài quá 200 ký tự.",
    "simple": "Mật khẩu này dễ đoán. Anh/chị chọn một câu có nhiều chữ khác nhau.",
    "name": "Mật khẩu không được chứa tên của anh/chị.",
    "same": "Mật khẩu mới phải khác mật khẩu cũ.",
}
WARNINGS = {
    "short": "Câu trả lời rất ngắn.",
    "empty": "Câu trả lời chưa nêu ngày, nơi, giấy tờ hay việc đã làm nào; người dân khó biết chuyện gì đã xảy ra.",
    "copy": "Câu trả lời gần như nguyên mẫu. Anh/chị viết thêm điều chỉ đúng với phản ánh này.",
    "unfilled": "Còn chỗ trong [ngoặc vuông] chưa điền; điền hết hoặc xóa đi rồi mới gửi được.",
    "personal": "Trong lời này có số điện thoại, email hoặc số cá nhân. Người dân nhận nguyên văn như thế.",
}
UNKNOWN = "Không có phản ánh nào với mã này."
CHANGED = (
    "Vừa có người khác thay đổi phản ánh này, nên việc của anh/chị chưa được lưu. Dưới đây là bản mới nhất; "
    "chữ anh/chị đã gõ vẫn còn trong ô. Anh/chị xem lại rồi gửi lần nữa."
)
UNKNOWN_UNIT = (
    "Chưa có tài khoản nào thuộc đơn vị này, nên chỉ giám sát và người được giao thấy phản ánh. Anh/chị xem lại tên "
    "đơn vị; nếu đúng, mở trang của phản ánh, đánh dấu ô xác nhận rồi gửi lại."
)

CHANGED_IN_LIST = "Vừa có người khác thay đổi phản ánh này, nên chưa làm. Anh/chị mở xem rồi làm lại."


def sentence_of(error: Exception) -> str:
    """What an officer reads of an error."""
    if isinstance(error, WaitError) and error.seconds <= RETRY_AFTER:
        return "Máy chủ đang bận. Anh/chị thử lại sau vài giây."
    if isinstance(error, WaitError):
        minutes = -(-error.seconds // 60)
        return f"Đã thử sai nhiều lần. Anh/chị chờ {minutes} phút rồi thử lại, hoặc nhờ quản trị hệ thống."
    if isinstance(error, WeakPasswordError):
        return _WEAK[error.reason]
    return next(text for kind, text in _TEXTS if isinstance(error, kind))


_TEXTS = (
    (WrongLoginError, "Tên hoặc mật khẩu không đúng."),
    (WrongCodeError, "Mã không đúng, đã dùng rồi hoặc đã hết hạn."),
    (ProviderDownError, "Nơi giữ tài khoản của cơ quan không trả lời. Anh/chị thử lại sau, hoặc dùng mật khẩu ở đây."),
    (StaleLogInError, "Lần đăng nhập này đã cũ hoặc bắt đầu ở trình duyệt khác. Anh/chị bấm đăng nhập lại."),
    (UnknownPersonError, "Tài khoản cơ quan này chưa được quản trị hệ thống cho vào trang."),
    (ProviderError, "Không xác nhận được tài khoản của cơ quan. Anh/chị thử lại, hoặc báo quản trị hệ thống."),
    (BadNameError, "Tên cần có chữ, tối đa 100 ký tự, và không phải tên dành riêng."),
    (TakenError, "Tên, e-mail hay mã này đã là của một cán bộ khác."),
    (LastAdministratorError, "Phải còn ít nhất một quản trị hệ thống đăng nhập được."),
    (UnknownRoleError, "Chọn ít nhất một vai trò."),
    (BadIdentityError, "E-mail hoặc mã người dùng không đúng dạng."),
    (ChangedOfficerError, "Vừa có người khác đổi tài khoản này. Anh/chị xem lại rồi làm lần nữa."),
    (UnknownSessionError, "Phiên này không còn nữa."),
    (AccountError, "Việc này không làm được với tài khoản."),
    (ChangedMeanwhileError, CHANGED),
    (NamingWaitsError, "Chưa xác nhận ai bị nêu tên trong phản ánh, nên chưa giao, chuyển hay gộp được."),
    (UnknownUnitError, UNKNOWN_UNIT),
    (NobodyChosenError, "Chọn cán bộ bị nêu tên, hoặc đánh dấu “Không phải cán bộ nào của trung tâm”."),
    (MissingTextError, "Việc này cần có lời; ô còn trống."),
    (ForbiddenMoveError, "Phản ánh đang ở bước không cho làm việc này, hoặc người được chọn không nhận được."),
    (ComplaintError, "Việc này không làm được với phản ánh."),
)
