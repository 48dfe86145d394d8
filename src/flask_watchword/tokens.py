"""Flask-JWT-Extended's module for encoding and decoding tokens, without its private functions."""

from typing import TYPE_CHECKING

from flask_watchword.exceptions import CSRFError, JWTDecodeError
from flask_watchword.extension.compat_modules import PUBLIC_CODECS, without_private_names
from flask_watchword.typing import ExpiresDelta, Fresh

__all__ = ["CSRFError", "ExpiresDelta", "Fresh", "JWTDecodeError"]

if not TYPE_CHECKING:
    __getattr__ = without_private_names(__name__, PUBLIC_CODECS)
