"""Shape `defence`: records of the Ministry of National Defence, taken from the portal's former Word export."""

from __future__ import annotations

import re

from bot.catalogue.importing.codes import checked_code, checked_name
from bot.catalogue.importing.fees import currency_of, number_of, read_fee
from bot.catalogue.importing.laws import read_law, without_doubles
from bot.catalogue.importing.node import Node, Notes
from bot.catalogue.importing.record import Channel, Fee, Paper, Record, Step
from bot.catalogue.importing.terms import read_keywords, read_levels, read_subjects
from bot.catalogue.importing.texts import unique
from bot.catalogue.importing.times import read_time_text

SHAPE = "defence"
PUBLISHER = "Bộ Quốc phòng"
METHODS = {"Trực tuyến": "ONLINE", "Dịch vụ bưu chính": "POSTAL", "Trực tiếp": "DIRECT"}

# "Phí : 2.000.000 Đồng (for what)", one a line.
_FEE = re.compile(r"^(Phí|Lệ phí|Giá)\s*:", re.MULTILINE)
_AMOUNT = re.compile(r"([\d.,]+)\s*(Đồng|USD)\b\s*", re.IGNORECASE)
_NOTHING = re.compile(r"(?:không|o)?\s*đồng\s*", re.IGNORECASE)
_KINDS = {"Phí": "SERVICE_FEE", "Lệ phí": "FEE", "Giá": "PRICE_LEVEL"}


def read_defence(node: Node) -> Record:
    """The record of one file."""
    head, content, tables = node.node("metadata"), node.node("content"), node.node("tables")
    steps = content.text("trình_tự_thực_hiện")
    return Record(
        code=checked_code(head.text("mã_thủ_tục") or node.text("thu_tuc_id")),
        name=checked_name(head.text("tên_thủ_tục")),
        shape=SHAPE,
        publisher=PUBLISHER,
        levels=read_levels(head.text("cấp_thực_hiện")),
        fields=unique([head.text("lĩnh_vực")]),
        agencies=unique([content.text("cơ_quan_thực_hiện")]),
        subjects=read_subjects(content.text("đối_tượng_thực_hiện")),
        steps=(Step("", steps),) if steps else (),
        channels=tuple(_channel(row, steps) for row in tables.nodes("hinh_thuc_nop")),
        papers=tuple(_paper(row) for row in tables.nodes("thanh_phan_ho_so") if row.text("ten_giay_to")),
        results=unique([content.text("kết_quả_thực_hiện")]),
        laws=without_doubles(
            [
                law
                for row in tables.nodes("can_cu_phap_ly")
                if (law := read_law(row.text("trich_yeu"), row.text("so_ky_hieu"), node.notes))
            ]
        ),
        requirements=content.text("yêu_cầu_điều_kiện_thực_hiện"),
        keywords=read_keywords(content.text("từ_khóa")),
        note=content.text("mô_tả"),
        decision=head.text("số_quyết_định").removeprefix("Quyết định số ").strip(),
    )


def _channel(row: Node, steps: str) -> Channel:
    note = row.text("mo_ta")
    time = read_time_text(row.text("thoi_han_giai_quyet"), note, steps, row.notes)
    fees = _fees(row.text("phi_le_phi"), row.notes)
    return Channel(METHODS.get(row.text("hinh_thuc")), time.text, time.quantity, time.unit, note, fees)


def _fees(text: str, notes: Notes) -> tuple[Fee, ...]:
    parts = _FEE.split(text)
    if parts[0].strip():
        return (read_fee(None, text, notes),)
    return tuple(_fee(name, told.strip(), notes) for name, told in zip(parts[1::2], parts[2::2], strict=True))


def _fee(name: str, told: str, notes: Notes) -> Fee:
    kind = _KINDS[name]
    told = told.split("File đính kèm")[0].strip()
    amount = _AMOUNT.match(told)
    if amount:
        value, rest = number_of(amount.group(1)), told[amount.end() :]
        return read_fee(value, _unbracketed(rest), notes, currency_of(amount.group(2)), kind)
    nothing = _NOTHING.match(told)
    # "Không Đồng" is how the form shows a number that is not there.
    return read_fee(0 if nothing else None, _unbracketed(told[nothing.end() :] if nothing else told), notes, kind=kind)


def _unbracketed(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def _paper(row: Node) -> Paper:
    told = dict(re.findall(r"Bản (chính|sao)\s*:\s*(\d{1,3})", row.text("ghi_chu")))
    numbers = [int(told.get(word, 0)) for word in ("chính", "sao")]
    forms = unique([row.text("so_luong")]) if re.search(r"\.\w{3,4}$", row.text("so_luong")) else ()
    if not any(numbers):
        return Paper(row.text("ten_giay_to"), forms=forms)
    return Paper(row.text("ten_giay_to"), "", numbers[0], numbers[1], forms)
