"""Views that require roles, scopes, or a recent login."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_watchword import (
    JWTManager,
    create_access_token,
    fresh_required,
    get_jwt_identity,
    jwt_required,
    roles_required,
    scopes_required,
)
from flask_watchword.exceptions import InsufficientPrivilege, InsufficientRole, InsufficientScope
from tests.extension.conftest import Get
from tests.extension.minted_tokens import ABSENT, MINTED_AT
from tests.extension.public_names import PUBLIC_NAMES

pytestmark = pytest.mark.usefixtures("manager")

Guards = list[Callable[[Any], Any]]
NOW = float(MINTED_AT)
ODD: list[Any] = [None, True, False, 0, 7, 1.5, "", {}, {"admin": True}, [], [None], [["admin"]]]


def view(app: Flask, *guards: Callable[[Any], Any], path: str = "/") -> None:
    def seen() -> str:
        return f"seen by {get_jwt_identity()}"

    protected: Any = seen
    for guard in reversed(guards):
        protected = guard(protected)
    app.add_url_rule(path, path, protected)


# Roles and scopes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needed", "had", "status"),
    [
        (["admin"], ["admin"], 200),
        (["admin"], ["reader", "admin"], 200),
        (["admin", "editor"], ["editor", "admin"], 200),
        (["admin", "editor"], ["admin"], 403),
        (["admin"], ["reader"], 403),
        (["admin"], ["Admin"], 403),
        (["admin"], ["admin "], 403),
        (["admin"], [], 403),
        (["admin"], ABSENT, 403),
    ],
)
def test_every_role_is_required(
    app: Flask, get: Get, needed: list[str], had: Any, status: int
) -> None:
    view(app, roles_required(*needed))
    assert get(roles=had).status_code == status


@pytest.mark.parametrize("roles", [*ODD, "admin", "admin editor", {"admin": 1}, [{"admin": 1}]])
def test_roles_in_another_format_count_as_none(app: Flask, get: Get, roles: Any) -> None:
    view(app, roles_required("admin"))
    assert get(roles=roles).status_code == 403


def test_invalid_members_of_a_list_do_not_hide_a_role(app: Flask, get: Get) -> None:
    view(app, roles_required("admin"))
    assert get(roles=[None, ["x"], "admin", 7]).status_code == 200


@pytest.mark.parametrize(
    ("needed", "had", "status"),
    [
        (["orders:read"], "orders:read", 200),
        (["orders:read"], "mail orders:read", 200),
        (["orders:read", "mail"], "mail  orders:read", 200),
        (["orders:read", "mail"], "mail", 403),
        (["orders:read"], "orders:readwrite", 403),
        (["orders:read"], "orders:read,mail", 403),
        (["orders:read"], "orders:read\tmail", 403),
        (["orders:read"], "ORDERS:READ", 403),
        (["orders:read"], ABSENT, 403),
    ],
)
def test_every_scope_is_required(
    app: Flask, get: Get, needed: list[str], had: Any, status: int
) -> None:
    view(app, scopes_required(*needed))
    assert get(scope=had).status_code == status


@pytest.mark.parametrize("scope", [*ODD, ["orders:read"], {"orders:read": True}])
def test_scopes_in_another_format_count_as_none(app: Flask, get: Get, scope: Any) -> None:
    view(app, scopes_required("orders:read"))
    assert get(scope=scope).status_code == 403


def test_missing_role_is_reported_with_a_challenge(app: Flask, get: Get) -> None:
    view(app, roles_required("admin", "editor"))
    answer = get(roles=["reader"])
    assert answer.status_code == 403
    assert answer.get_json() == {"msg": "This needs the roles admin, editor"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


def test_missing_scope_is_reported_with_a_challenge(app: Flask, get: Get) -> None:
    view(app, scopes_required("orders:read", "mail"))
    answer = get(scope="mail")
    assert answer.status_code == 403
    assert answer.get_json() == {"msg": "This needs the scopes orders:read, mail"}
    challenge = 'Bearer error="insufficient_scope", scope="orders:read mail"'
    assert answer.headers["WWW-Authenticate"] == challenge


def test_application_can_handle_the_rejection(app: Flask, get: Get) -> None:
    view(app, roles_required("admin"), path="/role")
    view(app, scopes_required("mail"), path="/scope")

    @app.errorhandler(InsufficientRole)
    def refused(error: InsufficientRole) -> tuple[dict[str, Any], int]:
        return {"needed": error.needed, "of": error.jwt_data["sub"], "code": error.code}, 404

    answer = get("/role")
    assert answer.status_code == 404
    assert answer.get_json() == {"needed": ["admin"], "of": "alice", "code": "insufficient_role"}
    assert "WWW-Authenticate" not in answer.headers
    assert get("/scope").status_code == 403


def test_missing_permissions_share_one_base_class() -> None:
    assert issubclass(InsufficientRole, InsufficientPrivilege)
    assert issubclass(InsufficientScope, InsufficientPrivilege)


def test_message_is_under_the_configured_key(app: Flask, get: Get) -> None:
    app.config["JWT_ERROR_MESSAGE_KEY"] = "message"
    view(app, roles_required("admin"))
    assert get().get_json() == {"message": "This needs the role admin"}


# Requirements common to all decorators -------------------------------------------------------

ALL = [roles_required("admin"), scopes_required("mail"), fresh_required(max_age=3600)]
ENOUGH = {"roles": ["admin"], "scope": "mail", "auth_time": MINTED_AT}


@pytest.mark.parametrize("guard", ALL)
def test_decorator_requires_a_valid_token(
    manager: JWTManager, app: Flask, get: Get, guard: Callable[[Any], Any]
) -> None:
    view(app, guard)
    assert get(**ENOUGH).text == "seen by alice"
    assert get(token=None).status_code == 401
    assert get(**ENOUGH, exp=MINTED_AT - 5).status_code == 401
    assert get(**ENOUGH, type="refresh").status_code == 422
    manager.token_in_blocklist_loader(lambda _header, _claims: True)
    assert get(**ENOUGH).status_code == 401


@pytest.mark.parametrize("guard", ALL)
def test_preflight_request_passes_as_with_jwt_required(
    app: Flask, guard: Callable[[Any], Any]
) -> None:
    app.add_url_rule("/", "v", guard(lambda: "seen"), methods=["OPTIONS"])
    assert app.test_client().options("/").status_code == 200


@pytest.mark.parametrize("guard", ALL)
def test_async_view_is_protected_and_runs(
    app: Flask, get: Get, guard: Callable[[Any], Any]
) -> None:
    async def seen() -> str:
        await asyncio.sleep(0)
        return "seen"

    protected = guard(seen)
    assert protected.__name__ == "seen"
    app.add_url_rule("/", "v", protected)
    assert get(**ENOUGH).text == "seen"
    assert get(roles=[], scope="", auth_time=0).status_code in (401, 403)


def test_decorators_stack_in_any_order(app: Flask, get: Get) -> None:
    view(app, *ALL, path="/one")
    view(app, *reversed(ALL), path="/other")
    view(app, jwt_required(), *ALL, path="/with-jwt-required")
    for path in ("/one", "/other", "/with-jwt-required"):
        assert get(path, **ENOUGH).status_code == 200
        assert get(path, **{**ENOUGH, "roles": []}).status_code == 403
        assert get(path, **{**ENOUGH, "scope": ""}).status_code == 403
        assert get(path, **{**ENOUGH, "auth_time": 0}).status_code == 401


@pytest.mark.parametrize("optional_first", [True, False])
def test_optional_token_becomes_required(app: Flask, get: Get, optional_first: bool) -> None:
    guards = [jwt_required(optional=True), roles_required("admin")]
    view(app, *(guards if optional_first else reversed(guards)))
    assert get(token=None).status_code == 401


@pytest.mark.parametrize("guard", [roles_required, scopes_required])
@pytest.mark.parametrize("names", [(), ("",), (None,), (["admin"],), (lambda: "a view",)])
def test_decorator_without_names_is_rejected_immediately(
    guard: Any, names: tuple[Any, ...]
) -> None:
    with pytest.raises(TypeError, match="name the "):
        guard(*names)


@pytest.mark.parametrize("scope", ["a b", 'a"b', "a\\b", "a\nb", "é"])
def test_impossible_scope_is_rejected_immediately(scope: str) -> None:
    with pytest.raises(TypeError, match="name the required scopes"):
        scopes_required(scope)


# Recent login --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "status"),
    [(0, 200), (299, 200), (300, 200), (301, 401), (10**9, 401), (-1, 401)],
)
def test_login_is_recent_enough_up_to_the_second(
    manager: JWTManager, app: Flask, get: Get, ago: int, status: int
) -> None:
    manager.clock = lambda: NOW
    view(app, fresh_required(max_age=300))
    assert get(auth_time=MINTED_AT - ago).status_code == status


@pytest.mark.parametrize(("ago", "status"), [(310, 200), (311, 401), (-10, 200), (-11, 401)])
def test_clocks_may_differ_by_the_leeway(
    manager: JWTManager, app: Flask, get: Get, ago: int, status: int
) -> None:
    app.config["JWT_DECODE_LEEWAY"] = 10
    manager.clock = lambda: NOW
    view(app, fresh_required(max_age=timedelta(minutes=5)))
    assert get(auth_time=MINTED_AT - ago).status_code == status


@pytest.mark.parametrize(
    "expected",
    [
        *(ABSENT, None, True, False, "", [MINTED_AT], {}, 10**400, -(10**400)),
        pytest.param(str(MINTED_AT), id="text"),
    ],
)
def test_token_without_a_login_time_is_rejected(
    manager: JWTManager, app: Flask, get: Get, expected: Any
) -> None:
    manager.clock = lambda: NOW
    view(app, fresh_required(max_age=10**9))
    assert get(auth_time=expected).status_code in (401, 422)


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (300, 200), (301, 401)])
def test_fresh_token_counts_from_its_creation(
    manager: JWTManager, app: Flask, seconds: int, status: int
) -> None:
    view(app, fresh_required(max_age=300))
    manager.clock = lambda: NOW
    with app.app_context():
        tokens = [create_access_token("alice", fresh=fresh) for fresh in (True, False)]
    manager.clock = lambda: NOW + seconds
    statuses = [
        app.test_client().get("/", headers={"Authorization": f"Bearer {one}"}).status_code
        for one in tokens
    ]
    assert statuses == [status, 401]


def test_auth_time_takes_precedence_over_the_creation_of_a_fresh_token(
    manager: JWTManager, app: Flask, get: Get
) -> None:
    manager.clock = lambda: NOW
    view(app, fresh_required(max_age=300))
    assert get(fresh=True, iat=MINTED_AT, auth_time=MINTED_AT - 301).status_code == 401


def test_login_that_is_too_old_is_reported_with_a_challenge(
    manager: JWTManager, app: Flask, get: Get
) -> None:
    view(app, fresh_required(max_age=300))
    answer = get(auth_time=0)
    assert answer.status_code == 401
    assert answer.get_json() == {"msg": "You signed in more than 300 seconds ago; sign in again"}
    challenge = 'Bearer error="insufficient_user_authentication", max_age="300"'
    assert answer.headers["WWW-Authenticate"] == challenge

    manager.needs_fresh_token_loader(lambda _header, claims: ({"who": claims["sub"]}, 401))
    answer = get(auth_time=0)
    assert answer.get_json() == {"who": "alice"}
    assert answer.headers["WWW-Authenticate"] == challenge


def test_token_that_is_not_fresh_is_challenged_to_log_in(app: Flask, get: Get) -> None:
    view(app, jwt_required(fresh=True))
    challenge = get().headers["WWW-Authenticate"]
    assert challenge == 'Bearer error="insufficient_user_authentication"'


@pytest.mark.parametrize("age", [-1, timedelta(seconds=-1), float("nan"), float("inf")])
def test_unreasonable_max_age_is_rejected_immediately(age: Any) -> None:
    with pytest.raises(ValueError, match="negative or infinite"):
        fresh_required(max_age=age)


@pytest.mark.parametrize("age", [None, "300", True])
def test_max_age_that_is_not_a_duration_is_rejected_immediately(age: Any) -> None:
    with pytest.raises(TypeError, match="timedelta or a number of seconds"):
        fresh_required(max_age=age)


@pytest.mark.parametrize("fresh", [fresh_required, fresh_required()], ids=["bare", "called"])
def test_without_an_age_the_token_must_be_fresh(app: Flask, get: Get, fresh: Any) -> None:
    view(app, fresh)
    assert get(fresh=True).status_code == 200
    assert get(fresh=False).get_json() == {"msg": "Fresh token required"}
    assert get(token=None).status_code == 401


def test_positional_age_is_rejected_immediately() -> None:
    with pytest.raises(TypeError, match=r"keyword argument: @fresh_required\(max_age=300\)"):
        fresh_required(300)  # type: ignore[call-overload]


def test_decorators_are_public() -> None:
    assert {"roles_required", "scopes_required", "fresh_required"} <= PUBLIC_NAMES
