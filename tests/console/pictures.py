"""Pictures of the console's main pages for README.md and docs/staff-guide.vi.md: `python -m tests.console.pictures`."""

from __future__ import annotations

import io
import tempfile
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from bot.complaints import casework, evidence
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.lifecycle import ACCEPTED, ANSWERED
from bot.database import Database
from bot.settings import ROOT
from tests.complaints import files
from tests.complaints.conftest import AN
from tests.conftest import CHROMIUM, CHROMIUM_ARGS
from tests.console.conftest import HOA, JUSTICE, LAND, MINH, THU, TODAY, Office, make_office
from tests.console.test_browser import DESK_SIZE, log_in
from tests.factories import KEY
from tests.site.conftest import PHONE_SIZE, serving

FOLDER = ROOT / "docs" / "pictures"
STORIES = (
    ("late", "Hồ sơ cấp giấy chứng nhận hẹn ba lần vẫn chưa trả kết quả", "UBND xã An Hòa", -3),
    ("late", "Nộp đăng ký khai sinh từ tuần trước, gọi không ai nghe", "UBND phường Tân An", 0),
    ("fee", "Thu thêm 50.000 đồng mà không có biên lai", "Bộ phận một cửa xã An Hòa", 4),
    ("online_system", "Cổng báo lỗi lúc thanh toán lệ phí, thử ba lần", None, 6),
    ("papers", "Đòi thêm bản sao sổ hộ khẩu dù đã có căn cước", "UBND xã An Hòa", 2),
)


def fill(office: Office) -> str:
    """A centre on an ordinary day; the code of the overdue complaint."""
    centre, codes = office.centre, []
    evidence.agree(centre.database, AN)
    rules = load_file_rules(ROOT / "knowledge")
    evidence.keep(centre.database, office.console.folder, rules, AN, "giấy hẹn.jpg", files.photo(size=(800, 600)))
    for number, (kind, told, where, days) in enumerate(STORIES):
        who = AN if number == 0 else f"web:{number}"
        contact = centre.hide("0912345678", who)
        words = (("description", told), *((("office", where),) if where else ()))
        code = centre.file(who, kind=kind, description=told, office=where, words=words, contact=contact).code
        centre.change(code, due_on=TODAY + timedelta(days=days))
        codes.append(code)
    casework.move(centre.database, centre.rules, codes[0], ACCEPTED, HOA, "Trung tâm đang xác minh với xã.")
    casework.assign(centre.database, codes[0], MINH, HOA, LAND)
    casework.assign(centre.database, codes[2], MINH, THU, JUSTICE)
    casework.move(centre.database, centre.rules, codes[4], ACCEPTED, HOA)
    centre.move(codes[4], ANSWERED, "Ngày 20/11/2026 xã An Hòa đã nhận hồ sơ, không đòi giấy tờ này nữa.")
    centre.file("web:9", kind="attitude", description="Cán bộ nói trống không, bắt đi lại ba lần")
    office.browser(MINH).act(codes[0], "remark", text=f"@{HOA} phòng đo đạc báo tuần này xong")
    return codes[0]


def take(page: Page, name: str) -> None:
    """One picture of what is in the window."""
    keep(page.screenshot(animations="disabled"), name)


def keep(picture: bytes, name: str) -> None:
    """A picture in few colours: pages have no more, and the repository stays small."""
    Image.open(io.BytesIO(picture)).quantize(48).save(FOLDER / f"{name}.png", optimize=True)


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/pictures.db", (KEY,))
        database.migrate()
        office = make_office(database, Path(folder))
        code = fill(office)
        with serving(lambda _: office.app()) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            for size, scheme in ((DESK_SIZE, "light"), (PHONE_SIZE, "dark")):
                where = "desk" if size is DESK_SIZE else "phone"
                context = browser.new_context(base_url=address, locale="vi-VN", viewport=size, color_scheme=scheme)
                page = context.new_page()
                log_in(page, HOA)
                page.set_viewport_size({**size, "height": 480 if size is DESK_SIZE else 844})
                take(page, f"console-queues-{where}")
                page.set_viewport_size(size)
                page.goto(f"/can-bo/phan-anh/{code}")
                take(page, f"console-case-{where}")
                if size is DESK_SIZE:
                    page.goto("/can-bo/phan-anh")
                    take(page, "console-list")
                    answer(page, code)
                context.close()
            browser.close()
        database.close()


def answer(page: Page, code: str) -> None:
    """The answer as the citizen will read it, before it is sent."""
    page.goto(f"/can-bo/phan-anh/{code}")
    page.get_by_label("Bắt đầu từ mẫu").first.select_option("late_returned")
    page.get_by_role("button", name="Dùng mẫu").first.click()
    for label, value in (
        ("Đã kiểm tra gì, thấy gì", "giấy nằm ở phòng đo đạc 12 ngày"),
        ("Ngày trả", "20/11/2026"),
        ("Nơi trả", "UBND xã An Hòa"),
        ("Tên giấy tờ", "giấy chứng nhận"),
    ):
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_role("button", name="Xem trước").first.click()
    page.get_by_text("Người dân sẽ đọc").wait_for()
    form = page.locator("section", has=page.get_by_role("heading", name="Trả lời", exact=True))
    keep(form.screenshot(), "console-answer")


if __name__ == "__main__":
    main()
