"""How long an answer is fresh: what the server says (RFC 9111 section 5.2.2), within bounds."""

import re
from collections.abc import Callable

#: Seconds that keys are fresh at least, at most, and where the server does not say.
SHORTEST = 5 * 60.0
LONGEST = 24 * 3600.0
UNSAID = 3600.0

_UNSTORED = re.compile(r"(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])", re.IGNORECASE)
_MAX_AGE = re.compile(r'(?:^|[\s,])max-age="?(\d+)', re.IGNORECASE)
#: Digits of a number of seconds that still can be below ``LONGEST``.
_DIGITS = 9


def freshness(header: Callable[[str, str], str]) -> float:
    """Return the seconds that an answer is fresh.

    ``Expires`` is not read, since it needs the clocks of both sides to agree, nor is ``s-maxage``,
    which is for shared caches.

    Args:
        header: gives the value of a header by its name, or what it is told where there is none.
    """
    control = header("Cache-Control", "")
    if _UNSTORED.search(control):
        return SHORTEST
    ages = [_seconds(digits) for digits in _MAX_AGE.findall(control)]
    if not ages:
        return UNSAID
    age = header("Age", "0").strip()
    spent = _seconds(age) if age.isascii() and age.isdigit() else 0.0
    return max(SHORTEST, min(min(ages) - spent, LONGEST))


def _seconds(digits: str) -> float:
    return float(digits) if len(digits) <= _DIGITS else LONGEST
