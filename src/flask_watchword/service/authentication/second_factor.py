"""The second factor: asked for after the password, looked at, and used up."""

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import notify
from flask_watchword.accounts.login_challenge import SECOND_FACTOR
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.recovery_codes import recovery_digest
from flask_watchword.accounts.totp import verify_totp
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.audit_events import current_session, event, record
from flask_watchword.service.authentication.challenge_tokens import new_challenge_token
from flask_watchword.service.context import service_context
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import json_response


class WrongCode(Exception):
    """A code of a second factor that is not good: wrong, of another time, or used already."""


class SecondFactorRequired(Exception):
    """A change that needs a second factor beside the password, and none was sent."""


class MfaChallenge(msgspec.Struct):
    """What a login is answered with where the password was right and something is missing.

    Attributes:
        mfa_required: always true.
        pending_token: what to show with the second factor, to ``POST /login/totp``.
    """

    mfa_required: bool
    pending_token: str


def challenge_response(user: User) -> Response | None:
    """Return what asks a user for their second factor; ``None`` where they have none."""
    if not service_context().stores.accounts.stores.totp.has_factor(user.id):
        return None
    record("second_factor_asked", user.id)
    token = new_challenge_token(SECOND_FACTOR, user)
    return json_response(MfaChallenge(mfa_required=True, pending_token=token))


def require_second_factor(user_id: str, code: str | None, recovery_code: str | None) -> None:
    """Use up a second factor of a user who has one; a user without one needs none.

    For a user who is signed in and has shown the password: password and session may be stolen
    together, the authenticator is another device.

    Raises:
        SecondFactorRequired: when the user has a second factor and neither code is given.
        WrongCode: when the given code is not good; nothing is used up then.
        TooManyTries: when there were too many wrong codes, from wherever.
        UnreadableSecret: when the authenticator's secret cannot be opened.
    """
    if not service_context().stores.accounts.stores.totp.has_factor(user_id):
        return
    if code is None and recovery_code is None:
        record("second_factor_asked", user_id, current_session())
        raise SecondFactorRequired
    try:
        use_second_factor(user_id, code, recovery_code)
    except WrongCode:
        record("second_factor_failed", user_id, current_session())
        raise


def use_second_factor(user_id: str, code: str | None, recovery_code: str | None) -> None:
    """Use up a code of a user's authenticator, or one of their recovery codes.

    Raises:
        WrongCode: when it is not good; nothing is used up then.
        TooManyTries: when there were too many wrong ones, from wherever.
        UnreadableSecret: when the authenticator's secret cannot be opened.
    """
    limits = service_context().limits
    counted = limits.second_factor if recovery_code is None else limits.recovery_code
    with counting_failures(counted(user_id), WrongCode):
        if not _is_used_up(user_id, code, recovery_code):
            raise WrongCode


def _is_used_up(user_id: str, code: str | None, recovery_code: str | None) -> bool:
    parts = service_context()
    if recovery_code is not None:
        return parts.change(lambda stores: _use_recovery_code(stores, user_id, recovery_code))
    totp = parts.stores.accounts.stores.totp
    return code is not None and verify_totp(totp, user_id, code, system_clock())


def _use_recovery_code(stores: AccountStores, user_id: str, code: str) -> bool:
    if not stores.recovery_codes.use(user_id, recovery_digest(user_id, code)):
        return False
    left = stores.recovery_codes.left(user_id)
    accounts, user = service_context().accounts_in(stores), stores.users.by_id(user_id)
    notify(accounts, NotificationKind.RECOVERY_CODE_USED, user, about=str(left))
    stores.audit.append([event("recovery_code_used", user_id, left=left)])
    return True
