"""Who may ask an endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import abort, after_this_request

from flask_watchword.accounts.admins import ADMIN as ADMIN_ROLE
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
from flask_watchword.service.cookies import clear_cookies, is_refused_cookie
from flask_watchword.service.current_user import current_user
from flask_watchword.service.origin_check import SAFE_METHODS
from flask_watchword.service.responses import error_response

#: Seconds after which who administers has to sign in anew to change something.
ADMIN_SIGN_IN_SECONDS = 3600

View = Callable[..., Any]
Codes = tuple[str, ...]

#: What may be wrong with a token itself; ``errors.py`` says of each what it is.
_WRONG = (
    "token_expired",
    "token_not_yet_valid",
    "invalid_token",
    "malformed_token",
    "missing_claim",
    "invalid_signature",
    "invalid_algorithm",
    "unknown_key",
    "invalid_issuer",
    "invalid_audience",
    "invalid_subject",
    "invalid_issued_at",
    "invalid_jti",
)
#: Its session is over, or it was revoked, or its key was.
_NO_MORE = ("session_ended", "refresh_reused", "token_revoked", "key_revoked")
#: And what may be wrong with a request that would change something by a cookie.
_OF_A_COOKIE = ("csrf_failed", "cross_origin")
_OF_A_TOKEN: Mapping[int, Codes] = {
    401: ("missing_token", *_WRONG, *_NO_MORE),
    503: ("keys_unavailable",),  # those of another issuer, where an application has any
}
_OF_A_PERSON: Mapping[int, Codes] = {**_OF_A_TOKEN, 403: ("machine_token",)}


@dataclass(frozen=True, slots=True)
class AccessRule:
    """Who may ask.

    Attributes:
        protect: returns a view that runs only for whoever may.
        tokens: the kinds of token it takes, ``access``, ``refresh`` or either; empty without one.
        refusals: the codes of whom it refuses, by status.
    """

    protect: Callable[[View], View]
    tokens: tuple[str, ...] = ()
    refusals: Mapping[int, Codes] = field(default_factory=dict)

    def refusals_of(self, method: str) -> Mapping[int, Codes]:
        """Return the codes of whom it refuses under a method, by status."""
        if not self.tokens or method in SAFE_METHODS:
            return self.refusals
        forbidden = (*self.refusals.get(403, ()), *_OF_A_COOKIE)
        return {**self.refusals, 403: forbidden}


def _everybody(view: View) -> View:
    public: View = with_protection(view, PUBLIC_VIEW)
    return public


def _admins(view: View) -> View:
    @wraps(view)
    def asked_by_an_admin(**given: Any) -> Any:
        # As the store says now: a token lives on for minutes after its user was demoted.
        if ADMIN_ROLE not in current_user().roles:
            abort(error_response(403, f"This needs the role {ADMIN_ROLE}", "insufficient_role"))
        return view(**given)

    return roles_required(ADMIN_ROLE)(asked_by_an_admin)


def _admins_who_signed_in_lately(view: View) -> View:
    return fresh_required(max_age=ADMIN_SIGN_IN_SECONDS)(_admins(view))


def _people(view: View) -> View:
    @wraps(view)
    def asked_by_a_person(**given: Any) -> Any:
        # What a program has is for the views of applications. It must not change the account of
        # its owner, list where they are logged in, or make itself more tokens.
        if CLIENT_ID in get_jwt():
            abort(error_response(403, "This is not for programs; log in", "machine_token"))
        return view(**given)

    return asked_by_a_person


def _clearing_dead_cookies(protect: Callable[[View], View]) -> Callable[[View], View]:
    """Return a guard that also deletes a session's cookies whose token is refused for good.

    Such cookies would be refused at every request until they expire, and no script can delete
    them. The origin of the request and the presence of a CSRF header were checked before the token
    was, so a page of another origin cannot cause this.
    """

    def protect_and_clear(view: View) -> View:
        guarded = protect(view)

        @wraps(guarded)
        def answered(**given: Any) -> Any:
            try:
                return guarded(**given)
            except (TokenRejected, WrongTokenError) as error:
                # It may become valid, by a clock that is behind.
                if not isinstance(error, ImmatureSignatureError) and is_refused_cookie():
                    after_this_request(clear_cookies)
                raise

        return answered

    return protect_and_clear


#: Whoever asks.
PUBLIC = AccessRule(_everybody)
#: Whoever has an access token.
ACCESS = AccessRule(lambda view: jwt_required()(_people(view)), ("access",), _OF_A_PERSON)
#: Whoever has a refresh token.
REFRESH = AccessRule(_clearing_dead_cookies(jwt_required(refresh=True)), ("refresh",), _OF_A_TOKEN)
#: Whoever has a token of a session, be it an access or a refresh token. Of two cookies it is the
#: refresh token's, which is good for longer.
SESSION = AccessRule(
    _clearing_dead_cookies(
        lambda view: jwt_required(refresh=True, verify_type=False)(_people(view))
    ),
    ("access", "refresh"),
    _OF_A_PERSON,
)
#: Whoever has an access token that has expired, and has no other fault.
EXPIRED = AccessRule(jwt_expired_token_required(), ("access",), _OF_A_TOKEN)

_OF_AN_ADMIN = {
    **_OF_A_TOKEN,
    401: (*_OF_A_TOKEN[401], "user_gone", "user_disabled"),
    403: ("insufficient_role",),
}
#: Whoever administers.
ADMIN = AccessRule(_admins, ("access",), _OF_AN_ADMIN)
#: Whoever administers and has signed in a short while ago: for all that changes something.
RECENT_ADMIN = AccessRule(
    _admins_who_signed_in_lately,
    ("access",),
    {**_OF_AN_ADMIN, 401: (*_OF_AN_ADMIN[401], "insufficient_user_authentication")},
)
