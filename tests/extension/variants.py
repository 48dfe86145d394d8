"""The configurations of the extension in which both libraries are tested."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import flask_jwt_extended
from flask import Flask, jsonify

import flask_watchword
from tests.extension.scenario import Variant, build_app
from tests.extension.signing_keys import key_pair

USERS = {"alice": {"name": "Alice"}, "mallory": {"name": "Mallory"}}


def _load_users(manager: Any) -> None:
    def user(_header: Mapping[str, Any], claims: Mapping[str, Any]) -> object:
        return USERS.get(str(claims["sub"]))

    manager.user_lookup_loader(user)


def _check_revocation_and_welcome(manager: Any) -> None:
    def revoked(_header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        return bool(claims["jti"] == "revoked")

    def welcome(_header: Mapping[str, Any], claims: Mapping[str, Any]) -> bool:
        return "unwelcome" not in claims

    manager.token_in_blocklist_loader(revoked)
    manager.token_verification_loader(welcome)


def _answer_everything_themselves(manager: Any) -> None:
    _load_users(manager)
    _check_revocation_and_welcome(manager)

    def with_claims(reason: str, status: int) -> Any:
        def answer(header: Mapping[str, Any], claims: Mapping[str, Any]) -> Any:
            return jsonify(reason=reason, header=header, claims=claims), status

        return answer

    def with_text(reason: str, status: int) -> Any:
        return lambda text: (jsonify(reason=reason, text=text), status)

    manager.expired_token_loader(with_claims("expired", 419))
    manager.needs_fresh_token_loader(with_claims("stale", 420))
    manager.revoked_token_loader(with_claims("revoked", 403))
    manager.token_verification_failed_loader(with_claims("unwelcome", 406))
    manager.user_lookup_error_loader(with_claims("stranger", 404))
    manager.invalid_token_loader(with_text("invalid", 400))
    manager.unauthorized_loader(with_text("unauthorized", 407))


def _choose_keys_by_subject(manager: Any) -> None:
    def key(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        which = "theirs" if claims.get("sub") == "mallory" else "ours"
        return key_pair(str(header.get("alg", "HS256")), which).public

    manager.decode_key_loader(key)


def _asymmetric(algorithm: str) -> Variant:
    pair = key_pair(algorithm)
    options = {
        "JWT_ALGORITHM": algorithm,
        "JWT_PRIVATE_KEY": pair.private,
        "JWT_PUBLIC_KEY": pair.public,
    }
    return Variant(algorithm, options, algorithm=algorithm)


def _located(*locations: str) -> Variant:
    return Variant("located-" + "-".join(locations), {"JWT_TOKEN_LOCATION": list(locations)})


def _set(name: str, **options: Any) -> Variant:
    return Variant(name, {f"JWT_{option}": value for option, value in options.items()})


_ALL = [
    Variant("default"),
    _located("headers"),
    _located("cookies"),
    _located("query_string"),
    _located("json"),
    _located("cookies", "headers"),
    _located("json", "cookies"),
    _located("json", "query_string", "headers"),
    _located("query_string", "json", "headers", "cookies"),
    _set("location-as-text", TOKEN_LOCATION="headers"),
    _set("header-type-empty", HEADER_TYPE=""),
    _set("header-type-none", HEADER_TYPE=None),
    _set("header-type-other", HEADER_TYPE="JWT"),
    _set("header-type-spaced", HEADER_TYPE="Bearer "),
    _set("header-type-two-words", HEADER_TYPE="Bearer Token"),
    _set("header-name-other", HEADER_NAME="X-Auth"),
    _set("header-bare", HEADER_NAME="X-Auth", HEADER_TYPE=""),
    _set("identity-claim", IDENTITY_CLAIM="identity"),
    _set("sub-not-verified", VERIFY_SUB=False),
    _set("audience", DECODE_AUDIENCE="our-audience"),
    _set("audience-list", DECODE_AUDIENCE=["our-audience", "spare-audience"]),
    _set("issuer", DECODE_ISSUER="our-issuer"),
    _set("issuer-list", DECODE_ISSUER=["our-issuer", "spare-issuer"]),
    _set("audience-and-issuer", DECODE_AUDIENCE="our-audience", DECODE_ISSUER="our-issuer"),
    _set("message-key", ERROR_MESSAGE_KEY="message"),
    _set("query-prefix", QUERY_STRING_VALUE_PREFIX="Bearer "),
    _set("query-name", QUERY_STRING_NAME="token"),
    _set("csrf-form", CSRF_CHECK_FORM=True),
    _set("csrf-form-field", CSRF_CHECK_FORM=True, ACCESS_CSRF_FIELD_NAME="anti-forgery"),
    _set("csrf-off", COOKIE_CSRF_PROTECT=False),
    _set("csrf-on-get", CSRF_METHODS=["GET"]),
    _set(
        "csrf-headers",
        ACCESS_CSRF_HEADER_NAME="X-ACCESS-CSRF",
        REFRESH_CSRF_HEADER_NAME="X-REFRESH-CSRF",
    ),
    _set("cookie-names", ACCESS_COOKIE_NAME="at", REFRESH_COOKIE_NAME="rt"),
    _set("json-keys", JSON_KEY="at", REFRESH_JSON_KEY="rt"),
    _set("leeway", DECODE_LEEWAY=3600),
    _set("leeway-timedelta", DECODE_LEEWAY=timedelta(hours=1)),
    _set(
        "encoding-options",
        ENCODE_AUDIENCE=["our-audience", "spare-audience"],
        ENCODE_ISSUER="our-issuer",
        ENCODE_NBF=False,
        ACCESS_TOKEN_EXPIRES=120,
        REFRESH_TOKEN_EXPIRES=False,
    ),
    _set("two-algorithms", DECODE_ALGORITHMS=["HS256", "HS512"]),
    _set("other-decode-algorithm", DECODE_ALGORITHMS=["HS512"]),
    Variant("HS384", {"JWT_ALGORITHM": "HS384"}, algorithm="HS384"),
    Variant("HS512", {"JWT_ALGORITHM": "HS512"}, algorithm="HS512"),
    *map(_asymmetric, ("ES256", "ES384", "ES512", "RS256", "RS512", "PS256", "EdDSA")),
    Variant("users", loaders=_load_users),
    Variant("revocation", loaders=_check_revocation_and_welcome),
    Variant("own-answers", loaders=_answer_everything_themselves),
    Variant("keys-by-subject", loaders=_choose_keys_by_subject),
]

VARIANTS: Mapping[str, Variant] = {variant.name: variant for variant in _ALL}


@cache
def twins(name: str) -> tuple[Flask, Flask]:
    """Build a variant's two applications once: Flask-JWT-Extended's and Watchword's."""
    variant = VARIANTS[name]
    return build_app(flask_jwt_extended, variant), build_app(flask_watchword, variant)
