"""Access rules of endpoints."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import after_this_request

from flask_watchword.accounts.admins import ADMIN as ADMIN_ROLE
from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.errors import ImmatureSignatureError, TokenRejected
from flask_watchword.extension.errors import WrongTokenError
from flask_watchword.extension.permissions.decorators import fresh_required, roles_required
from flask_watchword.extension.verification.current import get_jwt
from flask_watchword.extension.verification.decorators import (
    jwt_expired_token_required,
    jwt_required,
)
from flask_watchword.extension.verification.route_metadata import PUBLIC as PUBLIC_VIEW
from flask_watchword.extension.verification.route_metadata import with_protection
from flask_watchword.service.api_token_access import CLIENT_ID
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.cookies import clear_cookies, is_rejected_cookie
from flask_watchword.service.current_user import current_user
from flask_watchword.service.error_codes import (
    CROSS_ORIGIN,
    CSRF_FAILED,
    INSUFFICIENT_ROLE,
    INVALID_TOKENS,
    KEYS_UNAVAILABLE,
    MACHINE_TOKEN,
    MISSING_TOKEN,
    REVOKED_TOKENS,
    SIGN_IN_TOO_OLD,
    USER_DISABLED,
    USER_GONE,
)
from flask_watchword.service.origin_check import SAFE_METHODS

#: Seconds after which an administrator has to log in again to change something.
ADMIN_SIGN_IN_SECONDS = 3600

View = Callable[..., Any]

_COOKIE_ERRORS = (CSRF_FAILED, CROSS_ORIGIN)
_TOKEN_ERRORS = (MISSING_TOKEN, *INVALID_TOKENS, *REVOKED_TOKENS, KEYS_UNAVAILABLE)
_PERSON_ERRORS = (*_TOKEN_ERRORS, MACHINE_TOKEN)


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Which requests an endpoint accepts.

    Attributes:
        protect: wraps a view so that it runs only for those requests.
        tokens: the types of token that it accepts, ``access``, ``refresh`` or both; empty for none.
        errors: the error codes of the requests that it rejects.
    """

    protect: Callable[[ServiceContext, View], View]
    tokens: tuple[str, ...] = ()
    errors: Sequence[ErrorCode] = ()

    def errors_for(self, method: str) -> Sequence[ErrorCode]:
        """Return the error codes of the requests that it rejects, for a method."""
        if not self.tokens or method in SAFE_METHODS:
            return self.errors
        return (*self.errors, *_COOKIE_ERRORS)


def _public(_context: ServiceContext, view: View) -> View:
    public: View = with_protection(view, PUBLIC_VIEW)
    return public


def _person(_context: ServiceContext, view: View) -> View:
    return jwt_required()(_person_only(view))


def _refresh_token(_context: ServiceContext, view: View) -> View:
    return _clear_rejected_cookies(jwt_required(refresh=True)(view))


def _session_token(_context: ServiceContext, view: View) -> View:
    either = jwt_required(refresh=True, verify_type=False)
    return _clear_rejected_cookies(either(_person_only(view)))


def _expired_token(_context: ServiceContext, view: View) -> View:
    return jwt_expired_token_required()(view)


def _admin(context: ServiceContext, view: View) -> View:
    @wraps(view)
    def admin_view(**given: Any) -> Any:
        # The database decides: a token stays valid for minutes after its user has lost the role.
        if ADMIN_ROLE not in current_user(context).roles:
            raise Rejected(INSUFFICIENT_ROLE, f"This needs the role {ADMIN_ROLE}")
        return view(**given)

    return roles_required(ADMIN_ROLE)(admin_view)


def _recent_admin(context: ServiceContext, view: View) -> View:
    return fresh_required(max_age=ADMIN_SIGN_IN_SECONDS)(_admin(context, view))


def _person_only(view: View) -> View:
    @wraps(view)
    def person_view(**given: Any) -> Any:
        # The tokens of API keys and clients are for the views of applications. They must not
        # change the account of their owner, list its sessions, or create more tokens.
        if CLIENT_ID in get_jwt():
            raise Rejected(MACHINE_TOKEN, "API keys and clients cannot do this; log in")
        return view(**given)

    return person_view


def _clear_rejected_cookies(protected: View) -> View:
    """Return a view that also deletes the cookies of a session if their token is never valid again.

    Such cookies would be rejected at every request until they expire, and no script can delete
    them. The origin of the request and the presence of a CSRF header were checked before the token
    was, so a page of another origin cannot cause this.
    """

    @wraps(protected)
    def clearing_view(**given: Any) -> Any:
        try:
            return protected(**given)
        except (TokenRejected, WrongTokenError) as error:
            # A token from a node whose clock is ahead will become valid.
            if not isinstance(error, ImmatureSignatureError) and is_rejected_cookie():
                after_this_request(clear_cookies)
            raise

    return clearing_view


#: Any request.
PUBLIC = AccessRule(_public)
#: Requests with an access token of a person.
ACCESS = AccessRule(_person, ("access",), _PERSON_ERRORS)
#: Requests with a refresh token.
REFRESH = AccessRule(_refresh_token, ("refresh",), _TOKEN_ERRORS)
#: Requests with an access token or a refresh token of a session. Of two cookies the refresh
#: token's counts, which is valid for longer.
SESSION = AccessRule(_session_token, ("access", "refresh"), _PERSON_ERRORS)
#: Requests with an access token that has expired and has no other fault.
EXPIRED = AccessRule(_expired_token, ("access",), _TOKEN_ERRORS)

_ADMIN_ERRORS = (*_TOKEN_ERRORS, USER_GONE, USER_DISABLED, INSUFFICIENT_ROLE)
#: Requests of an administrator.
ADMIN = AccessRule(_admin, ("access",), _ADMIN_ERRORS)
#: Requests of an administrator who has logged in recently: for all changes.
RECENT_ADMIN = AccessRule(_recent_admin, ("access",), (*_ADMIN_ERRORS, SIGN_IN_TOO_OLD))
