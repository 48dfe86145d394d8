"""The session options: names, defaults and meanings, and how they are read."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_watchword.extension.options.table import Option
from flask_watchword.extension.options.values import (
    Config,
    lifetime,
)
from flask_watchword.sessions.session import Lifetimes

#: Lifetime in seconds assumed for a token that does not expire: a revocation must end at some time.
ENDLESS = 100 * 365.25 * 86_400

SESSION_OPTIONS: tuple[Option, ...] = (
    Option(
        "WATCHWORD_SESSION_STORE",
        "memory://",
        "where sessions are stored: a URL, or a store object",
    ),
    Option(
        "WATCHWORD_SESSION_IDLE",
        timedelta(days=7),
        "lifetime of a session that is not refreshed",
    ),
    Option(
        "WATCHWORD_SESSION_ABSOLUTE",
        timedelta(days=30),
        "maximum lifetime of a session",
    ),
    Option(
        "WATCHWORD_REFRESH_GRACE",
        timedelta(seconds=10),
        "how long a used refresh token returns the same new tokens again; with 0, "
        "every second use ends the session",
    ),
    Option(
        "WATCHWORD_SESSIONS_PER_SUBJECT",
        None,
        "maximum number of sessions of a subject; the oldest one ends. None: no limit",
    ),
    Option(
        "WATCHWORD_REVOCATION_STALENESS",
        timedelta(seconds=2),
        "maximum age of a process's copy of the revocations before it queries the store",
    ),
)


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """The parsed session options.

    Attributes:
        lifetimes: the lifetimes of sessions and tokens.
        limit: the maximum number of sessions per subject; ``None`` for no limit.
        staleness: the maximum age of a copy of the revocations in seconds.
    """

    lifetimes: Lifetimes
    limit: int | None
    staleness: float


def set_session_defaults(config: dict[str, Any]) -> None:
    """Set every session option that the application has not set."""
    for option in SESSION_OPTIONS:
        config.setdefault(option.name, option.default)


def read_session_options(config: Config) -> SessionOptions:
    """Return the current session options.

    Raises:
        RuntimeError: when an option has an invalid value.
    """
    return SessionOptions(
        lifetimes=Lifetimes(
            access=_token_life(config, "access"),
            idle=_duration(config, "WATCHWORD_SESSION_IDLE"),
            absolute=_duration(config, "WATCHWORD_SESSION_ABSOLUTE"),
            grace=_duration(config, "WATCHWORD_REFRESH_GRACE", zero=True),
            detached=_token_life(config, "refresh"),
            leeway=_leeway(config["JWT_DECODE_LEEWAY"]),
        ),
        limit=_limit(config["WATCHWORD_SESSIONS_PER_SUBJECT"]),
        staleness=_duration(config, "WATCHWORD_REVOCATION_STALENESS"),
    )


def _duration(config: Config, name: str, *, zero: bool = False) -> float:
    value = config[name]
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    else:
        seconds = math.nan
    if not (seconds > 0 or (zero and seconds == 0)) or seconds > ENDLESS:
        least = "0 or more" if zero else "more than 0"
        raise RuntimeError(f"{name} must be a timedelta or seconds, {least}, not {value!r}")
    return seconds


def _limit(value: Any) -> int | None:
    if value is None or (type(value) is int and value > 0):
        limit: int | None = value
        return limit
    raise RuntimeError(
        f"WATCHWORD_SESSIONS_PER_SUBJECT must be a positive integer or None, not {value!r}"
    )


def _token_life(config: Config, token_type: str) -> float:
    delta = lifetime(config, token_type)
    if delta is False:
        return ENDLESS
    if isinstance(delta, timedelta):
        return delta.total_seconds()
    now = datetime.now(UTC)  # for a relativedelta, whose length depends on the month
    seconds: float = (now + delta - now).total_seconds()
    return seconds


def _leeway(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
