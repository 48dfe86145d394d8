"""Load the configured keys: one signs, and all of them verify, so keys can be rotated."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_watchword.errors import InvalidKeyError
from flask_watchword.extension.options.values import (
    Config,
    decode_algorithms,
    decode_key,
    encode_key,
    profile,
)
from flask_watchword.jose import ALGORITHMS, Key, Profile
from flask_watchword.jose.encoding import parse_object
from flask_watchword.jose.jwk_set import read_jwk_set
from flask_watchword.jose.jws import MAX_CANDIDATES


def verifying_keys(config: Config) -> list[Key]:
    """Return the configured keys that verify: the application's current key first.

    Without JWT_PUBLIC_KEYS no key has a ``kid``, and each verifies every token of its algorithm.

    Raises:
        InvalidKeyError, RuntimeError: when a key is missing or invalid.
    """
    loaded = load_keys(decode_key(config), decode_algorithms(config), profile(config))
    own = [_named(config, key) for key in loaded]
    return own + _further_keys(config, own)


def signing_key(config: Config) -> Key:
    """Return the configured key that signs, with the ``kid`` that new tokens carry.

    Raises:
        InvalidKeyError, RuntimeError: when a key is missing or invalid.
    """
    key = Key.load(encode_key(config), config["JWT_ALGORITHM"], profile=profile(config))
    return _named(config, key)


def check_further_keys(config: Config) -> None:
    """Check JWT_SECRET_KEY_FALLBACKS and JWT_PUBLIC_KEYS; no signing key is needed.

    Raises:
        InvalidKeyError, RuntimeError: when one of the keys is invalid.
    """
    _further_keys(config, [])


def load_keys(material: Any, algorithms: Sequence[str], profile: Profile) -> list[Key]:
    """Load key material for each of the algorithms that it supports.

    Raises:
        InvalidKeyError: when it supports none.
    """
    keys, reason = [], InvalidKeyError("no algorithm is allowed")
    for algorithm in algorithms:
        try:
            keys.append(Key.load(material, algorithm, profile=profile))
        except InvalidKeyError as error:
            reason = error
    if not keys:
        raise reason
    return keys


def _named(config: Config, key: Key) -> Key:
    """Set the kid of the application's key: from its public or private JWK, or the default."""
    if config["JWT_PUBLIC_KEYS"] is None or key.jwk is None:
        return key.with_kid(None)
    for option in ("JWT_PUBLIC_KEY", "JWT_PRIVATE_KEY"):
        if config[option]:
            half = Key.load(config[option], key.algorithm, profile=profile(config))
            if half.kid is not None and half.jwk == key.jwk:
                return key.with_kid(half.kid)
    return key.with_kid(None).with_default_kid()


def _further_keys(config: Config, own: Sequence[Key]) -> list[Key]:
    accepted, strictness = decode_algorithms(config), profile(config)
    rows = [ALGORITHMS[name] for name in accepted if name in ALGORITHMS]
    secret = [row.name for row in rows if row.family == "HMAC"]
    public = [row.name for row in rows if row.family != "HMAC"]
    keys: list[Key] = []
    for position, material in enumerate(_listed(config, "JWT_SECRET_KEY_FALLBACKS")):
        place = f"JWT_SECRET_KEY_FALLBACKS[{position}]"
        # Tokens signed with a secret have no kid, so a fallback has none either.
        keys += [k.with_kid(None) for k in _loaded(place, material, secret, strictness)]
    if len(keys) > len(secret) * (MAX_CANDIDATES - 1):
        raise RuntimeError(
            f"JWT_SECRET_KEY_FALLBACKS may hold at most {MAX_CANDIDATES - 1} secrets: an invalid "
            "token is checked against each"
        )
    known: dict[tuple[str, str | None], Key] = {
        (key.algorithm, key.kid): key for key in own if key.kid is not None
    }
    for position, material in enumerate(_listed(config, "JWT_PUBLIC_KEYS")):
        place = f"JWT_PUBLIC_KEYS[{position}]"
        for key in _public(place, material, public, strictness):
            same = known.setdefault((key.algorithm, key.kid), key)
            if same.jwk != key.jwk:
                raise InvalidKeyError(f"{place}: another key already has the kid {key.kid!r}")
            if same is key:
                keys.append(key)
    return keys


def _listed(config: Config, option: str) -> Sequence[Any]:
    value = config[option]
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise RuntimeError(f"{option} must be a list of keys, or None")
    return value


def _public(place: str, material: Any, algorithms: Sequence[str], strictness: Profile) -> list[Key]:
    document = _as_jwk_set(material)
    if document is None:
        keys = _loaded(place, material, algorithms, strictness)
    else:
        try:
            keys = read_jwk_set(document, algorithms, profile=strictness)
        except InvalidKeyError as error:
            raise InvalidKeyError(f"{place}: {error}") from error
    if any(key.signer is not None for key in keys):
        raise InvalidKeyError(f"{place} is a private key; use only its public part")
    return [key.with_default_kid() for key in keys]


def _as_jwk_set(material: Any) -> Mapping[str, Any] | None:
    if isinstance(material, str | bytes):
        text = material.encode("utf-8", "replace") if isinstance(material, str) else material
        try:
            material = parse_object(text)
        except ValueError:
            return None
    if not isinstance(material, Mapping):
        return None
    # A single JWK is treated as a set, so a private key is rejected in both.
    return material if "keys" in material else {"keys": [material]}


def _loaded(place: str, material: Any, algorithms: Sequence[str], strictness: Profile) -> list[Key]:
    if not algorithms:
        raise InvalidKeyError(
            f"{place} has none of the accepted algorithms; add its own to JWT_DECODE_ALGORITHMS"
        )
    try:
        return load_keys(material, algorithms, strictness)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"{place}: {error}") from error
