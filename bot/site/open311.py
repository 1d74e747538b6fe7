"""Open311 GeoReport v2, read-only: other systems of the administration read how far feedback is.

Everything needs the key, discovery too. No place, no name and no word of a citizen is in what is answered.
"""

from __future__ import annotations

import hmac
import re
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.complaints.open_requests import OpenRequests, Service, ServiceRequest
from bot.complaints.workdays import VIET_NAM

ROOT = "/open311/v2"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
LONGEST_SPAN = timedelta(days=90)
# The specification's own limit of what one answer holds.
MOST_REQUESTS = 1000
_MOST_PAGES = 10_000
# What each entry of a list is called in XML; JSON needs no name for it.
_ENTRIES = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
_GROUPS = {"phan_anh": "Phản ánh", "kien_nghi": "Kiến nghị", "khen": "Khen ngợi"}
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+ -]\d\d:\d\d)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"[1-9]\d{0,5}")
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Open311Error(Exception):
    """A request that can't be answered; told in the specification's shape."""

    def __init__(self, status: int, description: str) -> None:
        super().__init__(description)
        self.status = status


@dataclass(frozen=True)
class Endpoint:
    """What discovery tells of this endpoint.

    Attributes:
        changed_at: when the kinds of feedback were last changed.
        test: whether what is read here is only for trying out.
    """

    public_url: str
    changed_at: datetime
    test: bool


Read = Callable[[Request], tuple[str, Any]]


def open311_routes(requests: OpenRequests, key: str, endpoint: Endpoint) -> list[BaseRoute]:
    """The endpoint's routes; none without a key, so that it does not exist."""
    if not key:
        return []
    reader = _Reader(requests, endpoint)

    def answering(read: Read) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            form = str(request.path_params.get("format", "")).lower()
            try:
                _check_key(request, key)
                if form not in _WRITERS:
                    raise Open311Error(404, "There is no such format; there are xml and json.")
                name, content = await run_in_threadpool(read, request)
                return _response(form, name, content)
            except Open311Error as error:
                told = [{"code": error.status, "description": str(error)}]
                return _response(form if form in _WRITERS else "xml", "errors", told, error.status)

        return answer

    async def unknown(request: Request) -> Response:
        form = "json" if request.url.path.lower().endswith(".json") else "xml"
        try:
            _check_key(request, key)
            if request.method not in ("GET", "HEAD"):
                raise Open311Error(400, "This endpoint can only be read (GET).")
            raise Open311Error(404, "There is no such resource.")
        except Open311Error as error:
            return _response(form, "errors", [{"code": error.status, "description": str(error)}], error.status)

    paths = {
        "/discovery.{format}": reader.discovery,
        "/services.{format}": reader.services,
        "/services/{code}.{format}": reader.service,
        "/requests.{format}": reader.requests,
        "/requests/{code}.{format}": reader.request,
    }
    routes: list[BaseRoute] = [Route(f"{ROOT}{path}", answering(read), methods=["GET"]) for path, read in paths.items()]
    return [*routes, Route(f"{ROOT}/{{rest:path}}", unknown, methods=_ALL_METHODS)]


@dataclass(frozen=True)
class _Reader:
    """Each resource as the name of its root in XML and its content."""

    open_requests: OpenRequests
    endpoint: Endpoint

    def discovery(self, request: Request) -> tuple[str, Any]:
        changed = _moment(self.endpoint.changed_at.astimezone(VIET_NAM))
        return "discovery", {
            "changeset": changed,
            "contact": f"Trung tâm Phục vụ hành chính công, {self.endpoint.public_url}/",
            "key_service": "Khóa do trung tâm cấp; gửi trong tiêu đề Authorization: Bearer, hoặc tham số api_key.",
            "endpoints": [
                {
                    "specification": SPECIFICATION,
                    "url": f"{self.endpoint.public_url}{ROOT}",
                    "changeset": changed,
                    "type": "test" if self.endpoint.test else "production",
                    "formats": ["text/xml", "application/json"],
                }
            ],
        }

    def services(self, request: Request) -> tuple[str, Any]:
        return "services", [_service(service) for service in self.open_requests.services()]

    def service(self, request: Request) -> tuple[str, Any]:
        code = request.path_params["code"]
        if code not in self._codes():
            raise Open311Error(404, "There is no service with this service_code.")
        # Nothing can be filed here, so there is nothing to fill in.
        return "service_definition", {"service_code": code, "attributes": []}

    def request(self, request: Request) -> tuple[str, Any]:
        found = self.open_requests.find([request.path_params["code"]])
        if not found:
            raise Open311Error(404, "There is no request with this service_request_id.")
        return "service_requests", [_request(one) for one in found]

    def requests(self, request: Request) -> tuple[str, Any]:
        asked = request.query_params
        codes = _several(asked.get("service_request_id", ""))
        if len(codes) > MOST_REQUESTS:
            raise Open311Error(400, f"service_request_id may name {MOST_REQUESTS} requests at the most.")
        if codes:
            return "service_requests", [_request(one) for one in self.open_requests.find(codes)]
        kinds = _several(",".join(asked.getlist("service_code")))
        if set(kinds) - self._codes():
            raise Open311Error(400, "There is no service with this service_code.")
        statuses = set(_several(",".join(asked.getlist("status"))))
        if statuses - {"open", "closed"}:
            raise Open311Error(400, "status is open, closed, or both with a comma between them.")
        first, last = _span(asked.get("start_date", ""), asked.get("end_date", ""))
        size = _number(asked.get("page_size", ""), "page_size", MOST_REQUESTS, MOST_REQUESTS)
        page = _number(asked.get("page", ""), "page", 1, _MOST_PAGES)
        is_open = "open" in statuses if len(statuses) == 1 else None
        found = self.open_requests.between(first, last, kinds, is_open, size, (page - 1) * size)
        return "service_requests", [_request(one) for one in found]

    def _codes(self) -> set[str]:
        return {service.code for service in self.open_requests.services()}


def _service(service: Service) -> dict[str, Any]:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": f"{_GROUPS.get(service.group, service.group)}: {service.name}",
        "metadata": False,
        "type": "realtime",
        "keywords": ", ".join(service.keywords),
        "group": _GROUPS.get(service.group, service.group),
    }


def _request(request: ServiceRequest) -> dict[str, Any]:
    return {
        "service_request_id": request.code,
        "status": "open" if request.is_open else "closed",
        "status_notes": request.state,
        "service_name": request.service.name,
        "service_code": request.service.code,
        "description": f"{request.service.name}. {request.state}.",
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": _moment(request.requested_at),
        "updated_datetime": _moment(request.updated_at),
        "expected_datetime": _moment(request.expected_at) if request.expected_at else None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def _check_key(request: Request, key: str) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else request.query_params.get("api_key", "")
    if not hmac.compare_digest(given.encode(errors="replace"), key.encode()):
        raise Open311Error(403, "The api_key is missing or invalid.")


def _span(start: str, end: str) -> tuple[datetime, datetime]:
    """The moments asked for; what is not given lies 90 days from the other, or from now."""
    try:
        first, last = _read_moment(start, "start_date", time()), _read_moment(end, "end_date", time(23, 59, 59))
        last = last or (first + LONGEST_SPAN if first else datetime.now(timezone.utc))
        first = first or last - LONGEST_SPAN
        # Databases keep UTC; the first and last year of all have moments that are none there.
        first, last = first.astimezone(timezone.utc), last.astimezone(timezone.utc)
    except OverflowError as error:
        raise Open311Error(400, "start_date or end_date is out of reach.") from error
    if first > last:
        raise Open311Error(400, "start_date is after end_date.")
    # A day that is named goes to its end.
    if last - first > LONGEST_SPAN + timedelta(days=1 if _DAY.fullmatch(end) else 0):
        raise Open311Error(400, f"start_date and end_date may be {LONGEST_SPAN.days} days apart at the most.")
    return first, last


def _read_moment(text: str, name: str, at: time) -> datetime | None:
    if not text:
        return None
    moment = _MOMENT.fullmatch(text)
    try:
        if moment:
            # A "+" that was not written %2B arrives as a space.
            zone = moment.group(2).replace("Z", "+00:00").replace(" ", "+")
            return datetime.fromisoformat(moment.group(1) + zone)
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), at, VIET_NAM)
    except ValueError:
        pass
    raise Open311Error(400, f"{name} must look like 2026-11-22T00:00:00+07:00 or 2026-11-22T00:00:00Z.")


def _number(text: str, name: str, default: int, most: int) -> int:
    if not text:
        return default
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise Open311Error(400, f"{name} must be a whole number, 1 to {most}.")
    return int(text)


def _several(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _response(form: str, name: str, content: Any, status: int = 200) -> Response:
    return _WRITERS[form](name, content, status)


def _as_json(name: str, content: Any, status: int) -> Response:
    return JSONResponse(content, status, {**_HEADERS, "Content-Type": "application/json; charset=utf-8"})


def _as_xml(name: str, content: Any, status: int) -> Response:
    body = ET.tostring(_element(name, content), encoding="utf-8", xml_declaration=True)
    return Response(body, status, _HEADERS, media_type="text/xml; charset=utf-8")


def _element(name: str, content: Any) -> ET.Element:
    element = ET.Element(name)
    if isinstance(content, dict):
        element.extend(_element(part, value) for part, value in content.items())
    elif isinstance(content, list):
        element.extend(_element(_ENTRIES[name], value) for value in content)
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif content is not None:
        element.text = _NO_XML.sub("", str(content))
    return element


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_WRITERS: dict[str, Callable[[str, Any, int], Response]] = {"json": _as_json, "xml": _as_xml}
