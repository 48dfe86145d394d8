"""Every rejected form of token, each with its reason."""

import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from flask_watchword.errors import (
    DecodeError,
    InvalidAlgorithmError,
    InvalidSignatureError,
    InvalidTokenError,
    TokenRejected,
)
from flask_watchword.jose import Decoder, Key, Policy, decode_unverified, encode, jws
from tests.jose.forging import (
    FAMILIES,
    SECRET,
    b64,
    decoder,
    forge,
    key,
    material,
    resign,
)

HEADER = b64(b'{"alg":"HS256","typ":"JWT"}')
PAYLOAD = b64(b'{"sub":"a"}')
GOOD = resign(f"{HEADER}.{PAYLOAD}")
SIGNATURE = GOOD.split(".")[2]


def refused(
    token: Any, error: type[TokenRejected] = TokenRejected, match: str | None = None, **policy: Any
) -> None:
    with pytest.raises(error, match=match):
        decoder(**policy).decode(token)


def test_unmodified_token_is_accepted() -> None:
    assert decoder().decode(GOOD).claims == {"sub": "a"}


# --- base64url: one spelling -------------------------------------------------------------------


@pytest.mark.parametrize("segment", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize("character", [*"+/=~!, \t\r\n\0\x7f", "é", "\uff21", "\ud800"], ids=ascii)
@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_character_outside_the_alphabet_is_rejected(
    segment: int, character: str, place: str
) -> None:
    parts = [HEADER, PAYLOAD, SIGNATURE]
    at = {"start": 0, "middle": len(parts[segment]) // 2, "end": len(parts[segment])}[place]
    parts[segment] = parts[segment][:at] + character + parts[segment][at:]
    if segment < 2 and character != "\ud800":
        parts[2] = resign(".".join(parts[:2])).split(".")[-1]
    refused(".".join(parts), DecodeError)


@pytest.mark.parametrize("character", [b"\x80", b"\xff", b"\xc3\xa9", b"\0"])
def test_byte_outside_the_alphabet_is_rejected(character: bytes) -> None:
    refused(GOOD.encode() + character, DecodeError)


@pytest.mark.parametrize("standard", ["+", "/"])
def test_standard_alphabet_in_place_of_the_url_one_is_rejected(standard: str) -> None:
    spelled = {"+": "-", "/": "_"}
    token = next(
        token
        for count in range(1000)
        if spelled[standard] in (token := encode({"n": count}, key())).split(".")[2]
    )
    head, _, tail = token.rpartition(".")
    assert decoder().decode(token)
    refused(f"{head}.{tail.replace(spelled[standard], standard)}", DecodeError)


@pytest.mark.parametrize("header", [b'{"alg":"HS256"}', b'{"alg":"HS256" }', b'{"alg": "HS256" }'])
@pytest.mark.parametrize("payload", [b"{}", b"{} ", b"{}  "])
def test_padding_is_rejected_even_where_it_is_right(header: bytes, payload: bytes) -> None:
    bare = [b64(header), b64(payload)]
    padded = [text + "=" * (-len(text) % 4) for text in bare]
    assert decoder().decode(resign(".".join(bare)))
    for parts in ([padded[0], bare[1]], [bare[0], padded[1]]):
        if parts != bare:
            refused(resign(".".join(parts)), DecodeError)
    refused(resign(".".join(bare)) + "=", DecodeError)


def test_trailing_bits_that_are_not_zero_are_rejected_in_every_segment() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    header, payload = b64(b'{"alg":"HS256" }'), b64(b'{"a":1}')
    signature = resign(f"{header}.{payload}").split(".")[2]
    assert [len(part) % 4 for part in (header, payload, signature)] == [2, 2, 3]
    for place, spare in ((0, 16), (1, 16), (2, 4)):
        for bits in range(1, spare):
            parts = [header, payload, signature]
            last = alphabet[alphabet.index(parts[place][-1]) + bits]
            parts[place] = parts[place][:-1] + last
            if place < 2:
                parts[2] = resign(".".join(parts[:2])).split(".")[2]
            refused(".".join(parts), DecodeError)


def test_segment_of_an_impossible_length_is_rejected() -> None:
    payload = b64(b'{"a":1}  ')
    assert len(payload) % 4 == 0
    refused(resign(f"{HEADER}.{payload}A"), DecodeError)


# --- three segments, of bounded size -----------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Not enough segments"),
        ("a", "Not enough segments"),
        (f"{HEADER}.{PAYLOAD}", "Not enough segments"),
        (f"{GOOD}.", None),
        (f"{GOOD}.{SIGNATURE}", None),
        (f".{GOOD}", None),
        (f"{HEADER}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}", None),
        (".", "Not enough segments"),
        ("..", None),
        ("...", None),
        ("....", None),
        (f".{PAYLOAD}.{SIGNATURE}", None),
    ],
)
def test_more_or_fewer_than_three_segments_are_rejected(token: str, message: str | None) -> None:
    refused(token, DecodeError, message)


def test_token_without_signature_is_rejected() -> None:
    refused(f"{HEADER}.{PAYLOAD}.", InvalidSignatureError)


@pytest.mark.parametrize("token", [resign(f"{HEADER}."), f"{HEADER}..{SIGNATURE}"])
def test_token_without_payload_is_rejected(token: str) -> None:
    refused(token, DecodeError)


@pytest.mark.parametrize("more", ["", ".", f".{PAYLOAD}", f".{PAYLOAD}.{PAYLOAD}"])
def test_genuinely_signed_token_of_more_segments_is_rejected_for_their_number(more: str) -> None:
    token = resign(f"{HEADER}.{PAYLOAD}.{more}")
    with pytest.raises(DecodeError, match="Too many segments"):
        jws.verify_compact(token, [key()])
    refused(token, DecodeError)


def test_encrypted_token_of_five_segments_is_rejected() -> None:
    header = b64(b'{"alg":"dir","enc":"A128GCM"}')
    refused(f"{header}..{b64(b'i' * 12)}.{b64(b'text')}.{b64(b't' * 16)}", DecodeError)


@pytest.mark.parametrize("token", [None, 5, 1.5, True, [], {}, object], ids=repr)
def test_token_that_is_not_text_is_rejected(token: Any) -> None:
    refused(token, DecodeError, "Invalid token type")


def test_oversized_token_is_rejected_before_anything_else() -> None:
    faults = ("x" * 9000, "é" * 9000, "." * 9000, "\ud800" * 9000, "[" * 9000)
    for token in faults:
        refused(token, DecodeError, "^Token is larger than 8192 bytes$")
        refused(token.encode("utf-8", "replace"), DecodeError, "larger than 8192")
        with pytest.raises(DecodeError, match="larger than 8192"):
            decode_unverified(token)
        with pytest.raises(DecodeError, match="larger than 8192"):
            jws.verify_compact(token, [key()])


def test_size_limit_counts_the_last_byte() -> None:
    token = encode({"text": "x" * 300}, key())
    assert decoder(max_token_bytes=len(token)).decode(token)
    refused(token, DecodeError, "larger than", max_token_bytes=len(token) - 1)


def test_largest_genuine_token_is_accepted_and_a_larger_one_rejected() -> None:
    filler = next(n for n in range(6200, 5000, -1) if len(encode({"a": "x" * n}, key())) <= 8192)
    assert decoder().decode(encode({"a": "x" * filler}, key()))
    refused(encode({"a": "x" * (filler + 3)}, key()), DecodeError, "larger than 8192 bytes")


# --- alg: the key's, letter for letter ---------------------------------------------------------


@pytest.mark.parametrize(
    "alg",
    [
        *("none", "None", "NONE", "nOnE", "none ", " none", "non\u0435", "", "null"),
        *("hs256", "Hs256", "HS256 ", "HS-256", "HS255", "HS1", "ES256K", "A128KW", "dir", "*"),
        *(None, 0, 256, True, [], ["HS256"], {}, {"HS256": 1}),
    ],
    ids=repr,
)
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_alg_outside_the_allow_list_is_rejected(alg: Any, signed: bool) -> None:
    token = forge({"sub": "a"}, {"alg": alg, "typ": "JWT"})
    refused(token if signed else token.rpartition(".")[0] + ".", InvalidAlgorithmError)


@pytest.mark.parametrize("header", [b"{}", b'{"typ":"JWT"}', b'{"ALG":"HS256"}'])
def test_header_without_alg_is_rejected(header: bytes) -> None:
    refused(forge(b"{}", header), InvalidAlgorithmError)


@pytest.mark.parametrize("spoken", FAMILIES)
@pytest.mark.parametrize("held", FAMILIES)
def test_alg_other_than_the_keys_is_rejected(spoken: str, held: str) -> None:
    token = encode({"sub": "a"}, key(spoken))
    if spoken == held:
        assert decoder(held).decode(token).claims == {"sub": "a"}
        return
    with pytest.raises(InvalidAlgorithmError):
        decoder(held).decode(token)


@pytest.mark.parametrize(("signs", "claims"), [("HS384", "HS256"), ("RS512", "RS256")])
def test_signature_by_another_hash_of_the_family_is_rejected(signs: str, claims: str) -> None:
    signing_input = f"{b64(json.dumps({'alg': claims}).encode())}.{PAYLOAD}"
    signature = key(signs).sign(signing_input.encode())
    with pytest.raises(InvalidSignatureError):
        decoder(claims).decode(f"{signing_input}.{b64(signature)}")


def test_eddsa_and_its_newer_name_are_two_names() -> None:
    token = encode({}, key("EdDSA"))
    with pytest.raises(InvalidAlgorithmError):
        Decoder([Key.load(material("EdDSA"), "Ed25519")], Policy()).decode(token)
    both = [Key.load(material("EdDSA"), name) for name in ("Ed25519", "EdDSA")]
    assert Decoder(both, Policy()).decode(token).header["alg"] == "EdDSA"


def test_decoder_without_keys_accepts_nothing() -> None:
    with pytest.raises(InvalidAlgorithmError):
        Decoder([], Policy()).decode(GOOD)


# --- header members that would choose or bend the verification ---------------------------------


@pytest.mark.parametrize("name", ["crit", "b64"])
@pytest.mark.parametrize("value", [False, True, None, [], ["exp"], ["b64"], ["x"], "b64", 1, {}])
def test_any_crit_and_any_b64_is_rejected(name: str, value: Any) -> None:
    refused(forge({"sub": "a"}, {"alg": "HS256", name: value}), TokenRejected)


def test_unencoded_payload_is_rejected() -> None:
    header = b64(b'{"alg":"HS256","b64":false,"crit":["b64"]}')
    refused(resign(f'{header}.{{"sub":"a"}}'), TokenRejected)


@pytest.mark.parametrize("kid", [None, 1, True, [], {}], ids=repr)
def test_kid_that_is_not_a_string_is_rejected(kid: Any) -> None:
    refused(forge({"sub": "a"}, {"alg": "HS256", "kid": kid}), InvalidTokenError)


def _foreign_header() -> dict[str, Any]:
    jwk = {"kty": "oct", "k": b64(b"attacker" * 8)}
    return {
        "alg": "HS256",
        "jwk": jwk,
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/chain",
        "x5c": ["AAAA"],
    }


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_token_signed_by_a_key_in_its_header_is_rejected(name: str) -> None:
    header = {"alg": "HS256", name: _foreign_header()[name]}
    refused(forge({"sub": "a"}, header, b"attacker" * 8), InvalidSignatureError)


def test_token_signed_by_a_public_key_in_its_header_is_rejected() -> None:
    attacker = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(attacker.public_key(), as_dict=True)
    token = encode({"sub": "a"}, Key.load(attacker, "ES256"), {"jwk": jwk})
    assert Decoder([Key.load(jwk, "ES256")], Policy()).decode(token), "genuine in itself"
    with pytest.raises(InvalidSignatureError):
        decoder("ES256").decode(token)


def test_keys_and_addresses_in_a_header_are_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_: object, **__: object) -> None:
        raise AssertionError("the header's key or address was used")

    monkeypatch.setattr("socket.socket.connect", touched)
    monkeypatch.setattr("flask_watchword.jose.keys.Key.load", touched)
    verifying = decoder()
    header = _foreign_header()
    token = forge({"sub": "a"}, header)
    assert verifying.decode(token).header == header, "judged by our key alone, as any other token"


def test_garbage_in_the_unread_members_changes_nothing() -> None:
    values: list[Any] = [None, 1, [], {}, "x", {"kty": "oct", "k": 5}]
    for value in values:
        header = {"alg": "HS256"} | dict.fromkeys(("jwk", "jku", "x5u", "x5c"), value)
        assert decoder().decode(forge({"sub": "a"}, header)).claims == {"sub": "a"}


def test_wrong_secret_is_rejected() -> None:
    refused(forge({"sub": "a"}, secret=SECRET[::-1]), InvalidSignatureError)


def test_every_error_is_an_exception_of_pyjwt_too() -> None:
    for token in ("", "a.b.c", forge(b"[]"), forge(b"{}", {"alg": "none"}), GOOD[:-1] + "A"):
        refused(token, TokenRejected)
        with pytest.raises(jwt.InvalidTokenError):
            decoder().decode(token)
