"""JWK Sets (RFC 7517 section 5): read the set of another issuer, and write our own."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_watchword.errors import InvalidKeyError
from flask_watchword.jose.algorithms import ALGORITHMS
from flask_watchword.jose.encoding import parse_object
from flask_watchword.jose.jwk import PRIVATE_MEMBERS, public_jwk, thumbprint
from flask_watchword.jose.keys import Key, Profile

_CURVES = {name: row.curve.jwk_name for name, row in ALGORITHMS.items() if row.curve is not None}


class NoUsableKeyError(InvalidKeyError):
    """A valid JWK Set without any usable key."""


def read_jwk_set(
    document: str | bytes | Mapping[str, Any],
    algorithms: Sequence[str],
    *,
    profile: Profile = "compatible",
) -> list[Key]:
    """Read the public keys of a JWK Set.

    Keys that cannot be used are skipped, as RFC 7517 section 5 requires: keys of unknown types,
    for other algorithms or for encryption, and incomplete ones.

    Args:
        document: the set, as JSON or parsed.
        algorithms: the accepted algorithms. A key with an ``alg`` is used for that algorithm only;
            a key without one is used for each algorithm it is suitable for.
        profile: ``strict`` skips weak keys.

    Returns:
        The keys, each bound to one algorithm, and to its ``kid`` if it has one.

    Raises:
        InvalidKeyError: when it is not a JWK Set, contains a private key or a secret, has two keys
            with the same ``kid``, or has a key on another curve than its ``alg`` requires.
        NoUsableKeyError: when no key is left.
    """
    members = _members(document)
    for position, member in enumerate(members):
        _check_public(member, position)
        _check_curve(member, position)
    keys: list[Key] = []
    reasons = ["it is empty"]
    for member in members:
        found = _keys_of(member, algorithms, profile, reasons)
        if found and found[0].kid is not None and found[0].kid in {key.kid for key in keys}:
            raise InvalidKeyError(f"this JWK Set has two keys with the kid {found[0].kid!r}")
        keys += found
    if not keys:
        raise NoUsableKeyError(f"this JWK Set has no key that can be used: {reasons[-1]}")
    return keys


def jwk_set(keys: Iterable[Key]) -> dict[str, list[dict[str, Any]]]:
    """Return a JWK Set of the public parts of keys.

    Args:
        keys: the keys; secrets are skipped, because they have no public part.

    Raises:
        InvalidKeyError: for two different keys with the same ``kid``.
    """
    written: dict[str, dict[str, Any]] = {}
    for key in keys:
        if key.jwk is None:
            continue
        kid = thumbprint(key.jwk) if key.kid is None else key.kid
        member = public_jwk(key.jwk, key.algorithm, kid)
        if written.setdefault(kid, member) != member:
            raise InvalidKeyError(f"two different keys have the kid {kid!r}")
    return {"keys": list(written.values())}


def _members(document: str | bytes | Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if not isinstance(document, Mapping):
        try:
            document = parse_object(document.encode() if isinstance(document, str) else document)
        except ValueError as error:
            raise InvalidKeyError(f"not a JWK Set: {error}") from error
    members = document.get("keys")
    if not isinstance(members, list) or not all(isinstance(m, Mapping) for m in members):
        raise InvalidKeyError('not a JWK Set: "keys" must be a list of keys')
    return members


def _check_public(member: Mapping[str, Any], position: int) -> None:
    private = sorted(PRIVATE_MEMBERS.intersection(member))
    if private:
        # Not skipped: everyone who can read the set has the private key, so no token that it signs
        # can be trusted.
        raise InvalidKeyError(
            f"key {position} of this JWK Set holds the private member {private[0]!r}; a set is "
            "public, so the key has to be replaced"
        )


def _check_curve(member: Mapping[str, Any], position: int) -> None:
    algorithm, curve = member.get("alg"), member.get("crv")
    wanted = _CURVES.get(algorithm) if isinstance(algorithm, str) else None
    if wanted is not None and curve != wanted:
        raise InvalidKeyError(
            f"key {position} of this JWK Set is on curve {curve!r}, but {algorithm} uses {wanted!r}"
        )


def _keys_of(
    member: Mapping[str, Any], algorithms: Sequence[str], profile: Profile, reasons: list[str]
) -> list[Key]:
    keys = []
    for algorithm in algorithms:
        try:
            keys.append(Key.load(member, algorithm, profile=profile))
        except InvalidKeyError as error:
            reasons.append(str(error))
    return keys
