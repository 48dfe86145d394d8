"""RSA keys that Infineon's library has made are refused (CVE-2017-15361)."""

import json
import random
from itertools import combinations
from math import prod

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose import Key
from flask_watchword.jose.jwk import public_members
from flask_watchword.jose.jwk_set import NoUsableKeyError, read_jwk_set
from flask_watchword.jose.keys import Profile
from flask_watchword.jose.roca import has_roca_fingerprint
from flask_watchword.keys.material import read_material

EXPONENT = 65537
#: By the bits of a key: how many primes have the product M (the paper's table 1), and k and a of
#: both primes, which are k * M + (65537 ** a mod M).
VULNERABLE = {
    512: (39, (115833751698, 8543803960586513406), (90461805816, 16944222547655682649)),
    1024: (71, (111692689692, 10728277412924512131), (122872616490, 2940449630254674223)),
    2048: (126, (7256414493095928, 15059289253273497585), (7909199038327828, 8443760718739717958)),
}
PROFILES: tuple[Profile, ...] = ("compatible", "strict")


def first_primes(count: int) -> list[int]:
    found = [2]
    number = 3
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 2
    return found


SMALL = first_primes(200)


def is_prime(number: int, chance: random.Random) -> bool:
    """Tell by trial division and Miller-Rabin whether a number is prime."""
    if any(number % prime == 0 for prime in SMALL):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(4):
        power = pow(chance.randrange(2, number - 1), odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def vulnerable_primes(bits: int) -> list[int]:
    """Return the primes of a key, made as the library makes them."""
    count, *constants = VULNERABLE[bits]
    product = prod(first_primes(count))
    return [factor * product + pow(EXPONENT, power, product) for factor, power in constants]


@pytest.fixture(scope="module")
def vulnerable() -> rsa.RSAPrivateKey:
    p, q = vulnerable_primes(2048)
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(EXPONENT, p * q),
    )
    return numbers.private_key()


@pytest.mark.parametrize("bits", VULNERABLE)
def test_every_size_of_vulnerable_key_has_the_fingerprint(bits: int) -> None:
    p, q = vulnerable_primes(bits)
    chance = random.Random(bits)  # noqa: S311 - the same trial each time
    assert is_prime(p, chance)
    assert is_prime(q, chance)
    assert has_roca_fingerprint(p * q)


def test_thousands_of_other_moduli_do_not_have_it() -> None:
    chance = random.Random(2)  # noqa: S311 - the same moduli each time
    primes: list[int] = []
    while len(primes) < 100:
        number = chance.getrandbits(128) | 1 << 127 | 1
        if is_prime(number, chance):
            primes.append(number)
    moduli = [p * q for p, q in combinations(primes, 2)]
    assert len(moduli) > 4000
    assert not any(map(has_roca_fingerprint, moduli))


def test_a_modulus_that_fits_each_prime_by_itself_but_no_one_exponent_does_not_have_it() -> None:
    # A power of 65537 modulo each of the primes, with an exponent of its own.
    product, modulus = prod(SMALL[:39]), 0
    for position, prime in enumerate(SMALL[:39]):
        rest = product // prime
        modulus += pow(EXPONENT, position % 2, prime) * rest * pow(rest, -1, prime)
    assert not has_roca_fingerprint(modulus % product)


@pytest.mark.parametrize("modulus", [0, 1 << 512, prod(SMALL[:39])])
def test_a_number_that_is_not_a_modulus_does_not_have_it(modulus: int) -> None:
    assert not has_roca_fingerprint(modulus)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("algorithm", ["RS256", "PS512"])
def test_a_vulnerable_key_is_not_loaded(
    vulnerable: rsa.RSAPrivateKey, profile: Profile, algorithm: str
) -> None:
    for key in (vulnerable, vulnerable.public_key()):
        with pytest.raises(InvalidKeyError, match="CVE-2017-15361"):
            Key.load(key, algorithm, profile=profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_vulnerable_key_of_a_jwk_set_is_left_out(
    vulnerable: rsa.RSAPrivateKey, profile: Profile
) -> None:
    other = rsa.generate_private_key(EXPONENT, 2048)
    members = [
        {"kid": kid, **public_members(key.public_key())}
        for kid, key in (("bad", vulnerable), ("good", other))
    ]
    keys = read_jwk_set({"keys": members}, ["RS256"], profile=profile)
    assert [key.kid for key in keys] == ["good"]
    with pytest.raises(NoUsableKeyError, match="CVE-2017-15361"):
        read_jwk_set({"keys": members[:1]}, ["RS256"], profile=profile)


def test_a_vulnerable_key_is_not_imported(vulnerable: rsa.RSAPrivateKey) -> None:
    pem = vulnerable.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    jwk = json.dumps(public_members(vulnerable.public_key())).encode()
    for text in (pem, jwk):
        with pytest.raises(InvalidKeyError, match="CVE-2017-15361"):
            read_material(text)
