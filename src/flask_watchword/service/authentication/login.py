"""What every way of signing in has in common: it is throttled, logged, and checked once more."""

import contextlib
from collections.abc import Iterator

from flask import Response, request

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.errors import Rejected
from flask_watchword.accounts.passwords import HasherOverloaded
from flask_watchword.accounts.rate_limits import (
    Attempt,
    count_login_attempt,
    login_failed,
    login_succeeded,
    refund_attempt,
    trust_location,
)
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.extension.sessions.session_context import TokenPair
from flask_watchword.service.authentication.login_limits import login_limits
from flask_watchword.service.authentication.verified_logins import verified_logins_only
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.error_codes import INVALID_CREDENTIALS
from flask_watchword.service.token_response import TokenTransport, token_response
from flask_watchword.service.tokens import AuthenticationContext


class InvalidCredentials(Rejected):
    """A login that fails.

    The response is the same for an unknown address, a wrong password, a disabled account, and an
    address that is not verified.

    Args:
        context: the service.
    """

    def __init__(self, context: ServiceContext) -> None:
        message = "Bad email or password"
        if verified_logins_only(context.settings):
            # In every response, so that it says nothing about this address.
            message += ", or an address that is not verified yet by the code in the e-mail"
        super().__init__(INVALID_CREDENTIALS, message)


def check_transport(context: ServiceContext, transport: TokenTransport) -> None:
    """Check that whoever made the page that asks may log its user in by cookie.

    A page of somebody else's could log them in as itself, and read what they write from then on.

    Raises:
        CrossOriginError: when it is somebody else's.
    """
    if transport == "cookie":
        context.origins.check(request)


@contextlib.contextmanager
def rate_limited_attempt(context: ServiceContext, email: str) -> Iterator[Attempt]:
    """Count an attempt to sign in before a password is looked at, and pay it back if that fails.

    An error tells nothing of the password: a store was down, or no core free. Were it counted,
    owners would be refused after an outage for what they tried during it. Where it ends without an
    error, the caller tells how: by :func:`wrong_password`, :func:`right_password` or
    :func:`finish_login`.

    Raises:
        TooManyAttempts: when it comes too early.
    """
    at = context.client_address
    limits = login_limits(context.limits)
    attempt = count_login_attempt(
        context.stores.rate_limits, email_key(email), at, system_clock(), limits
    )
    try:
        yield attempt
    except InvalidCredentials:
        raise
    except HasherOverloaded:
        refund_attempt(context.stores.rate_limits, attempt)
        raise
    except Rejected:
        # Every other rejection comes after a right password.
        right_password(context, attempt)
        raise
    except BaseException:
        refund_attempt(context.stores.rate_limits, attempt)
        raise


def wrong_password(context: ServiceContext, attempt: Attempt) -> None:
    """Count an attempt as a failure alone."""
    login_failed(context.stores.rate_limits, attempt)


def right_password(context: ServiceContext, attempt: Attempt) -> None:
    """Count an attempt as a success alone: the password was right, whatever follows."""
    context.stores.rate_limits.refund(attempt.charges)


def later_step(context: ServiceContext, user: User) -> Attempt:
    """Return the attempt of a later step of a login: it has paid nothing.

    What the password was counted for was refunded when it was right, and what the step shows has
    limits of its own.
    """
    return Attempt(user.email_key, context.client_address, ())


def finish_login(
    context: ServiceContext,
    user: User,
    methods: tuple[str, ...],
    attempt: Attempt,
    transport: TokenTransport,
) -> Response:
    """Answer with the tokens of a new session: somebody has shown every factor they have.

    Args:
        user: who, as they were when their factors were looked at.
        methods: the factors, as RFC 8176 names them.
        attempt: what was counted for it.
        transport: how the tokens are to travel.
    """
    sign_in = AuthenticationContext(user, methods)
    pair = _started(context, sign_in)
    if pair is None:
        raise InvalidCredentials(context)
    login_succeeded(
        context.stores.rate_limits, attempt, system_clock(), login_limits(context.limits)
    )
    return token_response(context, pair, sign_in.csrf, transport)


def trust_this_location(context: ServiceContext, user_id: str) -> None:
    """Take note that an owner is where this request comes from: they have a code of their mail."""
    user = context.stores.users.by_id(user_id)
    if user is not None:
        at, limits = context.client_address, login_limits(context.limits)
        trust_location(context.stores.rate_limits, user.email_key, at, system_clock(), limits)


def _is_same(user: User, now: User) -> bool:
    return (
        now.version == user.version
        and not now.is_disabled
        and user.roles <= now.roles
        and user.scopes <= now.scopes
    )


def _has_every_factor(context: ServiceContext, user: User, methods: tuple[str, ...]) -> bool:
    # Every login is checked, whatever was checked before: a factor may have just been added.
    with_second_factor = any(factor.amr in methods for factor in context.factors)
    return with_second_factor or not context.has_second_factor(user)


def _started(context: ServiceContext, sign_in: AuthenticationContext) -> TokenPair | None:
    user, methods = sign_in.user, sign_in.methods
    pair = context.sessions.start(sign_in, fresh=True, address=context.client_address)
    try:
        # Whoever disables a user or changes a password ends all sessions after that. One that is
        # started later still, by a factor that was looked at before, is found here; and so is one
        # whose token says a role or a scope that was taken away meanwhile.
        now = context.stores.users.by_id(user.id)
        if now is not None and _is_same(user, now) and _has_every_factor(context, user, methods):
            context.audit("login", user.id, pair.session_id, methods=" ".join(methods))
            return pair
    except BaseException:
        context.sessions.end(pair.session_id)
        raise
    context.sessions.end(pair.session_id)
    return None
