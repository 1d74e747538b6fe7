"""Pages of models for maintainers: the ledger, how a model reads, what more sentences would buy."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response

from bot.accounts.permissions import SEE_MODELS
from bot.console.charts import Axis, Chart, floor_of, heat_map, thinned
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.gate_words import in_vietnamese
from bot.console.pages import Frame
from bot.console.visit import HOME, Visit
from bot.database import Database
from bot.review.labelling import load_names
from bot.training import curve as curves
from bot.training import ledger, plans, shadow
from bot.training.curve import Curve
from bot.training.kept_figures import Measured, look
from bot.training.measure import OUT_OF_SCOPE
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED, TRAINING, Model
from bot.training.train import TrainingError

PATH = f"{HOME}/mo-hinh"
STATES = {
    TRAINING: "Đang huấn luyện",
    CANDIDATE: "Ứng viên",
    REFUSED: "Bị từ chối",
    LIVE: "Đang dùng",
    FORMER: "Từng dùng",
    FAILED: "Hỏng",
}
PARTS = {
    "clean": "Câu gốc",
    "no_tones": "Không dấu",
    "abbreviations": "Viết tắt",
    "slips": "Gõ nhầm",
    "spaces": "Dính, tách chữ",
    "capitals": "Chữ hoa",
    "no_tones_abbreviations": "Không dấu và viết tắt",
    "reviewed": "Câu người dân, đã xem",
}
DONE = {
    "huan-luyen": "Đã ghi yêu cầu huấn luyện; việc bắt đầu trong giây lát. Trợ lý đang chạy không bị ảnh hưởng.",
    "dua-len": "Đã đưa mô hình lên; trợ lý dùng nó trong giây lát.",
    "quay-lai": "Đã quay lại mô hình trước.",
    "khoi-dong-sau": "Mô hình này thuộc phiên bản khác với trợ lý đang chạy; trợ lý dùng nó từ lần khởi động sau.",
}
# May be put live.
WAITING = (CANDIDATE, REFUSED, FORMER)
# Sentences of one kind on a page.
_MOST = 100
_TENTHS = tuple(tenth / 10 for tenth in range(10, 0, -1))


@dataclass(frozen=True)
class ModelPages:
    """Handlers of the pages.

    Attributes:
        checkout: where the names of intents and the blind set lie.
        folder: where the models lie.
    """

    database: Database
    frame: Frame
    checkout: Path
    folder: Path

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        needs = allowed(SEE_MODELS)
        return [
            Door("/mo-hinh", self.list, needs),
            Door("/mo-hinh/{number}", self.one, needs),
            Door("/mo-hinh/{number}/hoc", self.curve, needs),
        ]

    def list(self, visit: Visit) -> Response:
        """GET: every model, the newest first."""
        return self.list_page(visit)

    def one(self, visit: Visit) -> Response:
        """GET: how one model reads."""
        return self.one_page(visit)

    def list_page(self, visit: Visit, error: str = "", status: int = 200) -> Response:
        """Every model, with what stood against an act."""
        with self.database.reading() as session:
            rows = [(row, _verdict(row)) for row in ledger.list_models(session)]
            planned, ended = plans.waiting(session), plans.last_ended(session)
        done = DONE.get(visit.asked("xong"), "")
        training = any(row.state == TRAINING for row, _ in rows)
        before = any(row.state == FORMER for row, _ in rows)
        return self.frame.page(
            visit,
            "models.html",
            status=status,
            rows=rows,
            states=STATES,
            done=done,
            error=error,
            training=training,
            planned=planned,
            ended=ended,
            before=before,
        )

    def one_page(self, visit: Visit, error: str = "", status: int = 200) -> Response:
        """One model, with what stood against an act."""
        with self.database.reading() as session:
            row = self._find(session, visit)
            found = look(session, row, self.checkout / "tests" / "heldout") if row else None
        if row is None:
            return self.frame.page(visit, "unknown.html", status=404)
        named = self._named()
        return self.frame.page(
            visit,
            "model.html",
            status=status,
            row=row,
            verdict=_verdict(row),
            states=STATES,
            part_names=PARTS,
            named=named,
            told=lambda said: in_vietnamese(said, named, lambda part: PARTS.get(part, part)),
            waiting=row.state in WAITING,
            found=found,
            shadow=shadow.found(row) if row.shadow or row.shadow_since else None,
            error=error,
            done=DONE.get(visit.asked("xong"), ""),
            most=_MOST,
            **(_drawn(found) if found else {}),
        )

    def curve(self, visit: Visit) -> Response:
        """GET: what more sentences would buy, or how to find it out."""
        with self.database.reading() as session:
            row = self._find(session, visit)
        if row is None:
            return self.frame.page(visit, "unknown.html", status=404)
        kept = curves.load(self.folder, str(row.name)) if row.name else None
        return self.frame.page(
            visit,
            "model_curve.html",
            row=row,
            curve=kept[0] if kept else None,
            day=kept[1] if kept else None,
            chart=_learning(kept[0]) if kept else None,
            named=self._named(),
        )

    def _named(self) -> Callable[[str], str]:
        """What an intent is called; its own name where it has no other."""
        names = {**load_names(self.checkout / "knowledge"), OUT_OF_SCOPE: "Ngoài phạm vi"}
        return lambda intent: names.get(intent) or intent

    def _find(self, session: Any, visit: Visit) -> Model | None:
        number = whole(visit.request.path_params["number"])
        try:
            return ledger.find(session, str(number)) if number is not None else None
        except TrainingError:
            return None


def _verdict(row: Model) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = json.loads(row.verdict) if row.verdict else None
    return kept


def _drawn(found: Measured) -> dict[str, Any]:
    """The drawings and tables of a model's page."""
    report = found.report
    bins, answered = report["calibration"], report["risk_coverage"]
    threshold = report["threshold"]
    reach = max((share for sure, share, _ in answered if sure >= threshold), default=0.0)
    calibration = Chart(
        "Độ chắc chắn và tỉ lệ đúng",
        Axis("mô hình chắc chắn", 0, 1),
        Axis("thật sự đúng", 0, 1),
        [(sure, right) for _, right, sure, _ in bins],
        ideal=((0, 0), (1, 1)),
    )
    coverage = Chart(
        "Trả lời bao nhiêu, đúng bao nhiêu",
        Axis("phần câu được trả lời, chắc nhất trước", 0, 1),
        Axis("đúng trong số đó", floor_of([right for *_, right in answered]), 1),
        thinned([(share, right) for _, share, right in answered]),
        guide=(reach, f"ngưỡng {threshold:.2f}".replace(".", ",")),
        dots=False,
    )
    return {
        "calibration": calibration,
        "coverage": coverage,
        "covered": _at_tenths(answered),
        "heat": heat_map(report["confused"]),
    }


def _at_tenths(answered: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Of the points of a risk–coverage curve those nearest to whole tenths of the messages, all of them first."""
    return [min(answered, key=lambda one: abs(one[1] - tenth)) for tenth in _TENTHS] if answered else []


def _learning(found: Curve) -> Chart:
    points = found.points
    counts = [point.sentences for point in points]
    return Chart(
        "Số câu huấn luyện và tỉ lệ đúng",
        Axis("số câu huấn luyện", counts[0] / 2, counts[-1], counts),
        Axis("đúng", floor_of([point.low for point in points]), 1),
        [(point.sentences, point.accuracy) for point in points],
        bars=[(point.sentences, point.low, point.high) for point in points],
    )
