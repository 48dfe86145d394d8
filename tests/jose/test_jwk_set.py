"""JWKs and JWK Sets: thumbprints, published members, and rejected sets."""

import json
from typing import Any

import pytest

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose import Key
from flask_watchword.jose.jwk import PRIVATE_MEMBERS, public_jwk, thumbprint
from flask_watchword.jose.jwk_set import NoUsableKeyError, jwk_set, read_jwk_set
from tests.jose.forging import EVERY_ALGORITHM, SECRET, b64, key, unb64

ASYMMETRIC = [name for name in EVERY_ALGORITHM if not name.startswith("HS")]
#: RFC 7638 section 3.1.
RFC_7638 = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B"
    "JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"
    "65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdk"
    "t-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
#: RFC 8037 appendix A.1 and A.2.
RFC_8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def member(algorithm: str, **changes: Any) -> dict[str, Any]:
    """Return the public JWK of an algorithm's key; what is changed to ``...`` is absent."""
    jwk = key(algorithm).jwk
    assert jwk is not None
    members = public_jwk(jwk, algorithm, algorithm) | changes
    return {name: value for name, value in members.items() if value is not ...}


def read(*members: Any, algorithms: Any = ASYMMETRIC, **rest: Any) -> list[Key]:
    return read_jwk_set({"keys": list(members)}, algorithms, **rest)


def test_thumbprint_of_rfc_7638() -> None:
    assert thumbprint(RFC_7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_thumbprint_of_rfc_8037() -> None:
    expected = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert thumbprint(RFC_8037) == expected
    assert Key.load(RFC_8037, "EdDSA").with_default_kid().kid == expected


def test_thumbprint_is_of_the_key_and_not_of_its_spelling() -> None:
    jwk = RFC_7638 | {"n": b64(b"\0" + unb64(RFC_7638["n"]))}
    del jwk["kid"]
    assert Key.load(jwk, "RS256").with_default_kid().kid == thumbprint(RFC_7638)
    assert thumbprint(jwk) != thumbprint(RFC_7638)


def test_secret_has_no_thumbprint() -> None:
    with pytest.raises(InvalidKeyError, match="no public part"):
        thumbprint({"kty": "oct", "k": b64(SECRET)})
    assert key("HS256").with_default_kid().kid is None
    assert key("HS256").jwk is None


@pytest.mark.parametrize("jwk", [{}, {"kty": []}, {"kty": "EC", "x": 1}, {"kty": "RSA", "n": "a"}])
def test_incomplete_jwk_has_no_thumbprint(jwk: dict[str, Any]) -> None:
    for ask in (thumbprint, lambda one: public_jwk(one, "RS256", "k")):
        with pytest.raises(InvalidKeyError):
            ask(jwk)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_published_set_holds_public_members_alone_and_is_read_back(algorithm: str) -> None:
    document = jwk_set([key(algorithm)])
    (written,) = document["keys"]
    assert not PRIVATE_MEMBERS.intersection(written)
    assert (written["alg"], written["use"]) == (algorithm, "sig")
    assert written["kid"] == thumbprint(written)
    for form in (document, json.dumps(document), json.dumps(document).encode()):
        (loaded,) = read_jwk_set(form, [algorithm])
        assert loaded.verify(b"m", key(algorithm).sign(b"m"))
        assert loaded.signer is None
        assert loaded.kid == written["kid"]


def test_secrets_are_left_out_of_a_set_that_is_written() -> None:
    assert jwk_set([key("HS256"), key("HS512").with_kid("named")]) == {"keys": []}


def test_two_keys_of_one_kid_are_not_written() -> None:
    with pytest.raises(InvalidKeyError, match="two different keys have the kid 'k'"):
        jwk_set([key("ES256").with_kid("k"), key("EdDSA").with_kid("k")])
    assert len(jwk_set([key("ES256"), key("ES256")])["keys"]) == 1


@pytest.mark.parametrize("name", sorted(PRIVATE_MEMBERS))
def test_set_with_a_private_member_is_rejected(name: str) -> None:
    with pytest.raises(InvalidKeyError, match=f"key 1 .* private member '{name}'"):
        read(member("EdDSA"), member("ES256", **{name: "AAAA"}))
    with pytest.raises(InvalidKeyError, match="private member"):
        read(member("EdDSA"), {"kty": "unheard of", "use": "enc", name: "AAAA"})


def test_secret_in_a_set_is_rejected_even_where_hmac_is_accepted() -> None:
    with pytest.raises(InvalidKeyError, match="private member 'k'"):
        read({"kty": "oct", "k": b64(SECRET)}, member("EdDSA"), algorithms=["HS256", "EdDSA"])


def test_two_keys_of_one_kid_are_rejected() -> None:
    with pytest.raises(InvalidKeyError, match="two keys with the kid 'k'"):
        read(member("EdDSA", kid="k"), member("ES256", kid="k"))
    both = read(member("EdDSA", kid=...), member("ES256", kid=...))
    assert [one.kid for one in both if one.algorithm in ("EdDSA", "ES256")] == [None, None]


@pytest.mark.parametrize("curve", ["P-256", "P-521", "secp256k1", "Ed25519", None])
def test_key_on_another_curve_than_its_algorithm_requires_is_rejected(curve: Any) -> None:
    with pytest.raises(InvalidKeyError, match=r"key 0 .* ES384 uses 'P-384'"):
        read(member("ES256", alg="ES384", crv=curve), member("EdDSA"))


@pytest.mark.parametrize(
    "useless",
    [
        {"kty": "unheard of"},
        {"kty": ["EC"]},
        {},
        {"use": "enc"},
        {"use": 5},
        {"key_ops": ["encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
        {"key_ops": [{}]},
        {"alg": "RSA-OAEP"},
        {"alg": "none"},
        {"alg": 5},
        {"x": ...},
        {"x": "AAAA"},
        {"kid": 5},
    ],
    ids=repr,
)
def test_member_that_is_of_no_use_is_left_out(useless: dict[str, Any]) -> None:
    bad = member("ES256", **useless) if useless else {}
    (kept,) = read(bad, member("PS256"))
    assert kept.algorithm == "PS256"
    with pytest.raises(NoUsableKeyError, match="no key that can be used: "):
        read(bad)


def test_key_without_alg_is_used_for_every_suitable_algorithm() -> None:
    assert [one.algorithm for one in read(member("RS256", alg=...))] == [
        name for name in ASYMMETRIC if name[:2] in ("RS", "PS")
    ]
    assert [one.algorithm for one in read(member("RS256"))] == ["RS256"]


@pytest.mark.parametrize(
    "document",
    [
        *("", "{", "[]", "null", '{"keys":{}}', '{"keys":[1]}', '{"keys":[],"keys":[]}', b"\xff"),
        *(
            {},
            {"keys": None},
            {"keys": "a"},
            {"keys": []},
            '{"keys":[' + "[" * 99 + "]" * 99 + "]}",
        ),
    ],
    ids=repr,
)
def test_document_that_is_not_a_set_is_rejected(document: Any) -> None:
    with pytest.raises(InvalidKeyError, match="JWK Set"):
        read_jwk_set(document, ASYMMETRIC)
