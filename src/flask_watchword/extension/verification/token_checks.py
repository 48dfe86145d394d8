"""Checks of a token whose signature and claims are valid: those that can change while it lives."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from flask import Flask, Request

from flask_watchword.extension.callbacks.call import call
from flask_watchword.extension.callbacks.defaults import (
    default_blocklist_callback,
    default_token_verification_callback,
)
from flask_watchword.extension.callbacks.registered import Callbacks
from flask_watchword.extension.errors import (
    FreshTokenRequired,
    RevokedTokenError,
    UserClaimsVerificationError,
    UserLookupError,
    WrongTokenError,
)
from flask_watchword.extension.state import AppState
from flask_watchword.extension.verification.current_token import Claims, CurrentToken

Loader = Callable[..., Any]


def check_issuer_allowed(state: AppState, current: Request) -> None:
    """Check that the request's blueprint accepts tokens of other issuers.

    Raises:
        WrongTokenError: when it accepts only tokens of this application.
    """
    if not state.own_token_blueprints.isdisjoint(current.blueprints):
        raise WrongTokenError("Only tokens of this application are allowed")


def check_type(claims: Claims, refresh: bool) -> None:
    """Check that a token is a refresh token, or that it is not one.

    Raises:
        WrongTokenError: when it has the other type.
    """
    if refresh and claims["type"] != "refresh":
        raise WrongTokenError("Only refresh tokens are allowed")
    if not refresh and claims["type"] == "refresh":
        raise WrongTokenError("Only non-refresh tokens are allowed")


def check_fresh(token: CurrentToken, now: float) -> None:
    """Check that a token is fresh.

    Raises:
        FreshTokenRequired: when it is not.
    """
    if not is_fresh(token.verified.claims, now):
        raise FreshTokenRequired("Fresh token required", *token.private_copy)


def is_fresh(claims: Claims, now: float) -> bool:
    """Return whether a token is fresh: ``fresh`` is ``true``, or a date that has not passed."""
    fresh = claims["fresh"]
    # Not isinstance: a boolean is an int, and false is not a date.
    return fresh is True or (type(fresh) in (int, float) and bool(fresh >= now))


def check_not_revoked(loader: Loader, token: CurrentToken) -> None:
    """Check that the blocklist loader does not report a token as revoked.

    Raises:
        RevokedTokenError: when it does.
    """
    if call(loader, *token.private_copy):
        raise RevokedTokenError(*token.private_copy)


def check_by_loader(loader: Loader, token: CurrentToken) -> None:
    """Check that the token verification loader accepts a token.

    Raises:
        UserClaimsVerificationError: when it does not.
    """
    if not call(loader, *token.private_copy):
        raise UserClaimsVerificationError("User claims verification failed", *token.private_copy)


def load_user(loader: Loader, app: Flask, token: CurrentToken) -> None:
    """Load the user of a token with the user lookup loader.

    Raises:
        UserLookupError: when the loader returns ``None``.
    """
    user = call(loader, *token.private_copy)
    if user is None:
        identity = token.verified.claims[app.config["JWT_IDENTITY_CLAIM"]]
        raise UserLookupError(f"user_lookup returned None for {identity}", *token.private_copy)
    token.user = user


def loader_checks(
    callbacks: Callbacks, app: Flask
) -> Iterator[tuple[str, Callable[[CurrentToken], None]]]:
    """Yield the checks of the registered loaders, in order, each with its name."""
    blocklist = callbacks._token_in_blocklist_callback
    if blocklist is not default_blocklist_callback:
        yield "blocklist loader", partial(check_not_revoked, blocklist)
    verification = callbacks._token_verification_callback
    if verification is not default_token_verification_callback:
        yield "verification loader", partial(check_by_loader, verification)
    user = callbacks._user_lookup_callback
    if user is not None:
        yield "user lookup loader", partial(load_user, user, app)
