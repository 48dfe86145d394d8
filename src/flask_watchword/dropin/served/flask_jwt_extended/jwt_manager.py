"""``JWTManager``, and the names that programs take from its module."""

from flask_watchword.jwt_manager import *  # noqa: F403 - all that is public there

from .tokens import _decode_jwt as _decode_jwt
from .tokens import _encode_jwt as _encode_jwt
