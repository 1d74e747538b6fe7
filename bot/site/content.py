"""What the pages of procedures, topics and events of life show: display strings made from the reviewed content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import segno

from bot.catalogue.model import Knowledge, LifeEvent, Procedure, Provenance, Statement, Topic

# Aspect → heading, in the order of the page.
HEADINGS = {
    "where": "Làm ở đâu",
    "documents": "Giấy tờ cần mang",
    "forms": "Mẫu đơn, tờ khai",
    "fee": "Phí, lệ phí",
    "time": "Thời hạn",
    "how": "Các bước",
    "online": "Làm trên mạng",
    "result": "Kết quả nhận được",
    "eligibility": "Ai được làm, điều kiện",
    "authorization": "Nhờ người khác làm thay",
    "penalty": "Mức phạt",
    "notes": "Lưu ý",
}
CAUTION = {
    "high": "",
    "medium": "Việc quan trọng anh/chị nên hỏi lại trung tâm hoặc 1800 1096.",
    "low": "Thông tin này chưa chắc chắn; xin hỏi lại trung tâm hoặc 1800 1096 trước khi đi.",
}


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Attributes:
        kind: "text", "list", "steps" (numbered), "checklist" (boxes to tick) or "local" (what provinces decided).
    """

    title: str
    lines: tuple[str, ...]
    kind: str = "text"


@dataclass(frozen=True)
class Link:
    """A labelled address."""

    label: str
    url: str


@dataclass(frozen=True)
class ContentPage:
    """A page of reviewed content.

    Attributes:
        current: whether the content may be given as today's rule; when not, only that is said.
        qr: the page's own address as an SVG data address.
    """

    path: str
    eyebrow: str
    title: str
    summary: str
    sections: tuple[Section, ...]
    links: tuple[Link, ...]
    basis: tuple[str, ...]
    checked_on: str
    source: str
    caution: str
    english: str
    current: bool
    qr: str


class ContentPages:
    """Finds and makes pages.

    Args:
        address: the public address of the site, for QR codes.
        day: the day by which validity is judged; today when None.
    """

    def __init__(self, knowledge: Knowledge, address: str, day: date | None = None) -> None:
        self._knowledge = knowledge
        self._address = address.rstrip("/")
        self._day = day
        self._keys = {code: p.key for p in knowledge.procedures.values() for code in (*p.codes, *p.old_codes)}

    def procedures(self) -> list[tuple[str, list[Link]]]:
        """Every procedure by group, with the path of its page."""
        groups: dict[str, list[Link]] = {}
        for procedure in self._knowledge.procedures.values():
            groups.setdefault(procedure.group, []).append(Link(procedure.name, procedure.path))
        return sorted((group, sorted(links, key=lambda link: link.label)) for group, links in groups.items())

    def procedure(self, name: str) -> ContentPage | None:
        """The page of a procedure, by one of its codes, old or new, or by its key."""
        procedure = self._knowledge.procedures.get(self._keys.get(name, name))
        if procedure is None:
            return None
        sections = [part for aspect, title in HEADINGS.items() for part in self._sections(aspect, title, procedure)]
        links = [Link("Trang thủ tục trên Cổng Dịch vụ công quốc gia", url) for url in procedure.provenance.source.urls]
        eyebrow = f"{procedure.group} · mã {', '.join(procedure.codes)}" if procedure.codes else procedure.group
        return self._page(procedure.path, eyebrow, procedure.name, procedure.summary, sections, links, procedure)

    def topic(self, key: str) -> ContentPage | None:
        """The page of a topic."""
        topic = self._knowledge.topics.get(key)
        if topic is None:
            return None
        sections = [Section("Chi tiết", topic.details, "list")]
        related = [self._knowledge.topics[k] for k in topic.related if k in self._knowledge.topics]
        links = [*(Link(link.label, link.url) for link in topic.links)]
        links += [Link(other.title, f"/chu-de/{other.key}") for other in related]
        return self._page(f"/chu-de/{key}", "Chủ đề", topic.title, topic.short, sections, links, topic)

    def life_event(self, key: str) -> ContentPage | None:
        """The page of an event of life."""
        event = self._knowledge.life_events.get(key)
        if event is None:
            return None
        known = self._knowledge.procedures
        steps = [(known[step.procedure], step.why) for step in event.steps if step.procedure in known]
        sections = [
            Section("Theo thứ tự", tuple(f"{procedure.name}. {why}" for procedure, why in steps), "steps"),
            Section("Lưu ý", event.notes, "list"),
        ]
        links = [Link(procedure.name, procedure.path) for procedure, _ in steps]
        return self._page(f"/su-kien/{key}", "Việc trong đời", event.name, event.intro, sections, links, event)

    def _sections(self, aspect: str, title: str, procedure: Procedure) -> list[Section]:
        provinces, figures = self._knowledge.provinces, procedure.local_figures.get(aspect, {})
        known = ((provinces[key].name, figures[key].on(self._today)) for key in figures if key in provinces)
        lines = tuple(sorted(f"{name}: {figure}" for name, figure in known if figure))
        return [self._section(aspect, title, procedure), Section(f"{title} ở từng tỉnh", lines, "local")]

    def _section(self, aspect: str, title: str, procedure: Procedure) -> Section:
        lines = tuple(self._lines(procedure.aspects.get(aspect, ())))
        if aspect == "how":
            return Section(title, lines, "steps")
        if aspect == "documents":
            return Section(title, lines, "checklist")
        return Section(title, lines, "list" if len(lines) > 1 else "text")

    def _lines(self, statements: tuple[Statement, ...]) -> list[str]:
        said = [statement.on(self._today) for statement in statements]
        return [line for line in said if line]

    def _page(
        self,
        path: str,
        eyebrow: str,
        title: str,
        summary: str,
        sections: list[Section],
        links: list[Link],
        item: Procedure | Topic | LifeEvent,
    ) -> ContentPage:
        provenance: Provenance = item.provenance
        return ContentPage(
            path=path,
            eyebrow=eyebrow,
            title=title,
            summary=summary,
            sections=tuple(section for section in sections if section.lines),
            links=tuple(links),
            basis=provenance.legal_basis,
            checked_on=f"{provenance.checked_on:%d/%m/%Y}",
            source=provenance.source.name,
            caution=CAUTION[provenance.confidence],
            english=item.english or "",
            current=provenance.is_current(self._today),
            qr=segno.make(self._address + path, error="m").svg_data_uri(scale=4, border=2, light="#fff"),
        )

    @property
    def _today(self) -> date:
        return self._day or date.today()
