"""The demo: a user whose password is public, and an expired token."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.passwords import Passwords
from flask_watchword.accounts.user_store import EmailTaken, UserStore
from flask_watchword.accounts.users import new_user
from flask_watchword.clock import Clock
from flask_watchword.extension.manager import JWTManager
from flask_watchword.extension.state import state_of
from flask_watchword.extension.tokens.creation import compose
from flask_watchword.service.configuration.values import InvalidSetting
from flask_watchword.service.tokens import PASSWORD_METHOD, AuthenticationContext, claims_of

DEMO_EMAIL = "test@example.com"
DEMO_PASSWORD = "password"
#: The claim with the e-mail address, so that the protected route needs no database.
EMAIL_CLAIM = "email"


def add_demo_user(users: UserStore, passwords: Passwords, clock: Clock) -> None:
    """Add the user of the walk-through, unless it exists.

    Raises:
        InvalidSetting: when the database has other users: a public password must not give
            access to a database with real accounts.
    """
    # In this order: another process may add the same user between the two.
    has_users = bool(users.page(limit=1))
    if users.by_email(email_key(DEMO_EMAIL)) is not None:
        return
    if has_users:
        raise InvalidSetting(
            "WATCHWORD_DEMO",
            f"this database has real accounts, and the demo would add {DEMO_EMAIL} with a "
            "password everybody knows; give it a database of its own",
        )
    try:
        user = new_user(DEMO_EMAIL, passwords.hash(DEMO_PASSWORD), clock())
        users.add(replace(user, email_verified_at=user.created_at))
    except EmailTaken:
        return  # another demo, started at the same time, was first


def refuse_demo_user(users: UserStore, passwords: Passwords) -> None:
    """Reject a database that has the user of a demo.

    Raises:
        InvalidSetting: when the public password is valid.
    """
    user = users.by_email(email_key(DEMO_EMAIL))
    if user is not None and passwords.verify(user.password_hash, DEMO_PASSWORD):
        raise InvalidSetting(
            "WATCHWORD_DATABASE",
            f"a demo has left {DEMO_EMAIL} here, whose password everybody knows; "
            "give the service a database of its own",
        )


def add_email_claim(tokens: JWTManager) -> None:
    """Add the e-mail address to the claims of every token."""
    tokens.additional_claims_loader(_claims_with_email)


def make_expired_token(app: Flask, users: UserStore) -> str:
    """Return a genuine access token of the demo's user that expired a minute ago."""
    with app.app_context():
        user = users.by_email(email_key(DEMO_EMAIL))
        if user is None:
            raise LookupError(f"{DEMO_EMAIL} is not in the database; prepare() adds it")
        sign_in = AuthenticationContext(user, (PASSWORD_METHOD,))
        expired = timedelta(minutes=-1)
        return compose(app, state_of(app), sign_in, "access", expires_delta=expired).text


def _claims_with_email(identity: object) -> dict[str, Any]:
    claims = claims_of(identity)
    return (
        claims | {EMAIL_CLAIM: identity.user.email}
        if isinstance(identity, AuthenticationContext)
        else claims
    )
