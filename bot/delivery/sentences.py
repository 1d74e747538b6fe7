"""What the gateway itself says to citizens, where no answer of the bot can be had."""

NOT_ANSWERED = (
    "Xin lỗi, trợ lý chưa trả lời được tin nhắn vừa rồi do hệ thống đang trục trặc. Tin nhắn vẫn được lưu lại. "
    "Anh/chị vui lòng gửi lại sau ít phút, hoặc gọi 1800 1096 (miễn phí) để được hỗ trợ về Cổng Dịch vụ công quốc gia."
)
EMPTY = "Anh/chị chưa nhập nội dung. Anh/chị cứ gõ câu hỏi bằng tiếng Việt, có dấu hoặc không dấu đều được."
TOO_LONG = "Tin nhắn dài quá {limit} ký tự. Anh/chị vui lòng chia thành vài tin ngắn hơn rồi gửi lại."
TOO_MANY = "Anh/chị gửi hơi nhanh. Vui lòng chờ {seconds} giây rồi gửi tiếp; các tin trước đã được nhận."
TOO_MANY_NEW = (
    "Từ mạng này vừa có quá nhiều cuộc trò chuyện mới. Anh/chị vui lòng thử lại sau {minutes} phút, hoặc gọi 1800 1096."
)
TOO_SLOW = "Tin nhắn gửi lên chậm quá nên bị ngắt. Anh/chị vui lòng gửi lại."
BUSY = "Hệ thống đang có rất nhiều người dùng. Anh/chị vui lòng thử lại sau ít giây."
NOT_UNDERSTOOD_REQUEST = "Yêu cầu gửi lên không đúng định dạng. Anh/chị vui lòng tải lại trang rồi thử lại."
UNKNOWN_BUTTON = "Nút này không còn dùng được. Anh/chị vui lòng gõ câu hỏi."
NOT_MINE = "Không phải ý tôi"
NO_SUCH_FILE = "Tệp này không còn trong danh sách chờ gửi. Anh/chị tải lại trang để xem các tệp đang có."
TOO_MANY_FILES = (
    "Anh/chị gửi nhiều tệp quá nhanh. Vui lòng chờ {seconds} giây rồi gửi tiếp; các tệp trước đã được nhận."
)
FILES_BUSY = "Đang có nhiều người gửi tệp cùng lúc. Anh/chị vui lòng thử lại sau ít giây; tệp này chưa được nhận."
FILE_TOO_SLOW = "Tệp gửi lên chậm quá nên bị ngắt. Anh/chị thử lại ở nơi mạng khỏe hơn, hoặc gửi ảnh cỡ nhỏ hơn."
ERASED = (
    "Đã xóa xong dữ liệu của cuộc trò chuyện này. Mã biên nhận (nếu có) chỉ còn ghi là đã xóa. Dòng này tự mất sau ít "
    "ngày. Anh/chị tải lại trang để không còn thấy các tin cũ; anh/chị viết tiếp thì bắt đầu lại từ đầu."
)
