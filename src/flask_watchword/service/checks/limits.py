"""Check limits: they must let users log in, and stop guessing."""

from flask_watchword.accounts.password_policy import MIN_PASSWORD_CHARACTERS
from flask_watchword.accounts.rate_limit_syntax import limit_text
from flask_watchword.accounts.rate_limits import Limit
from flask_watchword.extension.checks.results import CheckResult, fine, warning
from flask_watchword.service.configuration.setting import limit_setting
from flask_watchword.service.configuration.settings import Settings

_DAY = 86_400.0
#: Longest acceptable wait for the next attempt of a user who has reached a limit, in seconds.
_MAX_WAIT = 3600.0
#: Seconds within which clients on a slow network can repeat a refresh whose response was lost.
_MAX_GRACE = 60


def check_limits(settings: Settings) -> CheckResult:
    """Check the rate limits that differ from their defaults."""
    check, changed = "rate limits", []
    for declared, limit in settings.limits.changed.items():
        variable = limit_setting(declared).variable
        if limit == declared.default:
            continue
        default = f"the default is {limit_text(declared.default)}"
        if _per_day(limit) > _per_day(declared.most):
            return warning(
                check,
                f"{variable} is {limit_text(limit)}, which allows {_per_day(limit):.0f} per day: "
                f"{declared.counts}",
                f"{limit_text(declared.most)} or less; {default}",
            )
        if limit.interval > _MAX_WAIT:
            return warning(
                check,
                f"{variable} is {limit_text(limit)}: a user who reaches the limit waits "
                f"{limit.interval / 3600:.1f} hours for the next attempt",
                default,
            )
        changed.append(f"{variable}={limit_text(limit)}")
    return fine(check, ", ".join(changed) or "the defaults")


def check_min_password(settings: Settings) -> CheckResult:
    """Check the minimum length of a password that is the only factor."""
    check, least = "password length", settings.min_password_characters
    if least < MIN_PASSWORD_CHARACTERS:
        return warning(
            check,
            f"WATCHWORD_MIN_PASSWORD_CHARACTERS is {least}: NIST SP 800-63B-4 requires "
            f"{MIN_PASSWORD_CHARACTERS} characters for a password that is the only factor",
            f"{MIN_PASSWORD_CHARACTERS} or more, or make sure that every user has a second factor",
        )
    return fine(check, f"{least} characters or more")


def check_refresh_grace(settings: Settings) -> CheckResult:
    """Check that a stolen refresh token cannot be used undetected for long."""
    check, seconds = "refresh grace period", settings.refresh_grace
    if seconds > _MAX_GRACE:
        return warning(
            check,
            f"WATCHWORD_REFRESH_GRACE is {seconds}: for that many seconds a copy of a used refresh "
            "token gets new tokens undetected",
            f"{_MAX_GRACE} or less; the default is 10",
        )
    return fine(check, f"{seconds} seconds")


def _per_day(limit: Limit) -> float:
    return limit.burst + _DAY / limit.interval
