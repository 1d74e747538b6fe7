import os
import shutil
import stat
import subprocess
import sys
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from bot.settings import ROOT, SettingsError, child_environment, load_settings
from tests.factories import KEY, OTHER_KEY, TOKEN

SECRETS = {"MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}
SERVED = {"MOTCUA_MODE": "production", "MOTCUA_PUBLIC_URL": "https://motcua.example.vn"}
PRODUCTION = {**SERVED, **SECRETS}
NUMBERS = [
    "MOTCUA_PORT",
    "MOTCUA_RASA_PORT",
    "MOTCUA_ACTIONS_PORT",
    "MOTCUA_TURN_TIMEOUT",
    "MOTCUA_GIVE_UP_AFTER",
    "MOTCUA_MESSAGES_PER_10S",
    "MOTCUA_MESSAGES_PER_10S_PER_ADDRESS",
    "MOTCUA_PORTAL_PAUSE",
    "MOTCUA_ZALO_HUMAN_MINUTES",
    "MOTCUA_ZALO_BOT_PAUSE",
    "MOTCUA_ZALO_BOT_PER_SECOND",
]
ZALO = {
    "MOTCUA_ZALO_APP_ID": "1",
    "MOTCUA_ZALO_OA_ID": "2",
    "MOTCUA_ZALO_APP_SECRET": "a",
    "MOTCUA_ZALO_OA_SECRET_KEY": "b",
}
SHOW = "from bot.settings import load_settings; s = load_settings(); print(s.port, s.messages_per_10s, s.home)"


def load(folder, **values):
    return load_settings({"MOTCUA_HOME": str(folder), **values})


def test_without_any_setting_everything_has_a_safe_default(tmp_path):
    settings = load(tmp_path)
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url == f"sqlite:///{tmp_path / 'motcua.db'}"
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.today is None


def test_a_demo_makes_its_secrets_once(tmp_path):
    first, second = load(tmp_path / "new" / "home"), load(tmp_path / "new" / "home")
    assert (first.secret_keys, first.rasa_token) == (second.secret_keys, second.rasa_token)
    assert first.rasa_token not in first.secret_keys


def test_two_demos_have_different_secrets(tmp_path):
    assert load(tmp_path / "a").secret_keys != load(tmp_path / "b").secret_keys


def test_only_the_owner_can_read_the_secrets_of_a_demo(tmp_path):
    before = os.umask(0)
    try:
        load(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def test_a_given_secret_counts_more_than_the_one_of_the_demo(tmp_path):
    load(tmp_path)
    assert load(tmp_path, MOTCUA_SECRET_KEY=KEY).secret_keys == (KEY,)


@pytest.mark.parametrize("address", ["", "http://motcua.example.vn", "motcua.example.vn"])
def test_production_needs_an_encrypted_public_address(tmp_path, address):
    with pytest.raises(SettingsError, match="MOTCUA_PUBLIC_URL must be the https:// address"):
        load(tmp_path, **{**PRODUCTION, "MOTCUA_PUBLIC_URL": address})


def test_production_starts_with_everything_set(tmp_path):
    settings = load(tmp_path, **PRODUCTION)
    assert (settings.secret_keys, settings.rasa_token) == ((KEY,), TOKEN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SECRETS)
def test_production_does_not_start_without_its_secrets(tmp_path, name):
    values = {**PRODUCTION, name: ""}
    with pytest.raises(SettingsError, match=f"{name} is not set. Set it to"):
        load(tmp_path, **values)
    assert list(tmp_path.iterdir()) == []


def test_production_does_not_take_the_secrets_of_an_earlier_demo(tmp_path):
    load(tmp_path)
    with pytest.raises(SettingsError, match="MOTCUA_SECRET_KEY is not set"):
        load(tmp_path, **SERVED)


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value",
    [
        "tiny",
        KEY[:31],
        "a" * 40,
        "change-me-please-0123456789-abcdefghij",
        "Your-secret-key-0123456789-abcdefghijk",
        "EXAMPLE0123456789abcdefghijklmnopqrstuv",
    ],
)
def test_a_secret_that_is_short_or_a_placeholder_stops_the_start(tmp_path, name, value):
    with pytest.raises(SettingsError, match=f"{name} is too short or a placeholder") as refusal:
        load(tmp_path, **{**PRODUCTION, name: value})
    assert value not in str(refusal.value)


def test_the_newest_of_several_keys_comes_first(tmp_path):
    settings = load(tmp_path, **{**PRODUCTION, "MOTCUA_SECRET_KEY": f"{KEY},{OTHER_KEY}"})
    assert settings.secret_keys == (KEY, OTHER_KEY)


@pytest.mark.parametrize("value", [f"{KEY},", f",{KEY}", f"{KEY},short", f"{KEY},{'a' * 40}"])
def test_each_of_several_keys_must_be_good(tmp_path, value):
    with pytest.raises(SettingsError, match="MOTCUA_SECRET_KEY"):
        load(tmp_path, **{**PRODUCTION, "MOTCUA_SECRET_KEY": value})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", " 80", "8e3", "²", "٣", "80\n"])
def test_a_number_that_is_none_is_named(tmp_path, name, value):
    with pytest.raises(SettingsError, match=f"{name} must be a whole number above 0"):
        load(tmp_path, **{name: value})


@pytest.mark.parametrize("name", NUMBERS[:3])
@pytest.mark.parametrize("value", ["65536", "99999999999"])
def test_a_port_no_machine_has_is_named(tmp_path, name, value):
    with pytest.raises(SettingsError, match=f"{name} must be a port"):
        load(tmp_path, **{name: value})


def test_good_numbers_are_taken(tmp_path):
    settings = load(tmp_path, **{name: str(number) for number, name in enumerate(NUMBERS, 1001)})
    assert (settings.port, settings.rasa_port, settings.actions_port) == (1001, 1002, 1003)
    assert (settings.turn_timeout, settings.give_up_after) == (1004, 1005)
    assert (settings.messages_per_10s, settings.messages_per_10s_per_address) == (1006, 1007)
    assert settings.portal_pause == 1008


@pytest.mark.parametrize("value", ["tomorrow", "2026-13-01", "2026-02-30", "22/11/2026", "20261122x"])
def test_a_day_that_is_none_is_named(tmp_path, value):
    with pytest.raises(SettingsError, match="MOTCUA_TODAY must be a day like"):
        load(tmp_path, MOTCUA_TODAY=value)


def test_a_day_is_taken(tmp_path):
    assert load(tmp_path, MOTCUA_TODAY="2026-11-22").today == date(2026, 11, 22)


def test_a_demo_promises_the_demos_days_and_a_centre_its_own(tmp_path):
    assert load(tmp_path).province == "demo"
    assert load(tmp_path, **PRODUCTION).province == ""
    assert load(tmp_path, **PRODUCTION, MOTCUA_PROVINCE="tay-ninh").province == "tay-ninh"


def test_reading_the_national_portal_is_off_by_default(tmp_path):
    settings = load(tmp_path)
    assert (settings.portal_permission, settings.portal_contact, settings.portal_pause) == ("", "", 2)
    assert settings.portal_url == "https://dichvucong.gov.vn/api/v1"


def test_the_portals_address_must_be_one(tmp_path):
    assert (
        load(tmp_path, MOTCUA_PORTAL_URL="https://portal.example.vn/api/").portal_url == "https://portal.example.vn/api"
    )
    with pytest.raises(SettingsError, match="MOTCUA_PORTAL_URL must be an address"):
        load(tmp_path, MOTCUA_PORTAL_URL="portal.example.vn")


@pytest.mark.parametrize("value", ["hai@example.vn\r\nX-A: 1", "Hải <hai@example.vn>"])
def test_the_contact_must_fit_into_a_header(tmp_path, value):
    with pytest.raises(SettingsError, match="MOTCUA_PORTAL_CONTACT must be plain letters"):
        load(tmp_path, MOTCUA_PORTAL_CONTACT=value)


def test_nobody_reads_denunciations_unless_named(tmp_path):
    assert load(tmp_path).restricted_readers == ()
    named = load(tmp_path, MOTCUA_RESTRICTED_READERS=f" Lê Thị Hoa,, {unicodedata.normalize('NFD', 'Trần Bình')} ,")
    assert named.restricted_readers == ("Lê Thị Hoa", "Trần Bình")


def test_other_systems_need_a_good_key(tmp_path):
    assert load(tmp_path).open311_key == load(tmp_path, MOTCUA_OPEN311_KEY="").open311_key == ""
    assert load(tmp_path, MOTCUA_OPEN311_KEY=OTHER_KEY).open311_key == OTHER_KEY
    with pytest.raises(SettingsError, match="MOTCUA_OPEN311_KEY is too short or a placeholder"):
        load(tmp_path, MOTCUA_OPEN311_KEY="secret")


def test_an_unknown_mode_is_named(tmp_path):
    with pytest.raises(SettingsError, match="MOTCUA_MODE must be one of demo, production, not 'prod'"):
        load(tmp_path, MOTCUA_MODE="prod")


def test_the_public_address_has_no_slash_at_its_end(tmp_path):
    assert load(tmp_path, MOTCUA_PUBLIC_URL="https://motcua.example.vn/").public_url == "https://motcua.example.vn"


def test_the_programs_it_starts_see_the_same_settings(tmp_path):
    settings = load(
        tmp_path, MOTCUA_PORT="1001", MOTCUA_RASA_PORT="1002", MOTCUA_ACTIONS_PORT="1003", MOTCUA_PROVINCE="ha-tinh"
    )
    child = load_settings(child_environment(settings))
    same = (
        "home",
        "models",
        "database_url",
        "port",
        "rasa_url",
        "actions_url",
        "secret_keys",
        "rasa_token",
        "province",
    )
    assert [getattr(child, name) for name in same] == [getattr(settings, name) for name in same]


@pytest.fixture
def checkout(tmp_path):
    """A checkout with its own `.env`, as the settings find it beside the code."""
    (tmp_path / "bot").mkdir()
    shutil.copy(ROOT / "bot" / "settings.py", tmp_path / "bot")
    (tmp_path / ".env").write_text("# comment\nMOTCUA_PORT=1234\nMOTCUA_MESSAGES_PER_10S='7'\n", encoding="utf-8")

    def show(**environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MOTCUA_")}
        command = [sys.executable, "-c", SHOW]
        run = subprocess.run(command, cwd=tmp_path, env={**clean, **environment}, capture_output=True, text=True)
        return run.stdout.split() or run.stderr

    return show


def test_the_env_file_is_read_and_the_home_is_beside_the_code(checkout, tmp_path):
    port, messages, home = checkout()
    assert (port, messages, Path(home)) == ("1234", "7", tmp_path / "var")


def test_the_environment_counts_more_than_the_env_file(checkout):
    assert checkout(MOTCUA_PORT="4321")[:2] == ["4321", "7"]


def test_a_wrong_value_in_the_env_file_is_named(checkout, tmp_path):
    (tmp_path / ".env").write_text("MOTCUA_PORT=eighty\n", encoding="utf-8")
    assert "MOTCUA_PORT must be a whole number above 0, not 'eighty'." in checkout()


def test_channels_are_off_until_they_are_set(tmp_path):
    settings = load(tmp_path)
    assert {settings.telegram.token, settings.zalo.app_id, settings.zalo_bot.token} == {""}
    assert load(tmp_path, **ZALO).zalo.oa_id == "2"


OIDC = {
    "MOTCUA_OIDC_ISSUER": "https://sso.tayninh.example/realms/canbo/",
    "MOTCUA_OIDC_CLIENT_ID": "motcua",
    "MOTCUA_OIDC_CLIENT_SECRET": "x",
}


def test_a_log_in_by_openid_connect_is_off_until_it_is_set(tmp_path):
    assert load(tmp_path).oidc.issuer == ""
    oidc = load(tmp_path, **OIDC, MOTCUA_OIDC_AMR="mfa, otp").oidc
    # Letter by letter: an issuer with a stroke at its end is another one than without.
    assert oidc.issuer == OIDC["MOTCUA_OIDC_ISSUER"]
    assert (oidc.amr, oidc.acr, oidc.scopes) == (("mfa", "otp"), (), "openid email")


@pytest.mark.parametrize("name", OIDC)
def test_a_log_in_by_openid_connect_needs_all_of_its_settings(tmp_path, name):
    with pytest.raises(SettingsError, match=name):
        load(tmp_path, **{**OIDC, name: ""})


@pytest.mark.parametrize(
    "issuer", ["http://sso.tayninh.example", "sso.tayninh.example", "http://localhost.evil.example"]
)
def test_a_provider_that_anybody_could_speak_for_is_refused(tmp_path, issuer):
    with pytest.raises(SettingsError, match="https://"):
        load(tmp_path, **{**OIDC, "MOTCUA_OIDC_ISSUER": issuer})


@pytest.mark.parametrize("name", ZALO)
def test_an_official_account_needs_all_its_settings(tmp_path, name):
    with pytest.raises(SettingsError, match=f"{name} is not set"):
        load(tmp_path, **{**ZALO, name: ""})


def test_what_sources_contradict_about_zalo_has_a_default_and_can_be_set(tmp_path):
    names = ("SIGNED_WITH", "TEMPLATE_SHAPE", "NIGHT_ZONE", "BOT_PAUSE", "BOT_PER_SECOND")
    for given, expected in (
        (("", "", "", "", ""), ("app_id", False, "Asia/Ho_Chi_Minh", 1, 20)),
        (("oa_id", "nested", "UTC", "3", "5"), ("oa_id", True, "UTC", 3, 5)),
    ):
        settings = load(tmp_path, **{f"MOTCUA_ZALO_{name}": value for name, value in zip(names, given, strict=True)})
        zalo, bot = settings.zalo, settings.zalo_bot
        assert (zalo.signed_with, zalo.nested, zalo.night.key, bot.pause, bot.per_second) == expected


@pytest.mark.parametrize("zone", ["Ha Noi", "Asia/Hanoi", "Asia", "../etc/passwd", "/etc/passwd", "Asia/\0"])
def test_a_zone_that_nobody_knows_stops_the_start(tmp_path, zone):
    with pytest.raises(SettingsError, match="MOTCUA_ZALO_NIGHT_ZONE must be a zone like Asia/Ho_Chi_Minh"):
        load(tmp_path, MOTCUA_ZALO_NIGHT_ZONE=zone)


@pytest.mark.parametrize("name", ["MOTCUA_ZALO_SIGNED_WITH", "MOTCUA_ZALO_TEMPLATE_SHAPE"])
def test_a_choice_about_zalo_that_is_none_stops_the_start(tmp_path, name):
    with pytest.raises(SettingsError, match=f"{name} must be one of"):
        load(tmp_path, **{name: "both"})


def test_the_two_keys_of_zalo_may_be_the_same(tmp_path):
    same = {"MOTCUA_ZALO_APP_SECRET": "k", "MOTCUA_ZALO_OA_SECRET_KEY": "k"}
    zalo = load(tmp_path, **{**ZALO, **same}).zalo
    assert (zalo.app_secret, zalo.secret_key) == ("k", "k")


def test_pages_that_may_show_the_chat_are_addresses_without_a_path(tmp_path):
    given = "https://tayninh.gov.vn, http://127.0.0.1:9000/"
    assert load(tmp_path, MOTCUA_WIDGET_ORIGINS=given).widget_origins == (
        "https://tayninh.gov.vn",
        "http://127.0.0.1:9000",
    )


@pytest.mark.parametrize("origin", ["*", "tayninh.gov.vn", "https://a.vn/x", "https://a.vn 'self'", "'self'"])
def test_what_is_no_such_address_is_refused(tmp_path, origin):
    with pytest.raises(SettingsError, match="MOTCUA_WIDGET_ORIGINS"):
        load(tmp_path, MOTCUA_WIDGET_ORIGINS=origin)


@pytest.mark.parametrize("token", ["abc", "123", ":abc", "12:a/b", "12:a b", "x:y"])
def test_a_token_that_is_none_of_telegrams_is_refused(tmp_path, token):
    with pytest.raises(SettingsError, match="MOTCUA_TELEGRAM_TOKEN"):
        load(tmp_path, MOTCUA_TELEGRAM_TOKEN=token)


def test_telegram_takes_only_some_letters_in_a_secret(tmp_path):
    with pytest.raises(SettingsError, match="MOTCUA_TELEGRAM_SECRET"):
        load(tmp_path, MOTCUA_TELEGRAM_SECRET="k3Yf0r.T3sts.0nly.and.l0ng.en0ugh.XyZ")
    assert load(tmp_path, MOTCUA_TELEGRAM_SECRET="k3Yf0r-T3sts_0nly-and-l0ng-en0ugh-XyZ").telegram.per_second == 30


def test_servers_in_front_are_this_machine_unless_named(tmp_path):
    assert load(tmp_path).trusted_proxies == ("127.0.0.1", "::1")
    named = load(tmp_path, MOTCUA_TRUSTED_PROXIES="10.0.0.5, 10.1.0.0/16")
    assert named.trusted_proxies == ("10.0.0.5", "10.1.0.0/16")


@pytest.mark.parametrize("wrong", ["*", "proxy.example.vn", "10.0.0.0/33", "10.0.0.5/8", "127.0.0.1:80"])
def test_a_server_in_front_that_is_no_address_stops_the_start(tmp_path, wrong):
    with pytest.raises(SettingsError, match="MOTCUA_TRUSTED_PROXIES"):
        load(tmp_path, MOTCUA_TRUSTED_PROXIES=wrong)


def test_a_program_that_is_loaded_looks_for_garbage_less_often():
    script = "import gc; from bot.settings import collect_rarely; collect_rarely(); print(gc.get_threshold()[0] > 700)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "True\n"
