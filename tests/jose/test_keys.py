"""Keys in every form for every algorithm, and rejected keys."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose import ALGORITHMS, Key, Policy, algorithms
from flask_watchword.jose import jwt as engine
from tests.jose.forging import EVERY_ALGORITHM, SECRET, b64, key, material, rsa_private

ASYMMETRIC = [name for name in EVERY_ALGORITHM if not name.startswith("HS")]
SYMMETRIC = [name for name in EVERY_ALGORITHM if name.startswith("HS")]
JWK_WRITERS: dict[str, Any] = {
    "RSA": jwt.algorithms.RSAAlgorithm,
    "EC": jwt.algorithms.ECAlgorithm,
    "OKP": jwt.algorithms.OKPAlgorithm,
}


def private_forms(private: Any, family: str) -> dict[str, Any]:
    plain = serialization.NoEncryption()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, plain)
    forms = {
        "object": private,
        "PKCS8 PEM bytes": pem,
        "PKCS8 PEM str": pem.decode(),
        "PEM with white space around": f"\n  \n{pem.decode()}\n\n",
        "DER bytes": private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, plain),
    }
    if family != "OKP":
        traditional = PrivateFormat.TraditionalOpenSSL
        forms["traditional PEM"] = private.private_bytes(Encoding.PEM, traditional, plain)
    return forms | jwk_forms(private, family)


def public_forms(public: Any, family: str) -> dict[str, Any]:
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    ssh = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    forms = {
        "object": public,
        "PEM bytes": pem,
        "PEM str": pem.decode(),
        "DER bytes": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "SSH bytes": ssh,
        "SSH str with a comment": ssh.decode() + " someone@example.com\n",
    }
    if family == "RSA":
        forms["PKCS1 PEM"] = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
    return forms | jwk_forms(public, family)


def jwk_forms(owner: Any, family: str) -> dict[str, Any]:
    text = JWK_WRITERS[family].to_jwk(owner)
    return {
        "JWK mapping": json.loads(text),
        "JWK str": text,
        "JWK bytes": text.encode(),
        "JWK with spaces": f"\n {json.dumps(json.loads(text), indent=2)}\n",
    }


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_private_key_in_every_form_signs_and_verifies(algorithm: str) -> None:
    family = ALGORITHMS[algorithm].family
    for form, value in private_forms(material(algorithm), family).items():
        loaded = Key.load(value, algorithm)
        signature = loaded.sign(b"message")
        assert loaded.verify(b"message", signature), form
        assert key(algorithm).verify(b"message", signature), form
        assert not loaded.verify(b"massage", signature), form


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
def test_public_key_in_every_form_verifies_and_cannot_sign(algorithm: str) -> None:
    signature = key(algorithm).sign(b"message")
    public = material(algorithm).public_key()
    for form, value in public_forms(public, ALGORITHMS[algorithm].family).items():
        loaded = Key.load(value, algorithm)
        assert loaded.algorithm == algorithm
        assert loaded.verify(b"message", signature), form
        assert not loaded.verify(b"massage", signature), form
        with pytest.raises(InvalidKeyError, match="public key cannot sign"):
            loaded.sign(b"message")


@pytest.mark.parametrize("algorithm", SYMMETRIC)
def test_secret_in_every_form_is_the_same_secret(algorithm: str) -> None:
    text = "a-secret-of-more-than-enough-characters-to-be-long-enough-for-all-of-them"
    jwk = {"kty": "oct", "k": b64(text.encode())}
    signature = Key.load(text, algorithm).sign(b"message")
    for form in (text.encode(), jwk, json.dumps(jwk), json.dumps(jwk).encode()):
        assert Key.load(form, algorithm).sign(b"message") == signature
        assert Key.load(form, algorithm).verify(b"message", signature)


def test_secret_of_more_than_ascii_is_read_as_utf8() -> None:
    text = "пароль-" * 12
    assert Key.load(text, "HS256").sign(b"m") == Key.load(text.encode(), "HS256").sign(b"m")


@pytest.mark.parametrize("size", [32, 63, 64, 65, 127, 128, 129, 1000])
@pytest.mark.parametrize("algorithm", SYMMETRIC)
def test_hmac_agrees_with_pyjwt_for_secrets_around_the_block_size(
    algorithm: str, size: int
) -> None:
    secret = bytes(number % 251 for number in range(size))
    theirs = jwt.algorithms.get_default_algorithms()[algorithm]
    loaded = Key.load(secret, algorithm)
    assert loaded.sign(b"message") == theirs.sign(b"message", secret)


def test_secret_that_merely_looks_like_json_is_a_secret() -> None:
    text = '{"this": "is a secret that somebody pasted with braces around it"}'
    assert Key.load(text, "HS256").sign(b"m") == Key.load(text.encode(), "HS256").sign(b"m")


# --- a public key is no secret -----------------------------------------------------------------


@pytest.mark.parametrize("algorithm", SYMMETRIC)
@pytest.mark.parametrize("owner", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_asymmetric_key_in_any_form_is_rejected_as_hmac_secret(owner: str, algorithm: str) -> None:
    private, family = material(owner), ALGORITHMS[owner].family
    forms = public_forms(private.public_key(), family)
    forms |= {f"private {name}": form for name, form in private_forms(private, family).items()}
    for name, form in forms.items():
        with pytest.raises(InvalidKeyError):
            pytest.fail(f"{name} became {Key.load(form, algorithm)}")


@pytest.mark.parametrize("around", ["\n{}", "  {}  ", "\t{}\r\n", "{}\n\n"])
def test_white_space_does_not_disguise_a_public_key(around: str) -> None:
    public = material("ES256").public_key()
    for name in ("PEM str", "JWK str", "SSH str with a comment"):
        text = around.format(public_forms(public, "EC")[name])
        for form in (text, text.encode()):
            with pytest.raises(InvalidKeyError):
                Key.load(form, "HS256")


def test_jwk_set_is_rejected_as_hmac_secret() -> None:
    jwk = jwk_forms(material("RS256").public_key(), "RSA")["JWK mapping"]
    with pytest.raises(InvalidKeyError):
        Key.load(json.dumps({"keys": [jwk]}), "HS256")


# --- weak keys ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "minimum"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
def test_secret_shorter_than_the_hash_is_weak_or_rejected(algorithm: str, minimum: int) -> None:
    short, enough = SECRET[: minimum - 1], SECRET[:minimum]
    weak = Key.load(short, algorithm)
    assert weak.sign(b"m")
    assert f"{minimum - 1} bytes long" in str(weak.weakness)
    with pytest.raises(InvalidKeyError, match=f"below the minimum recommended length of {minimum}"):
        Key.load(short, algorithm, profile="strict")
    assert Key.load(enough, algorithm, profile="strict").weakness is None
    assert Key.load(enough, algorithm).weakness is None


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
@pytest.mark.parametrize("half", ["private", "public"])
def test_rsa_key_under_2048_bits_is_weak_or_rejected(algorithm: str, half: str) -> None:
    small: Any = rsa_private(1024)
    weak = small if half == "private" else small.public_key()
    loaded = Key.load(weak, algorithm)
    assert not loaded.verify(b"m", b"\1" * 128)
    assert "1024 bits long" in str(loaded.weakness)
    with pytest.raises(InvalidKeyError, match="1024 bits long"):
        Key.load(weak, algorithm, profile="strict")
    assert Key.load(rsa_private(2048), algorithm, profile="strict").weakness is None


def test_only_a_weak_key_reports_when_it_verifies() -> None:
    reports: list[str] = []
    weak = Key.load("short", "HS256")
    reporting = weak.with_weakness_report(reports.append)
    assert reports == []
    assert reporting.verify(b"m", weak.sign(b"m"))
    assert not reporting.verify(b"m", b"forged")
    assert reports == [weak.weakness] * 2
    strong = Key.load(SECRET, "HS256")
    assert strong.with_weakness_report(reports.append) is strong


def test_weak_secret_in_a_jwk_is_rejected_by_the_strict_profile() -> None:
    with pytest.raises(InvalidKeyError, match="below the minimum"):
        Key.load({"kty": "oct", "k": b64(b"short")}, "HS256", profile="strict")


# --- keys that do not fit ----------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["none", "None", "", "hs256", "ES256K", "RSA1_5", None, 5])
def test_unknown_algorithm_is_rejected_with_the_list_of_known_ones(algorithm: Any) -> None:
    with pytest.raises(InvalidKeyError, match="use one of HS256, HS384"):
        Key.load(SECRET, algorithm)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize("owner", ["RS256", "ES256", "ES384", "ES512", "EdDSA"])
def test_key_of_another_family_or_curve_is_rejected(owner: str, algorithm: str) -> None:
    row, other = ALGORITHMS[algorithm], ALGORITHMS[owner]
    if (row.family, row.curve) == (other.family, other.curve):
        assert Key.load(material(owner), algorithm)
        return
    for forms in (private_forms, public_forms):
        half = material(owner) if forms is private_forms else material(owner).public_key()
        for name, form in forms(half, other.family).items():
            with pytest.raises(InvalidKeyError):
                pytest.fail(f"{name} became {Key.load(form, algorithm)}")


@pytest.mark.parametrize(
    "stranger",
    [
        x25519.X25519PrivateKey.generate(),
        x25519.X25519PrivateKey.generate().public_key(),
        ed448.Ed448PrivateKey.generate(),
        ed448.Ed448PrivateKey.generate().public_key(),
        ec.generate_private_key(ec.SECP256K1()),
        dsa.generate_private_key(2048),
    ],
    ids=lambda stranger: type(stranger).__name__,
)
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_key_of_an_unsupported_kind_is_rejected(algorithm: str, stranger: Any) -> None:
    with pytest.raises(InvalidKeyError):
        Key.load(stranger, algorithm)


@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
@pytest.mark.parametrize(
    "nonsense",
    [
        *(None, 5, 1.5, True, [], object, "", b"", {}, {"kty": "x"}, {"kty": None}, {"k": "YQ"}),
        *({"kty": "oct"}, {"kty": "oct", "k": 5}, {"kty": "RSA"}, {"kty": "RSA", "n": "", "e": ""}),
        *({"kty": "EC", "crv": "P-256"}, {"kty": "OKP", "crv": "Ed25519"}, {"kty": "OKP"}),
        *({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}, {"kty": "OKP", "crv": "X25519", "x": ""}),
        {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": 5, "y": []},
    ],
    ids=repr,
)
def test_value_that_is_not_a_key_is_rejected(algorithm: str, nonsense: Any) -> None:
    with pytest.raises(InvalidKeyError):
        Key.load(nonsense, algorithm)


@pytest.mark.parametrize("algorithm", ASYMMETRIC)
@pytest.mark.parametrize(
    "text",
    [
        "secret",
        "\ud800",
        "é",
        "{",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "ssh-rsa AAAA",
        '{"kty":"RSA","n":}',
    ],
    ids=ascii,
)
def test_text_that_is_not_a_key_is_rejected(algorithm: str, text: str) -> None:
    with pytest.raises(InvalidKeyError):
        Key.load(text, algorithm)


def test_encrypted_private_key_is_rejected() -> None:
    locked = serialization.BestAvailableEncryption(b"password")
    pem = material("ES256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    for algorithm in ("ES256", "HS256"):
        with pytest.raises(InvalidKeyError):
            Key.load(pem, algorithm)


def test_rejected_key_is_pyjwts_error_too() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        Key.load("secret", "RS256")


def test_jwk_meant_for_another_algorithm_is_rejected() -> None:
    jwk = {"kty": "oct", "k": b64(SECRET)}
    for named in ("HS512", "RS256", "none", "", 5):
        with pytest.raises(InvalidKeyError, match="meant for"):
            Key.load(jwk | {"alg": named}, "HS256")
    assert Key.load(jwk | {"alg": "HS256", "use": "sig"}, "HS256")
    ed = jwk_forms(material("EdDSA"), "OKP")["JWK mapping"]
    for named in ("EdDSA", "Ed25519"):
        assert Key.load(ed | {"alg": named}, "EdDSA"), "two names of one algorithm"


def test_jwk_meant_for_encryption_is_rejected() -> None:
    with pytest.raises(InvalidKeyError, match="meant for"):
        Key.load({"kty": "oct", "k": b64(SECRET), "use": "enc"}, "HS256")


def test_jwk_given_as_a_mapping_is_left_as_it_was() -> None:
    jwk = jwk_forms(material("RS256"), "RSA")["JWK mapping"]
    before = json.dumps(jwk)
    Key.load(jwk, "RS256")
    assert json.dumps(jwk) == before


def test_public_key_cannot_encode_a_token() -> None:
    public = Key.load(material("ES256").public_key(), "ES256")
    with pytest.raises(InvalidKeyError):
        engine.encode({}, public)
    token = engine.encode({"sub": "a"}, key("ES256"))
    assert engine.Decoder([public], Policy()).decode(token).claims == {"sub": "a"}


def test_ed25519_signs_and_verifies_alike_with_and_without_libsodium(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    with_sodium = Key.load(private, "EdDSA")
    monkeypatch.setattr("flask_watchword.jose.algorithms._load_libsodium", lambda: None)
    without = Key.load(private, "EdDSA")
    signature = with_sodium.sign(b"m")
    assert signature == without.sign(b"m")
    for loaded in (with_sodium, without):
        assert loaded.verify(b"m", signature)
        for wrong in (b"", signature[:-1], signature + b"\0", bytes(64), signature[::-1]):
            assert not loaded.verify(b"m", wrong)


def test_ed25519_signs_by_libsodium(monkeypatch: pytest.MonkeyPatch) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    signed: list[bytes] = []
    sodium = algorithms._load_libsodium()
    assert sodium is not None

    def sign(message: bytes, secret: bytes) -> bytes:
        signed.append(message)
        return sodium.crypto_sign(message, secret)

    recording = sodium._replace(crypto_sign=sign)
    monkeypatch.setattr(algorithms, "_load_libsodium", lambda: recording)
    private.public_key().verify(Key.load(private, "EdDSA").sign(b"m"), b"m")
    assert signed == [b"m"]


def test_rsa_jwk_without_its_prime_factors_signs() -> None:
    numbers = rsa_private().private_numbers()
    width = (numbers.d.bit_length() + 7) // 8
    jwk = {
        "kty": "RSA",
        "n": b64(numbers.public_numbers.n.to_bytes(256, "big")),
        "e": "AQAB",
        "d": b64(numbers.d.to_bytes(width, "big")),
    }
    loaded = Key.load(jwk, "RS256")
    assert key("RS256").verify(b"m", loaded.sign(b"m"))
