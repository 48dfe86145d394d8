"""``flask watchword``: the commands inside an application, for the parts that it uses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import FlaskGroup, ScriptInfo

from flask_watchword import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    jwt_required,
    roles_required,
)

Ask = Callable[..., Result]


def application() -> Flask:
    app = Flask("shop")
    app.config["JWT_SECRET_KEY"] = "s" * 32
    JWTManager(app)
    app.get("/orders", endpoint="orders")(jwt_required()(lambda: ""))
    app.get("/mine", endpoint="mine")(jwt_required(optional=True)(lambda: ""))
    app.post("/orders", endpoint="add")(roles_required("admin")(lambda: ""))
    app.get("/forgotten", endpoint="forgotten")(lambda: "")
    return app


@pytest.fixture
def ask() -> Ask:
    # As the `flask` command does: it finds the group by its entry point.
    def run(*arguments: str, typed: str = "") -> Result:
        info = ScriptInfo(create_app=application)
        return CliRunner().invoke(FlaskGroup(), ["watchword", *arguments], typed, obj=info)

    return run


def test_every_endpoint_is_listed_with_its_decorator(ask: Ask) -> None:
    result = ask("routes")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "/static/<path:filename>\tGET\tstatic\tnone",
        "/orders\tGET\torders\tjwt_required()",
        "/mine\tGET\tmine\tjwt_required(optional=True)",
        "/orders\tPOST\tadd\troles_required('admin')",
        "/forgotten\tGET\tforgotten\tnone",
    ]


def test_every_json_line_is_a_route(ask: Ask) -> None:
    lines = [
        json.loads(line)
        for line in ask("routes", "--json", "--allow", "static").stdout.splitlines()
    ]
    assert [line["endpoint"] for line in lines if line["open"]] == ["static", "mine", "forgotten"]
    assert [line["endpoint"] for line in lines if line["allowed"]] == ["static"]
    assert lines[3] == {
        "path": "/orders",
        "method": "POST",
        "endpoint": "add",
        "guards": ["roles_required('admin')"],
        "misplaced": [],
        "open": False,
        "allowed": False,
    }


def test_unprotected_and_unlisted_route_fails_by_name(ask: Ask) -> None:
    result = ask("routes", "--fail-unguarded", "--allow", "stat*")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: requests without a token are accepted by 2 routes; protect them, or name their "
        "endpoints with --allow: forgotten mine"
    ]
    assert ask("routes", "--fail-unguarded").exit_code == 1


def mistaken() -> Flask:
    app = application()

    @jwt_required()
    @app.get("/open")
    def opened() -> str:
        return ""

    @roles_required("admin")
    @app.before_request
    def check() -> None: ...

    return app


@pytest.mark.parametrize("options", [(), ("--fail-unguarded", "--allow", "*"), ("--json",)])
def test_decorator_above_the_route_fails_the_route_list(options: tuple[str, ...]) -> None:
    info = ScriptInfo(create_app=mistaken)
    result = CliRunner().invoke(FlaskGroup(), ["watchword", "routes", *options], obj=info)
    assert result.exit_code == 1
    if "--json" in options:
        (opened,) = [json.loads(line) for line in result.stdout.splitlines() if "opened" in line]
        assert (opened["guards"], opened["misplaced"]) == ([], ["jwt_required()"])
        assert json.loads(result.stderr)["error"]["code"] == "misplaced_decorators"
        return
    assert "none" in result.stdout
    assert "(no effect above the route: jwt_required())" in result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: @jwt_required() has no effect on the endpoint 'opened': ")
    assert "@roles_required('admin') has no effect on 'check', which runs before requests" in line
    assert "; put @app.route above @jwt_required(); put @app.before_request above" in line


def test_decorator_above_the_route_is_reported_by_the_doctor(ask: Ask) -> None:
    info = ScriptInfo(create_app=mistaken)
    result = CliRunner().invoke(FlaskGroup(), ["watchword", "doctor", "--json"], obj=info)
    found = {(one := json.loads(line))["check"]: one for line in result.stdout.splitlines()}
    assert result.exit_code == 1
    assert found["decorators"]["result"] == "problem"
    assert "'opened'" in found["decorators"]["says"]
    assert found["decorators"]["remedy"].startswith("put @app.route above @jwt_required()")
    right = {
        (one := json.loads(line))["check"]: one
        for line in ask("doctor", "--json").stdout.splitlines()
    }
    assert right["decorators"]["result"] == "ok"


def test_options_are_checked(ask: Ask) -> None:
    result = ask("doctor", "--json")
    found = {(one := json.loads(line))["check"]: one for line in result.stdout.splitlines()}
    assert result.exit_code == 1
    assert found["JWT_SECRET_KEY"]["result"] == "problem"
    assert found["cookies"]["result"] == "ok"


def test_token_is_reported_as_accepted_or_with_the_reason_for_rejection(ask: Ask) -> None:
    app = application()
    with app.app_context():
        good, refresh = create_access_token("ada"), create_refresh_token("ada")
    accepted = ask("token", "verify", typed=good)
    assert accepted.exit_code == 0
    assert accepted.stdout.splitlines()[-1] == "verdict\taccepted\tthe view runs"
    assert ask("token", "verify", "--refresh", typed=refresh).exit_code == 0
    result = ask("token", "verify", "--json", typed=refresh)
    report = json.loads(result.stdout)
    assert (result.exit_code, report["accepted"], report["status"]) == (1, False, 422)
    assert [step["step"] for step in report["steps"] if step["result"] == "refused"] == ["type"]


@pytest.mark.parametrize("has_manager", [False, True])
def test_application_without_usable_keys_reports_the_reason_in_one_line(
    *, has_manager: bool
) -> None:
    def unready() -> Flask:
        app = Flask("shop")
        if has_manager:
            JWTManager(app)
        return app

    arguments = ["watchword", "token", "verify"]
    info = ScriptInfo(create_app=unready)
    result = CliRunner().invoke(FlaskGroup(), arguments, "a.b.c", obj=info)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    assert line.endswith("; see: flask watchword doctor")


def test_allowed_routes_may_be_listed_in_a_file(ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "public.txt"
    file.write_text("# for everybody\nstatic\n\nmine  # greets who is known\nforgotten\n")
    result = ask("routes", "--fail-unguarded", "--allow-from", str(file))
    assert (result.exit_code, result.stderr) == (0, "")


def test_pattern_that_matches_no_route_is_reported(ask: Ask) -> None:
    result = ask("routes", "--allow", "orders", "--allow", "static")
    assert result.exit_code == 0
    assert result.stderr == "No public endpoint matches orders: remove it.\n"
