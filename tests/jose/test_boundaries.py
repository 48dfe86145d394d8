"""Dates at the second before, the second itself and the second after; the clock is injected."""

from typing import Any

import pytest

from flask_watchword import clock
from flask_watchword.errors import ExpiredSignatureError, ImmatureSignatureError, TokenRejected
from flask_watchword.jose import Decoder, Policy
from tests.jose.forging import NOW, decoder, forge, key

Case = tuple[float, float, bool]

EXP: list[Case] = [
    # now, leeway, accepted, for exp = NOW
    (NOW - 1, 0, True),
    (NOW - 0.001, 0, True),
    (NOW, 0, False),
    (NOW + 1, 0, False),
    (NOW + 9, 10, True),
    (NOW + 9.999, 10, True),
    (NOW + 10, 10, False),
    (NOW + 11, 10, False),
]
NOT_BEFORE: list[Case] = [
    # now, leeway, accepted, for nbf = NOW or iat = NOW
    (NOW - 1, 0, False),
    (NOW - 0.001, 0, False),
    (NOW, 0, True),
    (NOW + 1, 0, True),
    (NOW - 11, 10, False),
    (NOW - 10.001, 10, False),
    (NOW - 10, 10, True),
    (NOW - 9, 10, True),
]


def accepts(claims: dict[str, Any], now: float, leeway: float, error: type[TokenRejected]) -> bool:
    try:
        decoder(now=now, leeway=leeway).decode(forge(claims))
    except error:
        return False
    return True


@pytest.mark.parametrize(("now", "leeway", "accepted"), EXP)
def test_token_is_valid_before_exp_and_expired_from_exp_on(
    now: float, leeway: float, accepted: bool
) -> None:
    assert accepts({"exp": NOW}, now, leeway, ExpiredSignatureError) is accepted


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize(("now", "leeway", "accepted"), NOT_BEFORE)
def test_token_is_valid_from_nbf_and_iat_on(
    claim: str, now: float, leeway: float, accepted: bool
) -> None:
    assert accepts({claim: NOW}, now, leeway, ImmatureSignatureError) is accepted


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exp": NOW}, "Signature has expired"),
        ({"nbf": NOW + 1}, r"The token is not yet valid \(nbf\)"),
        ({"iat": NOW + 1}, r"The token is not yet valid \(iat\)"),
    ],
)
def test_rejection_by_date_has_pyjwts_text(claims: dict[str, Any], message: str) -> None:
    with pytest.raises(TokenRejected, match=f"^{message}$"):
        decoder().decode(forge(claims))


def test_fraction_of_a_date_is_dropped() -> None:
    token = forge({"exp": NOW + 0.9})
    assert decoder(now=NOW - 0.1).decode(token)
    with pytest.raises(ExpiredSignatureError):
        decoder(now=NOW).decode(token)
    assert decoder(now=NOW).decode(forge({"nbf": NOW + 0.9}))


def test_expired_error_carries_header_and_claims_of_the_receivers_own() -> None:
    decode = decoder().decode
    token = forge({"exp": NOW, "roles": ["a"]}, {"alg": "HS256", "x": {"y": 1}})
    for _ in range(2):
        with pytest.raises(ExpiredSignatureError) as caught:
            decode(token)
        assert caught.value.jwt_header == {"alg": "HS256", "x": {"y": 1}}
        assert caught.value.jwt_data == {"exp": NOW, "roles": ["a"]}
        caught.value.jwt_header["x"]["y"] = 2
        caught.value.jwt_data["roles"].append("admin")


@pytest.mark.parametrize("other", [{"nbf": NOW + 1}, {"sub": 1}, {"iss": "x"}, {"iat": "x"}])
def test_expired_token_with_another_error_raises_the_other_error(other: dict[str, Any]) -> None:
    with pytest.raises(TokenRejected) as caught:
        decoder(issuer="i").decode(forge({"exp": NOW - 1, "iss": "i"} | other))
    assert not isinstance(caught.value, ExpiredSignatureError)


def test_expired_token_with_a_wrong_signature_is_not_said_to_have_expired() -> None:
    with pytest.raises(TokenRejected) as caught:
        decoder().decode(forge({"exp": NOW - 1}, secret=b"w" * 64))
    assert not isinstance(caught.value, ExpiredSignatureError)


def test_expired_token_is_accepted_with_allow_expired() -> None:
    token = forge({"exp": NOW - 1})
    assert decoder().decode(token, allow_expired=True).claims == {"exp": NOW - 1}
    with pytest.raises(ImmatureSignatureError):
        decoder().decode(forge({"exp": NOW - 1, "nbf": NOW + 1}), allow_expired=True)


def test_token_without_dates_is_always_valid() -> None:
    for now in (0, NOW, 10**12):
        assert decoder(now=now).decode(forge({}))


def test_system_clock_calls_time_time_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    by_default = Decoder([key()], Policy())
    monkeypatch.setattr("time.time", lambda: NOW - 1.0)
    assert clock.system_clock() == NOW - 1
    token = forge({"exp": NOW})
    assert by_default.decode(token)
    monkeypatch.setattr("time.time", lambda: float(NOW))
    with pytest.raises(ExpiredSignatureError):
        by_default.decode(token)
