"""Open311 GeoReport v2 over HTTP, against the shapes of its specification, in both formats."""

import json
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone

import jsonschema
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from bot.complaints import citizen
from bot.complaints.open_requests import OpenRequests
from bot.site import open311
from bot.site.open311 import Endpoint, open311_routes
from bot.text.codes import new_receipt_code
from bot.web import create_app
from tests.complaints.conftest import AN
from tests.factories import KEY, make_settings

ADDRESS = "https://motcua.example"
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"}
TEXT, NOTHING = {"type": "string"}, {"type": "null"}
MAYBE = {"type": ["string", "null"]}


def shape(required, **properties):
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


# What the specification says of each answer.
SERVICE = shape(
    ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"],
    service_code=TEXT,
    service_name=TEXT,
    description=TEXT,
    metadata={"type": "boolean"},
    type={"enum": ["realtime", "batch", "blackbox"]},
    keywords=TEXT,
    group=TEXT,
)
REQUEST = shape(
    ["service_request_id", "status", "service_name", "service_code", "description", "requested_datetime", "address"],
    service_request_id=TEXT,
    status={"enum": ["open", "closed"]},
    status_notes=MAYBE,
    service_name=TEXT,
    service_code=TEXT,
    description={"type": "string", "maxLength": 4000},
    agency_responsible=NOTHING,
    service_notice=NOTHING,
    requested_datetime=MOMENT,
    updated_datetime=MOMENT,
    expected_datetime={"anyOf": [MOMENT, NOTHING]},
    **dict.fromkeys(("address", "address_id", "zipcode", "lat", "long", "media_url"), NOTHING),
)
ERRORS = {
    "type": "array",
    "minItems": 1,
    "items": shape(["code", "description"], code={"type": "integer"}, description=TEXT),
}
ENDPOINT = shape(
    ["specification", "url", "changeset", "type", "formats"],
    specification={"const": "http://wiki.open311.org/GeoReport_v2"},
    url={"const": f"{ADDRESS}/open311/v2"},
    changeset=TEXT,
    type={"enum": ["production", "test"]},
    formats={"const": ["text/xml", "application/json"]},
)
DISCOVERY = shape(
    ["changeset", "contact", "key_service", "endpoints"],
    changeset=TEXT,
    contact=TEXT,
    key_service=TEXT,
    endpoints={"type": "array", "minItems": 1, "items": ENDPOINT},
)


@pytest.fixture
def kind_of_database():
    """One kind of database for what is about HTTP; tests about reading ask for both."""
    return "sqlite"


@pytest.fixture
def client(centre):
    endpoint = Endpoint(ADDRESS, datetime(2026, 11, 22, tzinfo=timezone.utc), test=True)
    routes = open311_routes(OpenRequests(centre.database, centre.rules), KEY, endpoint)
    return TestClient(Starlette(routes=routes), headers={"Authorization": f"Bearer {KEY}"})


def get(client, path, **asked):
    """The JSON of a resource, and that its XML has the same content under the names of the specification."""
    response = client.get(f"/open311/v2/{path}.json", params=asked)
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    written = client.get(f"/open311/v2/{path}.xml", params=asked)
    assert written.headers["content-type"] == "text/xml; charset=utf-8"
    assert written.content.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>")
    assert response.status_code == written.status_code
    assert as_read(ET.fromstring(written.content)) == as_written(response.json())
    return response.json()


def as_read(element):
    """XML by the Spark convention: lists under a plural, values as texts."""
    if element.tag in open311._ENTRIES:
        assert {part.tag for part in element} <= {open311._ENTRIES[element.tag]}
        return [as_read(part) for part in element]
    return {part.tag: as_read(part) for part in element} if len(element) else element.text


def as_written(content):
    if isinstance(content, dict):
        return {name: as_written(value) for name, value in content.items()}
    if isinstance(content, list):
        return [as_written(value) for value in content]
    return None if content in (None, "") else json.dumps(content) if not isinstance(content, str) else content


def ids(client, **asked):
    return [one["service_request_id"] for one in get(client, "requests", **asked)]


def error(client, path, status, /, **asked):
    told = get(client, path, **asked)
    jsonschema.validate(told, ERRORS)
    assert [one["code"] for one in told] == [status]
    assert client.get(f"/open311/v2/{path}.xml", params=asked).status_code == status
    return told[0]["description"]


def test_discovery_has_the_specified_shape(client):
    jsonschema.validate(get(client, "discovery"), DISCOVERY)


def test_services_are_the_kinds_of_feedback(client, centre):
    services = get(client, "services")
    jsonschema.validate(services, {"type": "array", "items": SERVICE})
    assert [service["service_code"] for service in services] == list(centre.rules.kinds)
    assert services[0]["service_name"] == "Hồ sơ trễ hạn"


def test_a_service_asks_for_nothing_because_nothing_can_be_filed(client):
    assert get(client, "services/late") == {"service_code": "late", "attributes": []}
    assert "service_code" in error(client, "services/lat", 404)


def test_a_request_has_the_specified_shape_and_nothing_personal(client, centre):
    phone = centre.hide("0912 345 678")
    code = centre.file(contact=phone, description="BÍMẬT của tôi", person="BÍMẬT").code
    centre.move(code, "accepted", "BÍMẬT")
    centre.change(code, unit="BÍMẬT", assignee="BÍMẬT", rating_words="BÍMẬT")
    requests = get(client, f"requests/{code}")
    jsonschema.validate(requests, {"type": "array", "items": REQUEST, "minItems": 1, "maxItems": 1})
    assert requests == get(client, "requests")
    assert "BÍMẬT" not in str(requests)
    assert "345" not in str(requests)
    assert requests[0]["description"] == "Hồ sơ trễ hạn. Đã tiếp nhận xử lý."
    assert requests[0]["requested_datetime"].endswith("+07:00")


@pytest.mark.parametrize("state", ["received", "needs_information", "accepted", "forwarded", "in_progress"])
def test_what_waits_is_open(client, centre, state):
    code = centre.file_in(state)
    assert get(client, f"requests/{code}")[0]["status"] == "open"
    assert ids(client, status="open") == ids(client, status="open,closed") == [code]
    assert ids(client, status="closed") == []


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_what_was_answered_is_closed_and_says_how(client, centre, state):
    code = centre.file_in(state)
    told = get(client, f"requests/{code}")[0]
    assert told["status"] == "closed"
    assert "Đã giải quyết" in told["status_notes"]
    assert ids(client, status="closed") == [code]
    assert ids(client, status="open") == []


def test_the_expected_day_stands_still_with_the_clock(client, centre):
    code = centre.file().code
    due = centre.row(code).due_on
    assert get(client, f"requests/{code}")[0]["expected_datetime"] == f"{due}T23:59:59+07:00"
    centre.move(code, "needs_information")
    assert get(client, f"requests/{code}")[0]["expected_datetime"] is None


def test_the_last_change_is_that_of_a_state(client, centre):
    code = centre.file().code
    moment = datetime(2026, 11, 1, 1, 2, 3, tzinfo=timezone.utc)
    centre.change(code, created_at=moment)
    told = get(client, f"requests/{code}")[0]
    assert told["requested_datetime"] == "2026-11-01T08:02:03+07:00"
    assert told["updated_datetime"] > told["requested_datetime"]


def test_denunciations_and_erased_ones_do_not_exist(client, centre):
    hidden, erased = centre.file(route="to_cao").code, centre.file().code
    centre.change(erased, erased_at=datetime.now(timezone.utc))
    for code in (hidden, erased, new_receipt_code(), "PA-1", "1"):
        assert "service_request_id" in error(client, f"requests/{code}", 404)
    assert ids(client) == ids(client, service_request_id=f"{hidden},{erased}") == []


@pytest.mark.parametrize("kind_of_database", ["sqlite", "postgres"])
def test_requests_are_found_by_what_is_asked(client, centre, kind_of_database):
    late, fee, papers = (centre.file(kind=kind).code for kind in ("late", "fee", "papers"))
    assert ids(client) == ids(client, status="", service_code="", start_date="") == [late, fee, papers]
    assert ids(client, service_code="fee") == [fee]
    assert ids(client, service_code="fee, late") == [late, fee]
    assert ids(client, page_size=2) == [late, fee]
    assert ids(client, page_size=2, page=2) == [papers]
    assert ids(client, page=9) == []
    # The codes override everything else.
    assert ids(client, service_request_id=f"{papers.lower()},PA-1, {late}", status="closed") == [late, papers]


@pytest.mark.parametrize("kind_of_database", ["sqlite", "postgres"])
def test_days_limit_what_is_found(client, centre, kind_of_database):
    now = datetime.now(timezone.utc)
    old, edge, new = (centre.file().code for _ in range(3))
    centre.change(old, created_at=datetime(2026, 1, 10, 17, tzinfo=timezone.utc))
    centre.change(edge, created_at=now - timedelta(days=89))
    assert ids(client) == [edge, new]
    assert ids(client, start_date="2026-01-10T17:00:00Z", end_date="2026-01-10T17:00:00Z") == [old]
    assert ids(client, start_date="2026-01-11", end_date="2026-01-11") == [old]
    assert ids(client, start_date="2026-01-11T00:00:01+07:00") == []
    assert ids(client, start_date="2026-01-11T00:00:00 07:00") == ids(client, end_date="2026-01-12") == [old]
    assert ids(client, start_date="2026-01-01", end_date="2026-04-01") == [old]


@pytest.mark.parametrize(
    "asked",
    [
        {"start_date": "yesterday"},
        {"start_date": "2026-11-22T00:00:00"},
        {"start_date": "2026-02-30"},
        {"end_date": "22/11/2026"},
        {"start_date": "9999-12-31T23:59:59-14:00"},
        {"end_date": "0001-01-01T00:00:00+07:00"},
        {"start_date": "2026-01-01", "end_date": "2026-04-02"},
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-01T00:00:01Z"},
        {"start_date": "2026-01-02", "end_date": "2026-01-01"},
        {"status": "answered"},
        {"service_code": "late,nothing"},
        {"page": "0"},
        {"page": "-1"},
        {"page": "٣"},
        {"page_size": "1001"},
        {"service_request_id": "PA-1," * 1001},
    ],
)
def test_a_request_that_cannot_be_answered_says_why(client, asked):
    assert error(client, "requests", 400, **asked)


@pytest.mark.parametrize(
    "path", ["discovery", "services", "services/late", "requests", "requests/PA-1", "nothing", "requests/a/b"]
)
def test_without_the_key_nothing_is_told(client, path):
    for given in ({}, {"Authorization": f"Bearer {KEY[:-1]}"}, {"Authorization": f"Basic {KEY}"}, {"api_key": KEY}):
        stranger = TestClient(client.app, headers=given)
        assert "api_key" in error(stranger, path, 403)
    assert error(TestClient(client.app), path, 403, api_key="khóa")


def test_the_key_is_taken_from_the_address_too(client):
    assert len(get(TestClient(client.app), "services", api_key=KEY)) > 1


def test_what_is_not_there_is_told_in_the_specified_shape(client):
    assert error(client, "nothing", 404)
    for path in ("services.html", "requests/PA-1.html", "services"):
        response = client.get(f"/open311/v2/{path}")
        assert response.status_code == 404
        assert ET.fromstring(response.content).tag == "errors"
    posted = client.post("/open311/v2/requests.json", data={"service_code": "late"})
    assert (posted.status_code, posted.json()[0]["code"]) == (400, 400)
    jsonschema.validate(posted.json(), ERRORS)


def test_no_answer_is_kept_on_the_way(client):
    assert client.get("/open311/v2/services.json").headers["cache-control"] == "no-store"
    assert client.head("/open311/v2/services.xml").status_code == 200


def test_an_erased_or_withdrawn_word_never_was_there(client, centre):
    code = centre.file().code
    citizen.withdraw(centre.database, centre.rules, AN, code, "BÍMẬT")
    told = get(client, f"requests/{code}")[0]
    assert (told["status"], told["status_notes"]) == ("closed", "Đã kết thúc: Người gửi đã rút")
    assert "BÍMẬT" not in str(told)


def test_without_a_key_there_is_no_endpoint(tmp_path):
    plain = TestClient(create_app(make_settings(tmp_path)))
    assert plain.get("/open311/v2/services.json").status_code == 404
    served = TestClient(create_app(make_settings(tmp_path, OPEN311_KEY=KEY)))
    assert served.get("/open311/v2/services.json").status_code == 403
    answer = served.get("/open311/v2/discovery.json", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json()["endpoints"][0]["type"] == "test"
