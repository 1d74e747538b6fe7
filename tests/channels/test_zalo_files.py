"""Files that came through Zalo: from Zalo's own hosts only, never from inside, never more than asked for."""

import asyncio

import httpx
import pytest

from bot.channels.zalo_files import ZaloFiles, is_public, is_zalos
from bot.delivery.adapter import Fetched, FetchError
from tests.fakes.zalo_oa import FakeZaloOA

PUBLIC = "49.213.114.1"
PHOTO = "https://photo.zdn.vn/a/%C4%91%C6%A1n.jpg"


def coming(content):
    """An answer whose body is still on its way."""

    async def body():
        yield content

    return httpx.Response(200, content=body())


def fetch(reference, most=1000, addresses=(PUBLIC,), answer=None, trusted="https://openapi.zalo.me", seconds=5.0):
    """What is fetched, and the requests that went out."""
    asked = []

    async def resolve(host):
        return list(addresses)

    def handle(request):
        asked.append(request)
        return answer(request) if answer else coming(b"jpeg")

    files = ZaloFiles(trusted, resolve, httpx.MockTransport(handle), seconds)
    return asyncio.run(files.fetch(reference, most)), asked


def refused(*arguments, **more):
    with pytest.raises(FetchError) as caught:
        fetch(*arguments, **more)
    return str(caught.value), caught.value.later


def test_a_photo_is_fetched_from_the_very_address_that_was_looked_at():
    got, asked = fetch(PHOTO)
    assert got == Fetched("đơn.jpg", b"jpeg")
    assert (asked[0].url.host, asked[0].headers["host"]) == (PUBLIC, "photo.zdn.vn")
    assert asked[0].extensions["sni_hostname"] == "photo.zdn.vn"
    assert "access_token" not in asked[0].headers
    # What would come packed is refused.
    assert asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "reference",
    [
        "http://photo.zdn.vn/1.jpg",
        "https://photo.zdn.vn:8443/1.jpg",
        "https://user:word@photo.zdn.vn/1.jpg",
        "https://vidu.vn/1.jpg",
        "https://zdn.vn.vidu.vn/1.jpg",
        "https://xzdn.vn/1.jpg",
        "https://127.0.0.1/1.jpg",
        "https://[::1]/1.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/1.jpg",
        "file:///etc/passwd",
        "ftp://photo.zdn.vn/1.jpg",
        "//photo.zdn.vn/1.jpg",
        "photo.zdn.vn/1.jpg",
        "",
    ],
)
def test_an_address_that_is_not_zalos_is_refused(reference):
    assert refused(reference) == ("foreign_address", False)


@pytest.mark.parametrize("reference", ["https://[photo.zdn.vn", "https://photo.zdn.vn:x/", "https://\x00.zdn.vn/"])
def test_what_is_no_address_is_refused(reference):
    assert refused(reference)[1] is False


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.7",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:10.0.0.7",
        "64:ff9b::a00:7",
        "2002:a00:7::1",
        "mai",
    ],
)
def test_a_name_that_means_an_inner_address_is_refused(address):
    assert refused(PHOTO, addresses=(address,)) == ("private_address", False)
    assert refused(PHOTO, addresses=(PUBLIC, address)) == ("private_address", False)


def test_a_name_without_an_address_is_refused():
    assert refused(PHOTO, addresses=()) == ("private_address", False)


def test_public_addresses_are_public():
    assert is_public("2405:f980::1:10")
    assert is_public(PUBLIC)
    assert is_zalos("F1.Photo.ZDN.vn")


@pytest.mark.parametrize(
    "target", ["https://vidu.vn/1.jpg", "http://photo.zdn.vn/2.jpg", "https://127.0.0.1/", "//10.0.0.7/", "file:///etc"]
)
def test_a_redirect_leads_nowhere_else(target):
    assert refused(PHOTO, answer=lambda _: httpx.Response(302, headers={"Location": target}))[0] == "foreign_address"


def test_a_redirect_within_zalo_is_followed():
    def answer(request):
        if request.url.path == "/2.jpg":
            return coming(b"two")
        return httpx.Response(302, headers={"Location": "/2.jpg"})

    assert fetch(PHOTO, answer=answer)[0] == Fetched("2.jpg", b"two")


def test_a_circle_of_redirects_ends():
    assert refused(PHOTO, answer=lambda _: httpx.Response(302, headers={"Location": PHOTO}))[0] == "too_many_redirects"


def test_no_more_is_read_than_was_asked_for():
    read = []

    async def endless():
        while True:
            read.append(1)
            yield b"x" * 400

    assert refused(PHOTO, answer=lambda _: httpx.Response(200, content=endless())) == ("too_large", False)
    assert len(read) == 3
    assert fetch(PHOTO, most=4)[0].content == b"jpeg"


def test_what_is_packed_is_not_unpacked():
    packed = httpx.Response(200, content=b"x", headers={"Content-Encoding": "gzip"}, request=None)
    assert (
        refused(PHOTO, answer=lambda _: httpx.Response(200, stream=packed.stream, headers=packed.headers))[0]
        == "packed"
    )


@pytest.mark.parametrize(("status", "later"), [(404, False), (403, False), (410, False), (500, True), (429, True)])
def test_what_is_not_there_may_be_there_later(status, later):
    assert refused(PHOTO, answer=lambda _: httpx.Response(status)) == ("not_there", later)


def test_an_answer_that_drips_is_cut_off():
    async def slow():
        await asyncio.sleep(60)
        yield b"x"

    assert refused(PHOTO, answer=lambda _: httpx.Response(200, content=slow()), seconds=0.05) == ("too_slow", True)


def test_a_broken_line_may_be_mended():
    def answer(request):
        raise httpx.ConnectError("x")

    assert refused(PHOTO, answer=answer) == ("unreachable", True)


def test_the_fake_on_loopback_is_trusted_only_by_its_whole_address():
    with FakeZaloOA().serving() as fake, FakeZaloOA().serving() as other:
        fake.files["1.jpg"] = b"jpeg"
        fake.redirects["/files/away"] = f"{other.url}/files/1.jpg"
        files = ZaloFiles(fake.url)
        assert asyncio.run(files.fetch(f"{fake.url}/files/1.jpg", 10)) == Fetched("1.jpg", b"jpeg")
        for path in (f"{other.url}/files/1.jpg", f"{fake.url}/files/away"):
            with pytest.raises(FetchError, match="foreign_address"):
                asyncio.run(files.fetch(path, 10))
