"""The exceptions: the very classes that Watchword raises."""

from flask_watchword.extension.errors import CSRFError as CSRFError
from flask_watchword.extension.errors import FreshTokenRequired as FreshTokenRequired
from flask_watchword.extension.errors import InvalidHeaderError as InvalidHeaderError
from flask_watchword.extension.errors import InvalidQueryParamError as InvalidQueryParamError
from flask_watchword.extension.errors import JWTDecodeError as JWTDecodeError
from flask_watchword.extension.errors import JWTExtendedException as JWTExtendedException
from flask_watchword.extension.errors import NoAuthorizationError as NoAuthorizationError
from flask_watchword.extension.errors import RevokedTokenError as RevokedTokenError
from flask_watchword.extension.errors import (
    UserClaimsVerificationError as UserClaimsVerificationError,
)
from flask_watchword.extension.errors import UserLookupError as UserLookupError
from flask_watchword.extension.errors import WrongTokenError as WrongTokenError

#: What release 3 called it.
UserLoadError = UserLookupError
