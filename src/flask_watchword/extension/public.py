"""The public names of the extension: what ``from flask_watchword import ...`` offers.

Each name is listed here once. ``flask_watchword/__init__.py`` imports this module when one of them
is first used.
"""

from flask_watchword.extension.legacy.functions import fresh_jwt_required as fresh_jwt_required
from flask_watchword.extension.legacy.functions import get_jwt_claims as get_jwt_claims
from flask_watchword.extension.legacy.functions import get_raw_jwt as get_raw_jwt
from flask_watchword.extension.legacy.functions import get_raw_jwt_header as get_raw_jwt_header
from flask_watchword.extension.legacy.functions import jwt_optional as jwt_optional
from flask_watchword.extension.legacy.functions import (
    jwt_refresh_token_required as jwt_refresh_token_required,
)
from flask_watchword.extension.legacy.functions import (
    verify_fresh_jwt_in_request as verify_fresh_jwt_in_request,
)
from flask_watchword.extension.legacy.functions import (
    verify_jwt_in_request_optional as verify_jwt_in_request_optional,
)
from flask_watchword.extension.legacy.functions import (
    verify_jwt_refresh_token_in_request as verify_jwt_refresh_token_in_request,
)
from flask_watchword.extension.manager import JWTManager as JWTManager
from flask_watchword.extension.permissions.decorators import fresh_required as fresh_required
from flask_watchword.extension.permissions.decorators import roles_required as roles_required
from flask_watchword.extension.permissions.decorators import scopes_required as scopes_required
from flask_watchword.extension.sessions.api import Sessions as Sessions
from flask_watchword.extension.sessions.session_context import TokenPair as TokenPair
from flask_watchword.extension.tokens.api import create_access_token as create_access_token
from flask_watchword.extension.tokens.api import create_refresh_token as create_refresh_token
from flask_watchword.extension.tokens.api import decode_token as decode_token
from flask_watchword.extension.tokens.api import get_csrf_token as get_csrf_token
from flask_watchword.extension.tokens.api import get_jti as get_jti
from flask_watchword.extension.tokens.api import (
    get_unverified_jwt_headers as get_unverified_jwt_headers,
)
from flask_watchword.extension.tokens.cookies import set_access_cookies as set_access_cookies
from flask_watchword.extension.tokens.cookies import set_refresh_cookies as set_refresh_cookies
from flask_watchword.extension.tokens.cookies import unset_access_cookies as unset_access_cookies
from flask_watchword.extension.tokens.cookies import unset_jwt_cookies as unset_jwt_cookies
from flask_watchword.extension.tokens.cookies import unset_refresh_cookies as unset_refresh_cookies
from flask_watchword.extension.verification.current import current_user as current_user
from flask_watchword.extension.verification.current import get_current_user as get_current_user
from flask_watchword.extension.verification.current import get_jwt as get_jwt
from flask_watchword.extension.verification.current import get_jwt_header as get_jwt_header
from flask_watchword.extension.verification.current import get_jwt_identity as get_jwt_identity
from flask_watchword.extension.verification.current import (
    get_jwt_request_location as get_jwt_request_location,
)
from flask_watchword.extension.verification.decorators import (
    jwt_expired_token_required as jwt_expired_token_required,
)
from flask_watchword.extension.verification.decorators import jwt_required as jwt_required
from flask_watchword.extension.verification.decorators import (
    verify_expired_in_request as verify_expired_in_request,
)
from flask_watchword.extension.verification.decorators import (
    verify_jwt_in_request as verify_jwt_in_request,
)
