"""A decoder remembers what it verified, never whether its time is now."""

from typing import Any

import pytest

from flask_watchword.errors import ExpiredSignatureError, ImmatureSignatureError, TokenRejected
from flask_watchword.jose import Decoder, Key, Policy, jwt
from flask_watchword.jose.cache import TokenCache
from tests.jose.forging import NOW, SECRET, forge


class Watched:
    """A decoder with a clock one can set and a count of the signatures it computed."""

    def __init__(self, **policy: Any) -> None:
        self.now: float = NOW
        self.verified = 0
        real = Key.load(SECRET, "HS256")

        def verify(message: bytes, signature: bytes) -> bool:
            self.verified += 1
            return real.verify(message, signature)

        keys = [Key("HS256", verify, real.signer)]
        self.decoder = Decoder(keys, Policy(**policy), clock=lambda: self.now)
        self.decode = self.decoder.decode


def test_signature_of_a_cached_token_is_computed_once() -> None:
    watched, token = Watched(), forge({"exp": NOW + 60})
    for _ in range(3):
        watched.decode(token)
    assert watched.verified == 1


@pytest.mark.parametrize("leeway", [0, 10])
def test_cached_token_expires_at_its_exp(leeway: int) -> None:
    watched, token = Watched(leeway=leeway), forge({"exp": NOW + 60})
    watched.decode(token)
    watched.now = NOW + 59 + leeway
    assert watched.decode(token).claims == {"exp": NOW + 60}
    for watched.now in (NOW + 60 + leeway, NOW + 61 + leeway):
        with pytest.raises(ExpiredSignatureError, match=r"^Signature has expired$"):
            watched.decode(token)
    assert watched.decode(token, allow_expired=True)
    assert watched.verified == 1


@pytest.mark.parametrize("claim", ["nbf", "iat"])
@pytest.mark.parametrize("leeway", [0, 10])
def test_cached_token_is_rejected_when_the_clock_goes_back(claim: str, leeway: int) -> None:
    watched, token = Watched(leeway=leeway), forge({claim: NOW})
    watched.decode(token)
    watched.now = NOW - leeway
    assert watched.decode(token)
    watched.now = NOW - leeway - 1
    with pytest.raises(ImmatureSignatureError, match=rf"\({claim}\)"):
        watched.decode(token)
    watched.now = NOW
    assert watched.decode(token)


def test_immature_token_is_accepted_once_it_is_valid() -> None:
    watched, token = Watched(), forge({"nbf": NOW + 5})
    with pytest.raises(ImmatureSignatureError):
        watched.decode(token)
    watched.now = NOW + 5
    assert watched.decode(token)


def test_token_accepted_although_expired_is_still_expired_afterwards() -> None:
    watched, token = Watched(), forge({"exp": NOW - 1})
    assert watched.decode(token, allow_expired=True)
    with pytest.raises(ExpiredSignatureError):
        watched.decode(token)


CLAIMS = {"sub": "a", "roles": ["user"], "profile": {"langs": [{"code": "de"}]}}


def test_claims_changed_by_one_receiver_are_unchanged_for_the_next() -> None:
    watched, token = Watched(), forge(CLAIMS, {"alg": "HS256", "ctx": {"n": [1]}})
    for _ in range(3):
        header, claims = watched.decode(token)
        assert claims == CLAIMS
        assert header == {"alg": "HS256", "ctx": {"n": [1]}}
        claims["sub"] = "root"
        claims["roles"].append("admin")
        claims["profile"]["langs"][0]["code"] = "en"
        claims["new"] = 1
        header["ctx"]["n"].append(2)
        header["alg"] = "none"
    assert watched.verified == 1


def test_flat_claims_changed_by_one_receiver_are_unchanged_for_the_next() -> None:
    watched, token = Watched(), forge({"sub": "a", "fresh": True, "n": 1.5, "x": None})
    for _ in range(3):
        claims = watched.decode(token).claims
        assert claims == {"sub": "a", "fresh": True, "n": 1.5, "x": None}
        claims.clear()


def test_headers_shared_by_tokens_are_isolated_from_each_other() -> None:
    watched = Watched()
    watched.decode(forge({"sub": "a"})).header["alg"] = "none"
    assert watched.decode(forge({"sub": "b"})).header == {"alg": "HS256", "typ": "JWT"}


def test_rejected_token_is_not_cached() -> None:
    watched, forged = Watched(), forge({"sub": "a"}, secret=b"w" * 64)
    for count in (1, 2):
        with pytest.raises(TokenRejected):
            watched.decode(forged)
        assert watched.verified == count


def test_cached_signature_is_not_accepted_for_another_payload() -> None:
    watched, token = Watched(), forge({"sub": "a"})
    watched.decode(token)
    header, _, signature = token.split(".")
    payload = forge({"sub": "b"}).split(".")[1]
    with pytest.raises(TokenRejected):
        watched.decode(f"{header}.{payload}.{signature}")


def test_decoders_do_not_share_their_cache() -> None:
    token = forge({"sub": "a"})
    Watched().decode(token)
    other = Decoder([Key.load(SECRET[::-1], "HS256")], Policy())
    with pytest.raises(TokenRejected):
        other.decode(token)


def test_large_token_is_verified_every_time() -> None:
    watched, token = Watched(), forge({"text": "x" * jwt.MAX_CACHED_TOKEN_BYTES})
    for _ in range(2):
        watched.decode(token)
    assert watched.verified == 2


def test_same_token_as_bytes_is_judged_alike() -> None:
    watched, token = Watched(), forge({"exp": NOW + 1})
    assert watched.decode(token.encode()) == watched.decode(token)
    watched.now = NOW + 1
    with pytest.raises(ExpiredSignatureError):
        watched.decode(token.encode())


def test_cache_is_bounded_and_drops_unused_entries() -> None:
    recent: TokenCache[int, int] = TokenCache(8)
    for number in range(100):
        recent.put(number, number)
        assert recent[0 if number < 4 else number] is not None
        assert len(recent) <= 8
    assert recent[0] is None
    assert recent[99] == 99


def test_entry_in_use_stays_in_the_cache() -> None:
    recent: TokenCache[int, int] = TokenCache(8)
    recent.put(-1, -1)
    for number in range(100):
        recent.put(number, number)
        assert recent[-1] == -1
