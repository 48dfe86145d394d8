from typing import Any

import pytest

from flask_watchword.accounts.login_challenge import (
    NEW_PASSWORD,
    SECOND_FACTOR,
    ChallengeKind,
    InvalidChallenge,
    LoginChallenge,
    challenge_claims,
    check_challenge,
    read_challenge,
)

HEADER = {"alg": "EdDSA", "typ": SECOND_FACTOR.header_type}
CLAIMS = challenge_claims(SECOND_FACTOR, "ada", 3)


def test_challenge_token_round_trip() -> None:
    assert read_challenge(SECOND_FACTOR, HEADER, CLAIMS | {"exp": 1, "jti": "x"}) == LoginChallenge(
        "ada", 3
    )


@pytest.mark.parametrize("kind", [SECOND_FACTOR, NEW_PASSWORD])
def test_challenge_token_lives_for_minutes(kind: ChallengeKind) -> None:
    assert kind.lifetime <= 600


def test_token_of_one_kind_is_rejected_as_the_other() -> None:
    with pytest.raises(InvalidChallenge):
        read_challenge(NEW_PASSWORD, HEADER, CLAIMS)


@pytest.mark.parametrize("typ", ["at+jwt", "rt+jwt", "pp+jwt", "JWT", "PL+JWT", None, 1])
def test_token_with_another_header_is_rejected(typ: Any) -> None:
    with pytest.raises(InvalidChallenge):
        read_challenge(SECOND_FACTOR, {"typ": typ}, CLAIMS)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "access"},
        {"type": "refresh"},
        {"type": None},
        {"sub": ""},
        {"sub": 7},
        {"ver": "3"},
        {"ver": True},
        {"ver": 3.0},
        {"ver": None},
    ],
)
def test_token_with_other_claims_is_rejected(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidChallenge):
        read_challenge(SECOND_FACTOR, HEADER, CLAIMS | change)


def test_challenge_token_records_only_the_password() -> None:
    assert CLAIMS["amr"] == ["pwd"]


def test_challenge_token_is_valid_for_the_unchanged_account() -> None:
    pending = LoginChallenge("ada", 3)
    check_challenge(pending, 3, is_disabled=False)
    for version, is_disabled in ((4, False), (2, False), (None, False), (3, True)):
        with pytest.raises(InvalidChallenge):
            check_challenge(pending, version, is_disabled=is_disabled)
