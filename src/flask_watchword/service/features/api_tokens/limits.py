"""The rate limit of API keys and client secrets."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import Hit, hits_by_address

MACHINE_TOKEN_PER_ADDRESS = RateLimit(
    name="machine_token_per_address",
    default=read_limit("60/5 minutes"),
    most=read_limit("10000/hour"),
    counts="wrong API keys and client secrets from one IP address",
)


def machine_token_hits(limits: Limits, address: str) -> Sequence[Hit]:
    """Count a wrong API key or client secret. A valid one is refunded."""
    return hits_by_address("machine token", limits[MACHINE_TOKEN_PER_ADDRESS], address)
