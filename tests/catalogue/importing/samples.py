"""Small records of made-up procedures in the shapes that the import knows; every test changes the field it is about."""

import copy
import io
import json

from openpyxl import Workbook

from bot.catalogue.importing.node import Node, Notes
from bot.catalogue.importing.record import Channel, Paper, Record, Step
from bot.catalogue.importing.shapes import read_value

CODE, OTHER_CODE = "9.000001", "9.000002"
UUID = "01900000-0000-7000-8000-000000000001"
OTHER_UUID = "01900000-0000-7000-8000-000000000002"
NAME = "Cấp giấy phép mượn trống làng"
MINISTRY, PROVINCE = "Bộ Trống", "UBND tỉnh Gia Lai"
UPDATED = 1783600000000  # 2026-07-09

_DETAIL = {
    "id": UUID,
    "code": CODE,
    "codeNotation": CODE,
    "name": NAME,
    "updatedAt": UPDATED,
    "state": "ACTIVE",
    "type": "STANDARD",
    "departmentPromulgateName": MINISTRY,
    "executionSteps": [{"name": "Bước 1", "description": "Người mượn nộp đơn."}],
    "executionMethods": [
        {
            "submissionMethod": "DIRECT",
            "processingTime": 5,
            "processingTimeUnit": "WORKING_DAY",
            "description": "",
            "fees": [{"type": "FEE", "value": 20000, "description": "mỗi chiếc trống"}],
        }
    ],
    "executionCases": [
        {
            "name": "Giấy tờ phải nộp",
            "profileComponents": [
                {
                    "name": "Đơn mượn trống",
                    "originalQty": 1,
                    "copyQty": 0,
                    "required": False,
                    "attachments": [{"fileName": "don.docx"}],
                }
            ],
        }
    ],
    "cases": [],
    "isWard": True,
    "isProvince": False,
    "isFullProcess": False,
    "departmentsExecuting": [{"name": "Nhà văn hóa xã"}],
    "categoriesDetails": [{"name": "Nhạc cụ"}],
    "subjectTypesDetails": [{"name": "Công dân Việt Nam"}],
    "resultsDetails": [{"name": "Giấy phép mượn trống"}],
    "legalBasisesDetails": [{"name": "Nghị định về trống", "code": "12/2025/NĐ-CP"}],
    "requirementsAndConditions": "Trống phải còn mặt.",
    "keywords": "trống, mượn trống",
    "procedureProposal": {"proposalNumber": "34/QĐ-BT", "decisionDate": UPDATED},
}

_NORMALISED = {
    "code": CODE,
    "source_id": UUID,
    "name": NAME,
    "category": {"name": "Nhạc cụ"},
    "promulgating_agency": MINISTRY,
    "executing_agency": "Nhà văn hóa xã",
    "subject_types": ["Công dân Việt Nam"],
    "results": ["Giấy phép mượn trống"],
    "channels": [
        {
            "method": "ONLINE",
            "fees": [{"type": "FEE", "value_vnd": 0, "text": "HĐND tỉnh quyết định"}],
            "processing": {"qty": 5, "unit": "WORKING_DAY"},
            "note": "",
        }
    ],
    "legal_basis": [{"code": "12/2025/NĐ-CP", "name": "Nghị định về trống"}],
    "steps_raw": [{"name": "", "text": "Người mượn nộp đơn."}],
    "checklist_raw": [{"group": "", "items": [{"name": "Đơn mượn trống", "original_qty": 1, "copy_qty": 0}]}],
    "state": "ACTIVE",
    "source": {"updated_at": "2026-07-01T00:00:00Z", "crawled_at": "2026-07-18T09:00:00Z"},
}

_LIST = {
    "id": UUID,
    "code": CODE,
    "codeNotation": CODE,
    "name": NAME,
    "categories": ["Nhạc cụ"],
    "departments": ["Nhà văn hóa xã"],
    "departmentPromulgate": MINISTRY,
    "formalityTargetType": ["Công dân Việt Nam"],
    "state": "ACTIVE",
    "type": "STANDARD",
}

_DEFENCE = {
    "thu_tuc_id": CODE,
    "metadata": {
        "mã_thủ_tục": CODE,
        "tên_thủ_tục": NAME,
        "số_quyết_định": "Quyết định số 34/QĐ-BT",
        "cấp_thực_hiện": "Cấp Bộ, Cấp Xã, Cơ quan khác",
        "lĩnh_vực": "Nhạc cụ",
    },
    "content": {"trình_tự_thực_hiện": "Nộp đơn.", "từ_khóa": "Không có thông tin"},
    "tables": {
        "hinh_thuc_nop": [
            {"hinh_thuc": "Trực tiếp", "thoi_han_giai_quyet": "07 Ngày làm việc", "phi_le_phi": "", "mo_ta": ""}
        ],
        "thanh_phan_ho_so": [{"ten_giay_to": "Đơn", "so_luong": "don.docx", "ghi_chu": "Bản chính: 1\nBản sao: 2"}],
        "can_cu_phap_ly": [{"so_ky_hieu": "12/2025/NĐ-CP", "trich_yeu": "Nghị định về trống"}],
    },
}

_POLICE = {
    "source_name": "Trang thông tin điện tử Công an tỉnh Phú Thọ",
    "fetched_at": "2026-07-15T15:00:00Z",
    "procedures": [
        {
            "site_id": "1",
            "title": NAME,
            "level": "Cấp Xã",
            "service_level": "Toàn trình",
            "agency": "Công an cấp xã",
            "processing_time": "Trong 03 ngày",
            "fee": "10.000 đồng/chiếc",
            "steps": "Nộp đơn.",
            "documents": "Đơn mượn trống.\n\nBiểu mẫu đính kèm:\n\n1.Đơn Tải về",
            "requirements": "Biết gõ.\n\nNộp hồ sơ trực tuyến\n\nThủ tục hành chính\n\n&copy; Bản quyền",
            "legal_basis": "- Nghị định số 12/2025/NĐ-CP về trống;",
            "attachments": [{"title": "don.docx", "url": "u"}],
            "source_url": "u",
        }
    ],
}

CHANNELS = "Hình thức nộpThời gianPhí, lệ phíMô tả"
PAPERS = "Tên giấy tờMẫu đơn, tờ khaiSố lượng"
LAWS = "Tên văn bản pháp lýMã văn bản"


def changed(sample, **changes):
    return {**copy.deepcopy(sample), **changes}


def detail(**changes):
    return changed(_DETAIL, **changes)


def detail_with_channel(**changes):
    return detail(executionMethods=[{**copy.deepcopy(_DETAIL["executionMethods"][0]), **changes}])


def wrapped(record, code="OK", message=""):
    return {"code": code, "data": record, "message": message}


def normalised(**changes):
    return changed(_NORMALISED, **changes)


def list_row(**changes):
    return changed(_LIST, **changes)


def defence(**tables):
    sample = changed(_DEFENCE)
    sample["tables"].update(tables)
    return sample


def police(**changes):
    return {**_POLICE, "procedures": [{**_POLICE["procedures"][0], **changes}]}


def page(
    code=CODE,
    name=NAME,
    steps="Nộp đơn.",
    channels=f"{CHANNELS}Trực tiếp5 Ngày làm việcMiễn phí",
    papers=f"--{PAPERS}Đơn mượn trống1 bản chính",
    laws=f"{LAWS}Nghị định về trống12/2025/NĐ-CP",
    requirements="Không có thông tin",
    results="Kết quả xử lýGiấy phép mượn trốngMã: KQ.G99.000001",
    keywords="Không có thông tin",
    note="Không có thông tin",
):
    """The whole text of the portal's page, its cells glued as the collector found them."""
    return (
        f"{name}Tên thủ tục{name}Mã thủ tục{code}Số quyết định34/QĐ-BTCấp thực hiệnCấp xãLĩnh vựcNhạc cụ"
        f"Trình Tự Thực Hiện {steps}Cách Thức Thực Hiện{channels}Thành phần hồ sơ{papers}Căn cứ pháp lý{laws}"
        f"Cơ quan thực hiệnNhà văn hóa xãYêu cầu, điều kiện thực hiện{requirements}{results}"
        f"Từ khóa{keywords}Mô tả{note}Chọn cơ quan thực hiệnTỉnh/ Thành phốBộ ngành-- Chọn Bộ ngành --Nộp hồ sơ"
    )


def flat(code=CODE, raw_text=None, **more):
    return {
        "ma_thu_tuc": code,
        "detail_url": f"https://portal.example/thu-tuc-hanh-chinh/{UUID}",
        "formality_id": "",
        "ten_thu_tuc": NAME,
        "so_quyet_dinh": "34/QĐ-BT",
        "cap_thuc_hien": "Cấp xã",
        "linh_vuc": "Nhạc cụ",
        "doi_tuong_thuc_hien": "Công dân Việt Nam, Cán bộ, công chức, viên chức",
        "trinh_tu_thuc_hien": "cắt sai",
        "cach_thuc_thuc_hien": CHANNELS,
        "thanh_phan_ho_so": "cắt sai",
        "can_cu_phap_ly": LAWS,
        "co_quan_thuc_hien": "",
        "yeu_cau_dieu_kien": "",
        "ket_qua_xu_ly": "",
        "raw_text": page() if raw_text is None else raw_text,
        **more,
    }


def sheet(*rows, headings=("Mã số", "Tên", "Cơ quan ban hành", "Cơ quan thực hiện", "Lĩnh vực"), title="DANH SÁCH"):
    book = Workbook()
    for row in ([title], list(headings), *rows):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def land(*rows):
    heading = "province,kind,code,name,time_text,fee_text,local_legal,executing_agency,url,updated_at"
    return "\n".join([heading, *rows])


def read(value):
    """What is found in a value: one record with its notes, or the reason of its refusal."""
    found = list(read_value(value))
    assert len(found) == 1
    return found[0]


def record_of(value):
    found = read(value)
    assert not found.refusal, found.refusal
    return found.record


def rules_of(value):
    return {rule for rule, _ in read(value).notes}


def node(value):
    return Node(value, Notes())


def write(folder, name, content):
    """A file with JSON, text or bytes."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        path.write_text(text, encoding="utf-8")
    return path


def make_record(shape="detail", **changes):
    """A record as a parser makes it."""
    told = {"steps": (Step("", "Nộp đơn."),), "channels": (Channel("DIRECT"),), "papers": (Paper("Đơn"),)}
    bare = {"code": CODE, "name": NAME, "uuid": UUID, "publisher": MINISTRY}
    return Record(shape=shape, **{**bare, **({} if shape in ("list", "sheet") else told), **changes})
