import re
import sys
import threading
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from click.testing import CliRunner

from bot.channels.zalo_tokens import NAME
from bot.cli import cli
from bot.database import open_database
from bot.delivery.credentials import load_credential
from tests.channels.zalo import allow_writes, forbid_writes, log_in, oa_settings
from tests.factories import KEY, TOKEN
from tests.fakes.zalo_events import APP_ID, OA_ID, SECRET_KEY
from tests.fakes.zalo_oa import APP_SECRET, FIRST_REFRESH, FakeZaloOA


@pytest.fixture
def fake():
    with FakeZaloOA().serving() as fake:
        yield fake


@pytest.fixture
def database(tmp_path, fake):
    database = open_database(oa_settings(tmp_path, fake))
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def motcua(tmp_path, monkeypatch, fake):
    zalo = {"APP_ID": APP_ID, "OA_ID": OA_ID, "APP_SECRET": APP_SECRET, "OA_SECRET_KEY": SECRET_KEY}
    zalo |= {"API_URL": fake.url, "OAUTH_URL": fake.url}
    given = {"HOME": str(tmp_path), "SECRET_KEY": KEY, "RASA_TOKEN": TOKEN, "PUBLIC_URL": "https://motcua.vidu.vn"}
    given |= {f"ZALO_{name}": value for name, value in zalo.items()}

    def run(*arguments, typed=None, **more):
        for name, value in {**given, **more}.items():
            monkeypatch.setenv(f"MOTCUA_{name}", value)
        return CliRunner().invoke(cli, ["channels", *arguments], input=typed).output

    return run


def link_in(told):
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(re.search(r"http\S+permission\S+", told)[0]).query).items()
    }


def test_a_log_in_walks_through_consent_and_keeps_the_pair(motcua, fake, database, monkeypatch):
    def agree(text):
        """What an administrator does: opens the link, agrees, copies the address at which the browser ends."""
        link = link_in(sys.stdout.buffer.getvalue().decode())
        assert (link["app_id"], link["redirect_uri"]) == (APP_ID, "https://motcua.vidu.vn")
        return (
            f"https://motcua.vidu.vn/?code={fake.consent(link['code_challenge'])}&oa_id={OA_ID}&state={link['state']}"
        )

    monkeypatch.setattr(click, "prompt", agree)
    told = motcua("zalo", "login")
    assert "The tokens are stored" in told
    assert re.search(r"refresh token ends at \d{4}-\d\d-\d\d", told)
    assert load_credential(database, NAME).value["access_token"] == "access-1"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("https://motcua.vidu.vn/?code=x&oa_id=1\n", "another Official Account"),
        (f"https://motcua.vidu.vn/?code=x&oa_id={OA_ID}&state=y\n", "another log-in"),
        ("https://motcua.vidu.vn/?error=1\n", "no code"),
        ("https://motcua.vidu.vn/\n", "no code"),
        ("made-up\n", "Zalo gave no tokens (refused: -14019"),
    ],
)
def test_a_wrong_address_is_told_apart(motcua, typed, said):
    assert said in motcua("zalo", "login", typed=typed)


def test_a_first_pair_may_come_from_the_api_explorer(motcua, fake, database):
    told = motcua("zalo", "login", "--refresh-token", typed=f"{FIRST_REFRESH}\n")
    assert FIRST_REFRESH not in told
    assert load_credential(database, NAME).value["refresh_token"] == "refresh-1"
    assert fake.renewals == [FIRST_REFRESH]


def test_a_log_in_outlasts_a_database_that_takes_nothing_for_a_moment(motcua, fake, database):
    log_in(database)

    def away_for_a_moment():
        forbid_writes(database)
        threading.Timer(0.3, allow_writes, [database]).start()

    fake.on_grant = away_for_a_moment
    assert "stored, encrypted" in motcua("zalo", "login", "--refresh-token", typed=f"{FIRST_REFRESH}\n")
    assert load_credential(database, NAME).value["refresh_token"] == "refresh-1"


def test_an_account_without_a_refresh_token_is_told_at_once_and_later(motcua, fake):
    fake.rules.renewable = False
    told = "PROBLEM: Zalo gave no refresh token: run 'motcua channels zalo login' each time the access token ends."
    assert told in motcua("zalo", "login", "--refresh-token", typed=f"{FIRST_REFRESH}\n")
    assert told in motcua("list")


def test_without_settings_it_says_which_to_set(motcua):
    empty = dict.fromkeys(("ZALO_APP_ID", "ZALO_OA_ID", "ZALO_APP_SECRET", "ZALO_OA_SECRET_KEY"), "")
    assert "MOTCUA_ZALO_APP_ID is not set" in motcua("zalo", "login", **empty)


def test_the_list_says_what_is_open_and_how_long_tokens_serve(motcua, database):
    assert "no tokens yet: run 'motcua channels zalo login'" in motcua("list")
    log_in(database)
    lines = motcua("list").splitlines()
    assert lines[1].split() == ["telegram", "off"]
    assert lines[2].startswith("zalo_oa    on   called at a webhook")
    assert re.search(r"access token serves until .* \d\d:\d\d", lines[3])
    assert "asks for messages" in motcua("list", ZALO_BOT_TOKEN="1:x")
