"""ECDSA signatures are exactly r and s side by side; others have exactly their length."""

from itertools import count

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from flask_watchword.errors import DecodeError, InvalidSignatureError
from flask_watchword.jose import ALGORITHMS, algorithms, encode
from tests.jose.forging import EVERY_ALGORITHM, b64, decoder, key, material, unb64

ELLIPTIC = ("ES256", "ES384", "ES512")
RSA = [name for name in EVERY_ALGORITHM if name.startswith(("RS", "PS"))]
ORDERS = {
    "ES256": 2**256 - 2**224 + 2**192 - 0x4319055258E8617B0C46353D039CDAAF,
    "ES384": 2**384 - 0x389CB27E0BC8D220A7E5F24DB74F58851313E695333AD68D,
    "ES512": 2**521 - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
}


class Signed:
    """A genuine token of an elliptic-curve key, taken apart."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        token = encode({"sub": "a"}, key(algorithm))
        self.signing_input, _, signature = token.rpartition(".")
        self.signature = unb64(signature)
        self.octets = len(self.signature) // 2
        self.r = int.from_bytes(self.signature[: self.octets], "big")
        self.s = int.from_bytes(self.signature[self.octets :], "big")

    def accepts(self, signature: bytes) -> bool:
        try:
            decoder(self.algorithm).decode(f"{self.signing_input}.{b64(signature)}")
        except (InvalidSignatureError, DecodeError):
            return False
        return True

    def raw(self, r: int, s: int) -> bytes:
        return r.to_bytes(self.octets, "big") + s.to_bytes(self.octets, "big")


@pytest.mark.parametrize("algorithm", ELLIPTIC)
def test_order_of_the_curve_is_the_standards(algorithm: str) -> None:
    curve = ALGORITHMS[algorithm].curve
    assert curve is not None
    assert curve.order == ORDERS[algorithm]


@pytest.mark.parametrize(("algorithm", "size"), [("ES256", 64), ("ES384", 96), ("ES512", 132)])
def test_ecdsa_signature_is_r_and_s_at_full_width(algorithm: str, size: int) -> None:
    for number in range(40):
        signature = key(algorithm).sign(b"%d" % number)
        assert len(signature) == size
        assert key(algorithm).verify(b"%d" % number, signature)


@pytest.mark.parametrize("algorithm", ELLIPTIC)
def test_ecdsa_signature_in_der_is_rejected(algorithm: str) -> None:
    signed = Signed(algorithm)
    assert signed.accepts(signed.signature)
    assert not signed.accepts(encode_dss_signature(signed.r, signed.s))


def test_der_that_happens_to_have_the_raw_length_is_rejected() -> None:
    # DER takes 6 bytes more than its two numbers, so the numbers have to be 6 bytes short.
    der = encode_dss_signature(2**200 + 1, 2**247 + 1)
    der += bytes(64 - len(der))
    assert not Signed("ES256").accepts(der[:64])


@pytest.mark.parametrize("algorithm", ELLIPTIC)
def test_ecdsa_signature_too_short_or_too_long_is_rejected(algorithm: str) -> None:
    signed = Signed(algorithm)
    raw, half = signed.signature, signed.octets
    assert not signed.accepts(b"")
    for variant in (raw[:-1], raw[1:], raw[:half], raw + b"\0", b"\0" + raw, raw + raw):
        assert not signed.accepts(variant)
    padded = b"\0" + raw[:half] + b"\0" + raw[half:]
    assert not signed.accepts(padded), "the same numbers, written wider"


@pytest.mark.parametrize("algorithm", ELLIPTIC)
def test_ecdsa_numbers_out_of_range_are_rejected(algorithm: str) -> None:
    signed, order = Signed(algorithm), ORDERS[algorithm]
    largest = 2 ** (8 * signed.octets) - 1
    for bad in (0, order, order + 1, largest):
        assert not signed.accepts(signed.raw(bad, signed.s))
        assert not signed.accepts(signed.raw(signed.r, bad))
        assert not signed.accepts(signed.raw(bad, bad))


def test_ecdsa_numbers_congruent_to_the_genuine_ones_are_rejected() -> None:
    signed, order = Signed("ES512"), ORDERS["ES512"]
    assert not signed.accepts(signed.raw(signed.r + order, signed.s))
    assert not signed.accepts(signed.raw(signed.r, signed.s + order))


def test_numbers_out_of_range_never_reach_the_library() -> None:
    # cryptography rejects them too; rejecting them earlier is a guarantee of this package.
    class Lenient:
        def verify(self, *_: object) -> None:
            """Accept."""

    verify = algorithms.ec_verifier(ALGORITHMS["ES256"], Lenient())  # type: ignore[arg-type]
    order = ORDERS["ES256"]

    def raw(r: int, s: int) -> bytes:
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    for fine in (1, order - 1):
        assert verify(b"", raw(fine, fine))
    for bad in (0, order, 2**256 - 1):
        assert not verify(b"", raw(bad, 1))
        assert not verify(b"", raw(1, bad))
    wider = (1).to_bytes(32, "big") + (1).to_bytes(33, "big")
    for wrong in (b"", bytes([1]) * 63, bytes([1]) * 65, wider, encode_dss_signature(1, 1)):
        assert not verify(b"", wrong)


def test_signature_by_the_library_itself_verifies_once_it_is_raw() -> None:
    signed = Signed("ES256")
    der = material("ES256").sign(signed.signing_input.encode(), ec.ECDSA(hashes.SHA256()))
    assert not signed.accepts(der)
    assert signed.accepts(signed.raw(*decode_dss_signature(der)))


@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
def test_signature_of_another_length_is_rejected(algorithm: str) -> None:
    signature = key(algorithm).sign(b"m")
    assert key(algorithm).verify(b"m", signature)
    for wrong in (b"", signature[:-1], signature + b"\0", b"\0" + signature, signature[1:]):
        assert not key(algorithm).verify(b"m", wrong)
    assert not key(algorithm).verify(b"m", bytes(len(signature)))
    assert not key(algorithm).verify(b"m", b"\xff" * len(signature))


@pytest.mark.parametrize("algorithm", RSA)
def test_rsa_signature_without_its_leading_zero_is_rejected(algorithm: str) -> None:
    # One signature in 256 begins with a zero.
    messages = map(str.encode, map(str, count()))
    message, signature = next(
        (message, signature)
        for message in messages
        if (signature := key(algorithm).sign(message)).startswith(b"\0")
    )
    assert key(algorithm).verify(message, signature)
    assert not key(algorithm).verify(message, signature.lstrip(b"\0"))


@pytest.mark.parametrize("algorithm", EVERY_ALGORITHM)
def test_border_between_signature_and_message_cannot_be_moved(algorithm: str) -> None:
    signature, message = key(algorithm).sign(b"message"), b"message"
    assert not key(algorithm).verify(message[1:], signature + message[:1])
    assert not key(algorithm).verify(signature[-1:] + message, signature[:-1])
