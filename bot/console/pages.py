"""What all pages of the console share: templates, headers, the frame with its navigation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.templating import Jinja2Templates

from bot.accounts.permissions import MANAGE, READ, READ_AUDIT, REVIEW, ROLES, SEE_GAPS, SEE_MODELS, may
from bot.accounts.sessions import DONE, LoggedIn
from bot.complaints.workdays import VIET_NAM
from bot.console.visit import HOME, Visit
from bot.pages import make_templates

HERE = Path(__file__).parent
# One page each: what stands in the frame, for whom.
NAVIGATION = (
    ("Hàng việc", HOME, READ),
    ("Tìm phản ánh", f"{HOME}/phan-anh", READ),
    ("Nhân sự", f"{HOME}/nhan-su", MANAGE),
    ("Câu cần xem", f"{HOME}/cau-hoi", REVIEW),
    ("Thiếu nội dung", f"{HOME}/thieu-noi-dung", SEE_GAPS),
    ("Mô hình", f"{HOME}/mo-hinh", SEE_MODELS),
    ("Nhật ký", f"{HOME}/nhat-ky", READ_AUDIT),
)
DENUNCIATIONS = ("Tố cáo", f"{HOME}/to-cao")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # With "no-referrer" browsers would not say that a form came from our own page.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
}


def _make_templates() -> Jinja2Templates:
    templates = make_templates(HERE / "templates")
    templates.env.filters |= {"moment": shown_moment, "day": shown_day, "share": shown_share, "points": shown_points}
    return templates


def shown_moment(moment: datetime) -> str:
    """A moment as people in Viet Nam read it."""
    return f"{moment.astimezone(VIET_NAM):%d/%m/%Y %H:%M}"


def shown_day(day: date | None) -> str:
    """A day as people in Viet Nam read it."""
    return f"{day:%d/%m/%Y}" if day else "–"


def shown_share(share: float) -> str:
    """A share as people in Viet Nam read it: 94,0 %."""
    return f"{share * 100:.1f}\u00a0%".replace(".", ",")


def shown_points(share: float) -> str:
    """A change of a share in points, with its sign: +1,2."""
    return f"{share * 100:+.1f}".replace(".", ",").replace("-", "−")


@dataclass(frozen=True)
class Frame:
    """Renders pages in their frame.

    Attributes:
        readers: names of those who may read denunciations.
    """

    readers: frozenset[str] = frozenset()
    templates: Jinja2Templates = field(default_factory=_make_templates)

    def is_reader(self, login: LoggedIn | None) -> bool:
        """Whether a session may read denunciations: of somebody named for it who reads feedback, and through."""
        if login is None or login.step != DONE or not may(login.person.roles, READ):
            return False
        return login.person.name in self.readers

    def page(self, visit: Visit, template: str, /, *, status: int = 200, **context: Any) -> Response:
        """A page as this visitor gets it."""
        person = visit.login.person if visit.login else None
        roles = person.roles if person and visit.login and visit.login.step == DONE else frozenset()
        navigation = [(title, path) for title, path, act in NAVIGATION if may(roles, act)]
        if self.is_reader(visit.login):
            navigation.append(DENUNCIATIONS)
        framed = {
            "person": person,
            "role_names": [ROLES[role] for role in ROLES if person and role in person.roles],
            "navigation": navigation,
            "path": visit.request.url.path,
            "csrf": visit.csrf,
            "home": HOME,
            **context,
        }
        return self.templates.TemplateResponse(visit.request, template, framed, status_code=status)
