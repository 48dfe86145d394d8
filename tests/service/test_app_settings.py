"""``Watchword(app)`` reads ``app.config``, then the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_watchword import Watchword
from flask_watchword.accounts.rate_limit_declarations import Limits
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.extension.state import state_of
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import Stores, service_context
from flask_watchword.service.features.metrics.settings import METRICS_TOKEN
from flask_watchword.service.features.registration.limits import REGISTER_PER_ADDRESS
from flask_watchword.service.load_settings import read_app_settings, read_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settings_of(app: Flask) -> Settings:
    with app.app_context():
        return service_context().settings


def close(app: Flask) -> None:
    feed = state_of(app).revocations
    assert feed is not None
    feed.close()


def test_configuration_overrides_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABASE", "mysql://never/read")
    monkeypatch.setenv("WATCHWORD_SERVICE_NAME", "From the environment")
    app = Flask("host")
    app.config.update(
        WATCHWORD_DATABASE=f"sqlite:///{folder}/shop.db",
        WATCHWORD_SESSION_STORE=f"sqlite:///{folder}/sessions.db",
        WATCHWORD_REFRESH_GRACE=timedelta(seconds=30),
        WATCHWORD_REVOCATION_STALENESS=1,
    )
    Watchword(app, url_prefix="/auth")
    try:
        settings = settings_of(app)
        assert settings.database == f"sqlite:///{folder}/shop.db"
        assert settings.session_store == f"sqlite:///{folder}/sessions.db"
        assert (settings.service_name, settings.refresh_grace) == ("From the environment", 30)
        assert app.config["WATCHWORD_REFRESH_GRACE"] == timedelta(seconds=30)
        assert (folder / "shop.db").exists()
        assert (folder / "sessions.db").exists()
        assert not (folder / "watchword.db").exists()
    finally:
        close(app)


def test_given_settings_ignore_the_environment(settings: Settings, stores: Stores) -> None:
    app = Flask("host")
    app.config["WATCHWORD_SERVICE_NAME"] = "never read"
    Watchword(app, settings=settings, stores=stores)
    assert settings_of(app) is settings


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({"DEMO": True}, "demo", True),
        ({"DEMO": False}, "demo", False),
        ({"PORT": 8080}, "port", 8080),
        ({"ACCESS_TOKEN_SECONDS": timedelta(minutes=5)}, "access_token_seconds", 300),
        ({"REFRESH_GRACE": 0}, "refresh_grace", 0),
        ({"CORS_ORIGINS": ["https://a.example", "https://b.example"]}, "cors_origins",
         ("https://a.example", "https://b.example")),
        ({"CORS_ORIGINS": ("https://a.example",)}, "cors_origins", ("https://a.example",)),
        ({"CORS_ORIGINS": []}, "cors_origins", ()),
        ({"MAIL_TEMPLATES": Path("/")}, "mail_templates", Path("/")),
        ({"LIMIT_REGISTER_PER_ADDRESS": "300/hour"}, "limits",
         Limits({REGISTER_PER_ADDRESS: Limit(300, 12.0)})),
        ({"LIMIT_REGISTER_PER_ADDRESS": Limit(300, 12.0)}, "limits",
         Limits({REGISTER_PER_ADDRESS: Limit(300, 12.0)})),
        ({"VALKEY": None}, "valkey", None),
        ({"VALKEY": ""}, "valkey", None),
        ({"SERVICE_NAME": "Shop"}, "service_name", "Shop"),
    ],
)  # fmt: skip
def test_value_may_be_text_or_a_python_object(
    given: dict[str, Any], name: str, value: object
) -> None:
    config = {f"WATCHWORD_{key}": one for key, one in given.items()}
    assert getattr(read_app_settings(config, {}), name) == value


@pytest.mark.parametrize(
    ("variable", "value", "why"),
    [
        ("WATCHWORD_PORT", True, "not a number"),
        ("WATCHWORD_PORT", 80.5, "is a float"),
        ("WATCHWORD_DEMO", 7, "neither true nor false"),
        ("WATCHWORD_DATABASE", {"url": "x"}, "is a dict"),
        ("WATCHWORD_ISSUER", ["a", "b"], "is a list"),
        ("WATCHWORD_REFRESH_GRACE", timedelta(milliseconds=1), "is a timedelta"),
        ("WATCHWORD_MASTER_KEY", b"m" * 43, "is a bytes"),
        ("WATCHWORD_CORS_ORIGINS", [1.5], "is a float"),
        ("WATCHWORD_LIMIT_REGISTER_PER_ADDRESS", 10, "is not a limit like 10/hour"),
    ],
)
def test_value_of_another_type_is_rejected_in_one_line(
    variable: str, value: object, why: str
) -> None:
    with pytest.raises(InvalidSetting, match=f"^{variable}: .*{why}") as refused:
        read_app_settings({variable: value}, {})
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("WATCHWORD_DATABSE", "WATCHWORD_DATABASE"),
        ("WATCHWORD_LIMIT_REGISTER", "WATCHWORD_LIMIT_REGISTER_PER_ADDRESS"),
        ("JWT_TOKEN_LOCATIONS", "JWT_TOKEN_LOCATION"),
    ],
)
def test_unknown_name_in_the_configuration_stops_the_start(name: str, near: str) -> None:
    app = Flask("host")
    app.config[name] = "x"
    with pytest.raises(InvalidSetting) as refused:
        Watchword(app)
    assert str(refused.value) == f"Unknown setting {name}. Did you mean {near}?"
    assert "flask-watchword" not in app.extensions


def test_unknown_name_in_the_environment_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCHWORD_DATABSE", "x")
    with pytest.raises(InvalidSetting, match="Did you mean WATCHWORD_DATABASE"):
        Watchword(Flask("host"))


def test_settings_of_other_software_are_ignored() -> None:
    config = {"JWT_ALGORITHMS": ["x"], "JWT_LEEWAY": 1, "DATABASE": "x", 1: "no text"}
    assert read_app_settings(config, {}) == read_settings({})  # type: ignore[arg-type]


def test_secret_in_the_configuration_overrides_the_file_in_the_environment(
    folder: Path,
) -> None:
    (folder / "key").write_text("f" * 40)
    config = {"WATCHWORD_METRICS_TOKEN": "c" * 40}
    environ = {"WATCHWORD_METRICS_TOKEN_FILE": str(folder / "key")}
    assert read_app_settings(config, environ)[METRICS_TOKEN] == "c" * 40
    assert read_app_settings({}, environ)[METRICS_TOKEN] == "f" * 40


@pytest.mark.parametrize("name", ["DATABASE", "METRICS_TOKEN", "MASTER_KEY", "SMTP"])
def test_empty_file_name_means_no_file(name: str) -> None:
    assert read_settings({f"WATCHWORD_{name}_FILE": ""}) == read_settings({})


def test_empty_secret_file_is_rejected(folder: Path) -> None:
    (folder / "key").write_text("\n")
    with pytest.raises(InvalidSetting, match="WATCHWORD_MASTER_KEY_FILE: the file is empty"):
        read_settings({"WATCHWORD_MASTER_KEY_FILE": str(folder / "key")})


@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ("JWT_ACCESS_TOKEN_EXPIRES", "WATCHWORD_ACCESS_TOKEN_SECONDS"),
        ("WATCHWORD_SESSION_IDLE", "WATCHWORD_REFRESH_TOKEN_SECONDS"),
    ],
)
def test_error_about_a_derived_option_names_the_setting(
    settings: Settings, stores: Stores, option: str, instead: str
) -> None:
    app = Flask("host")
    app.config[option] = timedelta(days=2)
    with pytest.raises(RuntimeError, match=f"sets {option}: .*set {instead}$"):
        Watchword(app, settings=settings, stores=stores)
