"""Freshness lifetime of a response by its headers (RFC 9111 section 5.2.2), within limits."""

import re
from collections.abc import Callable

#: Least and longest freshness of keys in seconds, and the default without ``max-age``.
SHORTEST = 5 * 60.0
LONGEST = 24 * 3600.0
DEFAULT = 3600.0

_UNSTORED = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])", re.IGNORECASE)
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age="?(\d+)', re.IGNORECASE)
#: A number of seconds with more digits is certainly above ``LONGEST``.
_DIGITS = 9


def freshness(header: Callable[[str, str], str]) -> float:
    """Return the seconds for which a response is fresh.

    ``Expires`` is ignored, because it requires synchronized clocks, and ``s-maxage``, because it is
    for shared caches.

    Args:
        header: returns the value of a header by name, or a default.
    """
    control = header("Cache-Control", "")
    if _UNSTORED.search(control):
        return SHORTEST
    ages = [_seconds(digits) for digits in _MAX_AGE.findall(control)]
    if not ages:
        return DEFAULT
    age = header("Age", "0").strip()
    spent = _seconds(age) if age.isascii() and age.isdigit() else 0.0
    return max(SHORTEST, min(min(ages) - spent, LONGEST))


def _seconds(digits: str) -> float:
    return float(digits) if len(digits) <= _DIGITS else LONGEST
