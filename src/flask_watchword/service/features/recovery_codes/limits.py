"""The rate limit of recovery codes."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import Hit, hit

RECOVERY_CODE_PER_ACCOUNT = RateLimit(
    name="recovery_code_per_account",
    default=read_limit("5/75 minutes"),
    most=read_limit("60/hour"),
    counts="wrong recovery codes for one account",
)


def recovery_code_hits(limits: Limits, user_id: str) -> Sequence[Hit]:
    """Count a recovery code by account alone. A correct code is refunded.

    Recovery codes have a limit of their own, so that an owner whose attempts at the authenticator
    are used up can still log in with one.
    """
    return [hit("recovery code", limits[RECOVERY_CODE_PER_ACCOUNT], user_id)]
