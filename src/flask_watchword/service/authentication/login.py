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
    refund_attempt,
    trust_address,
)
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.authentication.invalid_credentials import InvalidCredentials
from flask_watchword.service.authentication.login_limits import login_limits
from flask_watchword.service.authentication.session_start import Login, start_apart, start_together
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.rate_limiting import transaction_with_limits
from flask_watchword.service.token_response import TokenTransport, token_response


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
    reports the result with :func:`record_wrong_password`, :func:`finish_login`, or an
    MFA challenge.

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


def record_wrong_password(context: ServiceContext, email: str, attempt: Attempt) -> None:
    """Count an attempt as a failure and not as a success, and write the audit entry."""

    def record(tx: Transaction) -> None:
        # The user is loaded whether there is an account or not, so that both cases take as long.
        user = tx.users.by_email(email_key(email))
        tx.audit("login_failed", None if user is None else user.id)

    # The failure is counted already, also if the entry cannot be written: on a full disk, guesses
    # would not be counted otherwise.
    transaction_with_limits(context, record, lambda limits: login_failed(limits, attempt))


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
    login = Login(context, user, methods, attempt)
    shared = context.stores.shared
    pair = start_apart(login) if shared is None else start_together(login, shared)
    return token_response(context, pair, login.authentication.csrf, transport)


def trust_current_address(context: ServiceContext, user_id: str) -> None:
    """Trust the network of this request for a user, who has entered a code from an e-mail."""
    user = context.stores.users.by_id(user_id)
    if user is not None:
        at, limits = context.client_address, login_limits(context.limits)
        trust_address(context.stores.rate_limits, user.email_key, at, system_clock(), limits)
