"""What a login and a refresh are answered with."""

from typing import Self

import msgspec

from flask_watchword.extension.session_work import TokenPair


class Pair(msgspec.Struct):
    """Two tokens, as RFC 6749 section 5.1 has them."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        """Return the pair of a session."""
        return cls(pair.access_token, pair.refresh_token, "Bearer", pair.expires_in)
