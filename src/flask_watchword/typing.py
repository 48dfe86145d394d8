"""The types of arguments that have several, where Flask-JWT-Extended has them."""

from flask_watchword.extension.tokens.creation import ExpiresDelta, Fresh

__all__ = ["ExpiresDelta", "Fresh"]
