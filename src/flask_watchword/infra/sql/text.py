"""A column type for text that every database accepts."""

from typing import Any

from sqlalchemy import Dialect, String, TypeDecorator

#: Unicode's replacement character.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class AnyText(TypeDecorator[str]):
    """Untrusted text, in which each character that a database rejects is replaced.

    PostgreSQL text cannot contain NUL, and neither driver encodes a lone surrogate. A search for
    such text has to find nothing, and an unusual User-Agent must not prevent a login.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the value for the database."""
        if isinstance(value, str) and not value.isascii():
            value = value.encode("utf-8", "replace").decode("utf-8")
        if isinstance(value, str) and "\0" in value:
            value = value.replace("\0", _REPLACEMENT)
        return value
