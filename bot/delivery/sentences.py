"""What the gateway itself says to citizens, where no answer of the bot can be had."""

NOT_ANSWERED = (
    "Xin lỗi, trợ lý chưa trả lời được tin nhắn vừa rồi do hệ thống đang trục trặc. Tin nhắn vẫn được lưu lại. "
    "Anh/chị vui lòng gửi lại sau ít phút, hoặc gọi 1800 1096 (miễn phí) để được hỗ trợ về Cổng Dịch vụ công quốc gia."
)
EMPTY = "Anh/chị chưa nhập nội dung. Anh/chị cứ gõ câu hỏi bằng tiếng Việt, có dấu hoặc không dấu đều được."
TOO_LONG = "Tin nhắn dài quá {limit} ký tự. Anh/chị vui lòng chia thành vài tin ngắn hơn rồi gửi lại."
CUT = (
    "Tin vừa rồi dài hơn {limit} ký tự nên trợ lý chỉ đọc và ghi nhận phần đầu, đến chỗ “… {end}”. Phần sau đó, "
    "anh/chị gửi tiếp thành các tin ngắn hơn giúp nhé."
)
TOO_MANY = "Anh/chị gửi hơi nhanh. Vui lòng chờ {seconds} giây rồi gửi tiếp; các tin trước đã được nhận."
TOO_MANY_NEW = (
    "Từ mạng này vừa có quá nhiều cuộc trò chuyện mới. Anh/chị vui lòng thử lại sau {minutes} phút, hoặc gọi 1800 1096."
)
TOO_SLOW = "Tin nhắn gửi lên chậm quá nên bị ngắt. Anh/chị vui lòng gửi lại."
BUSY = "Hệ thống đang có rất nhiều người dùng. Anh/chị vui lòng thử lại sau ít giây."
NOT_UNDERSTOOD_REQUEST = "Yêu cầu gửi lên không đúng định dạng. Anh/chị vui lòng tải lại trang rồi thử lại."
UNKNOWN_BUTTON = "Nút này không còn dùng được. Anh/chị vui lòng gõ câu hỏi."
NOT_MINE = "Không phải ý tôi"
CHOOSE_BY_NUMBER = "Trả lời bằng số để chọn."
NO_SUCH_FILE = "Tệp này không còn trong danh sách chờ gửi. Anh/chị tải lại trang để xem các tệp đang có."
TOO_MANY_FILES = (
    "Anh/chị gửi nhiều tệp quá nhanh. Vui lòng chờ {seconds} giây rồi gửi tiếp; các tệp trước đã được nhận."
)
FILES_BUSY = "Đang có nhiều tệp được gửi cùng lúc. Anh/chị vui lòng thử lại sau ít giây; tệp này chưa được nhận."
FILE_TOO_SLOW = "Tệp gửi lên chậm quá nên bị ngắt. Anh/chị thử lại ở nơi mạng khỏe hơn, hoặc gửi ảnh cỡ nhỏ hơn."
ERASED = (
    "Đã xóa xong dữ liệu của cuộc trò chuyện này. Mã biên nhận (nếu có) chỉ còn ghi là đã xóa. Dòng này tự mất sau ít "
    "ngày. Anh/chị tải lại trang để không còn thấy các tin cũ; anh/chị viết tiếp thì bắt đầu lại từ đầu."
)
STICKER = "Cảm ơn anh/chị. Anh/chị cần hỏi thủ tục hay gửi phản ánh thì nhắn vài chữ giúp nhé."
PLACE = (
    "Ở đây chưa đọc được vị trí trên bản đồ. Anh/chị nhắn giúp tên xã, phường và tỉnh, thành phố, kèm điều cần hỏi nhé."
)
# What Rasa is told of a place that answers the question of a form.
PLACE_SENT = "Vị trí tôi gửi: {place}"
CORRECTED = (
    "Tin anh/chị vừa sửa đã được đọc trước khi sửa nên phần sửa chưa được ghi nhận. Anh/chị gửi phần cần sửa thành tin "
    "nhắn mới giúp nhé."
)
NOT_READABLE = (
    "Tin vừa rồi ở dạng mà trợ lý không đọc được. Anh/chị nhắn bằng chữ giúp; nếu không nhắn được ở đây, anh/chị gọi "
    "1800 1096 (miễn phí) để được hỗ trợ về Cổng Dịch vụ công quốc gia."
)
WELCOME = (
    "Xin chào, đây là trợ lý tự động (máy trả lời) về thủ tục hành chính. Anh/chị cứ nhắn câu hỏi bằng tiếng Việt, có "
    "dấu hoặc không dấu, hoặc nhắn điều cần phản ánh."
)
KEEP_FILES, DROP_FILES = "Tôi đồng ý, lưu tệp", "Không lưu"
ASK_KEEP_FILES = "{warning}\nAnh/chị bấm “{keep}” nghĩa là: {agree}"
FILES_KEPT = "Đã lưu tệp (có mã hóa). Hiện có {count} tệp sẽ đi kèm phản ánh của anh/chị."
FILES_KEPT_FORM = FILES_KEPT + " Anh/chị trả lời tiếp câu hỏi ở trên nhé."
FILES_KEPT_BEGIN = FILES_KEPT + " Anh/chị kể giúp chuyện cần phản ánh, hoặc bấm nút dưới đây."
BEGIN_FEEDBACK, ADD_TO_FEEDBACK = "Viết phản ánh", "Bổ sung vào {code}"
FILES_DROPPED = "Các tệp anh/chị gửi không được lưu. Anh/chị vẫn hỏi hoặc phản ánh bằng lời như bình thường."
FILES_NONE = "Hiện không có tệp nào đang chờ. Anh/chị gửi lại tệp ở đây nếu cần."
FILE_GONE = "Có tệp không lấy về được. Anh/chị gửi lại tệp đó giúp; các tệp khác không bị ảnh hưởng."
CAME_LATE = (
    "Tin anh/chị gửi lúc trước nay mới đến: “{text}”. Trợ lý chưa tính tin đó vào câu trả lời đang chờ; nếu "
    "cần, anh/chị gửi lại giúp."
)
VOICE = "Trợ lý chưa nghe được tin thoại. Anh/chị gõ câu hỏi giúp, có dấu hoặc không dấu đều được."
VOICE_KEPT = "Trợ lý không nghe được tin thoại, nhưng cán bộ sẽ nghe. Anh/chị gõ thêm vài chữ tóm tắt giúp nhé."
# The menu of commands, in its order.
MENU = {
    "phananh": "Gửi phản ánh, kiến nghị",
    "trangthai": "Xem phản ánh đã đến đâu",
    "riengtu": "Dữ liệu của tôi: xem, rút lại, xóa",
    "help": "Trợ lý làm được gì",
    "start": "Bắt đầu",
}
ONLY_IN_PRIVATE = (
    "Để giữ kín thông tin của anh/chị, trợ lý chỉ trả lời trong trò chuyện riêng. Mời anh/chị nhắn tại {link}"
)
SWITCHED_OFF = (
    "Trợ lý đang tạm ngừng để bảo trì, nên chưa trả lời được. Tin nhắn của anh/chị đã được lưu. Anh/chị vui lòng hỏi "
    "lại sau, hoặc gọi 1800 1096 (miễn phí) để được hỗ trợ về Cổng Dịch vụ công quốc gia."
)
LINK_SURE = (
    "Mã này nối cuộc trò chuyện ở đây với cuộc trò chuyện {channel} đã tạo mã. Nối xong, phản ánh gửi ở một bên sẽ xem "
    "và xử lý được ở cả hai bên, thông báo cũng có thể gửi sang bên kia. Chỉ nối khi chính anh/chị vừa lấy mã này. "
    "Nối chứ ạ?"
)
LINK_YES, LINK_NO = "Nối hai kênh", "Không phải tôi lấy mã"
LINK_LEFT_OUT = "Vâng, không nối gì cả. Ai đó đưa mã cho anh/chị thì đừng dùng mã đó ạ."
LINKED = (
    "Đã nối với cuộc trò chuyện {channel}. Phản ánh gửi ở đó nay xem và xử lý được ở đây. Thông báo gửi đến nơi "
    "anh/chị đã gửi phản ánh; nơi đó là trang web hoặc không nhận được thì gửi sang kênh kia."
)
LINKED_THERE = (
    "Mã nối kênh vừa được dùng {channel}: phản ánh của cuộc trò chuyện này nay xem và xử lý được ở đó. Nếu không phải "
    "anh/chị làm, bấm nút dưới đây."
)
UNLINK = "Gỡ nối, không phải tôi"
UNLINKED = "Đã gỡ: kênh vừa nối không còn xem được phản ánh của anh/chị ở đây."
LINK_UNKNOWN = (
    "Mã nối kênh này không đúng, đã dùng hoặc đã quá {minutes} phút. Anh/chị lấy mã mới ở kênh kia rồi gửi lại ạ."
)
LINK_SAME = "Mã này để gửi ở kênh khác (chỗ anh/chị muốn nối với cuộc trò chuyện này), không phải ở đây ạ."
LINK_TOO_MANY = "Anh/chị đã thử nhiều mã không đúng. Vui lòng chờ 10 phút rồi thử lại ạ."
CHANNEL_NAMES = {"web": "trên trang web", "telegram": "trên Telegram", "zalo_oa": "trên Zalo", "zalo_bot": "trên Zalo"}
CHANNEL_ELSEWHERE = "ở kênh khác"
OR = " hoặc "
# Of files that a channel can't take, where they are opened; of one that has been taken back meanwhile, that it was.
FILES_AT = "Tệp kèm theo ({names}), anh/chị mở tại: {link}"
FILE_TAKEN_BACK = "Câu trả lời có kèm một tệp, nhưng trung tâm đã gỡ tệp đó."
