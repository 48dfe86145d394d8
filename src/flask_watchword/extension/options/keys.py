"""The keys that the options name: what one signs is verified with all, so that keys can change."""

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
    """Return the configured keys whose tokens are accepted: the own one first, then further ones.

    Without JWT_PUBLIC_KEYS no key bears a ``kid``, and each serves every token of its algorithm.

    Raises:
        InvalidKeyError, RuntimeError: when there is no key, or one that cannot be used.
    """
    loaded = load_keys(decode_key(config), decode_algorithms(config), profile(config))
    own = [_named(config, key) for key in loaded]
    return own + _further_keys(config, own)


def signing_key(config: Config) -> Key:
    """Return the configured key that signs, with the ``kid`` that new tokens carry.

    Raises:
        InvalidKeyError, RuntimeError: when there is no key, or one that cannot be used.
    """
    key = Key.load(encode_key(config), config["JWT_ALGORITHM"], profile=profile(config))
    return _named(config, key)


def check_further_keys(config: Config) -> None:
    """Check JWT_SECRET_KEY_FALLBACKS and JWT_PUBLIC_KEYS without needing a key of one's own.

    Raises:
        InvalidKeyError, RuntimeError: for what cannot be used.
    """
    _further_keys(config, [])


def load_keys(material: Any, algorithms: Sequence[str], profile: Profile) -> list[Key]:
    """Load one key material for those of the algorithms that it can serve.

    Raises:
        InvalidKeyError: when it can serve none.
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
    """Name a half of the own pair: by the kid of its public JWK, of its private one, or neither."""
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
        # A secret is no part of a pair, so nobody can say by a kid which one was meant.
        keys += [k.with_kid(None) for k in _loaded(place, material, secret, strictness)]
    if len(keys) > len(secret) * (MAX_CANDIDATES - 1):
        raise RuntimeError(
            f"JWT_SECRET_KEY_FALLBACKS may hold {MAX_CANDIDATES - 1} secrets: a token that is "
            "refused was tried with each"
        )
    known: dict[tuple[str, str | None], Key] = {
        (key.algorithm, key.kid): key for key in own if key.kid is not None
    }
    for position, material in enumerate(_listed(config, "JWT_PUBLIC_KEYS")):
        place = f"JWT_PUBLIC_KEYS[{position}]"
        for key in _public(place, material, public, strictness):
            same = known.setdefault((key.algorithm, key.kid), key)
            if same.jwk != key.jwk:
                raise InvalidKeyError(f"{place}: another key has the kid {key.kid!r} already")
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
        raise InvalidKeyError(f"{place} is a private key; only its public part belongs there")
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
    # One JWK is a set of one: what must not be public is refused in both.
    return material if "keys" in material else {"keys": [material]}


def _loaded(place: str, material: Any, algorithms: Sequence[str], strictness: Profile) -> list[Key]:
    if not algorithms:
        raise InvalidKeyError(
            f"{place} serves none of the algorithms accepted; add its own to JWT_DECODE_ALGORITHMS"
        )
    try:
        return load_keys(material, algorithms, strictness)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"{place}: {error}") from error
