"""The rate limit of registrations."""

from collections.abc import Sequence

from flask_watchword.accounts.rate_limit_declarations import Limits, RateLimit
from flask_watchword.accounts.rate_limit_syntax import read_limit
from flask_watchword.accounts.rate_limits import Hit, hits_by_address

REGISTER_PER_ADDRESS = RateLimit(
    name="register_per_address",
    default=read_limit("10/hour"),
    most=read_limit("1000/hour"),
    counts="registrations from one IP address",
)


def registration_hits(limits: Limits, address: str) -> Sequence[Hit]:
    """Count a registration by client address."""
    return hits_by_address("registration", limits[REGISTER_PER_ADDRESS], address)
