"""What a view requires of a request's token."""

from collections.abc import Sequence
from typing import NamedTuple

LocationType = str | Sequence[str] | None


class Requirements(NamedTuple):
    """The arguments of ``jwt_required``."""

    optional: bool = False
    fresh: bool = False
    refresh: bool = False
    locations: LocationType = None
    verify_type: bool = True
    skip_revocation_check: bool = False
