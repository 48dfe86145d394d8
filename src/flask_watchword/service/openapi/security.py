"""How a request shows who asks (OpenAPI 3.1.0 section 4.8.27)."""

from collections.abc import Iterable, Mapping
from typing import Any

#: By the kind of token: the schemes that carry it, any one of which is enough.
_CARRIED_BY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "access": (("access_token",),),
    "refresh": (("refresh_token",),),
}


def security_schemes() -> dict[str, Any]:
    """Return every way in which a token travels, by name."""
    return {
        "access_token": _bearer("The access token of a pair, good for minutes."),
        "refresh_token": _bearer("The refresh token of a pair, good once."),
    }


def security_of(tokens: Iterable[str]) -> list[dict[str, list[str]]]:
    """Return what satisfies a guard that takes these kinds of token; empty where it takes none."""
    return [
        {scheme: [] for scheme in together} for kind in tokens for together in _CARRIED_BY[kind]
    ]


def _bearer(description: str) -> dict[str, str]:
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": description,
    }
