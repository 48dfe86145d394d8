"""Which key a token is verified with: by kid, else by algorithm, and never as the token likes."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from flask_watchword.errors import (
    InvalidAlgorithmError,
    InvalidKeyError,
    InvalidSignatureError,
    TokenRejected,
    UnknownKeyError,
)
from flask_watchword.jose import Decoder, Key, Policy, encode, verify_compact
from flask_watchword.jose.jws import MAX_CANDIDATES
from tests.jose.forging import NOW, SECRET, b64, forge, key, material

RSA, SECRET_KEY, CURVE = key("RS256").with_kid("rsa"), key("HS256").with_kid("hmac"), key("ES256")
EDDSA = key("EdDSA").with_kid("ed")
RING = [RSA, SECRET_KEY, EDDSA]


def decode(token: str, keys: Any = RING) -> dict[str, Any]:
    return Decoder(keys, Policy(), clock=lambda: NOW).decode(token).claims


def signed(by: Key, **header: Any) -> str:
    return encode({"sub": "a"}, by.with_kid(None), header)


@pytest.mark.parametrize("one", RING, ids=lambda one: one.kid)
def test_key_of_the_kid_or_of_the_algorithm_verifies(one: Key) -> None:
    for header in ({"kid": one.kid}, {}):
        assert decode(signed(one, **header)) == {"sub": "a"}


def test_new_token_has_the_kid_of_its_key_and_not_of_the_given_header() -> None:
    for header in (None, {}, {"kid": "hmac", "alg": "none"}, {"typ": ""}):
        token = encode({"sub": "a"}, EDDSA, header)
        decoder = Decoder([EDDSA], Policy())
        assert decoder.decode(token).header["kid"] == "ed"
        assert decoder.decode(token).header["alg"] == "EdDSA"


@pytest.mark.parametrize(
    "kid", ["x", "", " ed", "ed ", "ED", "../../ed", "e\u0000d", "' OR 1=1", "é"]
)
def test_unknown_kid_is_rejected_before_any_signature_is_computed(kid: str) -> None:
    calls: list[bytes] = []

    def verify(message: bytes, signature: bytes) -> bool:
        calls.append(message)
        return False

    watched = Key("HS256", verify, kid="known")
    for token in (signed(SECRET_KEY, kid=kid), forge({}, {"alg": "HS256", "kid": kid})):
        with pytest.raises(UnknownKeyError, match=r"^No key is known for this token$") as refusal:
            decode(token, [watched])
        assert refusal.value.kid == kid
    assert calls == []


@pytest.mark.parametrize("kid", [None, 5, 1.5, True, [], ["ed"], {}, {"kid": "ed"}])
def test_kid_that_is_not_a_string_is_rejected(kid: Any) -> None:
    with pytest.raises(TokenRejected, match="Key ID header parameter must be a string"):
        decode(forge({}, {"alg": "HS256", "kid": kid}))


def test_key_without_a_kid_verifies_a_token_with_an_unknown_kid() -> None:
    assert decode(signed(SECRET_KEY, kid="any"), [key("HS256"), RSA]) == {"sub": "a"}
    with pytest.raises(UnknownKeyError):
        decode(signed(SECRET_KEY, kid="any"), [SECRET_KEY, RSA])


def test_token_of_one_key_under_the_kid_of_another_is_rejected() -> None:
    other = Key.load(SECRET[::-1], "HS256", kid="other")
    for keys in ([SECRET_KEY, other], [SECRET_KEY, other, key("HS256")]):
        with pytest.raises(InvalidSignatureError):
            decode(signed(SECRET_KEY, kid="other"), keys)


def test_alg_other_than_that_of_the_key_with_the_kid_is_rejected() -> None:
    for by, kid in ((SECRET_KEY, "rsa"), (RSA, "hmac"), (EDDSA, "rsa")):
        with pytest.raises(InvalidAlgorithmError):
            decode(signed(by, kid=kid))


def test_public_key_cannot_be_used_as_a_secret() -> None:
    public = material("RS256").public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for header in (
        {"alg": "HS256", "kid": "rsa"},
        {"alg": "HS256"},
        {"alg": "HS256", "kid": "hmac"},
    ):
        with pytest.raises(TokenRejected):
            decode(forge({}, {"alg": "HS256"} | header, pem))


def test_keys_of_one_algorithm_are_tried_in_turn_and_none_wins_by_memory() -> None:
    keys = [Key.load(bytes([number]) * 32, "HS256") for number in range(4)]
    decoder = Decoder(keys, Policy(), clock=lambda: NOW)
    for _ in range(3):
        for number, one in enumerate(keys):
            assert decoder.decode(encode({"sub": str(number)}, one)).claims == {"sub": str(number)}
    with pytest.raises(InvalidSignatureError):
        decoder.decode(encode({"sub": "a"}, key("HS256")))


def test_token_without_a_kid_is_not_tried_with_more_keys_than_the_bound() -> None:
    keys = [Key.load(bytes([n]) * 32, "HS256", kid=str(n)) for n in range(MAX_CANDIDATES + 1)]
    last = keys[-2]
    assert decode(signed(last), keys[:-1]) == {"sub": "a"}
    with pytest.raises(UnknownKeyError, match="does not say which key"):
        decode(signed(last), keys)
    assert decode(encode({"sub": "a"}, last), keys) == {"sub": "a"}


def test_verified_token_has_the_id_of_its_key() -> None:
    decoder = Decoder([SECRET_KEY, key("EdDSA")], Policy())
    for token, name in (
        (signed(SECRET_KEY), "hmac"),
        (signed(SECRET_KEY, kid="hmac"), "hmac"),
        (signed(EDDSA, kid="any"), "any"),
        (signed(EDDSA), None),
    ):
        for _ in range(2):
            assert decoder.verify(token, NOW).key_id == name


def test_compact_signature_is_verified_by_kid_as_well() -> None:
    token = signed(EDDSA, kid="ed")
    assert verify_compact(token, RING)[0]["kid"] == "ed"
    with pytest.raises(UnknownKeyError):
        verify_compact(signed(EDDSA, kid="x"), RING)


def test_key_whose_jwk_allows_only_verification_does_not_sign() -> None:
    jwk = {"kty": "oct", "k": b64(SECRET), "kid": "k"}
    assert Key.load(jwk | {"key_ops": ["verify"]}, "HS256").signer is None
    for operations in (["sign"], ["sign", "verify"]):
        assert Key.load(jwk | {"key_ops": operations}, "HS256").signer is not None
    wrong: list[Any] = [["encrypt"], [], "sign", None, [["sign"]]]
    for operation in wrong:
        with pytest.raises(InvalidKeyError, match="meant for"):
            Key.load(jwk | {"key_ops": operation}, "HS256")
    assert Key.load(jwk, "HS256").kid == "k"
    assert Key.load(jwk, "HS256", kid="given").kid == "given"
