"""Features that an application adds, and built-in features that it leaves out."""

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, inspect
from werkzeug.utils import import_string

from flask_watchword import Watchword, decode_token
from flask_watchword.accounts.emails import email_key
from flask_watchword.cli.main import main
from flask_watchword.features import Feature, RateLimit, Setting, read_limit
from flask_watchword.service import watchword
from flask_watchword.service.checks.runner import run_checks
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting, some_text, whole_number
from flask_watchword.service.context import context_of
from flask_watchword.service.features.table import (
    FEATURES,
    active_features,
    endpoints_of,
    feature_settings,
)
from flask_watchword.service.features.totp.flow import TOTP, new_enrolment
from flask_watchword.service.load_settings import read_app_settings, read_settings
from flask_watchword.service.mail.mailing import Mailing
from flask_watchword.service.stores import prepare
from tests.service.hardware_token.feature import FEATURE, HardwareToken, signed
from tests.service.under_test import EMAIL, GOOD, cheap_passwords

SECRET = "s" * 32
SIZE = Setting("feedback_size", whole_number(1, 10), 5, "most characters of a feedback")
KEY: Setting[str | None] = Setting(
    "feedback_key", some_text, None, "key of the feedback form", is_secret=True
)
PER_USER = RateLimit(
    name="feedback_per_user",
    default=read_limit("3/hour"),
    most=read_limit("100/hour"),
    counts="feedback of one user",
)
FEEDBACK = Feature(name="feedback", summary="", settings=[SIZE, KEY], rate_limits=[PER_USER])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchword, "Passwords", cheap_passwords)
    monkeypatch.setattr(Mailing, "ensure_running", lambda self: None)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["WATCHWORD_DATABASE"] = f"sqlite:///{tmp_path}/w.db"
    with Watchword(app, features=[FEATURE]):
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert client.post("/register", json={"email": EMAIL, "password": GOOD}).status_code == 201
    return client


def bearer(pair: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


def log_in(client: FlaskClient) -> dict[str, Any]:
    answer = client.post("/login", json={"email": EMAIL, "password": GOOD})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    return body


def add_token(client: FlaskClient) -> dict[str, Any]:
    pair = log_in(client)
    body = {"password": GOOD, "secret": SECRET}
    added = client.post("/hardware-token", json=body, headers=bearer(pair))
    assert added.status_code == 204
    return pair


def test_factor_of_an_application_is_a_step_of_the_login(app: Flask, client: FlaskClient) -> None:
    add_token(client)
    challenge = log_in(client)
    assert challenge["mfa_required"] is True
    assert challenge["factors"] == ["hardware_token"]
    answer = {"pending_token": challenge["pending_token"], "hardware_token": signed(SECRET, 1)}
    pair = client.post("/login/hardware-token", json=answer)
    assert pair.status_code == 200
    with app.test_request_context():
        assert decode_token(pair.get_json()["access_token"])["amr"] == ["pwd", "hwk"]
    again = client.post("/login/hardware-token", json=answer)
    assert (again.status_code, again.get_json()["code"]) == (401, "invalid_second_factor")


def test_sensitive_changes_require_the_factor_of_an_application(client: FlaskClient) -> None:
    headers = bearer(add_token(client))
    body = {"current_password": GOOD, "password": "seven lazy otters juggle"}
    refused = client.post("/password/change", json=body, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "second_factor_required")
    wrong = client.post(
        "/password/change", json=body | {"hardware_token": signed("other", 2)}, headers=headers
    )
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "wrong_code")
    right = body | {"hardware_token": signed(SECRET, 2)}
    assert client.post("/password/change", json=right, headers=headers).status_code == 204


def test_rows_of_a_factor_are_deleted_with_their_user(app: Flask, client: FlaskClient) -> None:
    headers = bearer(add_token(client))
    body = {"password": GOOD, "hardware_token": signed(SECRET, 1)}
    assert client.delete("/me", json=body, headers=headers).status_code == 204
    engine = create_engine(app.config["WATCHWORD_DATABASE"])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM hardware_tokens").all() == []
    engine.dispose()


def test_api_description_has_the_endpoints_and_members_of_a_feature(
    client: FlaskClient,
) -> None:
    description = client.get("/openapi.json").get_json()
    assert "/login/hardware-token" in description["paths"]
    change = description["components"]["schemas"]["PasswordChange"]["properties"]
    assert {"code", "recovery_code", "hardware_token"} <= change.keys()


def test_audit_log_has_the_events_of_a_feature(app: Flask, client: FlaskClient) -> None:
    add_token(client)
    log = context_of(app).repositories.audit_log
    events = [entry.event.event for entry in log.after(0, 100)]
    assert events == ["registered", "login", "hardware_token_added"]


def left_out(tmp_path: Path, *names: str, **settings: Any) -> FlaskClient:
    database = f"sqlite:///{tmp_path}/w.db"
    app = Flask(__name__)
    Watchword(app, settings=Settings(database=database, disabled_features=names, **settings))
    return app.test_client()


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_excluded_feature_has_no_routes(feature: Feature, tmp_path: Path) -> None:
    needed_by = {other.name for other in FEATURES if feature.name in other.requires}
    needed_by |= {o.name for o in FEATURES if needed_by & {*o.requires}}
    client = left_out(tmp_path, feature.name, *needed_by)
    rules = {rule.endpoint for rule in client.application.url_map.iter_rules()}
    gone = endpoints_of(one for one in FEATURES if one.name in {feature.name, *needed_by})
    assert not {f"watchword.{one.name}" for one in gone} & rules
    described = client.get("/openapi.json")
    if feature.name != "api_docs":
        paths = described.get_json()["paths"]
        assert not any(one.method.lower() in paths.get(one.path, {}) for one in gone)
    client.application.extensions["watchword"].close()


def test_login_without_totp_takes_no_code(tmp_path: Path) -> None:
    client = left_out(tmp_path, "totp", "recovery_codes")
    description = client.get("/openapi.json").get_json()
    change = description["components"]["schemas"]["PasswordChange"]["properties"]
    assert change.keys() == {"current_password", "password"}
    client.application.extensions["watchword"].close()


def test_factor_with_enrolled_users_cannot_be_excluded(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/w.db")
    with_totp = Flask("with_totp")
    watchword = Watchword(with_totp, settings=settings)
    totp = context_of(with_totp).repositories.get(TOTP)
    enrolment = new_enrolment("ada", 0.0)
    assert totp.begin(enrolment)
    without = replace(settings, disabled_features=("totp", "recovery_codes"))
    prepare(without)  # an unconfirmed TOTP device is not a factor
    assert totp.confirm("ada", enrolment.created_at, 1, 1.0)
    with pytest.raises(InvalidSetting, match="totp cannot be left out"):
        prepare(without)
    watchword.close()


def test_feature_required_by_others_cannot_be_excluded() -> None:
    with pytest.raises(InvalidSetting, match="totp requires it"):
        active_features(Settings(disabled_features=("recovery_codes",)))


def test_unknown_feature_cannot_be_excluded() -> None:
    with pytest.raises(InvalidSetting, match="there is no feature 'passkey'"):
        active_features(Settings(disabled_features=("passkey",)))


def test_two_features_of_one_name_are_rejected() -> None:
    with pytest.raises(RuntimeError, match="same name"):
        active_features(Settings(), [FEATURE, FEATURE])


def declared_settings() -> list[tuple[str, str, bool]]:
    return [
        (feature.name, setting.variable, setting.is_secret)
        for feature in FEATURES
        for setting in feature_settings(feature)
    ]


@pytest.mark.parametrize(("feature", "variable", "is_secret"), declared_settings())
def test_settings_of_an_excluded_feature_are_rejected(
    feature: str, variable: str, is_secret: bool
) -> None:
    environ = {"WATCHWORD_DISABLED_FEATURES": f"delete_account,{feature}"}
    for name in (variable, f"{variable}_FILE") if is_secret else (variable,):
        with pytest.raises(InvalidSetting, match=f"^{name}: the feature {feature} is disabled"):
            read_settings(environ | {name: "5"})
        with pytest.raises(InvalidSetting, match=f"^{name}: the feature {feature} is disabled"):
            read_app_settings({name: "5"}, environ)


def test_feature_of_an_application_has_settings(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    config = {"WATCHWORD_FEEDBACK_SIZE": 7, "WATCHWORD_LIMIT_FEEDBACK_PER_USER": "9/hour"}
    environ = {
        "WATCHWORD_FEEDBACK_SIZE": "8",
        "WATCHWORD_FEEDBACK_KEY_FILE": str(tmp_path / "key"),
    }
    settings = read_app_settings(config, environ, [FEEDBACK])
    assert settings[SIZE] == 7
    assert settings[KEY] == "from a file"
    assert settings.limits[PER_USER] == read_limit("9/hour")
    assert "from a file" not in repr(settings)
    unset = read_app_settings({}, {}, [FEEDBACK])
    assert (unset[SIZE], unset[KEY], unset.limits[PER_USER]) == (5, None, PER_USER.default)


def test_watchword_reads_the_settings_of_an_applications_features(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.config["WATCHWORD_DATABASE"] = f"sqlite:///{tmp_path}/w.db"
    app.config["WATCHWORD_FEEDBACK_SIZE"] = 7
    with Watchword(app, features=[FEEDBACK]):
        assert context_of(app).settings[SIZE] == 7


def test_wrong_value_or_name_of_an_application_is_rejected() -> None:
    with pytest.raises(InvalidSetting, match=r"^WATCHWORD_FEEDBACK_SIZE: '11' is not a number"):
        read_app_settings({"WATCHWORD_FEEDBACK_SIZE": 11}, {}, [FEEDBACK])
    with pytest.raises(InvalidSetting, match="Did you mean WATCHWORD_FEEDBACK_SIZE"):
        read_app_settings({"WATCHWORD_FEDBACK_SIZE": 7}, {}, [FEEDBACK])
    with pytest.raises(InvalidSetting, match="Unknown setting WATCHWORD_FEEDBACK_SIZE"):
        read_app_settings({"WATCHWORD_FEEDBACK_SIZE": 7}, {})


def test_two_settings_of_one_name_are_rejected() -> None:
    port = Feature(name="x", summary="", settings=[Setting("port", some_text, "", "a port")])
    with pytest.raises(RuntimeError, match="settings have the same name"):
        read_app_settings({}, {}, [port])


def test_settings_of_features_can_be_pickled() -> None:
    # Spawned workers receive them pickled.
    variables = {"WATCHWORD_FEEDBACK_SIZE": 7, "WATCHWORD_LIMIT_FEEDBACK_PER_USER": "9/hour"}
    settings = pickle.loads(pickle.dumps(read_app_settings(variables, {}, [FEEDBACK])))  # noqa: S301
    assert settings[SIZE] == 7
    assert settings.limits[PER_USER] == read_limit("9/hour")


def test_tables_of_a_feature_are_created_once(app: Flask) -> None:
    url = app.config["WATCHWORD_DATABASE"]
    again = Flask("again")
    again.config["WATCHWORD_DATABASE"] = url
    with Watchword(again, features=[FEATURE]):
        engine = create_engine(url)
        assert "hardware_tokens" in inspect(engine).get_table_names()
        engine.dispose()


def test_commands_of_an_excluded_feature_do_not_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert " audit " in runner.invoke(main, ["--help"]).output
    Path(".env").write_text("WATCHWORD_DISABLED_FEATURES=audit,user_import\n")
    Path(".env").chmod(0o600)
    listed = runner.invoke(main, ["--help"]).output
    assert " audit " not in listed
    assert "import-users" not in listed
    refused = runner.invoke(main, ["audit", "tail"])
    assert refused.exit_code == 2
    assert "No such command 'audit'" in refused.output


def test_help_is_shown_despite_an_invalid_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("WATCHWORD_PORT\n")
    assert " audit " in CliRunner().invoke(main, ["--help"]).output


def test_each_command_of_a_feature_is_declared() -> None:
    declared = {
        feature.name: import_string(path.replace(":", ".")).name
        for feature in FEATURES
        for path in feature.commands
    }
    assert {feature: command for command, feature in main.features.items()} == declared


def test_doctor_runs_the_checks_of_the_features(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE", f"sqlite:///{tmp_path}/w.db")
    assert "verified addresses" in {found.check for found in run_checks()}
    monkeypatch.setenv(
        "WATCHWORD_DISABLED_FEATURES", "email_verification,registration,email_change"
    )
    assert "verified addresses" not in {found.check for found in run_checks()}


def test_password_can_be_changed_without_the_reset_feature(tmp_path: Path) -> None:
    client = left_out(tmp_path, "password_reset", "admin_users")
    assert client.post("/register", json={"email": EMAIL, "password": GOOD}).status_code == 201
    body = {"current_password": GOOD, "password": "seven lazy otters juggle"}
    changed = client.post("/password/change", json=body, headers=bearer(log_in(client)))
    assert changed.status_code == 204
    client.application.extensions["watchword"].close()


def test_service_starts_without_any_feature_that_mails_a_code(tmp_path: Path) -> None:
    names = ("registration", "email_verification", "email_change", "password_reset", "admin_users")
    client = left_out(tmp_path, *names)
    assert client.get("/healthz").status_code == 200
    client.application.extensions["watchword"].close()


def test_rows_of_an_excluded_feature_are_deleted_with_their_user(tmp_path: Path) -> None:
    client = left_out(tmp_path, "totp", "recovery_codes")
    assert client.post("/register", json={"email": EMAIL, "password": GOOD}).status_code == 201
    pair = log_in(client)
    store = context_of(client.application).repositories.get(TOTP)
    with client.application.app_context():
        user_id = decode_token(pair["access_token"])["sub"]
    assert store.begin(new_enrolment(user_id, 1.0))
    deleted = client.delete("/me", json={"password": GOOD}, headers=bearer(pair))
    assert deleted.status_code == 204
    assert store.get(user_id) is None
    client.application.extensions["watchword"].close()


def test_failed_login_does_not_wake_the_mail_thread(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr(Mailing, "wake", lambda self: woken.append("woken"))
    for email in (EMAIL, "nobody@example.com"):
        wrong = client.post("/login", json={"email": email, "password": "wrong"})
        assert wrong.status_code == 401
        assert woken == []
    for email in (EMAIL, "nobody@example.com"):
        assert client.post("/password/forgot", json={"email": email}).status_code == 202
    assert woken == ["woken"] * 2


def test_enrolling_totp_requires_the_factor_already_enrolled(client: FlaskClient) -> None:
    headers = bearer(add_token(client))
    app = client.application
    users = context_of(app).stores.users
    user = users.by_email(email_key(EMAIL))
    assert user is not None
    users.verify_email(user.id, user.email_key, 1.0)
    body = {"password": GOOD}
    refused = client.post("/totp/enrol", json=body, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "second_factor_required")
    shown = body | {"hardware_token": signed(SECRET, 3)}
    assert client.post("/totp/enrol", json=shown, headers=headers).status_code == 200


@pytest.mark.parametrize(("name", "value"), [("field", "code"), ("amr", "pwd")])
def test_factor_with_the_name_of_another_is_rejected(name: str, value: str) -> None:
    factor = HardwareToken()
    setattr(factor, name, value)
    with pytest.raises(RuntimeError):
        active_features(Settings(), [replace(FEATURE, factors=[factor])])
