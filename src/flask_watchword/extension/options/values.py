"""Read and check the values of the options.

The functions read ``app.config`` at each call: an option may change after ``JWTManager(app)``.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from flask_watchword.jose import ALGORITHMS, Profile

Config = Mapping[str, Any]

#: Options that can hold a key of this application when a secret signs its tokens.
_OWN_KEYS = ("JWT_SECRET_KEY", "SECRET_KEY", "JWT_SECRET_KEY_FALLBACKS", "JWT_PUBLIC_KEYS")

LOCATIONS = ("headers", "cookies", "query_string", "json")
#: The Max-Age of cookies in seconds when JWT_SESSION_COOKIE is off.
PERSISTENT_COOKIE_SECONDS = 31_540_000


def token_locations(value: Any) -> tuple[str, ...]:
    """Parse JWT_TOKEN_LOCATION: a name, or a collection of names.

    Returns:
        The locations in their order; those of a set in the order of :data:`LOCATIONS`.

    Raises:
        RuntimeError: for anything else.
    """
    if isinstance(value, str):
        value = (value,)
    elif not isinstance(value, Iterable):
        raise RuntimeError("JWT_TOKEN_LOCATION must be a sequence or a set")
    elif not value:
        raise RuntimeError(
            "JWT_TOKEN_LOCATION must contain at least one "
            'of "headers", "cookies", "query_string", or "json"'
        )
    if any(location not in LOCATIONS for location in value):
        raise RuntimeError(
            'JWT_TOKEN_LOCATION can only contain "headers", "cookies", "query_string", or "json"'
        )
    if isinstance(value, set | frozenset):
        return tuple(location for location in LOCATIONS if location in value)
    return tuple(value)


def header_name(config: Config) -> str:
    """Return JWT_HEADER_NAME.

    Raises:
        RuntimeError: when it is empty.
    """
    name: str = config["JWT_HEADER_NAME"]
    if not name:
        # Flask-JWT-Extended's text, with a former name of the option.
        raise RuntimeError("JWT_ACCESS_HEADER_NAME cannot be empty")
    return name


def environ_key(name: str) -> str:
    """Return the WSGI name of a header (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def lifetime(config: Config, token_type: str) -> Any:
    """Return the configured lifetime of a token: a timedelta or similar; ``False`` for no expiry.

    Raises:
        RuntimeError: when it cannot be added to a date.
    """
    name = "JWT_ACCESS_TOKEN_EXPIRES" if token_type == "access" else "JWT_REFRESH_TOKEN_EXPIRES"
    delta = config[name]
    if type(delta) is timedelta or delta is False:
        return delta
    if type(delta) is int:
        return timedelta(seconds=delta)
    try:
        delta + datetime.now(UTC)
    except TypeError as error:
        raise RuntimeError(f"must be able to add {name} to datetime.datetime") from error
    return delta


def decode_algorithms(config: Config) -> list[str]:
    """Return the accepted algorithms, which always include JWT_ALGORITHM."""
    algorithm: str = config["JWT_ALGORITHM"]
    accepted = config["JWT_DECODE_ALGORITHMS"] or ()
    accepted = [accepted] if isinstance(accepted, str) else list(accepted)
    return accepted if algorithm in accepted else [*accepted, algorithm]


def profile(config: Config) -> Profile:
    """Return JWT_PROFILE.

    Raises:
        RuntimeError: when there is no such profile; a misspelled name must not select the lenient
            one.
    """
    value: Profile = config["JWT_PROFILE"]
    if value not in get_args(Profile):
        raise RuntimeError(f'JWT_PROFILE {value!r} must be "compatible" or "strict"')
    return value


def max_token_bytes(config: Config) -> int:
    """Return JWT_MAX_TOKEN_BYTES.

    Raises:
        RuntimeError: when it is not a positive number of bytes.
    """
    value = config["JWT_MAX_TOKEN_BYTES"]
    if type(value) is not int or value < 1:
        raise RuntimeError(f"JWT_MAX_TOKEN_BYTES {value!r} must be a number of bytes, above 0")
    return value


def is_asymmetric(algorithm: str) -> bool:
    """Return whether an algorithm signs and verifies with different keys.

    Raises:
        RuntimeError: when there is no such algorithm.
    """
    row = ALGORITHMS.get(algorithm)
    if row is None:
        raise RuntimeError(f"JWT_ALGORITHM {algorithm!r} must be one of {', '.join(ALGORITHMS)}")
    return row.family != "HMAC"


def encode_key(config: Config) -> Any:
    """Return the configured signing key.

    Raises:
        RuntimeError: when there is none.
    """
    return _key_pair_part(config, "JWT_PRIVATE_KEY") or _secret(config)


def decode_key(config: Config) -> Any:
    """Return the configured verification key.

    Raises:
        RuntimeError: when there is none.
    """
    return _key_pair_part(config, "JWT_PUBLIC_KEY") or _secret(config)


def _key_pair_part(config: Config, name: str) -> Any:
    algorithm = config["JWT_ALGORITHM"]
    if not is_asymmetric(algorithm):
        return None
    if not config[name]:
        raise RuntimeError(
            f'{name} must be set to use asymmetric cryptography algorithm "{algorithm}"'
        )
    return config[name]


def _secret(config: Config) -> Any:
    secret = config["JWT_SECRET_KEY"] or config.get("SECRET_KEY")
    if not secret:
        raise RuntimeError(
            "JWT_SECRET_KEY or flask SECRET_KEY must be set when using symmetric "
            f'algorithm "{config["JWT_ALGORITHM"]}"'
        )
    return secret


def has_own_key(config: Config) -> bool:
    """Return whether the application has a key of its own, or is configured to need one."""
    return is_asymmetric(config["JWT_ALGORITHM"]) or any(map(config.get, _OWN_KEYS))


def cookie_max_age(config: Config) -> int | None:
    """Return the Max-Age of cookies in seconds; ``None`` for session cookies."""
    return None if config["JWT_SESSION_COOKIE"] else PERSISTENT_COOKIE_SECONDS
