"""``JWTManager``, and the names that programs take from its module."""

from jwt import DecodeError as DecodeError
from jwt import ExpiredSignatureError as ExpiredSignatureError
from jwt import InvalidAudienceError as InvalidAudienceError
from jwt import InvalidIssuerError as InvalidIssuerError
from jwt import InvalidTokenError as InvalidTokenError
from jwt import MissingRequiredClaimError as MissingRequiredClaimError

from flask_watchword.extension.manager import JWTManager as JWTManager

from .config import config as config
from .exceptions import CSRFError as CSRFError
from .exceptions import FreshTokenRequired as FreshTokenRequired
from .exceptions import InvalidHeaderError as InvalidHeaderError
from .exceptions import InvalidQueryParamError as InvalidQueryParamError
from .exceptions import JWTDecodeError as JWTDecodeError
from .exceptions import NoAuthorizationError as NoAuthorizationError
from .exceptions import RevokedTokenError as RevokedTokenError
from .exceptions import UserClaimsVerificationError as UserClaimsVerificationError
from .exceptions import UserLookupError as UserLookupError
from .exceptions import WrongTokenError as WrongTokenError
from .tokens import _decode_jwt as _decode_jwt
from .tokens import _encode_jwt as _encode_jwt
from .typing import ExpiresDelta as ExpiresDelta
from .typing import Fresh as Fresh
from .utils import current_user_context_processor as current_user_context_processor
