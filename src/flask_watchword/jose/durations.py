"""Seconds in words, for people who ask how long ago something was."""

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units, whole seconds at the least."""
    left, parts = int(abs(seconds)), []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def distance(moment: float, now: float) -> str:
    """Return how far a moment is from now: ``3 min 12 s ago`` or ``in 3 min 12 s``."""
    if int(moment) == int(now):
        return "now"
    return f"{duration(now - moment)} ago" if moment < now else f"in {duration(moment - now)}"


def dated(moment: float, now: float) -> str:
    """Return how far a moment is from now, and which it is in UTC."""
    date = datetime.fromtimestamp(moment, UTC)
    return f"{distance(moment, now)}, at {date:%Y-%m-%d %H:%M:%S} UTC"
