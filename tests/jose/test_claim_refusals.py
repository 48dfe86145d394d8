"""Claims of a genuine token that are rejected for their form or their value."""

from typing import Any

import jwt
import pytest

from flask_watchword.errors import (
    DecodeError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidSubjectError,
    InvalidTokenError,
    MissingRequiredClaimError,
)
from flask_watchword.jose import Policy, Token
from tests.jose.forging import NOW, decoder, forge

NO_DATES = {
    "true": b"true",
    "false": b"false",
    "null": b"null",
    "string": b'"1700000600"',
    "empty string": b'""',
    "array": b"[1700000600]",
    "object": b'{"$date":1700000600}',
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "infinite by size": b"1e999",
    "after the year 9999": b"253402300800",
    "milliseconds": b"1700000600000",
    "before the calendar": b"-253402300800",
    "float after the year 9999": b"1e12",
    "beyond 64 bits": b"18446744073709551617",
    "a thousand digits": b"1" * 1000,
}
WRONG_FORM = {"exp": DecodeError, "nbf": DecodeError, "iat": InvalidIssuedAtError}


@pytest.mark.parametrize("claim", WRONG_FORM)
@pytest.mark.parametrize("value", NO_DATES.values(), ids=NO_DATES)
def test_date_that_is_not_a_plausible_number_is_rejected(claim: str, value: bytes) -> None:
    error = DecodeError if value in {b"NaN", b"Infinity", b"1e999"} else WRONG_FORM[claim]
    with pytest.raises(error):
        decoder().decode(forge(b'{"' + claim.encode() + b'":' + value + b"}"))


@pytest.mark.parametrize("value", [b"1700000600", b"1700000600.5", b"1.7000006e9", b"253402300799"])
def test_number_that_is_a_date_is_accepted_as_exp(value: bytes) -> None:
    assert decoder().decode(forge(b'{"exp":' + value + b"}"))


@pytest.mark.parametrize("value", [b"0", b"-1", b"1.5", b"-253402300799"])
def test_number_that_is_a_past_date_is_accepted_as_nbf_and_iat(value: bytes) -> None:
    assert decoder().decode(forge(b'{"nbf":' + value + b',"iat":' + value + b"}"))


ISSUER = "https://issuer.example"


@pytest.mark.parametrize(
    "found",
    [
        *("", "h", "https://issuer", "issuer.example", ISSUER + "/", ISSUER.upper()),
        *(" " + ISSUER, ISSUER + "\0", None, 1, True, [ISSUER], {ISSUER: 1}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("policy", [ISSUER, [ISSUER], (ISSUER, "other"), frozenset({ISSUER})])
def test_issuer_is_compared_whole(found: Any, policy: Any) -> None:
    with pytest.raises(InvalidIssuerError):
        decoder(issuer=policy).decode(forge({"iss": found}))


@pytest.mark.parametrize("policy", [ISSUER, [ISSUER], (ISSUER, "other"), frozenset({ISSUER})])
def test_expected_issuer_is_accepted_and_missing_issuer_is_rejected(policy: Any) -> None:
    assert decoder(issuer=policy).decode(forge({"iss": ISSUER}))
    with pytest.raises(MissingRequiredClaimError):
        decoder(issuer=policy).decode(forge({}))


@pytest.mark.parametrize(
    ("found", "error"),
    [
        ("other", InvalidAudienceError),
        ("ap", InvalidAudienceError),
        ("api2", InvalidAudienceError),
        (["other"], InvalidAudienceError),
        (["api", 1], InvalidAudienceError),
        (["api", ["api"]], InvalidAudienceError),
        ({"api": 1}, InvalidAudienceError),
        (1, InvalidAudienceError),
        (True, InvalidAudienceError),
        (None, MissingRequiredClaimError),
        ("", MissingRequiredClaimError),
        ([], MissingRequiredClaimError),
    ],
)
def test_audience_that_does_not_name_us_is_rejected(found: Any, error: Any) -> None:
    for policy in ("api", ["api"], ["api", "web"], {"api"}):
        with pytest.raises(error):
            decoder(audience=policy).decode(forge({"aud": found}))


@pytest.mark.parametrize("found", ["api", ["api"], ["other", "api"]])
def test_audience_that_names_us_is_accepted(found: Any) -> None:
    assert decoder(audience="api").decode(forge({"aud": found}))
    assert decoder(audience=["web", "api"]).decode(forge({"aud": found}))


def test_missing_audience_is_rejected_only_where_one_is_expected() -> None:
    assert decoder().decode(forge({"aud": "anybody"}))
    with pytest.raises(MissingRequiredClaimError):
        decoder(audience="api").decode(forge({}))


@pytest.mark.parametrize("value", [1, 1.5, True, None, [], {}, ["a"]], ids=repr)
def test_subject_and_token_id_have_to_be_strings(value: Any) -> None:
    with pytest.raises(InvalidSubjectError):
        decoder().decode(forge({"sub": value}))
    with pytest.raises(InvalidJTIError):
        decoder().decode(forge({"jti": value}))
    assert decoder(verify_subject=False).decode(forge({"sub": value})).claims == {"sub": value}


# --- the strict profile ------------------------------------------------------------------------

STRICT = {
    "iss": ISSUER,
    "aud": "api",
    "sub": "a",
    "jti": "1",
    "type": "access",
    "exp": NOW + 60,
}


def decode_strictly(claims: dict[str, Any], header: dict[str, Any] | None = None) -> Token:
    header = {"alg": "HS256", "typ": "at+jwt"} if header is None else header
    strict = decoder(issuer=ISSUER, audience="api", profile="strict")
    return strict.decode(forge(claims, header))


def test_complete_token_is_accepted_by_the_strict_profile() -> None:
    assert decode_strictly(STRICT).claims == STRICT


@pytest.mark.parametrize("claim", STRICT)
def test_claim_that_the_strict_profile_requires_is_missed(claim: str) -> None:
    without = {name: value for name, value in STRICT.items() if name != claim}
    with pytest.raises(MissingRequiredClaimError):
        decode_strictly(without)
    lenient = Policy(issuer=ISSUER if claim != "iss" else None)
    assert decoder(issuer=lenient.issuer).decode(forge(without))


@pytest.mark.parametrize("value", ["", "Access", "id", "other", 1, ["access"], {"access": 1}])
def test_unknown_type_is_rejected_by_the_strict_profile(value: Any) -> None:
    with pytest.raises(InvalidTokenError, match="type"):
        decode_strictly(STRICT | {"type": value})


@pytest.mark.parametrize("value", [None, "", "jws", "secevent+jwt", 1, ["at+jwt"], "text/at+jwt"])
def test_unknown_typ_is_rejected_by_the_strict_profile(value: Any) -> None:
    with pytest.raises(InvalidTokenError, match="typ"):
        decode_strictly(STRICT, {"alg": "HS256", "typ": value})


def test_absent_typ_is_rejected_by_the_strict_profile() -> None:
    with pytest.raises(InvalidTokenError, match="typ"):
        decode_strictly(STRICT, {"alg": "HS256"})


@pytest.mark.parametrize("value", ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"])
def test_known_typ_is_compared_without_regard_to_case(value: str) -> None:
    assert decode_strictly(STRICT, {"alg": "HS256", "typ": value})


@pytest.mark.parametrize("prefix", ["", "application/"])
@pytest.mark.parametrize(
    ("kind", "typ", "other"), [("access", "at+jwt", "RT+JWT"), ("refresh", "RT+jwt", "at+jwt")]
)
def test_typ_has_to_be_that_of_the_type_in_the_strict_profile(
    prefix: str, kind: str, typ: str, other: str
) -> None:
    claims = STRICT | {"type": kind}
    assert decode_strictly(claims, {"alg": "HS256", "typ": prefix + typ})
    assert decode_strictly(claims, {"alg": "HS256", "typ": "JWT"})
    with pytest.raises(InvalidTokenError, match="typ"):
        decode_strictly(claims, {"alg": "HS256", "typ": prefix + other})
    assert decoder().decode(forge(claims, {"alg": "HS256", "typ": prefix + other}))


@pytest.mark.parametrize("value", ["JWT", "jwt", "at+jwt", "", None, 1, ["JWT"]])
def test_content_type_is_rejected_by_the_strict_profile(value: Any) -> None:
    header = {"alg": "HS256", "typ": "at+jwt", "cty": value}
    with pytest.raises(InvalidTokenError, match="cty"):
        decode_strictly(STRICT, header)
    assert decoder().decode(forge(STRICT, header))


def test_rejections_of_claims_are_exceptions_of_pyjwt() -> None:
    with pytest.raises(jwt.InvalidIssuerError):
        decoder(issuer=ISSUER).decode(forge({"iss": "x"}))
    with pytest.raises(jwt.MissingRequiredClaimError) as caught:
        decoder(audience="api").decode(forge({}))
    assert caught.value.claim == "aud"
