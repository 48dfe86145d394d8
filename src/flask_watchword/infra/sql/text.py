"""Text as every database keeps it."""

from typing import Any

from sqlalchemy import Dialect, String, TypeDecorator

#: What Unicode has for a character that cannot be shown.
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class AnyText(TypeDecorator[str]):
    """Text from outside, in which each character that a database refuses is replaced.

    PostgreSQL has no NUL in its text, and neither driver encodes half a surrogate pair. To look
    for such text has to find nothing, and an odd User-Agent must not keep anybody from signing in.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return what is sent to the database."""
        if isinstance(value, str) and not value.isascii():
            value = value.encode("utf-8", "replace").decode("utf-8")
        if isinstance(value, str) and "\0" in value:
            value = value.replace("\0", _REPLACEMENT)
        return value
