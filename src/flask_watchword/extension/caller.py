"""The line of the application from which this package was called."""

import sys
from types import FrameType

_OURS = frozenset({"flask_watchword", "flask_jwt_extended"})


def caller_stacklevel() -> int:
    """Return the ``stacklevel`` by which a warning of the calling function names that line."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and _package_of(frame) in _OURS:
        frame, level = frame.f_back, level + 1
    return level


def _package_of(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
