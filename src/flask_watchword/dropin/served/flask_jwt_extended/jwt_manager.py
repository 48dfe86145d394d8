"""``JWTManager``, and the other names that programs import from this module."""

from flask_watchword.jwt_manager import *  # noqa: F403 - all its public names

from .tokens import _decode_jwt as _decode_jwt
from .tokens import _encode_jwt as _encode_jwt
