"""Pages for maintainers: what the bot did not understand, one message at a time or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from bot.accounts.permissions import REVIEW
from bot.console.doors import Door, Handler, allowed
from bot.console.forms import whole
from bot.console.pages import Frame
from bot.console.visit import HOME, Visit, go_to
from bot.database import Database, now
from bot.review import accuracy, overview
from bot.review.collecting import monday_of
from bot.review.deciding import SKIP, UNFIT
from bot.review.errors import ReviewError
from bot.review.labelling import Card, Desk, find_intents, load_names, open_desk

PAGE = 50
PATH = f"{HOME}/cau-hoi"
_OUT = "out_of_scope"
REASONS = {
    "not_mine": "người dân bấm “không phải ý tôi”",
    "down": "người dân chê câu trả lời",
    "corrected": "cán bộ trả lời là phải đi đường khác",
    "handover": "trợ lý mời gặp cán bộ",
    "clarify": "trợ lý phải hỏi lại",
    "low_margin": "hai cách hiểu sát nhau",
    "unsure": "trợ lý không chắc",
    "differs": "hai mô hình hiểu khác nhau",
    "sample": "rút thăm trong tuần",
}
STATES = {
    "accepted": "Đã nhận: sẽ vào dữ liệu.",
    "second": "Đã ghi, chờ người thứ hai.",
    "disputed": "Đã ghi; có người chọn khác, chờ người thứ ba.",
    "waiting": "Đã bỏ qua.",
    "unusable": "Đã giấu câu này.",
    "undone": "Đã lùi lại một bước.",
    "none": "Không có gì để lùi.",
}
DONE = {"many": "Đã ghi các câu đã chọn. Lùi lại một bước thì lùi tất cả."}
SHORT_STATES = {
    "waiting": "chờ",
    "second": "chờ người thứ hai",
    "disputed": "hai người chọn khác nhau",
    "accepted": "đã nhận",
    "written": "đã vào dữ liệu",
    "unusable": "đã giấu",
}
_UNKNOWN = (
    "Câu này không còn trong hộp, hoặc chưa chọn ý định. "
    "Ý định mới cần tên không dấu (ví dụ ask_pets) và một câu mô tả; thủ tục thì chọn trong danh sách gợi ý."
)


@dataclass(frozen=True)
class ReviewPages:
    """Handlers of the pages.

    Attributes:
        checkout: where the rules and the sentences lie.
    """

    database: Database
    frame: Frame
    checkout: Path

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        needs = allowed(REVIEW)
        return [
            Door("/cau-hoi", by_rules(self.frame, self.show), needs),
            Door("/cau-hoi", by_rules(self.frame, self.label), needs, "POST"),
            Door("/cau-hoi/danh-sach", by_rules(self.frame, self.many), needs),
            Door("/cau-hoi/so-lieu", by_rules(self.frame, self.figures), needs),
            Door("/cau-hoi/lui", by_rules(self.frame, self.undo), needs, "POST"),
        ]

    def show(self, visit: Visit) -> Response:
        """GET: the message that is worth a look most, or the one that was asked for."""
        return self._page(visit, visit.asked("xong"), "")

    def many(self, visit: Visit) -> Response:
        """GET: what waits, as a list to be labelled together."""
        desk = self._desk()
        return self.frame.page(
            visit,
            "review_list.html",
            cards=desk.next(visit.person.name, PAGE),
            intents=self._intents(desk),
            names=self._names(),
            procedures=desk.procedures,
            reasons=REASONS,
            done=DONE.get(visit.asked("xong"), "") or STATES.get(visit.asked("xong"), ""),
        )

    def label(self, visit: Visit) -> Response:
        """POST: what one or many messages are."""
        form = visit.form
        items = [number for one in form.all("item") if (number := whole(one)) is not None]
        intent = {"skip": SKIP, "unusable": UNFIT, "out": _OUT}.get(form.get("act"), "") or form.get("intent")
        new = form.get("new")
        try:
            if not items or not (intent or new):
                raise ReviewError(_UNKNOWN)
            decisions = self._desk().label(
                items[:PAGE],
                visit.person.name,
                intent or new,
                form.get("procedure")[:60],
                form.get("definition") or None,
            )
        except ReviewError:
            return self._page(visit, "", _UNKNOWN, items, status=422)
        if form.get("back") == "list":
            return go_to(f"{PATH}/danh-sach?xong=many")
        return go_to(f"{PATH}?xong={decisions[-1].state}")

    def undo(self, visit: Visit) -> Response:
        """POST: take the last label back, and show its message again."""
        items = self._desk().undo(visit.person.name)
        return go_to(f"{PATH}?xong=undone&cau={items[0]}" if items else f"{PATH}?xong=none")

    def figures(self, visit: Visit) -> Response:
        """GET: how good the model was, who labels, and what was labelled last."""
        desk = self._desk()
        return self.frame.page(
            visit,
            "review_figures.html",
            counts=desk.counts(),
            weeks=accuracy.weeks(self.database, monday_of(now())),
            people=overview.labellers(desk),
            cap=desk.rules.per_labeller,
            rows=overview.newest(desk, visit.person.name, PAGE),
            names=self._names(),
            states=SHORT_STATES,
        )

    def _page(self, visit: Visit, done: str, error: str, items: Sequence[int] = (), status: int = 200) -> Response:
        desk, searched = self._desk(), visit.asked("tim")
        card = self._card(desk, visit, items)
        names = self._names()
        found = find_intents(searched, desk.sentences, names) if searched else []
        return self.frame.page(
            visit,
            "review.html",
            status=status,
            card=card,
            counts=desk.counts(),
            names=names,
            reasons=REASONS,
            searched=searched,
            found=[(intent, names.get(intent, "")) for intent in found],
            intents=self._intents(desk),
            procedures=desk.procedures,
            typed=visit.form,
            done=STATES.get(done, ""),
            error=error,
        )

    def _card(self, desk: Desk, visit: Visit, items: Sequence[int]) -> Card | None:
        wanted = items[0] if items else whole(visit.asked("cau"))
        if wanted is not None:
            try:
                return desk.card(wanted)
            except ReviewError:
                pass
        return next(iter(desk.next(visit.person.name)), None)

    def _intents(self, desk: Desk) -> list[tuple[str, str]]:
        names = self._names()
        return [(intent, names.get(intent, "")) for intent in sorted(desk.sentences)]

    def _names(self) -> dict[str, str]:
        return {_OUT: "Ngoài phạm vi", **load_names(self.checkout / "knowledge")}

    def _desk(self) -> Desk:
        return open_desk(self.database, self.checkout)


def by_rules(frame: Frame, show: Handler) -> Handler:
    """A handler that says so where the rules of the inbox are broken: nothing is shown or kept by other rules."""

    def shown(visit: Visit) -> Response:
        try:
            return show(visit)
        except ReviewError as error:
            return frame.page(visit, "review_closed.html", status=503, error=str(error))

    return shown
