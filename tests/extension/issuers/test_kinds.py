"""Accepted types of other issuers' tokens, and the interpretation of their claims."""

import time
from typing import Any

import pytest

from flask_watchword import decode_token
from flask_watchword.errors import ExpiredSignatureError
from tests.extension.issuers.others import ABSENT, Other, Place, options
from tests.infra.http.elapsed import Elapsed


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt", None]
)
def test_access_tokens_of_the_usual_types_are_accepted(
    place: Place, one: Other, typ: str | None
) -> None:
    header = {"typ": ABSENT if typ is None else typ}
    assert place.get(one.token(header)).status_code == 200


@pytest.mark.parametrize(
    "typ", ["", "rt+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "id+jwt", "JOSE", 7, ["JWT"]]
)
def test_other_types_are_rejected(place: Place, one: Other, typ: Any) -> None:
    assert place.status_and_text(one.token({"typ": typ})) == (422, "Unknown token type (typ)")


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"at_hash": "x"}, "An ID token is not accepted; send the access token"),
        ({"c_hash": "x"}, "An ID token is not accepted; send the access token"),
        ({"events": {}}, "A security event token is not accepted"),
        ({"typ": "ID"}, "An ID token is not accepted; send the access token"),
        ({"typ": "Refresh"}, "A refresh token is for its issuer alone"),
        ({"typ": "Offline"}, "A refresh token is for its issuer alone"),
        ({"typ": "Logout"}, "A security event token is not accepted"),
        ({"token_use": "id"}, "An ID token is not accepted; send the access token"),
        ({"type": "refresh"}, "A refresh token is for its issuer alone"),
        ({"exp": ABSENT}, 'Token is missing the "exp" claim'),
        ({"exp": None}, "Expiration Time claim (exp) must be an integer."),
        ({"exp": "soon"}, "Expiration Time claim (exp) must be an integer."),
        ({"sub": ABSENT}, "Missing claim: sub"),
        ({"sub": 7}, "Subject must be a string"),
        ({"nbf": int(time.time()) + 9000}, "The token is not yet valid (nbf)"),
    ],
)
def test_tokens_of_other_kinds_are_rejected(
    place: Place, one: Other, claims: dict[str, Any], expected: str
) -> None:
    for path in ("/", "/refresh"):
        assert place.status_and_text(one.token(**claims), path) == (422, expected)


def test_refresh_token_of_an_issuer_is_rejected_by_our_views(place: Place, one: Other) -> None:
    assert place.status_and_text(one.token(), "/refresh") == (
        422,
        "Only refresh tokens are allowed",
    )
    assert place.get(one.token(type="refresh"), "/refresh").status_code == 422


def test_token_without_type_and_fresh_is_an_access_token_and_not_fresh(
    place: Place, one: Other
) -> None:
    claims = place.get(one.token()).get_json()
    assert (claims["type"], claims["fresh"], claims["jti"]) == ("access", False, None)
    assert place.status_and_text(one.token(), "/fresh") == (401, "Fresh token required")
    assert place.get(one.token(fresh=True), "/fresh").status_code == 200


def test_strict_profile_does_not_require_our_claims_of_other_issuers(
    elapsed: Elapsed, one: Other
) -> None:
    place = Place(
        elapsed,
        options(one),
        JWT_PROFILE="strict",
        JWT_ENCODE_ISSUER="us",
        JWT_DECODE_ISSUER="us",
        JWT_ENCODE_AUDIENCE="us",
        JWT_DECODE_AUDIENCE="us",
    )
    assert place.get(one.token()).status_code == 200
    assert place.get(place.own_token()).status_code == 200


def test_expired_token_gets_the_same_response_as_an_own_one(place: Place, one: Other) -> None:
    token = one.token(exp=int(time.time()) - 60)
    assert place.status_and_text(token) == (401, "Token has expired")
    place.app.config["JWT_DECODE_LEEWAY"] = 120
    assert place.get(token).status_code == 200


def test_cached_token_expires(place: Place, one: Other) -> None:
    now = time.time()
    place.manager.clock = lambda: now
    token = one.token(exp=int(now) + 60)
    assert [place.get(token).status_code for _ in range(2)] == [200, 200]
    now += 59
    assert place.get(token).status_code == 200
    now += 1
    assert place.status_and_text(token) == (401, "Token has expired")
    now -= 7200
    assert place.status_and_text(token) == (422, "The token is not yet valid (iat)")


def test_token_is_verified_outside_a_view_as_well(place: Place, one: Other) -> None:
    with place.app.app_context():
        assert decode_token(one.token())["iss"] == one.name
        token = one.token(exp=int(time.time()) - 60)
        assert decode_token(token, allow_expired=True)["iss"] == one.name
        with pytest.raises(ExpiredSignatureError):
            decode_token(token)


@pytest.mark.parametrize("odd", ["", ".", "..", "a.b.c", "garbage", "é", "x" * 9000])
def test_malformed_token_is_rejected_without_a_fetch(place: Place, one: Other, odd: str) -> None:
    headers = {"Authorization": f"Bearer {odd}".encode().decode("latin-1")}
    assert place.app.test_client().get("/", headers=headers).status_code in (401, 422)
    assert one.site.requests == []


def test_token_in_a_cookie_needs_the_csrf_claim_of_own_tokens(elapsed: Elapsed, one: Other) -> None:
    place = Place(elapsed, options(one), JWT_TOKEN_LOCATION=["cookies"])
    headers = {"Cookie": f"access_token_cookie={one.token()}"}
    assert place.app.test_client(use_cookies=False).get("/", headers=headers).status_code == 200
    headers["X-CSRF-TOKEN"] = "x"
    answer = place.app.test_client(use_cookies=False).post("/", headers=headers)
    assert (answer.status_code, answer.get_json()["msg"]) == (422, "Missing claim: csrf")
