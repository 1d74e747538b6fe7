"""What is believed of a provider, and what is not; the provider stands behind HTTP."""

import base64
import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt

from bot.accounts.errors import ProviderDownError, ProviderError, ProviderRefusedError, StaleLogInError
from bot.accounts.id_tokens import Expected, read_keys, read_token
from bot.accounts.provider import Provider
from bot.database import Cipher
from bot.settings import OidcSettings
from tests.accounts.conftest import Clock
from tests.factories import KEY, OTHER_KEY
from tests.fakes.oidc import CLIENT, SECRET, FakeProvider, Fault, make_key, make_shared_key

BACK = "https://motcua.example/can-bo/dang-nhap/co-quan/xong"


@pytest.fixture
def fake():
    with FakeProvider().serving() as fake:
        yield fake


@pytest.fixture
def clock(fake):
    clock = Clock()
    fake.clock = lambda: clock().timestamp()
    return clock


def provider_of(fake, clock, **changed):
    given = {"issuer": fake.issuer, "client_id": CLIENT, "client_secret": SECRET, "scopes": "openid email"}
    settings = OidcSettings(**{**given, "label": "tỉnh", "amr": ("mfa",), "acr": (), **changed})
    return Provider(settings, BACK, timeout=0.5, clock=clock)


@pytest.fixture
def provider(fake, clock):
    provider = provider_of(fake, clock)
    yield provider
    provider.close()


def sent_back(address):
    """What the provider's page gives the browser to bring along."""
    answer = httpx.get(address, trust_env=False)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def log_in(provider, **more):
    flow, address = provider.begin()
    return provider.finish(flow, sent_back(address)["code"], **more)


def test_a_person_who_logs_in_there_is_known_by_subject_and_checked_address(provider):
    identity = log_in(provider)
    assert (identity.subject, identity.email, identity.second_step) == ("u-1", "hoa@tayninh.example", False)


def test_the_browser_is_sent_with_all_that_ties_the_answer_to_it(fake, provider):
    flow, address = provider.begin()
    sent_back(address)
    asked = fake.asked[0]
    assert (asked["client_id"], asked["redirect_uri"], asked["scope"]) == (CLIENT, BACK, "openid email")
    assert (asked["state"], asked["nonce"]) == (flow.state, flow.nonce)
    assert flow.verifier not in address
    assert len({flow.state, flow.nonce, flow.verifier, provider.begin()[0].state}) == 4


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_checked_counts_for_nothing(fake, provider, verified):
    fake.person["email_verified"] = verified
    assert log_in(provider).email == ""


@pytest.mark.parametrize(
    ("claims", "strong"),
    [({"amr": ["pwd", "mfa"]}, True), ({"amr": ["pwd"]}, False), ({"amr": "mfa"}, False), ({"acr": "high"}, True)],
)
def test_the_providers_own_second_step_counts_in_the_words_that_are_set(fake, clock, claims, strong):
    fake.claims = claims
    assert log_in(provider_of(fake, clock, acr=("high",))).second_step is strong
    assert fake.asked[0]["acr_values"] == "high"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": ["another client"]},
        {"aud": None},
        {"aud": [CLIENT, "another client"]},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"nbf": 99_999_999_999},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"nonce": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "u\0"},
    ],
)
def test_a_token_that_does_not_fit_is_not_believed(fake, provider, claims):
    fake.claims = claims
    with pytest.raises(ProviderRefusedError):
        log_in(provider)


def test_a_token_may_be_a_minute_late_and_no_more(fake, provider, clock):
    moment = clock().timestamp()
    fake.claims = {"exp": moment - 50}
    assert log_in(provider).subject == "u-1"
    fake.claims = {"exp": moment - 70}
    with pytest.raises(ProviderRefusedError):
        log_in(provider)


def altered(token):
    header, claims, signature = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=="))
    told["sub"] = "u-2"
    return ".".join([header, base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("="), signature])


def unsigned(token):
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    return f"{none}.{token.split('.')[1]}."


def cut(token):
    return token.rsplit(".", 1)[0] + "."


@pytest.mark.parametrize("harm", [altered, unsigned, cut, lambda token: token[:-9], lambda token: token + ".x"])
def test_a_token_that_was_altered_is_not_believed(fake, provider, harm):
    flow, address = provider.begin()
    code = sent_back(address)["code"]
    fake.token = harm(fake.sign(fake.asked[0]))
    with pytest.raises(ProviderRefusedError):
        provider.finish(flow, code)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "e30.e30.e30", "x" * 30_000, "é.é.é", 7, None, [], {}])
def test_what_is_no_token_is_not_believed(fake, provider, token):
    fake.token = token if token is not None else ""
    with pytest.raises(ProviderRefusedError):
        log_in(provider)


@pytest.mark.parametrize("known", [SECRET, "the modulus of the public key"])
def test_a_token_signed_with_what_others_know_is_not_believed(fake, provider, known):
    fake.key, fake.algorithm = make_shared_key(known), "HS256"
    with pytest.raises(ProviderRefusedError):
        log_in(provider)


def test_a_token_of_somebody_elses_key_is_not_believed_and_one_of_a_new_key_is(fake, provider, clock):
    log_in(provider)
    fake.key = make_key("two")
    with pytest.raises(ProviderRefusedError):
        log_in(provider)
    fake.shown = [make_key("one"), make_key("two")]
    clock.pass_by(minutes=2)
    assert log_in(provider).subject == "u-1"


def test_keys_of_elliptic_curves_are_taken_and_strange_ones_left_out(fake, provider):
    fake.key, fake.algorithm = make_key("curve", "EC"), "ES256"
    fake.shown = [fake.key]
    shown = fake.keys()
    shown["keys"] += [{"kty": "quantum"}, {"kty": "RSA"}, "x", None, {"kty": "oct", "k": "AAAA"}]
    assert [key.kid for key in read_keys(shown).keys] == ["curve"]
    assert log_in(provider).subject == "u-1"


@pytest.mark.parametrize("document", [None, [], {}, {"keys": 7}, {"keys": {}}, "x"])
def test_a_list_of_keys_in_another_shape_has_none(document):
    assert read_keys(document).keys == []


def test_a_code_of_another_log_in_gives_nothing(provider):
    first, address = provider.begin()
    code = sent_back(address)["code"]
    second, _ = provider.begin()
    with pytest.raises(ProviderRefusedError, match="invalid_grant"):
        provider.finish(second, code)
    with pytest.raises(ProviderRefusedError):
        provider.finish(first, code)


def test_a_client_with_another_secret_gets_nothing(fake, clock):
    with pytest.raises(ProviderRefusedError, match="invalid_client"):
        log_in(provider_of(fake, clock, client_secret="another"))


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(fake, provider):
    fake.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert log_in(provider).subject == "u-1"
    assert fake.forms[0]["client_secret"] == SECRET


def test_who_sent_the_browser_back_has_to_be_the_provider(fake, provider):
    assert log_in(provider, issuer=fake.issuer).subject == "u-1"
    with pytest.raises(ProviderRefusedError):
        log_in(provider, issuer="https://elsewhere.example")


def test_a_provider_that_promises_to_say_who_it_is_must(fake, provider):
    fake.document = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(ProviderRefusedError):
        log_in(provider)


@pytest.mark.parametrize("issuer", ["https://elsewhere.example", "", None, 7])
def test_a_document_of_another_issuer_is_not_believed(fake, provider, issuer):
    fake.document = {"issuer": issuer}
    with pytest.raises(ProviderError):
        provider.begin()


@pytest.mark.parametrize("place", [None, "", "ftp://x", "javascript:alert(1)", 7, ["https://x"]])
def test_a_provider_that_does_not_say_where_is_down(fake, provider, place):
    fake.document = {"authorization_endpoint": place}
    with pytest.raises(ProviderDownError):
        provider.begin()


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_provider_that_is_down_or_talks_rubbish_is_told_as_such(fake, provider, fault, after):
    """In place of its document, of its keys, of a token."""
    if after < 2:
        fake.faults += [None] * after + [fault]
        # Rubbish in place of keys is no key: nothing fits it.
        with pytest.raises(ProviderError):
            log_in(provider)
        return
    flow, address = provider.begin()
    code = sent_back(address)["code"]
    fake.faults.append(fault)
    with pytest.raises(ProviderDownError):
        provider.finish(flow, code)


def test_what_the_provider_says_about_itself_is_asked_once_an_hour(fake, provider, clock):
    for _ in range(3):
        provider.begin()
    assert fake.requests == 2
    clock.pass_by(minutes=61)
    provider.begin()
    assert fake.requests == 4


def test_after_it_was_down_it_is_left_alone_a_while_and_asked_again(fake, provider, clock):
    fake.faults.append(Fault.ERROR)
    for _ in range(3):
        with pytest.raises(ProviderDownError):
            provider.begin()
    assert fake.requests == 1
    clock.pass_by(seconds=6)
    assert log_in(provider).subject == "u-1"


CIPHER = Cipher((KEY,))


def test_only_the_browser_that_began_a_log_in_ends_it(provider, clock):
    flow, _ = provider.begin()
    sealed = flow.seal(CIPHER)
    assert provider.open_flow(CIPHER, sealed, flow.state) == flow
    for kept, state in ((sealed, "another"), ("", flow.state), (sealed[:-5], flow.state), ("é", ""), (sealed, "é")):
        with pytest.raises(StaleLogInError):
            provider.open_flow(CIPHER, kept, state)
    with pytest.raises(StaleLogInError):
        provider.open_flow(Cipher((OTHER_KEY,)), sealed, flow.state)
    clock.pass_by(minutes=11)
    with pytest.raises(StaleLogInError):
        provider.open_flow(CIPHER, sealed, flow.state)


@given(st.text(max_size=200) | st.recursive(st.none() | st.text(), st.lists))
def test_no_text_is_taken_for_a_token(text):
    expected = Expected("https://i.example", CLIENT, "n", Clock().moment + timedelta(days=1))
    with pytest.raises(ProviderRefusedError):
        read_token(text, read_keys({"keys": [make_key("one").as_dict(private=False)]}), expected)


_VALUES = st.none() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=3)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf", "nonce", "azp", "email"]), _VALUES))
def test_no_claims_of_a_strange_shape_are_believed_or_break_anything(claims):
    key = make_key("curve", "EC")
    token = jwt.encode({"alg": "ES256", "kid": "curve"}, claims, key, algorithms=["ES256"])
    expected = Expected("https://i.example", CLIENT, "a nonce", Clock().moment)
    with pytest.raises(ProviderRefusedError):
        read_token(token, read_keys({"keys": [key.as_dict(private=False)]}), expected)
