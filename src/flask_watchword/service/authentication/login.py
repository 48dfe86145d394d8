"""The steps that all logins share: rate limits, the new session and the audit log."""

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
    trust_address,
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
    """Check the origin of a login that sets cookies.

    A page of another origin could log its visitors in to an account of its own, and read what they
    enter from then on (login CSRF).

    Raises:
        CrossOriginError: when the page is of another origin.
    """
    if transport == "cookie":
        context.origins.check(request)


@contextlib.contextmanager
def rate_limited_attempt(context: ServiceContext, email: str) -> Iterator[Attempt]:
    """Count a login attempt before the password is verified, and refund it after an error.

    After an error, such as a store that is down, it is not known whether the password was right. If
    such attempts counted, users would be locked out after an outage. Without an error, the caller
    reports the result with :func:`count_wrong_password`, :func:`count_right_password` or
    :func:`finish_login`.

    Raises:
        TooManyAttempts: when a limit is reached.
    """
    at = context.client_address
    limits = login_limits(context.limits)
    attempt = count_login_attempt(
        context.stores.rate_limits, email_key(email), at, system_clock(), limits
    )
    try:
        yield attempt
    except InvalidCredentials:
        raise  # the account has changed since its password was verified: the attempt counts
    except HasherOverloaded:
        refund_attempt(context.stores.rate_limits, attempt)
        raise
    except Rejected:
        # Every other rejection comes after a right password.
        count_right_password(context, attempt)
        raise
    except BaseException:
        refund_attempt(context.stores.rate_limits, attempt)
        raise


def count_wrong_password(context: ServiceContext, attempt: Attempt) -> None:
    """Count an attempt as a failure, and not as a success."""
    login_failed(context.stores.rate_limits, attempt)


def count_right_password(context: ServiceContext, attempt: Attempt) -> None:
    """Count an attempt as a success, and not as a failure, whatever follows."""
    context.stores.rate_limits.refund(attempt.failure_hits)


def uncounted_attempt(context: ServiceContext, user: User) -> Attempt:
    """Return an attempt without hits, for a later step of a login.

    The hits of the password were refunded when it was right, and the step has its own limits.
    """
    return Attempt(user.email_key, context.client_address, ())


def finish_login(
    context: ServiceContext,
    user: User,
    methods: tuple[str, ...],
    attempt: Attempt,
    transport: TokenTransport,
) -> Response:
    """Start a session, and return the response with its tokens.

    Args:
        context: the service.
        user: the user, as stored when the factors were verified.
        methods: the verified factors, by their names in RFC 8176.
        attempt: the counted attempt.
        transport: whether the tokens come in the body or in cookies.

    Raises:
        InvalidCredentials: when the account has changed since.
    """
    authentication = AuthenticationContext(user, methods)
    pair = _start_session(context, authentication)
    if pair is None:
        raise InvalidCredentials(context)
    login_succeeded(
        context.stores.rate_limits, attempt, system_clock(), login_limits(context.limits)
    )
    return token_response(context, pair, authentication.csrf, transport)


def trust_current_address(context: ServiceContext, user_id: str) -> None:
    """Trust the network of this request for a user, who has entered a code from an e-mail."""
    user = context.stores.users.by_id(user_id)
    if user is not None:
        at, limits = context.client_address, login_limits(context.limits)
        trust_address(context.stores.rate_limits, user.email_key, at, system_clock(), limits)


def _is_same(user: User, now: User) -> bool:
    return (
        now.version == user.version
        and not now.is_disabled
        and user.roles <= now.roles
        and user.scopes <= now.scopes
    )


def _has_every_factor(context: ServiceContext, user: User, methods: tuple[str, ...]) -> bool:
    # Checked again at the end of every login: a factor may have been added since.
    with_second_factor = any(factor.amr in methods for factor in context.factors)
    return with_second_factor or not context.has_second_factor(user)


def _start_session(
    context: ServiceContext, authentication: AuthenticationContext
) -> TokenPair | None:
    user, methods = authentication.user, authentication.methods
    pair = context.sessions.start(authentication, fresh=True, address=context.client_address)
    try:
        # A request that disables the user or changes the password ends all sessions afterwards, but
        # not one that is started later with a factor that was verified before. This check ends it,
        # and also a session whose token claims a role or a scope that was removed since.
        now = context.stores.users.by_id(user.id)
        if now is not None and _is_same(user, now) and _has_every_factor(context, user, methods):
            context.audit("login", user.id, pair.session_id, methods=" ".join(methods))
            return pair
    except BaseException:
        context.sessions.end(pair.session_id)
        raise
    context.sessions.end(pair.session_id)
    return None
