"""argon2 hashes (RFC 9106), computed by libsodium where it supports the parameters.

libsodium uses the widest instructions of the processor, and takes little more than half the time of
argon2-cffi, which is compiled for any processor. It supports argon2id with one lane and a salt of
16 bytes, as our own hashes have. argon2-cffi supports all others.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass

from argon2 import Parameters, Type, extract_parameters
from argon2.exceptions import HashingError, InvalidHashError
from argon2.low_level import error_to_str, hash_secret_raw
from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_SALTBYTES
from nacl.bindings import crypto_pwhash_ALG_ARGON2ID13 as _ARGON2ID
from nacl.exceptions import RuntimeError as SodiumFailed

#: The prefix of every argon2 hash.
ARGON2 = "$argon2"

VERSION = 19  # RFC 9106 section 3.1: 0x13, the only one in use

#: Maximum of memory, passes and lanes, which are 32-bit numbers (RFC 9106 section 3.1).
_MAX_COST = 2**32 - 1

_NO_MEMORY = error_to_str(-22)  # argon2.h: ARGON2_MEMORY_ALLOCATION_ERROR

_SODIUM_MIN_KIB = 8
_SODIUM_MIN_BYTES = 16


class NotArgon2(Exception):
    """The text begins like an argon2 hash but is malformed."""


@dataclass(frozen=True, slots=True)
class Argon2Hash:
    """A parsed hash.

    Attributes:
        parameters: its cost and its variant.
        salt: the salt.
        digest: the digest.
    """

    parameters: Parameters
    salt: bytes
    digest: bytes

    def matches(self, password: bytes) -> bool:
        """Tell whether the hash matches this password, by computing it again.

        Raises:
            NotArgon2: if the parameters are invalid.
        """
        return hmac.compare_digest(derive(self.parameters, self.salt, password), self.digest)

    def encoded(self) -> str:
        """Return the hash in its standard encoding."""
        own = self.parameters
        salt, digest = (_base64(value) for value in (self.salt, self.digest))
        costs = f"m={own.memory_cost},t={own.time_cost},p={own.parallelism}"
        return f"{ARGON2}{own.type.name.lower()}$v={own.version}${costs}${salt}${digest}"


def read_argon2(stored: str) -> Argon2Hash:
    """Parse a hash.

    Raises:
        NotArgon2: if it is malformed.
    """
    try:
        parameters = extract_parameters(stored)
        salt, digest = (_unbase64(part) for part in stored.split("$")[-2:])
    except (InvalidHashError, ValueError) as error:
        raise NotArgon2 from error
    costs = (parameters.memory_cost, parameters.time_cost, parameters.parallelism)
    if not all(0 < cost <= _MAX_COST for cost in costs):
        raise NotArgon2
    return Argon2Hash(parameters, salt, digest)


def derive(parameters: Parameters, salt: bytes, password: bytes) -> bytes:
    """Return the argon2 digest of a password.

    Raises:
        NotArgon2: if the parameters are invalid.
        MemoryError: if there is not enough memory.
    """
    if _sodium_supports(parameters, salt):
        return _by_sodium(parameters, salt, password)
    try:
        return hash_secret_raw(
            password,
            salt,
            parameters.time_cost,
            parameters.memory_cost,
            parameters.parallelism,
            parameters.hash_len,
            parameters.type,
            parameters.version,
        )
    except HashingError as error:
        if str(error) == _NO_MEMORY:
            raise MemoryError from error
        raise NotArgon2 from error


def _sodium_supports(parameters: Parameters, salt: bytes) -> bool:
    return (
        parameters.type is Type.ID
        and parameters.version == VERSION
        and parameters.parallelism == 1
        and parameters.memory_cost >= _SODIUM_MIN_KIB
        and parameters.hash_len >= _SODIUM_MIN_BYTES
        and len(salt) == crypto_pwhash_SALTBYTES
    )


def _by_sodium(parameters: Parameters, salt: bytes, password: bytes) -> bytes:
    size, passes = parameters.hash_len, parameters.time_cost
    memory = parameters.memory_cost * 1024
    try:
        digest: bytes = crypto_pwhash_alg(size, password, salt, passes, memory, _ARGON2ID)
    except SodiumFailed as error:
        # The only possible failure with supported parameters.
        raise MemoryError from error
    return digest


def _base64(value: bytes) -> str:
    return base64.b64encode(value).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
