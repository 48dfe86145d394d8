"""``RateLimit``: a rate limit that is a setting. ``Limits``: those of one service."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_watchword.accounts.rate_limits import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A rate limit. Its setting is ``WATCHWORD_LIMIT_`` and its name in capitals.

    It is declared beside the function that counts its attempts, and listed by its feature.

    Attributes:
        name: the name of the limit, in lower case.
        default: the limit that applies unless another one is set.
        most: the highest limit that the doctor accepts without a warning.
        counts: what the limit counts, as a phrase for the documentation.
    """

    name: str
    default: Limit
    most: Limit
    counts: str

    @property
    def setting(self) -> str:
        """Return the name of the setting, in lower case and without the prefix of all settings."""
        return f"limit_{self.name}"


@dataclass(frozen=True, slots=True)
class Limits:
    """The rate limits of a service: ``limits[RATE_LIMIT]`` is the one that applies.

    Attributes:
        changed: the limits that are set.
    """

    changed: Mapping[RateLimit, Limit] = field(default_factory=dict)

    def __getitem__(self, declared: RateLimit) -> Limit:
        """Return the limit that is set, or the default."""
        return self.changed.get(declared, declared.default)
