"""Flask-JWT-Extended's module of types."""

from flask_watchword.extension.tokens.creation import ExpiresDelta, Fresh

__all__ = ["ExpiresDelta", "Fresh"]
