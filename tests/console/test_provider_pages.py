"""Officers who log in with an account that is kept elsewhere."""

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect
from starlette.testclient import TestClient

from bot.accounts import audit
from bot.accounts.attempts import FREE_TRIES_OF_ADDRESS
from bot.accounts.identities import Entered
from bot.accounts.model import Officer, OfficerSession
from bot.accounts.provider import Provider
from bot.console.doors import PUBLIC
from bot.settings import OidcSettings
from tests.accounts.conftest import ADMIN
from tests.console.conftest import HOA, MINH, THU, Browser, Office, text_of
from tests.fakes.oidc import CLIENT, SECRET, FakeProvider, Fault
from tests.site.conftest import serving

EMAIL, OUT, BACK = "hoa@tayninh.example", "/dang-nhap/co-quan", "/dang-nhap/co-quan/xong"
QUAN = "Bùi Quân"


@dataclass
class Elsewhere:
    """The console of a centre whose officers have accounts at a provider, too."""

    office: Office
    fake: FakeProvider

    def enter(self, name: str, **entered: str) -> None:
        self.office.desk.accounts.set_identity(name, ADMIN, Entered(**entered))

    def come_back(self, browser: Browser, **changed: str) -> httpx.Response:
        """Out to the provider and back, as a browser goes."""
        out = browser.get(OUT)
        assert out.status_code == 303, text_of(out)
        back = httpx.get(out.headers["location"], trust_env=False).headers["location"]
        url, kept = httpx.URL(back), browser.client.cookies.pop("motcua_can_bo", None)
        # A strict cookie stays behind when another site sends the browser here; it is there again afterwards.
        response = browser.client.get(str(url.copy_merge_params(changed)))
        if kept and "motcua_can_bo" not in response.cookies:
            browser.client.cookies.set("motcua_can_bo", kept, path="/can-bo")
        return response

    def log_in(self, browser: Browser, **changed: str) -> str:
        """Where the browser is led on to after all went well."""
        page = self.come_back(browser, **changed)
        assert page.status_code == 200, text_of(page)
        return page.text.split('content="0;url=')[1].split('"')[0]

    def acts(self) -> list[tuple[str, str, str]]:
        return [(row.by, row.act, row.detail) for row in audit.list_entries(self.office.centre.database)]


def provider_for(office: Office, fake: FakeProvider, home: str, timeout: float = 0.5) -> Provider:
    settings = OidcSettings(fake.issuer, CLIENT, SECRET, "openid email", "tài khoản tỉnh", ("mfa",), ())
    return Provider(settings, f"{home}/can-bo{BACK}", timeout=timeout, clock=office.desk.clock)


@pytest.fixture
def there(office):
    with FakeProvider().serving() as fake:
        fake.clock = lambda: office.desk.clock().timestamp()
        office.console = replace(office.console, provider=provider_for(office, fake, "http://testserver"))
        yield Elsewhere(office, fake)
        office.console.provider.close()


@pytest.fixture
def visitor(office, there):
    there.enter(HOA, email=EMAIL.upper())
    return office.stranger()


def test_an_officer_logs_in_with_the_address_an_administrator_has_entered(there, visitor):
    assert "Đăng nhập bằng tài khoản tỉnh" in text_of(visitor.get("/dang-nhap"))
    assert there.log_in(visitor) == "/can-bo"
    page = text_of(visitor.get(""))
    assert HOA in page
    assert "Việc của tôi" in page
    assert (HOA, "login", "provider") in there.acts()


def test_without_a_provider_there_is_no_such_way(office):
    visitor = office.stranger()
    assert "dang-nhap/co-quan" not in visitor.get("/dang-nhap").text
    assert visitor.get(OUT).status_code == visitor.get(BACK).status_code == 404


def test_with_a_provider_two_pages_more_are_for_everybody(office, there):
    known = {door.path for door in office.console.doors() if door.needs == PUBLIC}
    assert known == {"/dang-nhap", OUT, BACK, "/{rest:path}"}


def test_from_the_first_time_on_the_subject_counts_and_the_address_no_more(there, visitor, office):
    there.log_in(visitor)
    there.fake.person = {"sub": "u-1", "email": "moi@tayninh.example", "email_verified": True}
    assert there.log_in(office.stranger()) == "/can-bo"
    there.fake.person = {"sub": "u-2", "email": EMAIL, "email_verified": True}
    assert there.come_back(office.stranger()).status_code == 403


def test_a_subject_may_be_entered_in_place_of_an_address(there, visitor):
    there.enter(THU, issuer=there.fake.issuer, subject="u-7")
    there.fake.person = {"sub": "u-7"}
    there.log_in(visitor)
    assert THU in text_of(visitor.get(""))


def test_the_same_subject_of_another_provider_is_somebody_else(there, visitor):
    there.enter(THU, issuer="https://elsewhere.example", subject="u-7")
    there.fake.person = {"sub": "u-7"}
    assert there.come_back(visitor).status_code == 403


@pytest.mark.parametrize(
    "person",
    [
        {"sub": "u-9", "email": "la@tayninh.example", "email_verified": True},
        {"sub": "u-9", "email": EMAIL, "email_verified": False},
        {"sub": "u-9", "email": EMAIL},
        {"sub": "u-9"},
    ],
)
def test_whom_nobody_has_entered_gets_no_account(there, visitor, office, person):
    before = office.centre.count(Officer)
    there.fake.person = person
    response = there.come_back(visitor)
    assert response.status_code == 403
    assert "chưa được quản trị hệ thống cho vào" in text_of(response)
    assert "motcua_can_bo" not in visitor.client.cookies
    assert office.centre.count(Officer) == before
    assert there.acts()[0] == ("-", "login.unknown", "")


def test_a_disabled_officer_is_nobody(there, visitor, office):
    there.log_in(visitor)
    office.desk.accounts.disable(HOA, ADMIN)
    assert visitor.get("").headers["location"] == "/can-bo/dang-nhap"
    assert there.come_back(visitor).status_code == 403


def test_one_time_passwords_need_no_change_by_who_does_not_use_them(there, visitor, office):
    office.desk.accounts.reset(HOA, ADMIN)
    assert there.log_in(visitor) == "/can-bo"


def test_roles_stay_ours_and_an_administrator_needs_the_second_step(there, visitor):
    there.enter(QUAN, email="quan@tayninh.example")
    there.fake.person = {"sub": "a-1", "email": "quan@tayninh.example", "email_verified": True, "roles": ["supervisor"]}
    assert there.log_in(visitor) == "/can-bo/xac-thuc"
    assert visitor.get("/nhat-ky").headers["location"] == "/can-bo/xac-thuc"
    there.fake.claims = {"amr": ["pwd", "mfa"]}
    assert there.log_in(visitor) == "/can-bo"
    assert visitor.get("/nhat-ky").status_code == 200
    assert visitor.get("/phan-anh").status_code == 403


def test_who_has_a_second_step_here_is_asked_for_it_unless_the_provider_did(there, visitor, office):
    secret, *_ = office.desk.enrol(office.desk.log_in(HOA).token)
    office.desk.clock.pass_by(minutes=1)
    assert there.log_in(visitor) == "/can-bo/ma"
    page = visitor.get("/ma")
    response = visitor.post("/ma", page.text.split('name="csrf" value="')[1][:64], code=office.desk.code(secret))
    assert response.headers["location"] == "/can-bo"
    there.fake.claims = {"amr": ["mfa"]}
    assert there.log_in(office.stranger()) == "/can-bo"


@pytest.mark.parametrize("changed", [{"state": "another"}, {"state": ""}, {"state": "x" * 5000}])
def test_an_answer_to_another_log_in_is_not_taken(there, visitor, changed):
    response = there.come_back(visitor, **changed)
    assert response.status_code == 422
    assert "bắt đầu ở trình duyệt khác" in text_of(response)
    assert "motcua_can_bo" not in visitor.client.cookies


def test_an_answer_does_not_log_another_browser_in(there, visitor, office):
    """An attacker who sends a victim the end of their own log-in would see what the victim then does."""
    out = visitor.get(OUT)
    back = httpx.get(out.headers["location"], trust_env=False).headers["location"]
    victim = office.stranger()
    assert victim.client.get(back).status_code == 422
    victim.get(OUT)
    assert victim.client.get(back).status_code == 422
    assert "motcua_can_bo" not in victim.client.cookies


def test_an_answer_counts_once(there, visitor):
    out = visitor.get(OUT)
    kept = visitor.client.cookies["motcua_can_bo_co_quan"]
    back = httpx.get(out.headers["location"], trust_env=False).headers["location"]
    assert visitor.client.get(back).status_code == 200
    again = visitor.office.stranger()
    again.client.cookies.set("motcua_can_bo_co_quan", kept, path="/can-bo/dang-nhap/co-quan")
    assert again.client.get(back).status_code == 422
    assert "motcua_can_bo" not in again.client.cookies


def test_a_token_with_the_nonce_of_another_log_in_is_not_believed(there, visitor):
    there.fake.claims = {"nonce": "of another log-in"}
    assert there.come_back(visitor).status_code == 422
    assert there.acts()[0] == ("-", "login.provider_failed", "nonce")


@pytest.mark.parametrize(
    "changed", [{"code": ""}, {"code": "x" * 5000}, {"code": "guessed"}, {"iss": "https://x.example"}]
)
def test_a_code_that_is_none_logs_nobody_in(there, visitor, changed):
    response = there.come_back(visitor, **changed)
    assert response.status_code == 422
    assert "Không xác nhận được" in text_of(response)


def test_a_person_who_said_no_at_the_provider_comes_back_to_the_log_in(there, visitor):
    state = httpx.URL(visitor.get(OUT).headers["location"]).params["state"]
    response = visitor.get(f"{BACK}?state={state}&error=access_denied&error_description=<script>")
    assert response.status_code == 422
    assert "<script>" not in response.text


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.AWAY, Fault.ERROR, Fault.HTML])
def test_a_provider_that_is_down_keeps_nobody_from_their_password(there, visitor, fault):
    there.fake.faults.append(fault)
    response = visitor.get(OUT)
    assert response.status_code == 503
    assert "không trả lời" in text_of(response)
    assert 'name="password"' in response.text


def test_a_provider_that_is_down_makes_no_office_wait(there, visitor):
    for _ in range(FREE_TRIES_OF_ADDRESS + 1):
        there.fake.faults += [None] * (2 if there.fake.requests == 0 else 0) + [None, Fault.ERROR]
        assert there.come_back(visitor).status_code == 503
        there.office.desk.clock.pass_by(seconds=6)
    assert there.log_in(visitor) == "/can-bo"


def test_who_tries_answers_without_end_has_to_wait(there, visitor):
    for _ in range(FREE_TRIES_OF_ADDRESS):
        there.come_back(visitor, code="guessed")
    response = there.come_back(visitor)
    assert response.status_code == 429
    assert int(response.headers["retry-after"]) > 60


def test_the_cookies_are_for_their_pages_alone(there, visitor):
    sent = visitor.get(OUT).headers["set-cookie"].lower()
    assert all(part in sent for part in ("httponly", "samesite=lax", "path=/can-bo/dang-nhap/co-quan", "max-age=600"))
    kept = [value.lower() for value in there.come_back(visitor).headers.get_list("set-cookie")]
    session = next(value for value in kept if value.startswith("motcua_can_bo="))
    assert all(part in session for part in ("httponly", "samesite=strict"))
    assert any(value.startswith('motcua_can_bo_co_quan="";') for value in kept)


def test_by_https_no_other_host_of_the_domain_can_have_begun_the_log_in(there, visitor):
    there.office.console = replace(there.office.console, secure=True)
    client = TestClient(there.office.app(), base_url="https://testserver", follow_redirects=False)
    out = client.get(f"/can-bo{OUT}")
    name, *flags = out.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-motcua_can_bo_co_quan=")
    assert {"Secure", "Path=/", "HttpOnly", "SameSite=lax"} <= set(flags)
    kept = client.cookies.pop("__Host-motcua_can_bo_co_quan")
    back = httpx.get(out.headers["location"], trust_env=False).headers["location"].replace("http:", "https:", 1)
    planted = {"Cookie": f"motcua_can_bo_co_quan={kept}"}
    assert "motcua_can_bo=" not in client.get(back, headers=planted).headers.get("set-cookie", "")
    page = client.get(back, headers={"Cookie": f"__Host-motcua_can_bo_co_quan={kept}"})
    assert (page.status_code, "__Host-motcua_can_bo" in page.cookies) == (200, True)


def test_pages_of_the_way_back_stay_in_no_cache(there, visitor):
    for response in (visitor.get(OUT), there.come_back(visitor), visitor.get(f"{BACK}?state=x&code=y")):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "same-origin"


def test_whoever_was_logged_in_before_is_logged_out(there, office):
    there.enter(HOA, email=EMAIL)
    visitor = office.browser(MINH)
    before = visitor.client.cookies["motcua_can_bo"]
    there.log_in(visitor)
    assert office.desk.sessions.of(before) is None


def test_a_log_in_that_comes_to_nothing_ends_no_session(there, office):
    visitor = office.browser(MINH)
    assert there.come_back(visitor, code="guessed").status_code == 422
    assert MINH in text_of(visitor.get(""))


@pytest.mark.browser
def test_a_real_browser_comes_back_from_another_site_and_is_logged_in(office, browser):
    """What strict cookies let through, only a real browser says."""
    with FakeProvider().serving() as fake:
        fake.clock = lambda: office.desk.clock().timestamp()
        # Another host is another site; another port is not.
        fake.url = f"http://localhost:{urlsplit(fake.url).port}"
        office.desk.accounts.set_identity(HOA, ADMIN, Entered(email=EMAIL))

        def make_app(address):
            office.console = replace(office.console, provider=provider_for(office, fake, address, timeout=5))
            return office.app()

        with serving(make_app) as address:
            page = browser.new_page()
            page.goto(f"{address}/can-bo")
            page.get_by_role("link", name="Đăng nhập bằng tài khoản tỉnh").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Hàng việc")
            page.goto(f"{address}/can-bo{OUT}")
            expect(page.get_by_role("heading", level=1)).to_have_text("Hàng việc")
            assert office.centre.count(OfficerSession) == 1
            page.close()
