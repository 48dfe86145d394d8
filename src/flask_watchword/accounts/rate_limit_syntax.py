"""Read and write a rate limit as text: ``10/hour``, ``20/30 minutes``."""

import re

from flask_watchword.accounts.rate_limits import Limit

#: Examples of limits, for messages and the documentation.
EXAMPLES = "10/hour, 20/30 minutes"

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_TEXT = re.compile(r"(\d{1,6})\s*/\s*(?:(\d{1,6})\s*)?(second|minute|hour|day)s?", re.ASCII)
#: A store holds the timestamp at which a bucket is full, in 64 bits of microseconds.
_LONGEST_PERIOD = 366 * 86_400


def read_limit(text: str) -> Limit:
    """Return the limit that a text describes.

    ``10/hour`` allows ten attempts at once. Each used attempt becomes available again at an even
    rate, here one every six minutes, so no more than ten are available at any time.

    Raises:
        ValueError: when the text is not a count, a slash and a period of at most a year.
    """
    found = _TEXT.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is not a limit like {EXAMPLES}")
    burst, seconds = int(found[1]), int(found[2] or 1) * _UNITS[found[3]]
    if not burst or not 0 < seconds <= _LONGEST_PERIOD:
        raise ValueError(f"{text!r} is not a limit: allow at least 1 in a period of up to a year")
    return Limit(burst, seconds / burst)


def limit_text(limit: Limit) -> str:
    """Return the text that :func:`read_limit` reads as this limit."""
    period = round(limit.burst * limit.interval)
    unit = next(name for name in reversed(_UNITS) if period % _UNITS[name] == 0)
    many = period // _UNITS[unit]
    return f"{limit.burst}/{unit}" if many == 1 else f"{limit.burst}/{many} {unit}s"
