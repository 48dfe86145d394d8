"""Clocks: tokens, codes and keys begin and end by them, on every machine."""

from flask_watchword.extension.checks.results import CheckResult, fine, problem, warning
from flask_watchword.service.tokens import CLOCKS_DIFFER

#: Seconds that two clocks may differ before somebody should know.
_REMARKABLE = 1.0


def check_clock(whose: str, ahead: float) -> CheckResult:
    """Check how far another machine's clock is from this one's.

    Args:
        whose: the other's.
        ahead: seconds that it is ahead.
    """
    check = f"clock of {whose}"
    apart = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    remedy = "keep both by NTP: timedatectl set-ntp true, or chrony"
    if abs(ahead) > CLOCKS_DIFFER:
        harm = "tokens are refused as not yet valid, and codes and keys end too early or too late"
        return problem(check, f"{apart}: {harm}", remedy)
    if abs(ahead) > _REMARKABLE:
        return warning(check, apart, remedy)
    return fine(check, apart)
