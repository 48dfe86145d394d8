"""Encode and decode tokens from explicit parameters, without an application."""

from collections.abc import Iterable
from json import JSONEncoder
from typing import Any

from flask_watchword.clock import system_clock
from flask_watchword.errors import InsecureKeyLengthWarning, InvalidAudienceError
from flask_watchword.extension.caller_warnings import warn_caller
from flask_watchword.extension.options.keys import load_keys
from flask_watchword.extension.tokens.creation import dates_to_seconds, signing_key, standard_claims
from flask_watchword.extension.verification.csrf import check_csrf
from flask_watchword.jose import Decoder, Policy, encode
from flask_watchword.tokens import CSRFError as CSRFError
from flask_watchword.tokens import ExpiresDelta as ExpiresDelta
from flask_watchword.tokens import Fresh as Fresh
from flask_watchword.tokens import JWTDecodeError as JWTDecodeError


def _encode_jwt(
    algorithm: str,
    audience: str | Iterable[str] | None,
    claim_overrides: dict[str, Any] | None,
    csrf: bool,
    expires_delta: ExpiresDelta | None,
    fresh: Fresh,
    header_overrides: dict[str, Any] | None,
    identity: Any,
    identity_claim_key: str,
    issuer: str | None,
    json_encoder: type[JSONEncoder] | None,
    secret: Any,
    token_type: str,
    nbf: bool,
) -> str:
    options = {
        "JWT_IDENTITY_CLAIM": identity_claim_key,
        "JWT_ENCODE_NBF": nbf,
        "JWT_COOKIE_CSRF_PROTECT": csrf,
        "JWT_ENCODE_AUDIENCE": audience,
        "JWT_ENCODE_ISSUER": issuer,
    }
    lifetime = expires_delta or False
    claims = standard_claims(options, token_type, identity, fresh, lifetime, system_clock())
    claims.update(claim_overrides or {})
    dates_to_seconds(claims)
    headers = header_overrides or {}
    key = signing_key(secret, headers.get("alg") or algorithm, "compatible")
    if key.weakness is not None:
        _warn_of_weak_key(key.weakness)
    return encode(claims, key, headers, json_encoder().default if json_encoder else None)


def _decode_jwt(
    algorithms: list[str],
    allow_expired: bool,
    audience: str | Iterable[str] | None,
    csrf_value: str | None,
    encoded_token: str,
    identity_claim_key: str,
    issuer: str | None,
    leeway: float,
    secret: Any,
    verify_aud: bool,
    verify_sub: bool,
) -> dict[str, Any]:
    policy = Policy(
        audience=audience if verify_aud else None,
        issuer=issuer,
        leeway=leeway,
        verify_subject=verify_sub,
    )
    keys = [
        key.with_weakness_report(_warn_of_weak_key)
        for key in load_keys(secret, algorithms, "compatible")
    ]
    decoder = Decoder(keys, policy)
    claims = decoder.decode(encoded_token, allow_expired=allow_expired).claims
    if verify_aud and audience is None and claims.get("aud"):
        raise InvalidAudienceError("Invalid audience")
    if identity_claim_key not in claims:
        raise JWTDecodeError(f"Missing claim: {identity_claim_key}")
    if csrf_value:
        check_csrf(claims, csrf_value)
    return {"type": "access", "fresh": False, "jti": None, **claims}


def _warn_of_weak_key(weakness: str) -> None:
    warn_caller(weakness, InsecureKeyLengthWarning)
