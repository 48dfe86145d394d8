"""The names and arguments of release 3 work, and each warns with its replacement."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, jsonify

import flask_watchword
from flask_watchword import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    current_user,
    decode_token,
    get_jwt_identity,
    get_unverified_jwt_headers,
    jwt_required,
)
from tests.extension.conftest import Get
from tests.extension.minted_tokens import HOUR, MINTED_AT, mint


def warns(old: str, new: str) -> Any:
    """Expect the warning that names the old spelling and its replacement."""
    text = f"{re.escape(old)}.* is deprecated, use .*{re.escape(new)}"
    return pytest.warns(DeprecationWarning, match=text)


FRESH = {"fresh": True}
REFRESH = {"type": "refresh"}

#: Old decorator, its replacement, claims it accepts, claims it rejects, and the response.
DECORATORS: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    "jwt_optional": ("jwt_required(optional=True)", {"token": None}, {"sub": 7}, 422),
    "fresh_jwt_required": ("jwt_required(fresh=True)", FRESH, {}, 401),
    "jwt_refresh_token_required": ("jwt_required(refresh=True)", REFRESH, {}, 422),
}


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("called", [False, True], ids=["bare", "called"])
@pytest.mark.parametrize("name", DECORATORS)
def test_old_decorator_protects_and_warns(app: Flask, get: Get, name: str, called: bool) -> None:
    today, admitted, refused, status = DECORATORS[name]
    decorator = getattr(flask_watchword, name)
    with warns(name, today):
        view = (decorator() if called else decorator)(lambda: "seen")
    app.add_url_rule("/", "view", view)
    assert get(**admitted).text == "seen"
    assert get(**refused).status_code == status


@pytest.mark.usefixtures("manager")
def test_jwt_required_without_parentheses_protects_and_warns(app: Flask, get: Get) -> None:
    with warns("@jwt_required without parentheses", "@jwt_required()"):

        @app.get("/")
        @jwt_required
        def view() -> str:
            return str(get_jwt_identity())

    assert get().text == "alice"
    assert get(token=None).status_code == 401
    assert view.__name__ == "view"


@pytest.mark.usefixtures("manager", "recwarn")
def test_jwt_required_with_parentheses_does_not_warn(
    app: Flask, get: Get, recwarn: pytest.WarningsRecorder
) -> None:
    app.add_url_rule("/", "view", jwt_required()(lambda: "seen"))
    assert get().text == "seen"
    assert [warning for warning in recwarn if warning.category is DeprecationWarning] == []


VERIFIERS: dict[str, tuple[str, dict[str, Any], dict[str, Any], int]] = {
    "verify_jwt_in_request_optional": (
        "verify_jwt_in_request(optional=True)",
        *DECORATORS["jwt_optional"][1:],
    ),
    "verify_fresh_jwt_in_request": (
        "verify_jwt_in_request(fresh=True)",
        *DECORATORS["fresh_jwt_required"][1:],
    ),
    "verify_jwt_refresh_token_in_request": (
        "verify_jwt_in_request(refresh=True)",
        *DECORATORS["jwt_refresh_token_required"][1:],
    ),
}


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("name", VERIFIERS)
def test_old_verifier_verifies_and_warns(app: Flask, get: Get, name: str) -> None:
    today, admitted, refused, status = VERIFIERS[name]

    @app.get("/")
    def view() -> str:
        getattr(flask_watchword, name)()
        return "seen"

    with warns(name, today):
        assert get(**admitted).text == "seen"
    with warns(name, today):
        assert get(**refused).status_code == status


def ask(app: Flask, get: Get, function: Callable[[], Any], **claims: Any) -> Any:
    app.add_url_rule("/", "view", jwt_required(optional=True)(lambda: jsonify(function())))
    return get(**claims).get_json()


@pytest.mark.usefixtures("manager")
def test_get_raw_jwt_returns_the_claims(app: Flask, get: Get) -> None:
    with warns("get_raw_jwt", "get_jwt"):
        assert ask(app, get, flask_watchword.get_raw_jwt)["sub"] == "alice"


@pytest.mark.usefixtures("manager")
def test_get_raw_jwt_header_returns_the_header(app: Flask, get: Get) -> None:
    with warns("get_raw_jwt_header", "get_jwt_header"):
        assert ask(app, get, flask_watchword.get_raw_jwt_header)["alg"] == "HS256"


@pytest.mark.usefixtures("manager")
def test_raw_functions_read_the_given_token(app: Flask) -> None:
    token = mint("HS256")
    with app.app_context():
        with warns("get_raw_jwt(encoded_token)", "decode_token(encoded_token)"):
            assert flask_watchword.get_raw_jwt(token)["sub"] == "alice"
        with warns("get_raw_jwt_header(encoded_token)", "get_unverified_jwt_headers"):
            assert flask_watchword.get_raw_jwt_header(token)["alg"] == "HS256"


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize(
    ("claims", "expected"),
    [({"user_claims": {"role": "admin"}}, {"role": "admin"}), ({}, {}), ({"token": None}, {})],
)
def test_get_jwt_claims_returns_the_user_claims(
    app: Flask, get: Get, claims: dict[str, Any], expected: dict[str, Any]
) -> None:
    with warns("get_jwt_claims", "get_jwt"):
        assert ask(app, get, flask_watchword.get_jwt_claims, **claims) == expected


@pytest.mark.usefixtures("manager")
def test_get_jwt_claims_reads_the_claim_named_by_jwt_user_claims(app: Flask, get: Get) -> None:
    app.config["JWT_USER_CLAIMS"] = "extra"
    with warns("get_jwt_claims", "get_jwt"):
        found = ask(app, get, flask_watchword.get_jwt_claims, extra={"role": "admin"})
    assert found == {"role": "admin"}


@pytest.mark.usefixtures("manager")
@pytest.mark.parametrize("create", [create_access_token, create_refresh_token])
def test_old_keywords_of_a_creation_are_converted(app: Flask, create: Any) -> None:
    with app.app_context():
        with warns("user_claims=", "additional_claims="):
            token = create(identity="alice", user_claims={"role": "admin"})
        assert decode_token(token)["user_claims"] == {"role": "admin"}
        with warns("headers=", "additional_headers="):
            token = create(identity="alice", headers={"kid": "one"})
        assert get_unverified_jwt_headers(token)["kid"] == "one"


def test_user_claims_loader_nests_its_claims(app: Flask, manager: JWTManager) -> None:
    with warns("user_claims_loader", "additional_claims_loader"):
        manager.user_claims_loader(lambda identity: {"name": identity.title()})
    with app.app_context():
        assert decode_token(create_access_token("alice"))["user_claims"] == {"name": "Alice"}


def test_user_claims_of_a_creation_override_the_loader(app: Flask, manager: JWTManager) -> None:
    with warns("user_claims_loader", "additional_claims_loader"):
        manager.user_claims_loader(lambda _identity: {"name": "loader"})
    with app.app_context():
        with warns("user_claims=", "additional_claims="):
            token = create_access_token("alice", user_claims={"name": "given"})
        assert decode_token(token)["user_claims"] == {"name": "given"}


def test_old_user_loader_gets_the_identity(app: Flask, manager: JWTManager, get: Get) -> None:
    with warns("user_loader_callback_loader", "user_lookup_loader"):
        manager.user_loader_callback_loader(lambda identity: {"alice": "Alice"}.get(identity))
    with warns("user_loader_error_loader", "user_lookup_error_loader"):
        manager.user_loader_error_loader(lambda identity: ({"gone": identity}, 410))
    app.add_url_rule("/", "view", jwt_required()(lambda: str(current_user)))
    assert get().text == "Alice"
    answer = get(sub="bob")
    assert (answer.status_code, answer.get_json()) == (410, {"gone": "bob"})


def blacklisting(app: Flask, manager: JWTManager, **config: Any) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []

    def check(claims: dict[str, Any]) -> bool:
        calls.append(claims)
        return bool(claims["jti"] == "one")

    app.config.update(config)
    with warns("token_in_blacklist_loader", "token_in_blocklist_loader"):
        manager.token_in_blacklist_loader(check)
    app.add_url_rule("/", "view", jwt_required(verify_type=False)(lambda: "seen"))
    return calls


def test_old_blacklist_loader_gets_the_claims(app: Flask, manager: JWTManager, get: Get) -> None:
    calls = blacklisting(app, manager)
    assert get(jti="one").status_code == 401
    assert get(jti="two").status_code == 200
    assert [claims["jti"] for claims in calls] == ["one", "two"]


@pytest.mark.parametrize(
    ("config", "access", "refresh"),
    [
        ({"JWT_BLACKLIST_ENABLED": False}, 200, 200),
        ({"JWT_BLACKLIST_ENABLED": True}, 401, 401),
        ({"JWT_BLACKLIST_TOKEN_CHECKS": ["access"]}, 401, 200),
        ({"JWT_BLACKLIST_TOKEN_CHECKS": ["refresh"]}, 200, 401),
    ],
)
def test_old_blacklist_options_define_which_tokens_are_looked_up(
    app: Flask,
    manager: JWTManager,
    get: Get,
    config: dict[str, Any],
    access: int,
    refresh: int,
) -> None:
    blacklisting(app, manager, **config)
    assert get(jti="one").status_code == access
    assert get(jti="one", type="refresh").status_code == refresh


@pytest.mark.parametrize("kind", ["other", None, ["access"], {"access": True}])
def test_token_of_any_other_type_is_looked_up_as_an_access_token(
    app: Flask, manager: JWTManager, get: Get, kind: Any
) -> None:
    blacklisting(app, manager, JWT_BLACKLIST_TOKEN_CHECKS={"access"})
    assert get(jti="one", type=kind).status_code == 401
    assert get(jti="two", type=kind).status_code == 200


def test_old_verification_loader_gets_the_user_claims(
    app: Flask, manager: JWTManager, get: Get
) -> None:
    with warns("claims_verification_loader", "token_verification_loader"):
        manager.claims_verification_loader(lambda claims: claims.get("role") == "admin")
    with warns("claims_verification_failed_loader", "token_verification_failed_loader"):
        manager.claims_verification_failed_loader(lambda: ({"msg": "no"}, 403))
    app.add_url_rule("/", "view", jwt_required()(lambda: "seen"))
    assert get(user_claims={"role": "admin"}).text == "seen"
    assert get(user_claims={"role": "reader"}).status_code == 403
    assert get().status_code == 403


def test_expired_token_loader_without_parameters_is_adapted(
    app: Flask, manager: JWTManager, get: Get
) -> None:
    with warns("a @expired_token_loader with 0 parameters", "(jwt_header, jwt_payload)"):
        manager.expired_token_loader(lambda: ({"msg": "old"}, 401))
    app.add_url_rule("/", "view", jwt_required()(lambda: "seen"))
    assert get(exp=MINTED_AT - HOUR).get_json() == {"msg": "old"}


def test_expired_token_loader_with_one_parameter_gets_the_claims(
    app: Flask, manager: JWTManager, get: Get
) -> None:
    with warns("a @expired_token_loader with 1 parameter", "(jwt_header, jwt_payload)"):
        manager.expired_token_loader(lambda claims: ({"who": claims["sub"]}, 401))
    app.add_url_rule("/", "view", jwt_required()(lambda: "seen"))
    assert get(exp=MINTED_AT - HOUR).get_json() == {"who": "alice"}


@pytest.mark.parametrize("name", ["needs_fresh_token_loader", "revoked_token_loader"])
def test_other_loaders_without_parameters_are_adapted(
    app: Flask, manager: JWTManager, get: Get, name: str
) -> None:
    with warns(f"a @{name} with 0 parameters", "(jwt_header, jwt_payload)"):
        getattr(manager, name)(lambda: ({"msg": "old"}, 418))
    manager.token_in_blocklist_loader(lambda _header, claims: claims["jti"] == "one")
    app.add_url_rule("/", "view", jwt_required(fresh=True)(lambda: "seen"))
    claims = {} if name.startswith("needs") else {"fresh": True, "jti": "one"}
    assert get(**claims).get_json() == {"msg": "old"}


LOADERS_WITHOUT_WARNING: list[Callable[..., Any]] = [
    lambda header, claims: ({}, 401),
    lambda *arguments: ({}, 401),
    lambda header, claims, extra=None: ({}, 401),
]


@pytest.mark.parametrize("loader", LOADERS_WITHOUT_WARNING)
def test_loader_in_the_current_form_does_not_warn(
    manager: JWTManager, recwarn: pytest.WarningsRecorder, loader: Callable[..., Any]
) -> None:
    manager.expired_token_loader(loader)
    manager.revoked_token_loader(loader)
    manager.needs_fresh_token_loader(loader)
    assert len(recwarn) == 0


OLD_SPELLINGS: dict[str, Callable[[JWTManager], object]] = {
    "decorator": lambda _manager: flask_watchword.jwt_optional(lambda: "seen"),
    "bare": lambda _manager: flask_watchword.jwt_required(lambda: "seen"),
    "loader": lambda manager: manager.token_in_blacklist_loader(lambda _claims: False),
    "loader-arguments": lambda manager: manager.expired_token_loader(lambda: None),
}


@pytest.mark.parametrize("spelling", OLD_SPELLINGS)
def test_warning_points_at_the_callers_line(manager: JWTManager, spelling: str) -> None:
    with pytest.warns(DeprecationWarning, match="is deprecated, use") as warned:
        OLD_SPELLINGS[spelling](manager)
    assert [warning.filename for warning in warned] == [__file__]


def test_old_user_claims_loader_may_be_asynchronous(app: Flask, manager: JWTManager) -> None:
    async def name(identity: str) -> dict[str, str]:
        return {"name": identity.title()}

    with warns("user_claims_loader", "additional_claims_loader"):
        manager.user_claims_loader(name)
    with app.app_context():
        assert decode_token(create_access_token("alice"))["user_claims"] == {"name": "Alice"}
