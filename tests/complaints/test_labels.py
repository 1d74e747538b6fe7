"""What staff read of a notice that did not arrive."""

import ast
import importlib
import re
from pathlib import Path

import pytest

from bot.channels import zalo_window
from bot.channels.zalo_errors import FATES
from bot.complaints.labels import DELIVERY, why_undelivered
from bot.delivery import sweeping
from bot.delivery.model import DONE
from bot.delivery.overview import known_states

ROOT = Path(__file__).resolve().parents[2]
# Whatever these are given first is, or becomes, a reason in the outbox.
OUTCOMES = ("MustWait", "NotAnsweredError", "Refused", "TokenError", "TryAgain")
NOT_IN_WORDS = re.compile(r"[a-z]_[a-z]|lỗi lạ")


def reasons_of(path):
    """Every reason that a module gives a message, by its source; a number where one is filled in."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", None) in OUTCOMES:
            yield from said_by(node.args[0], module)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "gone":
            yield from said_by(node.args[2], module)
        elif isinstance(node, ast.keyword) and node.arg == "reason":
            yield from said_by(node.value, module)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
            yield from (one for name, value in given if name.arg == "reason" for one in said_by(value, module))
        elif isinstance(node, ast.Tuple) and path.stem == "telegram_errors" and len(node.elts) > 1:
            yield from said_by(node.elts[1], module)


def said_by(node, module):
    if isinstance(node, ast.Constant):
        yield from (name for name in [node.value] if isinstance(name, str))
    elif isinstance(node, ast.Name):
        yield from (name for name in [getattr(module, node.id, None)] if isinstance(name, str))
    elif isinstance(node, ast.IfExp):
        yield from (*said_by(node.body, module), *said_by(node.orelse, module))
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "502" for part in node.values)


CODES = {name for _, name in FATES.values()}
REASONS = (
    CODES
    | {zalo_window.CLOSED, zalo_window.PAID, zalo_window.NO_QUOTA, sweeping.NO_CHANNEL, sweeping.NEVER_HEARD, "gone"}
    | {
        name
        for folder in ("channels", "delivery")
        for path in (ROOT / "bot" / folder).glob("*.py")
        for name in reasons_of(path)
    }
) - {"form_open"}  # of the inbox


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("window_closed", "người dân chưa nhắn lại trong bảy ngày"),
        ("window_closed_template_sent", "người dân chưa nhắn lại trong bảy ngày; đã gửi tin mẫu báo cho người dân"),
        (
            "not_following_template_unsure",
            "người dân không theo dõi tài khoản; tin mẫu báo cho người dân có thể đã tới",
        ),
        (
            "window_closed_out_of_money",
            "người dân chưa nhắn lại trong bảy ngày; chưa gửi được tin mẫu báo cho người dân: "
            "tài khoản Zalo Cloud đã hết tiền, quản trị cần xem",
        ),
        ("night", "tin mẫu chỉ gửi được sau 6 giờ sáng"),
        ("not_logged_in", "chưa đăng nhập Zalo, quản trị cần xem"),
        ("blocked_invitation", "người dân đã chặn lời mời của tài khoản"),
        ("left", "người dân đã rời cuộc trò chuyện"),
        ("error_404", "kênh nhắn báo lỗi 404, quản trị cần xem"),
        ("gave_up:unreachable", "không kết nối được với kênh nhắn; đã thử nhiều lần"),
        ("something_new", "kênh nhắn báo lỗi lạ (something_new), quản trị cần xem"),
    ],
)
def test_why_a_notice_did_not_arrive_is_said_in_words(reason, said):
    assert why_undelivered(reason) == said


def test_no_reason_is_left_a_bare_key():
    assert {"package_too_small", "left", "withdrawn", "kicked", "http_502", "not_stored", "interrupted"} <= REASONS
    assert [name for name in sorted(REASONS) if NOT_IN_WORDS.search(why_undelivered(name))] == []
    refused = [f"{closed}_{code}" for closed in (zalo_window.CLOSED, "not_following") for code in CODES]
    marked = [f"gave_up:{name}" for name in REASONS]
    assert [name for name in (*refused, *marked) if NOT_IN_WORDS.search(why_undelivered(name))] == []


def test_every_state_of_a_notice_has_words():
    assert set(known_states()) - {DONE} <= set(DELIVERY)
