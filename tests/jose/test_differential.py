"""Side by side with PyJWT and joserfc, over generated tokens and mutations of them.

Nothing is accepted here that both refuse. What one of them accepts and we refuse breaks one of the
stricter rules in :data:`STRICTER`, and each of those is met at least once.
"""

import json
from typing import Any, NamedTuple

import joserfc.jws
import joserfc.jwt
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import ALGORITHMS, encode
from tests.jose.forging import (
    EVERY_ALGORITHM,
    FAMILIES,
    NOW,
    SECRET,
    b64,
    decoder,
    key,
    material,
    unb64,
)
from tests.jose.variants import generated, mutated

#: What we refuse although PyJWT, joserfc or both accept it.
STRICTER = {
    "spelling": "a segment is not the canonical, unpadded base64url of its bytes",
    "duplicates": "a JSON object repeats a member",
    "encoding": "JSON in UTF-16 or UTF-32, or with a byte order mark",
    "numbers": "NaN, Infinity, or a number beyond doubles",
    "surrogates": "a string with half of a surrogate pair",
    "depth": "JSON that nests deeper than 32 levels",
    "size": "a token over 8192 bytes",
    "dates": "exp, nbf or iat that is a boolean, a string or a date after the year 9999",
    "extensions": "a header with b64 or crit, whatever they say",
}


class Verdict(NamedTuple):
    ours: bool
    pyjwt: bool
    joserfc: bool


def _joserfc_key(algorithm: str) -> Any:
    if algorithm.startswith("HS"):
        return OctKey.import_key(SECRET)
    pem = material(algorithm).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    readers: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    return readers[ALGORITHMS[algorithm].family].import_key(pem)


class Judges:
    """The three implementations, with the same key and the same time."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._decoder = decoder(algorithm)
        private = material(algorithm)
        self._pyjwt_key = private if isinstance(private, bytes) else private.public_key()
        self.joserfc_key = _joserfc_key(algorithm)
        self._registry = joserfc.jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)

    def verdict(self, token: str) -> Verdict:
        return Verdict(self._ours(token), self._pyjwt(token), self._joserfc(token))

    def _ours(self, token: str) -> bool:
        try:
            self._decoder.decode(token)
        except TokenRejected:
            return False
        return True

    def _pyjwt(self, token: str) -> bool:
        # Its clock is the machine's; the dates below are far enough away for both clocks.
        try:
            jwt.decode(
                token,
                self._pyjwt_key,
                algorithms=[self.algorithm],
                options={"verify_aud": False},
            )
        except Exception:  # noqa: BLE001 - whatever it is, the token was not accepted
            return False
        return True

    def _joserfc(self, token: str) -> bool:
        registry = joserfc.jwt.JWTClaimsRegistry(now=NOW)
        try:
            parsed = joserfc.jwt.decode(
                token, self.joserfc_key, algorithms=[self.algorithm], registry=self._registry
            )
            registry.validate(parsed.claims)
        except Exception:  # noqa: BLE001 - whatever it is, the token was not accepted
            return False
        return True


# --- why we may be stricter --------------------------------------------------------------------


def rule_broken_by(token: str) -> str | None:
    """Name the stricter rule that a token breaks, found out apart from the engine."""
    if len(token) > 8192:
        return "size"
    segments = token.split(".")
    try:
        data = [unb64(text.rstrip("=")) for text in segments]
    except ValueError:
        return "spelling"
    if any(b64(raw) != text for raw, text in zip(data, segments, strict=True)):
        return "spelling"
    return next(filter(None, (_rule_broken_by_json(raw) for raw in data[:2])), None)


def _rule_broken_by_json(raw: bytes) -> str | None:
    if json.detect_encoding(raw) != "utf-8":
        return "encoding"
    repeated: list[bool] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        repeated.append(len(dict(pairs)) != len(pairs))
        return dict(pairs)

    value = json.loads(raw, object_pairs_hook=members)
    text = json.dumps(value)
    rules = {
        "duplicates": any(repeated),
        "numbers": "NaN" in text or "Infinity" in text,
        "surrogates": "\\ud8" in text and "\\ude" not in text,
        "depth": text.count("{") > 32,
        "dates": any(_is_odd_date(value.get(claim, 0)) for claim in ("exp", "nbf", "iat")),
        "extensions": "b64" in value or "crit" in value,
    }
    return next((name for name, broken in rules.items() if broken), None)


def _is_odd_date(value: Any) -> bool:
    return isinstance(value, bool | str) or (
        isinstance(value, int | float) and value > 253402300799
    )


# --- the comparison ----------------------------------------------------------------------------


def test_no_generated_token_is_accepted_here_that_both_reject() -> None:
    judges = Judges("HS256")
    verdicts = {token: judges.verdict(token) for token in generated()}
    wrong = [t for t, v in verdicts.items() if v.ours and not (v.pyjwt or v.joserfc)]
    assert wrong == []
    assert sum(v.ours for v in verdicts.values()) > 50, "the comparison has something to compare"
    assert sum(not v.ours for v in verdicts.values()) > 100


def test_token_that_only_we_reject_breaks_a_stricter_rule() -> None:
    judges = Judges("HS256")
    met = set()
    for token in generated():
        verdict = judges.verdict(token)
        if (verdict.pyjwt or verdict.joserfc) and not verdict.ours:
            rule = rule_broken_by(token)
            assert rule in STRICTER, token
            met.add(rule)
    assert met == set(STRICTER), "a rule that nothing here meets says nothing"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", FAMILIES)
def test_mutated_token_is_judged_as_the_others_do_or_more_strictly(algorithm: str) -> None:
    judges = Judges(algorithm)
    assert judges.verdict(encode({"sub": "a"}, key(algorithm))) == (True, True, True)
    for token in mutated(algorithm, 400):
        verdict = judges.verdict(token)
        assert verdict.pyjwt or verdict.joserfc or not verdict.ours, token
        if (verdict.pyjwt or verdict.joserfc) and not verdict.ours:
            assert rule_broken_by(token) == "spelling", token


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
def test_our_tokens_are_read_alike_by_both_and_theirs_by_us(algorithm: str) -> None:
    claims = {"sub": "ä", "n": [1, {"x": None}], "exp": 4102444800}
    judges = Judges(algorithm)
    assert judges.verdict(encode(claims, key(algorithm))) == (True, algorithm != "Ed25519", True)
    theirs = joserfc.jwt.encode(
        {"alg": algorithm}, claims, judges.joserfc_key, algorithms=[algorithm]
    )
    assert decoder(algorithm).decode(theirs).claims == claims
    if algorithm != "Ed25519":
        theirs = jwt.encode(claims, material(algorithm), algorithm)
        assert decoder(algorithm).decode(theirs).claims == claims
