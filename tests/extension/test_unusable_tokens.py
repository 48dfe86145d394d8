"""A token that would be rejected is detected at its creation."""

import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response

from flask_watchword import (
    JWTManager,
    Sessions,
    create_access_token,
    create_refresh_token,
    decode_token,
    set_access_cookies,
    set_refresh_cookies,
)
from flask_watchword.exceptions import UnusableToken, UnusableTokenWarning
from tests.extension.signing_keys import HMAC_SECRET, key_pair

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
ISSUED_HERE: dict[str, Any] = {
    "JWT_ENCODE_ISSUER": "shop",
    "JWT_DECODE_ISSUER": "shop",
    "JWT_ENCODE_AUDIENCE": "shop",
    "JWT_DECODE_AUDIENCE": "shop",
}
STRICT = {**ISSUED_HERE, "JWT_PROFILE": "strict"}


def application(**options: Any) -> Flask:
    app = Flask("shop")
    app.config["JWT_SECRET_KEY"] = HMAC_SECRET
    app.config.update(options)
    JWTManager(app)
    return app


def deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


#: Options, the arguments of create_access_token, and the text of the warning.
UNUSABLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "number": ({}, {"identity": 7}, "Subject must be a string; pass a string"),
    "none": ({}, {"identity": None}, "Subject must be a string"),
    "mapping": ({}, {"identity": {"id": 7}}, "Subject must be a string"),
    "300-roles": (
        {},
        {"additional_claims": {"roles": [f"a role with the number {n}" for n in range(300)]}},
        "bytes, and JWT_MAX_TOKEN_BYTES is 8192",
    ),
    "small-limit": ({"JWT_MAX_TOKEN_BYTES": 200}, {}, "JWT_MAX_TOKEN_BYTES is 200"),
    "expired": ({}, {"expires_delta": timedelta(seconds=-1)}, "has already expired"),
    "expires-at-once": ({}, {"expires_delta": timedelta(0)}, "has already expired"),
    "expired-by-option": ({"JWT_ACCESS_TOKEN_EXPIRES": 0}, {}, "has already expired"),
    "expired-by-claim": ({}, {"additional_claims": {"exp": LONG_AGO}}, "has already expired"),
    "never-valid": (
        {},
        {"additional_claims": {"nbf": 4_000_000_000}, "expires_delta": timedelta(hours=1)},
        "expires before it is valid",
    ),
    "exp-no-date": ({}, {"additional_claims": {"exp": "soon"}}, "must be an integer"),
    "iat-no-date": ({}, {"additional_claims": {"iat": True}}, "must be an integer"),
    "exp-of-milliseconds": ({}, {"additional_claims": {"exp": 10**15}}, "must be an integer"),
    "jti-number": ({}, {"additional_claims": {"jti": 7}}, "JWT ID must be a string"),
    "nested": ({}, {"additional_claims": {"tree": deep(40)}}, "nested too deeply"),
    "same-name-twice": ({}, {"additional_claims": {"map": {1: "a", "1": "b"}}}, "duplicate member"),
    "lone-surrogate": ({}, {"additional_claims": {"names": ["\ud800"]}}, "Invalid payload string"),
    "audience": (
        {"JWT_ENCODE_AUDIENCE": "shop", "JWT_DECODE_AUDIENCE": "till"},
        {},
        "Audience doesn't match; make JWT_ENCODE_AUDIENCE",
    ),
    "no-audience": (
        {"JWT_ENCODE_AUDIENCE": None, "JWT_DECODE_AUDIENCE": "till"},
        {},
        'missing the "aud" claim',
    ),
    "issuer": (
        {"JWT_ENCODE_ISSUER": "shop", "JWT_DECODE_ISSUER": ["till"]},
        {},
        "Invalid issuer; make JWT_ENCODE_ISSUER",
    ),
    "no-issuer": (
        {"JWT_ENCODE_ISSUER": None, "JWT_DECODE_ISSUER": "till"},
        {},
        'missing the "iss" claim',
    ),
    "other-algorithm": ({}, {"additional_headers": {"alg": "HS384"}}, "alg value is not allowed"),
    "kid": ({}, {"additional_headers": {"kid": 7}}, "Key ID header parameter must be a string"),
    "crit": ({}, {"additional_headers": {"crit": ["exp"]}}, "Unsupported critical extension"),
    "issuer-of-others": (
        {"JWT_ISSUERS": {"https://id.example": {"audience": "shop"}}},
        {"additional_claims": {"iss": "https://id.example"}},
        "one of JWT_ISSUERS",
    ),
    "another-key-pair": (
        {
            "JWT_ALGORITHM": "ES256",
            "JWT_PRIVATE_KEY": key_pair("ES256").private,
            "JWT_PUBLIC_KEY": key_pair("ES256", "other").public,
        },
        {},
        "the keys that sign and verify do not belong together",
    ),
}


def arguments(given: dict[str, Any]) -> dict[str, Any]:
    return {"identity": "alice", **given}


@pytest.mark.parametrize("kind", [create_access_token, create_refresh_token])
@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_token_warns_at_the_line_that_creates_it(
    case: str, kind: Callable[..., str]
) -> None:
    options, given, says = UNUSABLE[case]
    if "JWT_ACCESS_TOKEN_EXPIRES" in options:
        options = {**options, "JWT_REFRESH_TOKEN_EXPIRES": 0}
    with application(**options).app_context():
        with pytest.warns(UnusableTokenWarning, match="would reject") as caught:
            token = kind(**arguments(given))
        assert says in str(caught[0].message)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        with pytest.raises(Exception, match=r".+"):
            decode_token(token)


@pytest.mark.parametrize("case", [name for name in UNUSABLE if name != "another-key-pair"])
def test_strict_profile_creates_no_unusable_token(case: str) -> None:
    options, given, says = UNUSABLE[case]
    with application(**STRICT | options).app_context():
        with pytest.raises(UnusableToken) as caught:
            create_access_token(**arguments(given))
        assert says in str(caught.value)


STRICTLY_UNUSABLE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "endless": ({"JWT_ACCESS_TOKEN_EXPIRES": False}, {}, 'missing the "exp" claim'),
    "no-issuer": ({"JWT_ENCODE_ISSUER": None, "JWT_DECODE_ISSUER": None}, {}, '"iss" claim'),
    "typ": ({}, {"additional_headers": {"typ": "rt+jwt"}}, "typ is that of another type"),
    "cty": ({}, {"additional_headers": {"cty": "JWT"}}, "(cty)"),
    "type": ({}, {"additional_claims": {"type": "api"}}, "Unknown token type"),
}


@pytest.mark.parametrize("case", STRICTLY_UNUSABLE)
def test_strict_profile_has_more_requirements(case: str) -> None:
    options, given, says = STRICTLY_UNUSABLE[case]
    with application(**STRICT | options).app_context():
        with pytest.raises(UnusableToken) as caught:
            create_access_token(**arguments(given))
        assert says in str(caught.value)


USABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "plain-strict": (STRICT, {}),
    "issuer-and-audience": (ISSUED_HERE, {}),
    "number-not-checked": ({"JWT_VERIFY_SUB": False}, {"identity": 7}),
    "number-elsewhere": ({"JWT_IDENTITY_CLAIM": "user"}, {"identity": 7}),
    "endless": ({"JWT_ACCESS_TOKEN_EXPIRES": False}, {}),
    "without-nbf": ({"JWT_ENCODE_NBF": False}, {}),
    "expired-within-leeway": ({"JWT_DECODE_LEEWAY": 60}, {"expires_delta": timedelta(seconds=-5)}),
    "for-later": (
        {},
        {"additional_claims": {"nbf": 4_000_000_000}, "expires_delta": timedelta(days=36_500)},
    ),
    "roles": ({}, {"additional_claims": {"roles": ["a", "b"], "ratio": 0.5, "name": "Zoë"}}),
    "date": ({}, {"additional_claims": {"born": LONG_AGO}}),
    "headers": ({}, {"additional_headers": {"kid": "one", "typ": "at+jwt"}}),
    "algorithm-that-is-allowed": (
        {"JWT_DECODE_ALGORITHMS": ["HS384"]},
        {"additional_headers": {"alg": "HS384"}},
    ),
    "key-pair": (
        {
            "JWT_ALGORITHM": "ES256",
            "JWT_PRIVATE_KEY": key_pair("ES256").private,
            "JWT_PUBLIC_KEY": key_pair("ES256").public,
        },
        {},
    ),
    "private-key-alone": (
        {"JWT_ALGORITHM": "ES256", "JWT_PRIVATE_KEY": key_pair("ES256").private},
        {},
    ),
    "earlier-secret": ({"JWT_SECRET_KEY_FALLBACKS": [HMAC_SECRET[::-1]]}, {}),
    "beside-other-issuers": ({"JWT_ISSUERS": {"https://id.example": {"audience": "shop"}}}, {}),
}


@pytest.mark.parametrize("case", USABLE)
def test_usable_token_does_not_warn(case: str) -> None:
    options, given = USABLE[case]
    with application(**options).app_context(), warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            create_access_token(**arguments(given))


def test_wrong_claims_of_a_loader_are_detected() -> None:
    app = application()
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    manager.additional_claims_loader(lambda _identity: {"jti": 7})
    with app.app_context(), pytest.warns(UnusableTokenWarning, match="JWT ID"):
        create_access_token("alice")


def test_number_that_a_loader_makes_a_string_is_accepted() -> None:
    app = application()
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    manager.user_identity_loader(str)
    with app.app_context():
        assert decode_token(create_access_token(7))["sub"] == "7"


def test_loader_key_that_no_key_verifies_is_detected_each_time() -> None:
    app = application()
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    manager.encode_key_loader(
        lambda identity: HMAC_SECRET[::-1] if identity == "bob" else HMAC_SECRET
    )
    with app.app_context():
        create_access_token("alice")
        for _ in range(2):
            with pytest.warns(UnusableTokenWarning, match="do not belong together"):
                create_access_token("bob")
        create_access_token("alice")


def test_loader_of_the_verifying_key_is_not_called() -> None:
    app = application()
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    calls: list[Any] = []
    manager.decode_key_loader(lambda header, claims: calls.append(claims) or HMAC_SECRET)  # type: ignore[func-returns-value]
    with app.app_context():
        create_access_token("alice")
    assert calls == []


def test_tokens_of_a_session_are_checked_too() -> None:
    app = application()
    sessions = Sessions(app)
    with app.app_context():
        with pytest.warns(UnusableTokenWarning, match="JWT ID") as caught:
            sessions.start("alice", additional_claims={"jti": 7})
        assert caught[0].filename == __file__


def test_session_about_to_expire_still_gets_tokens() -> None:
    app = application(**STRICT)
    app.config.update(WATCHWORD_SESSION_ABSOLUTE=0.5, WATCHWORD_SESSION_IDLE=0.5)
    manager: JWTManager = app.extensions["flask-jwt-extended"]
    manager.clock = lambda: 1_800_000_000.1
    sessions = Sessions(app)
    with app.app_context():
        assert sessions.start("alice").expires_in == 0


@pytest.mark.parametrize("setter", [set_access_cookies, set_refresh_cookies])
def test_cookie_that_browsers_drop_warns_where_it_is_set(setter: Callable[..., None]) -> None:
    with application(MAX_COOKIE_SIZE=0).test_request_context():
        token = create_access_token("alice", additional_claims={"text": "x" * 3000})
        with pytest.warns(UnusableTokenWarning, match="limit is 4096") as caught:
            setter(Response(), token)
        assert caught[0].filename == __file__


def test_strict_profile_sets_no_cookie_that_browsers_drop() -> None:
    with application(**STRICT).test_request_context():
        token = create_access_token("alice", additional_claims={"text": "x" * 3000})
        response = Response()
        with pytest.raises(UnusableToken, match="limit is 4096"):
            set_access_cookies(response, token)
        assert "Set-Cookie" not in response.headers


def test_cookie_of_the_maximum_size_is_set() -> None:
    # Werkzeug's own limit counts attributes as well.
    app = application(JWT_COOKIE_CSRF_PROTECT=False, MAX_COOKIE_SIZE=0)
    with app.test_request_context():
        response = Response()
        value = "x" * (4096 - len("access_token_cookie"))
        set_access_cookies(response, value)
        assert value in response.headers["Set-Cookie"]
        with pytest.warns(UnusableTokenWarning):
            set_access_cookies(response, value + "x")
