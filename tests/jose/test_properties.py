"""What has to hold for all claims and for every bit of a token."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_watchword.errors import TokenRejected
from flask_watchword.jose import Decoder, Policy, encode, jws
from flask_watchword.jose.encoding import b64url_decode, b64url_encode, dump_object, parse_object
from tests.jose.forging import EVERY_ALGORITHM, FAMILIES, b64, decoder, key

BOUNDED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow],
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
REGISTERED = frozenset({"exp", "nbf", "iat", "iss", "aud", "sub", "jti"})
CLAIMS = st.dictionaries(TEXT.filter(lambda name: name not in REGISTERED), JSON, max_size=6)


def same_json(left: object, right: object) -> bool:
    """Compare as JSON texts do: True is not 1, and 1.0 is not 1."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
@given(claims=CLAIMS)
@BOUNDED
def test_decoding_undoes_encoding(algorithm: str, claims: dict[str, Any]) -> None:
    decoded = decoder(algorithm).decode(encode(claims, key(algorithm)))
    assert same_json(decoded.claims, claims)
    assert decoded.header == {"alg": algorithm, "typ": "JWT"}


@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
def test_decoding_undoes_encoding_under_every_algorithm(algorithm: str) -> None:
    claims = {"sub": "ä", "n": [1, 1.5, None, True, {"x": ""}]}
    token = encode(claims, key(algorithm), {"kid": "k"})
    assert decoder(algorithm).decode(token) == (
        {"alg": algorithm, "typ": "JWT", "kid": "k"},
        claims,
    )


@given(payload=st.binary(max_size=200))
@BOUNDED
def test_verifying_undoes_signing_for_any_bytes(payload: bytes) -> None:
    token = jws.sign_compact(payload, key(), {"cty": "x"})
    assert jws.verify_compact(token, [key()]) == ({"alg": "HS256", "cty": "x"}, payload)


@given(data=st.binary(max_size=70))
@BOUNDED
def test_bytes_have_one_base64url_spelling(data: bytes) -> None:
    text = b64url_encode(data)
    assert text == b64(data).encode()
    assert b64url_decode(text) == data


@given(text=st.text("AQgwB-_=+/ .", max_size=12))
@BOUNDED
def test_text_that_decodes_is_the_one_spelling_of_its_bytes(text: str) -> None:
    try:
        data = b64url_decode(text.encode())
    except ValueError:
        return
    assert b64url_encode(data) == text.encode()


@given(claims=CLAIMS)
@BOUNDED
def test_reading_undoes_writing_json_however_it_is_spaced(claims: dict[str, Any]) -> None:
    assert same_json(parse_object(dump_object(claims)), claims)
    assert same_json(parse_object(json.dumps(claims, indent=1).encode()), claims)


@given(data=st.binary(max_size=40) | TEXT.map(str.encode) | JSON.map(lambda v: str(v).encode()))
@BOUNDED
def test_reading_json_returns_an_object_or_a_value_error(data: bytes) -> None:
    try:
        value = parse_object(data)
    except ValueError:
        return
    assert same_json(value, json.loads(data))


@given(token=st.text(max_size=60) | st.binary(max_size=60))
@BOUNDED
def test_nonsense_is_rejected_and_never_crashes(token: str | bytes) -> None:
    with pytest.raises(TokenRejected):
        decoder().decode(token)


@given(parts=st.lists(JSON.map(lambda v: b64(json.dumps(v).encode())), min_size=1, max_size=5))
@BOUNDED
def test_segments_of_arbitrary_json_are_rejected_and_never_crash(parts: list[str]) -> None:
    with pytest.raises(TokenRejected):
        decoder().decode(".".join(parts))


def bit_flips(token: str) -> list[bytes]:
    """Return the token with each bit of each of its bytes flipped once, dots included."""
    raw = token.encode()
    return [
        raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]
        for at in range(len(raw))
        for bit in range(8)
    ]


@pytest.mark.parametrize("algorithm", FAMILIES)
def test_every_flipped_bit_of_the_text_is_rejected(algorithm: str) -> None:
    token = encode({"sub": "a", "n": 1}, key(algorithm))
    verifying = Decoder([key(algorithm)], Policy())
    assert verifying.decode(token)
    for flipped in bit_flips(token):
        with pytest.raises(TokenRejected):
            verifying.decode(flipped)


@pytest.mark.parametrize("segment", [0, 1, 2], ids=["header", "payload", "signature"])
@pytest.mark.parametrize("algorithm", FAMILIES)
def test_every_flipped_bit_of_the_decoded_segment_is_rejected(algorithm: str, segment: int) -> None:
    parts = encode({"sub": "a", "n": 1}, key(algorithm)).split(".")
    verifying = Decoder([key(algorithm)], Policy())
    data = b64url_decode(parts[segment].encode())
    for at in range(len(data)):
        for bit in range(8):
            changed = data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
            flipped = [*parts[:segment], b64(changed), *parts[segment + 1 :]]
            with pytest.raises(TokenRejected):
                verifying.decode(".".join(flipped))
