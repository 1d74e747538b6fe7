"""The HTTP server against clients that are slow, greedy, many, or not who they say."""

import asyncio
import contextlib
import json
import resource
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from bot.channels.web import open_web
from bot.delivery import sentences
from bot.serving import (
    HEADERS,
    MOST_HEAD,
    Crowd,
    PatientProtocol,
    SafeHeaders,
    allow_many_connections,
    make_server,
    tell_failure,
)
from bot.web import create_app
from tests.channels.conftest import IdleWorker
from tests.factories import free_port, make_database, make_settings, running

JSON = "Content-Type: application/json\r\n"


class Impatient(PatientProtocol):
    """The protocol with its times made short."""

    head_seconds = rest_seconds = 0.3


@contextlib.contextmanager
def served(tmp_path, app, on_stop=(), protocol=PatientProtocol, **values):
    """Serve an app as the web program is served; gives the port."""
    port = free_port()
    server = make_server(app, make_settings(tmp_path, PORT=port, **values), on_stop, protocol)
    server.config.lifespan = "off"
    with running(server):
        yield port


def who_asks():
    async def tell(request: Request):
        return PlainTextResponse(request.client.host)

    async def swallow(request: Request):
        return PlainTextResponse(str(len(await request.body())))

    async def refuse(request: Request):
        return PlainTextResponse("no", status_code=413)

    return Starlette(
        routes=[Route("/", tell), Route("/eat", swallow, methods=["POST"]), Route("/no", refuse, methods=["POST"])]
    )


async def exchange(port, *parts, pause=0.0):
    """Send parts of a request with pauses; everything that comes back until the server closes, or for two seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = bytearray()
    listening = asyncio.create_task(collect(reader, got))
    with contextlib.suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)
            if listening.done():
                break
    closed = await asyncio.wait({listening}, timeout=2)
    listening.cancel()
    writer.close()
    return bytes(got), bool(closed[0])


async def collect(reader, got):
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            got += part


def talk(port, *parts, pause=0.0):
    return in_a_loop(exchange(port, *parts, pause=pause))


def in_a_loop(work):
    """Run it in a thread of its own: a browser of other tests may have its loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_a_head_that_dribbles_is_cut_off(tmp_path):
    with served(tmp_path, who_asks(), protocol=Impatient) as port:
        assert talk(port, b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 20, pause=0.05) == (b"", True)


def test_who_connects_and_says_nothing_is_cut_off(tmp_path):
    with served(tmp_path, who_asks(), protocol=Impatient) as port:
        assert talk(port) == (b"", True)


def test_the_head_of_a_second_request_may_not_dribble_either(tmp_path):
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with served(tmp_path, who_asks(), protocol=Impatient) as port:
        got, closed = talk(port, whole, b"GET / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 20, pause=0.05)
    assert (got.count(b"200 OK"), closed) == (1, True)


def test_a_head_without_an_end_is_refused(tmp_path):
    with served(tmp_path, who_asks()) as port:
        got, closed = talk(port, b"GET / HTTP/1.1\r\n", *[b"X-A: " + b"b" * 2000 + b"\r\n"] * (MOST_HEAD // 1000))
    # Who goes on writing into a closed connection may lose the refusal on its way; nothing else is ever said.
    assert (got == b"" or b" 431 " in got, closed) == (True, True)


def test_a_body_that_is_answered_early_may_not_dribble_on(tmp_path):
    head = b"POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
    with served(tmp_path, who_asks(), protocol=Impatient) as port:
        got, closed = talk(port, head, *[b"x"] * 20, pause=0.05)
    assert (b" 413 " in got, closed) == (True, True)


def test_a_slow_body_that_is_listened_to_is_the_handlers_affair(tmp_path):
    head = b"POST /eat HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n"
    with served(tmp_path, who_asks(), protocol=Impatient) as port:
        got, _ = talk(port, head, *[b"x"] * 10, pause=0.05)
    assert got.endswith(b"10")


@pytest.fixture
def chat(database, tmp_path):
    channel = open_web(database, IdleWorker(), make_settings(tmp_path), body_seconds=0.2)
    with served(tmp_path, Starlette(routes=channel.routes())) as port:
        yield port


def post(port, body, length=None, pause=0.0):
    head = f"POST /api/web/messages HTTP/1.1\r\nHost: a\r\nCookie: motcua={'a' * 43}\r\nConnection: close\r\n{JSON}"
    head += f"Content-Length: {length or sum(map(len, body))}\r\n\r\n"
    got, closed = talk(port, head.encode(), *body, pause=pause)
    status, _, rest = got.partition(b"\r\n")
    assert closed
    return int(status.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


def test_a_message_that_dribbles_is_told_so(chat):
    assert post(chat, [b"{"] * 20, length=1000, pause=0.05) == (408, {"error": sentences.TOO_SLOW})


def test_ten_megabytes_are_refused_before_they_come(chat):
    status, answer = post(chat, [b"{"], length=10_000_000)
    assert (status, "2000" in answer["error"]) == (413, True)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        ("127.0.0.1", "203.0.113.9", b"203.0.113.9"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", b"203.0.113.9"),
        ("127.0.0.1,10.0.0.0/8", "203.0.113.9, 10.1.2.3", b"203.0.113.9"),
        ("10.0.0.0/8", "203.0.113.9", b"127.0.0.1"),
    ],
)
def test_who_asks_is_believed_only_of_the_servers_in_front(tmp_path, trusted, forwarded, seen):
    request = f"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: {forwarded}\r\n\r\n"
    with served(tmp_path, who_asks(), TRUSTED_PROXIES=trusted) as port:
        assert talk(port, request.encode())[0].partition(b"\r\n\r\n")[2] == seen


def test_what_runs_without_an_end_is_told_of_the_end(tmp_path):
    over = threading.Event()

    async def stream(request):
        async def for_ever():
            while not over.is_set():
                yield b"."
                await asyncio.sleep(0.02)

        return StreamingResponse(for_ever())

    app = Starlette(routes=[Route("/", stream)])
    with served(tmp_path, app, on_stop=[over.set]) as port, contextlib.suppress(asyncio.TimeoutError):
        in_a_loop(asyncio.wait_for(exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 0.2))
    assert over.is_set()


@pytest.mark.parametrize(("path", "json_told"), [("/api/web/messages", True), ("/", False)])
def test_a_crowd_is_told_to_come_back(path, json_told):
    app = Starlette(routes=[], middleware=[Middleware(SafeHeaders), Middleware(Crowd, most=0)])
    response = TestClient(app).get(path)
    said = response.json()["error"] if json_told else response.text
    assert (response.status_code, said, response.headers["retry-after"]) == (503, sentences.BUSY, "5")


def test_a_crowd_does_not_hide_that_the_program_lives():
    app = Starlette(
        routes=[Route("/healthz", lambda _: PlainTextResponse("ok"))], middleware=[Middleware(Crowd, most=0)]
    )
    assert TestClient(app).get("/healthz").status_code == 200


def test_a_failure_is_a_sentence_without_what_failed():
    async def fail(request):
        raise ValueError("0912345678")

    app = Starlette(routes=[Route("/", fail)], exception_handlers={Exception: tell_failure})
    response = TestClient(app, raise_server_exceptions=False).get("/")
    assert (response.status_code, "0912345678" in response.text) == (500, False)
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


def test_as_many_connections_as_the_system_allows_are_asked_for():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        allow_many_connections()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def paths_of(routes, prefix=""):
    for route in routes:
        if isinstance(route, Mount):
            yield f"{prefix}{route.path}/chat.js"
            yield from paths_of(route.routes or (), prefix + route.path)
        elif isinstance(route, Route):
            yield prefix + route.path.replace(":path}", "}").replace(":int}", "}").replace("{", "").replace("}", "")


def test_every_answer_of_every_route_has_the_headers(tmp_path):
    values = {"WIDGET_ORIGINS": "https://tayninh.gov.vn", "OPEN311_KEY": "0p3n-r34d-0nly-and-l0ng-en0ugh-QwErTy"}
    make_database(tmp_path).close()
    app = create_app(make_settings(tmp_path, **values))
    client = TestClient(app, raise_server_exceptions=False)
    paths = sorted({*paths_of(app.routes), "/khong-co"})
    assert len(paths) > 20
    for path in paths:
        for method in ("GET", "POST", "OPTIONS"):
            # With the cookie of another answer, the stream would begin and go on for minutes.
            client.cookies.clear()
            response = client.request(method, path, follow_redirects=False)
            headers = response.headers
            # Rasa is not there; nothing else may be missing.
            assert response.status_code != 500, path
            assert set(map(str.lower, HEADERS)) <= set(headers), (method, path)
            policy = headers["content-security-policy"]
            assert "unsafe" not in policy
            assert ("frame-ancestors 'none'" in policy) is (path != "/widget" or method != "GET"), path
            if path.startswith("/api/"):
                assert headers["cache-control"] == "no-store", path
