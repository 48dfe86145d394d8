"""Check clocks: the validity of tokens, codes and keys depends on them, on every machine."""

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.tokens import DEFAULT_LEEWAY_SECONDS

#: Seconds of difference from which there is a warning.
_WARNING_SECONDS = 1.0


def check_clock(whose: str, ahead: float) -> CheckResult:
    """Check how far another machine's clock is from this one's.

    Args:
        whose: the other machine, for messages.
        ahead: seconds that its clock is ahead.
    """
    check = f"clock of {whose}"
    apart = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    remedy = "keep both by NTP: timedatectl set-ntp true, or chrony"
    if abs(ahead) > DEFAULT_LEEWAY_SECONDS:
        harm = "tokens are rejected as not yet valid, and codes and keys expire at the wrong time"
        return problem(check, f"{apart}: {harm}", remedy)
    if abs(ahead) > _WARNING_SECONDS:
        return warning(check, apart, remedy)
    return fine(check, apart)
