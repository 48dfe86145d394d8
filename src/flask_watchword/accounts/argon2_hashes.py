"""What argon2 makes of a password (RFC 9106): by libsodium where it knows the kind.

libsodium uses the widest instructions that the processor has, and takes little more than half the
time of argon2-cffi, whose code is compiled for every processor. It knows argon2id of one lane with
a salt of 16 bytes, which is what hashes made here have. argon2-cffi knows the others.
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

#: What every hash of this kind begins with.
ARGON2 = "$argon2"

VERSION = 19  # RFC 9106 section 3.1: 0x13, the only one in use

#: Of memory, passes and lanes: they are numbers of 32 bits (RFC 9106 section 3.1).
_MOST = 2**32 - 1

_NO_MEMORY = error_to_str(-22)  # argon2.h: ARGON2_MEMORY_ALLOCATION_ERROR

_SODIUM_LEAST_KIB = 8
_SODIUM_LEAST_BYTES = 16


class NotArgon2(Exception):
    """A text that begins like an argon2 hash and is none."""


@dataclass(frozen=True, slots=True)
class Argon2Hash:
    """A hash, taken apart.

    Attributes:
        parameters: what it costs, and of which kind it is.
        salt: what the password was mixed with.
        digest: what came of it.
    """

    parameters: Parameters
    salt: bytes
    digest: bytes

    def is_of(self, password: bytes) -> bool:
        """Tell whether it was made of this password, at the cost of making it anew.

        Raises:
            NotArgon2: when nothing can be made with its parameters.
        """
        return hmac.compare_digest(derive(self.parameters, self.salt, password), self.digest)

    def encoded(self) -> str:
        """Return it as it is kept."""
        of = self.parameters
        salt, digest = (_base64(value) for value in (self.salt, self.digest))
        costs = f"m={of.memory_cost},t={of.time_cost},p={of.parallelism}"
        return f"{ARGON2}{of.type.name.lower()}$v={of.version}${costs}${salt}${digest}"


def read_argon2(stored: str) -> Argon2Hash:
    """Take a hash apart.

    Raises:
        NotArgon2: when it is none.
    """
    try:
        parameters = extract_parameters(stored)
        salt, digest = (_unbase64(part) for part in stored.split("$")[-2:])
    except (InvalidHashError, ValueError) as error:
        raise NotArgon2 from error
    costs = (parameters.memory_cost, parameters.time_cost, parameters.parallelism)
    if not all(0 < cost <= _MOST for cost in costs):
        raise NotArgon2
    return Argon2Hash(parameters, salt, digest)


def derive(parameters: Parameters, salt: bytes, password: bytes) -> bytes:
    """Return what argon2 makes of a password.

    Raises:
        NotArgon2: when nothing can be made with these parameters.
        MemoryError: when there is no memory for it now.
    """
    if _sodium_knows(parameters, salt):
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


def _sodium_knows(parameters: Parameters, salt: bytes) -> bool:
    return (
        parameters.type is Type.ID
        and parameters.version == VERSION
        and parameters.parallelism == 1
        and parameters.memory_cost >= _SODIUM_LEAST_KIB
        and parameters.hash_len >= _SODIUM_LEAST_BYTES
        and len(salt) == crypto_pwhash_SALTBYTES
    )


def _by_sodium(parameters: Parameters, salt: bytes, password: bytes) -> bytes:
    size, passes = parameters.hash_len, parameters.time_cost
    memory = parameters.memory_cost * 1024
    try:
        digest: bytes = crypto_pwhash_alg(size, password, salt, passes, memory, _ARGON2ID)
    except SodiumFailed as error:
        # The only thing that can go wrong with parameters that it knows.
        raise MemoryError from error
    return digest


def _base64(value: bytes) -> str:
    return base64.b64encode(value).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("it is no base64") from error
