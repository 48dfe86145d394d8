"""Features that an application adds, and built-in features that it leaves out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, inspect
from werkzeug.utils import import_string

from flask_watchword import Watchword, decode_token
from flask_watchword.cli.main import main
from flask_watchword.features import Feature
from flask_watchword.service import watchword
from flask_watchword.service.checks.runner import run_checks
from flask_watchword.service.configuration.settings import Settings
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.context import context_of
from flask_watchword.service.features.table import FEATURES, active_features, endpoints_of
from flask_watchword.service.mail.mailing import Mailing
from tests.service.hardware_token.feature import FEATURE, signed
from tests.service.site import EMAIL, GOOD, cheap_passwords

SECRET = "s" * 32


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


def test_a_factor_of_an_application_is_a_step_of_the_login(app: Flask, client: FlaskClient) -> None:
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


def test_sensitive_changes_need_the_factor_of_an_application(client: FlaskClient) -> None:
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


def test_the_rows_of_a_factor_go_with_their_user(app: Flask, client: FlaskClient) -> None:
    headers = bearer(add_token(client))
    body = {"password": GOOD, "hardware_token": signed(SECRET, 1)}
    assert client.delete("/me", json=body, headers=headers).status_code == 204
    engine = create_engine(app.config["WATCHWORD_DATABASE"])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM hardware_tokens").all() == []
    engine.dispose()


def test_the_api_description_has_the_endpoints_and_members_of_a_feature(
    client: FlaskClient,
) -> None:
    description = client.get("/openapi.json").get_json()
    assert "/login/hardware-token" in description["paths"]
    change = description["components"]["schemas"]["PasswordChange"]["properties"]
    assert {"code", "recovery_code", "hardware_token"} <= change.keys()


def test_the_audit_log_has_the_events_of_a_feature(app: Flask, client: FlaskClient) -> None:
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
def test_a_feature_that_is_left_out_has_no_routes(feature: Feature, tmp_path: Path) -> None:
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


def test_a_login_without_totp_takes_no_code(tmp_path: Path) -> None:
    client = left_out(tmp_path, "totp", "recovery_codes")
    description = client.get("/openapi.json").get_json()
    change = description["components"]["schemas"]["PasswordChange"]["properties"]
    assert change.keys() == {"current_password", "password"}
    client.application.extensions["watchword"].close()


def test_a_feature_that_others_need_cannot_be_left_out() -> None:
    with pytest.raises(InvalidSetting, match="totp requires it"):
        active_features(Settings(disabled_features=("recovery_codes",)))


def test_a_feature_that_does_not_exist_cannot_be_left_out() -> None:
    with pytest.raises(InvalidSetting, match="there is no feature 'passkey'"):
        active_features(Settings(disabled_features=("passkey",)))


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(RuntimeError, match="same name"):
        active_features(Settings(), [FEATURE, FEATURE])


def test_the_tables_of_a_feature_are_created_once(app: Flask) -> None:
    url = app.config["WATCHWORD_DATABASE"]
    again = Flask("again")
    again.config["WATCHWORD_DATABASE"] = url
    with Watchword(again, features=[FEATURE]):
        engine = create_engine(url)
        assert "hardware_tokens" in inspect(engine).get_table_names()
        engine.dispose()


def test_the_commands_of_a_feature_that_is_left_out_do_not_exist(
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


def test_each_command_of_a_feature_is_in_its_declaration() -> None:
    declared = {
        feature.name: import_string(path.replace(":", ".")).name
        for feature in FEATURES
        for path in feature.commands
    }
    assert {feature: command for command, feature in main.features.items()} == declared


def test_the_doctor_runs_the_checks_of_the_features(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WATCHWORD_DATABASE", f"sqlite:///{tmp_path}/w.db")
    assert "verified addresses" in {found.check for found in run_checks()}
    monkeypatch.setenv(
        "WATCHWORD_DISABLED_FEATURES", "email_verification,registration,email_change"
    )
    assert "verified addresses" not in {found.check for found in run_checks()}
