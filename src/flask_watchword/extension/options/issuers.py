"""``JWT_ISSUERS``: the other issuers, and the requirements for their tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_watchword.extension.options.values import Config
from flask_watchword.jose import ALGORITHMS

#: No HMAC: with a shared secret, each of the two could sign tokens as the other.
ASYMMETRIC = tuple(name for name, row in ALGORITHMS.items() if row.family != "HMAC")

_MEMBERS = (
    "jwks_url",
    "audience",
    "algorithms",
    "subject_required",
    "allow_http",
    "environment_proxy",
)


@dataclass(frozen=True, slots=True)
class IssuerOptions:
    """One issuer.

    Attributes:
        name: the issuer, exactly as in ``iss``.
        jwks_url: the URL of its JWK Set; ``None`` to discover it.
        audience: accepted values of ``aud``; ``None`` to skip the check.
        algorithms: the accepted algorithms.
        subject_required: whether a token must have the claim named by JWT_IDENTITY_CLAIM.
        allow_http: whether its keys may be fetched over http from a host on a private network.
        environment_proxy: whether to fetch its keys through the proxy in ``HTTPS_PROXY``.
    """

    name: str
    jwks_url: str | None
    audience: tuple[str, ...] | None
    algorithms: tuple[str, ...]
    subject_required: bool = True
    allow_http: bool = False
    environment_proxy: bool = False


def read_issuers(config: Config) -> list[IssuerOptions]:
    """Return the issuers in JWT_ISSUERS.

    Raises:
        RuntimeError: when a value in it is invalid.
    """
    value = config["JWT_ISSUERS"] or {}
    if not isinstance(value, Mapping):
        raise RuntimeError(
            "JWT_ISSUERS must be a dictionary with an entry for each issuer, like "
            '{"https://issuer.example": {"audience": "my-api"}}'
        )
    issuers = [_issuer(name, members) for name, members in value.items()]
    for issuer in issuers:
        if _is_own(issuer.name, config):
            raise RuntimeError(
                f"{place(issuer.name)} is this application's own name in JWT_ENCODE_ISSUER or "
                "JWT_DECODE_ISSUER; it can only be one of both"
            )
    return issuers


def place(name: object, member: str = "") -> str:
    """Return the name of an entry of JWT_ISSUERS, or of a member of one, for error messages."""
    return f"JWT_ISSUERS[{name!r}]" + (f"[{member!r}]" if member else "")


def _issuer(name: Any, members: Any) -> IssuerOptions:
    if not isinstance(name, str) or not name:
        raise RuntimeError(f"{place(name)} must be a string: the iss of its tokens")
    if not isinstance(members, Mapping):
        raise RuntimeError(f'{place(name)} must be a dictionary like {{"audience": "my-api"}}')
    for member in members:
        if member not in _MEMBERS:
            known = ", ".join(_MEMBERS)
            raise RuntimeError(f"{place(name)} has an unknown member {member!r}; known are {known}")
    return IssuerOptions(
        name,
        _jwks_url(name, members),
        _audience(name, members),
        _algorithms(name, members),
        subject_required=_flag(name, "subject_required", members, default=True),
        allow_http=_flag(name, "allow_http", members, default=False),
        environment_proxy=_flag(name, "environment_proxy", members, default=False),
    )


def _jwks_url(name: str, members: Mapping[str, Any]) -> str | None:
    url = members.get("jwks_url")
    if not isinstance(url, str | None):
        raise RuntimeError(f"{place(name, 'jwks_url')} must be a string, not {url!r}")
    return url


def _audience(name: str, members: Mapping[str, Any]) -> tuple[str, ...] | None:
    # Required, because an issuer's tokens for other applications would otherwise be accepted here
    # as well (RFC 8725 section 3.9).
    if "audience" not in members:
        raise RuntimeError(
            f'{place(name)} needs an "audience": the aud of its tokens for this application. None '
            "skips the check, and accepts its tokens for other applications too"
        )
    if members["audience"] is None:
        return None
    return _texts(name, "audience", members)


def _algorithms(name: str, members: Mapping[str, Any]) -> tuple[str, ...]:
    if "algorithms" not in members:
        return ASYMMETRIC
    algorithms = _texts(name, "algorithms", members)
    for algorithm in algorithms:
        if algorithm not in ASYMMETRIC:
            known = ", ".join(ASYMMETRIC)
            raise RuntimeError(f"{place(name, 'algorithms')} has {algorithm!r}; use one of {known}")
    return algorithms


def _flag(name: str, member: str, members: Mapping[str, Any], *, default: bool) -> bool:
    value = members.get(member, default)
    if not isinstance(value, bool):
        raise RuntimeError(f"{place(name, member)} must be True or False, not {value!r}")
    return value


def _texts(name: str, member: str, members: Mapping[str, Any]) -> tuple[str, ...]:
    value = members[member]
    texts = (value,) if isinstance(value, str) else value
    if (
        not isinstance(texts, list | tuple | set | frozenset)
        or not texts
        or not all(isinstance(text, str) and text for text in texts)
    ):
        raise RuntimeError(
            f"{place(name, member)} must be a string or a list of strings, not {value!r}"
        )
    return tuple(texts)


def _is_own(name: str, config: Config) -> bool:
    accepted = config["JWT_DECODE_ISSUER"]
    if isinstance(accepted, str) or accepted is None:
        accepted = (accepted,)
    return name == config["JWT_ENCODE_ISSUER"] or name in accepted
