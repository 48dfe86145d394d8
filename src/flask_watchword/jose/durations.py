"""Format durations and timestamps for people."""

from datetime import UTC, datetime

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Format a duration with its two largest units, down to whole seconds."""
    left, parts = int(abs(seconds)), []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def distance(timestamp: float, now: float) -> str:
    """Format a timestamp relative to now: ``3 min 12 s ago`` or ``in 3 min 12 s``."""
    if int(timestamp) == int(now):
        return "now"
    return (
        f"{duration(now - timestamp)} ago" if timestamp < now else f"in {duration(timestamp - now)}"
    )


def dated(timestamp: float, now: float) -> str:
    """Format a timestamp relative to now and in UTC."""
    date = datetime.fromtimestamp(timestamp, UTC)
    return f"{distance(timestamp, now)}, at {date:%Y-%m-%d %H:%M:%S} UTC"
