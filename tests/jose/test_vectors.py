"""The RFCs' own examples: first against the bare primitives, then against the engine."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from flask_watchword.errors import DecodeError, InvalidAlgorithmError, TokenRejected
from flask_watchword.jose import Decoder, Key, Policy, jws
from tests.jose.forging import b64, unb64

DIRECTORY = Path(__file__).parent.parent / "vectors"
FILES = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted(DIRECTORY.glob("*.json"))
}
VECTORS = {
    f"{stem}-{vector['section']}": vector
    for stem, file in FILES.items()
    for vector in file["vectors"]
}
GENUINE = {name: v for name, v in VECTORS.items() if v["outcome"] == "verifies"}
REPRODUCIBLE = {name: v for name, v in GENUINE.items() if v["deterministic"]}
PRIVATE_MEMBERS = ("d", "p", "q", "dp", "dq", "qi")
HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
CURVES = {"P-256": ec.SECP256R1(), "P-521": ec.SECP521R1()}

# RFC 7515 A.1 breaks its header over two lines, which is nothing that a library would write.
ON_ONE_LINE = {name: v for name, v in REPRODUCIBLE.items() if "\n" not in v["header"]}
NO_CLAIMS = {name: v for name, v in GENUINE.items() if not v["payload"].startswith("{")}

each_genuine = pytest.mark.parametrize("vector", GENUINE.values(), ids=GENUINE)
each_without_claims = pytest.mark.parametrize("vector", NO_CLAIMS.values(), ids=NO_CLAIMS)
each_on_one_line = pytest.mark.parametrize("vector", ON_ONE_LINE.values(), ids=ON_ONE_LINE)
each_reproducible = pytest.mark.parametrize("vector", REPRODUCIBLE.values(), ids=REPRODUCIBLE)


def number(jwk: dict[str, str], member: str) -> int:
    return int.from_bytes(unb64(jwk[member]), "big")


def public_jwk(jwk: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in jwk.items() if name not in PRIVATE_MEMBERS}


def assert_signed_by_primitives(vector: dict[str, Any], message: bytes, signature: bytes) -> None:
    algorithm, jwk = vector["algorithm"], vector["key"]
    if jwk["kty"] == "oct":
        assert hmac.digest(unb64(jwk["k"]), message, "sha256") == signature
    elif jwk["kty"] == "OKP":
        private = ed25519.Ed25519PrivateKey.from_private_bytes(unb64(jwk["d"]))
        assert private.public_key().public_bytes_raw() == unb64(jwk["x"])
        private.public_key().verify(signature, message)
    elif jwk["kty"] == "RSA":
        digest = HASHES[algorithm[2:]]
        pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
        public = rsa.RSAPublicNumbers(number(jwk, "e"), number(jwk, "n"))
        p, q, d, dp, dq, qi = (number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
        pair = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()
        scheme = pss if algorithm.startswith("PS") else padding.PKCS1v15()
        pair.public_key().verify(signature, message, scheme, digest)
    else:
        curve, half = CURVES[jwk["crv"]], len(signature) // 2
        point = ec.EllipticCurvePublicNumbers(number(jwk, "x"), number(jwk, "y"), curve)
        assert ec.derive_private_key(number(jwk, "d"), curve).public_key().public_numbers() == point
        r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        ecdsa = ec.ECDSA(HASHES[algorithm[2:]])
        point.public_key().verify(encode_dss_signature(r, s), message, ecdsa)


def test_every_promised_section_is_there() -> None:
    assert sorted(VECTORS) == [
        *(f"rfc7515_appendix_a-A.{section}" for section in range(1, 6)),
        *(f"rfc7520_chapter_4-4.{section}" for section in range(1, 6)),
        "rfc8037_appendix_a-A.4",
    ]


@each_genuine
def test_transcription_holds_against_the_bare_primitives(vector: dict[str, Any]) -> None:
    header, payload, signature = vector["token"].split(".")
    assert unb64(header) == vector["header"].encode()
    assert unb64(payload) == vector["payload"].encode()
    assert_signed_by_primitives(vector, f"{header}.{payload}".encode(), unb64(signature))


@each_genuine
@pytest.mark.parametrize("whole", [True, False], ids=["private", "public"])
def test_example_verifies(vector: dict[str, Any], whole: bool) -> None:
    jwk = vector["key"] if whole else public_jwk(vector["key"])
    header, payload = jws.verify_compact(vector["token"], [Key.load(jwk, vector["algorithm"])])
    assert header == json.loads(vector["header"])
    assert payload == vector["payload"].encode()


@each_reproducible
def test_signing_again_gives_the_very_token(vector: dict[str, Any]) -> None:
    key = Key.load(vector["key"], vector["algorithm"])
    segment = b64(vector["header"].encode()).encode()
    assert jws.sign_segment(segment, vector["payload"].encode(), key) == vector["token"]


@each_on_one_line
def test_header_written_as_ours_gives_the_very_token(vector: dict[str, Any]) -> None:
    members = json.loads(vector["header"])
    key = Key.load(vector["key"], vector["algorithm"])
    assert jws.sign_compact(vector["payload"].encode(), key, members) == vector["token"]


@each_genuine
def test_example_with_another_payload_is_rejected(vector: dict[str, Any]) -> None:
    header, payload, signature = vector["token"].split(".")
    changed = b64(unb64(payload) + b" ")
    with pytest.raises(TokenRejected):
        jws.verify_compact(
            f"{header}.{changed}.{signature}", [Key.load(vector["key"], vector["algorithm"])]
        )


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_claims_of_rfc7515_are_read_and_their_age_is_noticed(algorithm: str) -> None:
    vector = next(v for v in FILES["rfc7515_appendix_a"]["vectors"] if v["algorithm"] == algorithm)
    keys = [Key.load(vector["key"], algorithm)]
    token = Decoder(keys, Policy(), clock=lambda: 1_300_819_379.0).decode(vector["token"])
    assert token.claims == {
        "iss": "joe",
        "exp": 1_300_819_380,
        "http://example.com/is_root": True,
    }
    with pytest.raises(TokenRejected, match="Signature has expired"):
        Decoder(keys, Policy(), clock=lambda: 1_300_819_380.0).decode(vector["token"])


def test_unsecured_example_is_rejected() -> None:
    vector = VECTORS["rfc7515_appendix_a-A.5"]
    keys = [Key.load(v["key"], v["algorithm"]) for v in GENUINE.values()]
    with pytest.raises(InvalidAlgorithmError):
        jws.verify_compact(vector["token"], keys)


def test_detached_example_is_rejected() -> None:
    vector = VECTORS["rfc7520_chapter_4-4.5"]
    key = Key.load(vector["key"], "HS256")
    with pytest.raises(TokenRejected, match="Signature verification failed"):
        jws.verify_compact(vector["token"], [key])
    header, _, signature = vector["token"].split(".")
    attached = f"{header}.{b64(vector['payload'].encode())}.{signature}"
    assert jws.verify_compact(attached, [key])[1] == vector["payload"].encode()


@each_without_claims
def test_example_that_is_not_a_claims_set_is_not_a_jwt(vector: dict[str, Any]) -> None:
    keys = [Key.load(vector["key"], vector["algorithm"])]
    with pytest.raises(DecodeError, match="Invalid payload string"):
        Decoder(keys, Policy()).decode(vector["token"])


def test_ed25519_keys_of_rfc8037_belong_together() -> None:
    keys = FILES["rfc8037_appendix_a"]["keys"]
    private, public = keys["private"]["jwk"], keys["public"]["jwk"]
    signature = Key.load(private, "EdDSA").sign(b"message")
    assert Key.load(public, "EdDSA").verify(b"message", signature)
    assert Key.load(public, "Ed25519").verify(b"message", signature)


def test_thumbprint_of_rfc8037_is_that_of_its_public_key() -> None:
    keys = FILES["rfc8037_appendix_a"]["keys"]
    canonical = keys["thumbprint"]["canonical"]
    assert json.loads(canonical) == keys["public"]["jwk"]
    assert b64(hashlib.sha256(canonical.encode()).digest()) == keys["thumbprint"]["value"]
