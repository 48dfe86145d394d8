import contextlib
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.service.configuration.settings import CORE_SETTINGS, Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN
from flask_watchword.service.features.table import FEATURES, rate_limits_of, settings_of
from flask_watchword.service.load_settings import (
    read_database,
    read_session_store,
    read_settings,
)

CORE_NAMES = {setting.name for setting in CORE_SETTINGS}


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_are_a_local_service_on_sqlite(tmp_path: Path) -> None:
    settings = read_settings({})
    assert settings.database == f"sqlite:///{tmp_path}/watchword.db"
    assert settings.database_file == tmp_path / "watchword.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.workers >= 1
    assert not settings.demo
    assert settings[METRICS_TOKEN] is None


def test_demo_has_its_own_database(tmp_path: Path) -> None:
    assert read_settings({}, demo=True).database_file == tmp_path / "watchword-demo.db"
    chosen = read_settings({"WATCHWORD_DATABASE": "sqlite:///mine.db"}, demo=True)
    assert chosen.database_file == tmp_path / "mine.db"


def test_every_setting_can_come_from_the_environment(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "WATCHWORD_DATABASE": "sqlite:////somewhere/else.db",
            "WATCHWORD_MASTER_KEY": f"{'A' * 43}, {'B' * 42}A",
            "WATCHWORD_KEY_ALGORITHM": "RS256",
            "WATCHWORD_KEY_ROTATION_DAYS": "7",
            "WATCHWORD_KEY_PUBLISH_SECONDS": "60",
            "WATCHWORD_HOST": "::1",
            "WATCHWORD_PORT": "8080",
            "WATCHWORD_WORKERS": "3",
            "WATCHWORD_DEMO": "Yes",
            "WATCHWORD_ISSUER": "https://login.example.com",
            "WATCHWORD_AUDIENCE": "shop",
            "WATCHWORD_ACCESS_TOKEN_SECONDS": "60",
            "WATCHWORD_REFRESH_TOKEN_SECONDS": "3600",
            "WATCHWORD_SESSION_SECONDS": "7200",
            "WATCHWORD_VALKEY": "valkey://cache:6379/0",
            "WATCHWORD_SESSION_STORE": "postgresql+psycopg://db/sessions",
            "WATCHWORD_MAX_REQUEST_BYTES": "2048",
            "WATCHWORD_TRUSTED_PROXIES": "2",
            "WATCHWORD_SERVICE_NAME": "Example",
            "WATCHWORD_PUBLIC_URL": "https://example.com/account/",
            "WATCHWORD_CORS_ORIGINS": "https://app.example.com, http://localhost:3000,",
            "WATCHWORD_SMTP": "smtp://mail.example.com",
            "WATCHWORD_SMTP_CERTIFICATES": str(tmp_path),
            "WATCHWORD_MAIL_FROM": "login@example.com",
            "WATCHWORD_MAIL_TEMPLATES": str(tmp_path),
            "WATCHWORD_VERIFY_EMAIL_SECONDS": "600",
            "WATCHWORD_RESET_PASSWORD_SECONDS": "601",
            "WATCHWORD_CHANGE_EMAIL_SECONDS": "602",
        }
    )
    assert settings == Settings(
        database="sqlite:////somewhere/else.db",
        master_key=f"{'A' * 43}, {'B' * 42}A",
        key_algorithm="RS256",
        key_rotation_days=7,
        key_publish_seconds=60,
        host="::1",
        port=8080,
        workers=3,
        demo=True,
        issuer="https://login.example.com",
        audience="shop",
        access_token_seconds=60,
        refresh_token_seconds=3600,
        session_seconds=7200,
        valkey="valkey://cache:6379/0",
        session_store="postgresql+psycopg://db/sessions",
        max_request_bytes=2048,
        trusted_proxies=2,
        service_name="Example",
        public_url="https://example.com/account",
        cors_origins=("https://app.example.com", "http://localhost:3000"),
        smtp="smtp://mail.example.com",
        smtp_certificates=tmp_path,
        mail_from="login@example.com",
        mail_templates=tmp_path,
        of_features={
            "verify_email_seconds": 600,
            "reset_password_seconds": 601,
            "change_email_seconds": 602,
        },
    )


@pytest.mark.parametrize("name", [setting.name for setting in settings_of(FEATURES)])
def test_invalid_setting_stops_the_start_without_a_traceback(name: str) -> None:
    with contextlib.suppress(InvalidSetting):
        read_settings({f"WATCHWORD_{name.upper()}": "?"})


POSTGRES = "postgresql+psycopg://ada:hidden@db/accounts"
VALKEY = "valkey://:hidden@cache:6379/0"


def test_database_may_be_a_server() -> None:
    settings = read_settings({"WATCHWORD_DATABASE": POSTGRES})
    assert settings.database == POSTGRES
    assert settings.database_file is None


@pytest.mark.parametrize(
    ("valkey", "store", "elsewhere"),
    [
        (None, None, None),
        (VALKEY, None, VALKEY),
        (None, POSTGRES, POSTGRES),
        (VALKEY, POSTGRES, POSTGRES),
        (VALKEY, "sqlite:////data/accounts.db", None),
    ],
)
def test_sessions_are_in_the_database_by_default(
    valkey: str | None, store: str | None, elsewhere: str | None
) -> None:
    database = "sqlite:////data/accounts.db"
    settings = read_settings({}, database=database, valkey=valkey, session_store=store)
    assert settings.sessions_elsewhere == elsewhere


def test_session_database_file_is_the_same_for_every_worker(tmp_path: Path) -> None:
    settings = read_settings({"WATCHWORD_SESSION_STORE": "sqlite:///s.db"})
    assert settings.sessions_elsewhere == f"sqlite:///{tmp_path}/s.db"


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, "sqlite:///{}/watchword.db"),
        ({"WATCHWORD_DATABASE": POSTGRES}, POSTGRES),
        ({"WATCHWORD_DATABASE": POSTGRES, "WATCHWORD_VALKEY": VALKEY}, VALKEY),
        ({"WATCHWORD_SESSION_STORE": POSTGRES, "WATCHWORD_VALKEY": VALKEY}, POSTGRES),
    ],
)
def test_session_commands_use_the_store_of_the_service(
    environ: dict[str, str], found: str, tmp_path: Path
) -> None:
    assert read_session_store(environ=environ) == found.format(tmp_path)


@pytest.mark.parametrize("variable", ["DATABASE", "VALKEY", "SESSION_STORE"])
@pytest.mark.parametrize(
    "url",
    [
        "mysql://ada:hidden@db/accounts",
        "postgresql+psycopg2://ada:hidden@db/accounts",
        "postgres://ada:hidden@db/accounts?sslmod=hidden",
        "postgres://ada:hidden@db/accounts?port=hidden",
        "postgresql+psycopg://ada:hidden@db:hidden/accounts",
        "valkey://:hidden@cache:hidden/0",
        "hidden",
    ],
)
def test_password_in_a_url_is_in_no_error(variable: str, url: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_settings({f"WATCHWORD_{variable}": url})
    assert "hidden" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_password_in_a_url_is_not_in_the_repr_of_the_settings() -> None:
    settings = Settings(database=POSTGRES, valkey=VALKEY, session_store=POSTGRES)
    assert "hidden" not in repr(settings)


def test_argument_overrides_the_environment() -> None:
    environ = {"WATCHWORD_PORT": "8080", "WATCHWORD_WORKERS": "3", "WATCHWORD_DEMO": "1"}
    settings = read_settings(environ, port=9090, workers=None, demo=False)
    assert (settings.port, settings.workers, settings.demo) == (9090, 3, False)


def test_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("f" * 40 + "\n")
    assert read_settings({"WATCHWORD_METRICS_TOKEN_FILE": str(file)})[METRICS_TOKEN] == "f" * 40


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("WATCHWORD_DATABASE", "watchword.db", "is not a URL like sqlite"),
        ("WATCHWORD_DATABASE", "postgresql+psycopg2://db/x", "postgresql://user@host/name"),
        ("WATCHWORD_DATABASE", "postgresql://db/x?sslmod=require", "does not accept: sslmod"),
        ("WATCHWORD_DATABASE", "postgres://db/x?connect_timeout=soon", "connect_timeout"),
        ("WATCHWORD_DATABASE", "postgres://db/x?port=soon", "the driver cannot read"),
        ("WATCHWORD_DATABASE", "mysql://db/x", "is not a URL like sqlite"),
        ("WATCHWORD_DATABASE", "valkey://db/0", "is not a URL like sqlite"),
        ("WATCHWORD_VALKEY", "sqlite:///x.db", "is not a URL like valkey://host:6379/0"),
        ("WATCHWORD_VALKEY", "cache:6379", "is not a URL like valkey://host:6379/0"),
        ("WATCHWORD_VALKEY", "valkey://cache:port/0", "is not a URL like valkey://host:6379/0"),
        ("WATCHWORD_SESSION_STORE", "memory://", "is not a URL like sqlite"),
        ("WATCHWORD_SESSION_STORE", "redis://cache:x", "or valkey://host:6379/0"),
        ("WATCHWORD_DATABASE", "sqlite://", "name a file"),
        ("WATCHWORD_DATABASE", "sqlite:///:memory:", "name a file"),
        ("WATCHWORD_DATABASE", "sqlite:///file:x?mode=memory&uri=true", "name a file"),
        ("WATCHWORD_METRICS_TOKEN_FILE", "missing", "cannot read the file"),
        ("WATCHWORD_MASTER_KEY", "hidden", "is not 32 bytes in base64url"),
        ("WATCHWORD_MASTER_KEY", "A" * 43 + "=", "token_urlsafe(32)"),
        ("WATCHWORD_MASTER_KEY", "A" * 43 + ",", "is not 32 bytes in base64url"),
        ("WATCHWORD_MASTER_KEY", "ä" * 43, "is not 32 bytes in base64url"),
        ("WATCHWORD_MASTER_KEY_FILE", "missing", "cannot read the file"),
        ("WATCHWORD_KEY_ALGORITHM", "HS256", "is not one of EdDSA, ES256, RS256"),
        ("WATCHWORD_KEY_ROTATION_DAYS", "-1", "not a number"),
        ("WATCHWORD_KEY_PUBLISH_SECONDS", "0", "not a number"),
        ("WATCHWORD_HOST", " ", "is empty"),
        ("WATCHWORD_ISSUER", " ", "is empty"),
        ("WATCHWORD_PORT", "http://10.0.0.1:80", "not a number from 1 to 65535"),
        ("WATCHWORD_REFRESH_GRACE", "-1", "not a number from 0 to 3600"),
        ("WATCHWORD_MIN_PASSWORD_CHARACTERS", "7", "not a number from 8 to 64"),
        ("WATCHWORD_PORT", "0", "not a number"),
        ("WATCHWORD_PORT", "65536", "not a number"),
        ("WATCHWORD_WORKERS", "many", "not a number from 1 to 256"),
        ("WATCHWORD_DEMO", "maybe", "neither true nor false"),
        ("WATCHWORD_ACCESS_TOKEN_SECONDS", "0", "not a number"),
        ("WATCHWORD_REFRESH_TOKEN_SECONDS", "-1", "not a number"),
        ("WATCHWORD_SESSION_SECONDS", "0", "not a number"),
        ("WATCHWORD_MAX_REQUEST_BYTES", "1e9", "not a number"),
        ("WATCHWORD_LIMIT_REGISTER_PER_ADDRESS", "many", "is not a limit like 10/hour"),
    ],
)
def test_invalid_value_is_rejected_in_one_line_with_its_name_and_reason(
    variable: str, value: str, why: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        read_settings({variable: value})
    message = str(refused.value)
    assert message.startswith(f"{variable}")
    assert why in message
    assert "\n" not in message


def test_secret_and_its_file_together_are_rejected(tmp_path: Path) -> None:
    environ = {
        "WATCHWORD_METRICS_TOKEN": "s" * 32,
        "WATCHWORD_METRICS_TOKEN_FILE": str(tmp_path / "x"),
    }
    with pytest.raises(InvalidSetting, match="not both"):
        read_settings(environ)


def test_secret_file_that_is_not_text_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff" * 40)
    with pytest.raises(InvalidSetting, match="not UTF-8"):
        read_settings({"WATCHWORD_METRICS_TOKEN_FILE": "noise"})


@pytest.mark.parametrize("name", ["metrics_token", "master_key"])
def test_secret_is_in_neither_the_repr_of_the_settings_nor_an_error(name: str) -> None:
    secret: dict[str, Any] = {name: "hidden" * 10}
    assert "hidden" not in repr(Settings(of_features=secret))
    if name in CORE_NAMES:
        assert "hidden" not in repr(Settings(**secret))
    with pytest.raises(InvalidSetting) as refused:
        read_settings({f"WATCHWORD_{name.upper()}": "hidden"})
    assert "hidden" not in str(refused.value)


def test_settings_are_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "//example.com",
        "ftp://example.com",
        "javascript:alert(1)",
        "https://",
        "https://user:pass@example.com",
        "https://example.com/?next=1",
        "https://example.com/#top",
        "https://example.com/ x",
        "https://example.com:port",
        "https://exämple.com",
        "https://example.com\n",
    ],
)
def test_link_base_must_be_a_plain_http_url(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^WATCHWORD_PUBLIC_URL: "):
        read_settings({"WATCHWORD_PUBLIC_URL": url})


@pytest.mark.parametrize("variable", ["WATCHWORD_MAIL_TEMPLATES", "WATCHWORD_SMTP_CERTIFICATES"])
def test_path_must_exist(variable: str) -> None:
    with pytest.raises(InvalidSetting, match=f"^{variable}: nowhere does not exist$"):
        read_settings({variable: "nowhere"})


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "app.example.com", "https://", "https://app.example.com/", "https://a@b.example",
     "https://*.example.com", "HTTPS://app.example.com", "https://App.example.com",
     "https://app.example.com:443", "http://app.example.com:80", "https://app.example.com:x",
     "https://app.example.com?x", "https://app.example.com#x", "https://äpp.example.com",
     "ftp://app.example.com", "blob://x", "data://x", "javascript://x", "ws://app.example",
     "capacitor://", "capacitor://localhost/", "Capacitor://localhost", "app://*", "app://a/b",
     "app://user@shop", "chrome-extension://id?x", "app://a:0",
     "https://a.example https://b.example", "https://[::1", "file://"],
)  # fmt: skip
def test_origin_must_be_in_the_form_that_browsers_send(origin: str) -> None:
    with pytest.raises(InvalidSetting, match=r"^WATCHWORD_CORS_ORIGINS: .* is not an origin"):
        read_settings({"WATCHWORD_CORS_ORIGINS": f"https://good.example,{origin}"})


def test_origin_may_be_an_ip_address_and_have_a_port() -> None:
    settings = read_settings({"WATCHWORD_CORS_ORIGINS": "http://[::1]:3000,https://10.0.0.1:8443"})
    assert settings.cors_origins == ("http://[::1]:3000", "https://10.0.0.1:8443")
    assert read_settings({"WATCHWORD_CORS_ORIGINS": " , "}).cors_origins == ()


@pytest.mark.parametrize(
    "origin",
    [
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "https://tauri.localhost",
        "app://.",
        "app://shop",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "moz-extension://8c7cc28a-5d0f-4d8e-9c0b-1f0b6c6d7a11",
        "safari-web-extension://8C7CC28A-5D0F-4D8E-9C0B-1F0B6C6D7A11",
    ],
)
def test_origin_may_be_that_of_an_app_shell_or_an_extension(origin: str) -> None:
    settings = read_settings({"WATCHWORD_CORS_ORIGINS": f"https://a.example, {origin}"})
    assert settings.cors_origins == ("https://a.example", origin)


@pytest.mark.parametrize("name", ["*", "a b", "x:", "é", "x\ny", "(x)"])
def test_header_is_listed_by_its_name(name: str) -> None:
    with pytest.raises(InvalidSetting, match="is not a header name"):
        read_settings({"WATCHWORD_CORS_HEADERS": f"X-Trace, {name}"})
    assert read_settings({"WATCHWORD_CORS_HEADERS": "X-Trace,b3"}).cors_headers == ("X-Trace", "b3")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("database", "postgresql+psycopg://ada:secret@db/app"),
        ("valkey", "valkey://:secret@cache:6379/0"),
        ("session_store", "valkey://:secret@cache:6379/1"),
        ("metrics_token", "m" * 22),
    ],
)
def test_every_setting_that_may_hold_a_password_may_come_from_a_file(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / "setting"
    file.write_text(f"{text}\n", encoding="utf-8")
    environ = {f"WATCHWORD_{name.upper()}_FILE": str(file)}
    settings = read_settings(environ)
    found = getattr(settings, name) if name in CORE_NAMES else settings.of_features[name]
    assert found == text
    if name == "database":
        assert read_database(environ=environ) == text
    elif name != "metrics_token":
        assert read_session_store(environ=environ) == text


@pytest.mark.parametrize("limit", rate_limits_of(FEATURES), ids=lambda limit: limit.name)
def test_every_rate_limit_is_a_setting(limit: RateLimit) -> None:
    settings = read_settings({f"WATCHWORD_LIMIT_{limit.name.upper()}": "7/3 minutes"})
    assert settings.limits == Limits({limit: Limit(7, 180 / 7)})


@pytest.mark.parametrize("token", ["short", "m" * 21, "with a blank in the middle of it", "é" * 30])
def test_token_that_is_guessable_or_invalid_in_a_header_is_rejected(token: str) -> None:
    with pytest.raises(InvalidSetting, match="WATCHWORD_METRICS_TOKEN: needs at least 22"):
        read_settings({"WATCHWORD_METRICS_TOKEN": token})
