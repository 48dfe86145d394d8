"""Detect RSA keys that can be factored by the ROCA attack (CVE-2017-15361).

A library by Infineon generated primes as ``k * M + (65537 ** a mod M)``, where ``M`` is the product
of the first 39 primes, or of more of them for longer keys. The modulus of such a key is therefore
a power of 65537 modulo ``M``, and the private key can be computed from the public one (Nemec, Sys,
Svenda, Klinec and Matyas, The Return of Coppersmith's Attack, 2017, section 2). Powers of 65537 are
one in 2**154 of the numbers that are coprime to ``M``, so no other key has that form by chance.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import gcd

_GENERATOR = 65537
_PRIMES = (
    *(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71),
    *(73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)


def has_roca_fingerprint(modulus: int) -> bool:
    """Tell whether an RSA modulus is a power of 65537 modulo the product of the first 39 primes.

    For each prime this gives the exponent modulo the order of 65537; one exponent has to fit all.
    """
    exponent, period = 0, 1
    for prime, logarithms in _logarithms():
        found = logarithms.get(modulus % prime)
        if found is None:
            return False
        # The Chinese remainder theorem, for moduli with common factors.
        order = len(logarithms)
        common = gcd(period, order)
        if (found - exponent) % common:
            return False
        rest = order // common
        steps = (found - exponent) // common * pow(period // common, -1, rest) % rest
        exponent, period = exponent + period * steps, period * rest
    return True


@cache
def _logarithms() -> Sequence[tuple[int, Mapping[int, int]]]:
    """Return, for each prime, the powers of 65537 and their exponents."""
    return tuple((prime, _powers(prime)) for prime in _PRIMES)


def _powers(prime: int) -> Mapping[int, int]:
    powers: dict[int, int] = {}
    power = 1
    while power not in powers:
        powers[power] = len(powers)
        power = power * _GENERATOR % prime
    return powers
