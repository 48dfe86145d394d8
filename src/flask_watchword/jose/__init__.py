"""The token engine. No Flask, no SQL, no network, no globals: keys and clock are arguments."""

from flask_watchword.jose.algorithms import ALGORITHMS
from flask_watchword.jose.claims import Policy
from flask_watchword.jose.jws import sign_compact, verify_compact
from flask_watchword.jose.jwt import Decoder, Token, VerifiedToken, decode_unverified, encode
from flask_watchword.jose.keys import Key, Profile

__all__ = [
    "ALGORITHMS",
    "Decoder",
    "Key",
    "Policy",
    "Profile",
    "Token",
    "VerifiedToken",
    "decode_unverified",
    "encode",
    "sign_compact",
    "verify_compact",
]
