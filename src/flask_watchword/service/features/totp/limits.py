"""The rate limit of TOTP codes."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import Hit, hit

SECOND_FACTOR_PER_ACCOUNT = RateLimit(
    name="second_factor_per_account",
    default=read_limit("5/75 minutes"),
    most=read_limit("10/hour"),
    counts="wrong TOTP codes for one account",
)


def totp_hits(limits: Limits, user_id: str) -> Sequence[Hit]:
    """Count a code of an authenticator by account alone. A correct code is refunded.

    A code has six digits, so the total from all addresses matters. An attacker needs the password
    to come this far; an owner who is locked out by one resets the password by e-mail, which
    invalidates the attacker's pending logins.
    """
    return [hit("second factor", limits[SECOND_FACTOR_PER_ACCOUNT], user_id)]
