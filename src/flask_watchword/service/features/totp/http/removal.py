"""POST /totp/disable and DELETE /admin/users/<id>/totp: remove the authenticator."""

from flask import Response

from flask_watchword.accounts.errors import USER_NOT_FOUND, Rejected
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import new_password_of_user_hits
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.service.access import ACCESS, RECENT_ADMIN
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import SECOND_FACTOR_MISSING
from flask_watchword.service.features.password_review.flow import check_alone
from flask_watchword.service.features.recovery_codes.flow import forget_codes
from flask_watchword.service.features.totp.flow import TOTP, TOTP_REMOVED
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import no_content


@endpoint(
    "POST",
    "/totp/disable",
    summary="Remove the authenticator; logins no longer need it",
    access=ACCESS,
    body=Confirmation,
    responses={204: None},
    errors=(*CONFIRMATION_ERRORS, SECOND_FACTOR_MISSING),
)
def disable_totp(context: ServiceContext, body: Confirmation) -> Response:
    """Respond 204; the authenticator and the recovery codes are deleted, sessions continue."""
    user = reauthenticated_user(context, body.password)
    _require_authenticator(context, user, "There is no authenticator")
    _reject_weak_password(context, user, body.password)
    with second_factor_verified(context, user.id, body):
        context.transaction(lambda tx: _remove(tx, user, "totp_disabled"))
    return no_content()


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/totp",
    summary="Remove a user's second factor",
    access=RECENT_ADMIN,
    responses={204: None},
    errors=(USER_NOT_FOUND, SECOND_FACTOR_MISSING),
)
def remove_second_factor(context: ServiceContext, user_id: str) -> Response:
    """Respond 204; the user gets a notification, and every session ends."""
    user, actor = user_of(context, user_id), administrator()
    _require_authenticator(context, user, "The user has no authenticator")
    with context.accounts.end_access(user.id):
        context.transaction(lambda tx: _remove(tx, user, "second_factor_removed", actor=actor))
    return no_content()


def _require_authenticator(context: ServiceContext, user: User, msg: str) -> None:
    if not context.repositories.get(TOTP).has_factor(user.id):
        raise Rejected(SECOND_FACTOR_MISSING, msg)


def _reject_weak_password(context: ServiceContext, user: User, password: str) -> None:
    # It was chosen beside a second factor, and may be too short alone.
    limit = new_password_of_user_hits(context.limits, user.id)
    try:
        with counting_failures(context, limit, UnacceptablePassword):
            check_alone(context.accounts, user, password)
    except UnacceptablePassword as error:
        raise UnacceptablePassword(f"alone, {error}; change it first") from error


def _remove(tx: Transaction, user: User, event: str, **detail: str) -> None:
    tx.get(TOTP).remove(user.id)
    forget_codes(tx, user.id)
    # A concurrent change of password may have been checked beside the factor, and an administrator
    # does not know the password: the next login checks it.
    tx.users.require_password_review(user.id, tx.now)
    tx.notify(TOTP_REMOVED, user)
    tx.audit(event, user.id, **detail)
