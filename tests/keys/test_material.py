import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from flask_watchword.errors import InvalidKeyError
from flask_watchword.keys.material import new_material, read_material

KEYS: dict[str, Any] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "ES384": ec.generate_private_key(ec.SECP384R1()),
    "ES512": ec.generate_private_key(ec.SECP521R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}


def pem(key: Any, encryption: Any = None, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    text: bytes = key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())
    return text


def public_pem(key: Any) -> bytes:
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text


def jwk(key: Any, **members: Any) -> bytes:
    writer: Any = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    (kind,) = [kind for kind in writer if isinstance(key, kind)]
    return json.dumps(writer[kind].to_jwk(key, as_dict=True) | members).encode()


@pytest.mark.parametrize("algorithm", list(KEYS))
@pytest.mark.parametrize("written", [pem, jwk])
def test_private_key_gets_its_usual_algorithm(algorithm: str, written: Any) -> None:
    text = written(KEYS[algorithm])
    material = read_material(text)
    assert material.key.algorithm == algorithm
    assert material.key.signer is not None
    assert material.private == text


def test_kid_of_a_new_key_never_looks_like_an_option() -> None:
    names = [new_material("EdDSA").key.kid or "-" for _ in range(600)]
    assert not any(name.startswith("-") for name in names)


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_public_key_has_no_private_part(algorithm: str) -> None:
    material = read_material(public_pem(KEYS[algorithm]))
    assert (material.key.algorithm, material.private) == (algorithm, None)


def test_pem_and_jwk_of_one_key_have_one_kid() -> None:
    names = {read_material(w(KEYS["ES256"])).key.kid for w in (pem, public_pem, jwk)}
    assert len(names) == 1


def test_jwk_keeps_its_kid_and_algorithm() -> None:
    material = read_material(jwk(KEYS["RS256"], kid="mine", alg="PS256"))
    assert (material.key.kid, material.key.algorithm) == ("mine", "PS256")


def test_algorithm_can_be_chosen() -> None:
    assert read_material(pem(KEYS["RS256"]), "RS512").key.algorithm == "RS512"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not a PEM"),
        (b"\xff\x00", "not a PEM"),
        (pem(KEYS["EdDSA"], BestAvailableEncryption(b"password")), "it has a password"),
        (
            pem(
                KEYS["RS256"],
                BestAvailableEncryption(b"password"),
                PrivateFormat.TraditionalOpenSSL,
            ),
            "it has a password",
        ),
        (pem(KEYS["EdDSA"], form=PrivateFormat.OpenSSH), "private form of OpenSSH"),
        (b"-----BEGIN CERTIFICATE-----\n", "it is a certificate"),
        (b'{"keys": [%s]}' % jwk(KEYS["ES256"]), "it is a JWK Set"),
        (jwk(KEYS["EdDSA"], d="AAAA"), "none of EdDSA, .* can use it: not a JWK that EdDSA"),
        (jwk(KEYS["ES256"], x="AAAA"), "can use it: not a JWK that ES256"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "RS256 cannot use a key of type _?E"),
        (pem(rsa.generate_private_key(65537, 1024)), "1024 bits"),  # noqa: S505 - as it should be
        (json.dumps({"kty": "oct", "k": "A" * 43, "alg": "HS256"}).encode(), "no public part"),
        (jwk(KEYS["ES256"], kid="two\tcolumns"), "kid"),
        (jwk(KEYS["ES256"], kid=""), "kid"),
        (jwk(KEYS["ES256"], kid="k" * 257), "kid"),
        (jwk(KEYS["ES256"], alg="none"), "not supported"),
        (jwk(KEYS["ES256"], use="enc"), "not for signatures"),
    ],
    # Not by the text, which has keys that are made in each process.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unsuitable_key_is_rejected(text: bytes, why: str) -> None:
    with pytest.raises(InvalidKeyError, match=why):
        read_material(text)
