"""The rate limits of a login; ``accounts/rate_limits.py`` explains them."""

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import LoginLimits

LOGIN_PER_ADDRESS = RateLimit(
    name="login_per_address",
    default=read_limit("50/500 seconds"),
    most=read_limit("5000/hour"),
    counts="failed logins from one IP address, over all accounts",
)
LOGIN_PER_ACCOUNT_AT_ADDRESS = RateLimit(
    name="login_per_account_at_address",
    default=read_limit("10/10 minutes"),
    most=read_limit("100/10 minutes"),
    counts="failed logins to one account from one IP address",
)
LOGIN_PER_ACCOUNT = RateLimit(
    name="login_per_account",
    default=read_limit("50/50 minutes"),
    most=read_limit("500/50 minutes"),
    counts="failed logins to one account from all addresses that never logged in to it",
)
LOGIN_PER_ACCOUNT_IN_NETWORK = RateLimit(
    name="login_per_account_in_network",
    default=read_limit("1/15 minutes"),
    most=read_limit("10/15 minutes"),
    counts="failed logins to one account from one /24 or /48 network, when the limit before is "
    "used up",
)
SUCCESSFUL_LOGIN_PER_ACCOUNT = RateLimit(
    name="successful_login_per_account",
    default=read_limit("300/10 minutes"),
    most=read_limit("3000/10 minutes"),
    counts="logins to one account with the correct password",
)

LOGIN_LIMITS = (
    LOGIN_PER_ADDRESS,
    LOGIN_PER_ACCOUNT_AT_ADDRESS,
    LOGIN_PER_ACCOUNT,
    LOGIN_PER_ACCOUNT_IN_NETWORK,
    SUCCESSFUL_LOGIN_PER_ACCOUNT,
)


def login_limits(limits: Limits) -> LoginLimits:
    """Return the limits that a login is counted on."""
    return LoginLimits(
        address=limits[LOGIN_PER_ADDRESS],
        account_at_address=limits[LOGIN_PER_ACCOUNT_AT_ADDRESS],
        account=limits[LOGIN_PER_ACCOUNT],
        account_in_network=limits[LOGIN_PER_ACCOUNT_IN_NETWORK],
        success=limits[SUCCESSFUL_LOGIN_PER_ACCOUNT],
    )
