"""POST /totp/disable and /totp/recovery-codes: what becomes of a second factor."""

from collections.abc import Callable

from flask import Response, abort

from flask_watchword.accounts.accounts import notify
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.recovery_codes import new_recovery_codes, recovery_digest
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.access import ACCESS
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_REFUSALS,
    Confirmation,
    second_factor_shown,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_review.flow import check_alone
from flask_watchword.service.features.totp.http.enrolment import RecoveryCodes
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import error_response, json_response, no_content


@endpoint(
    "POST",
    "/totp/disable",
    summary="Log in without the authenticator from now on",
    guard=ACCESS,
    body=Confirmation,
    answers={204: None},
    refusals={**CONFIRMATION_REFUSALS, 409: ("second_factor_missing",)},
)
def disable_totp(body: Confirmation) -> Response:
    """Answer 204; authenticator and recovery codes are forgotten, sessions go on."""
    user = _confirmed_user(body.password)
    _refuse_weak(user, body.password)
    with second_factor_shown(user.id, body):
        _change(
            user,
            "totp_disabled",
            NotificationKind.TOTP_REMOVED,
            lambda stores: _forget(stores, user),
        )
    return no_content()


@endpoint(
    "POST",
    "/totp/recovery-codes",
    summary="Get new recovery codes in the place of the old ones",
    guard=ACCESS,
    body=Confirmation,
    answers={200: RecoveryCodes},
    refusals={**CONFIRMATION_REFUSALS, 409: ("second_factor_missing",)},
)
def renew_recovery_codes(body: Confirmation) -> Response:
    """Answer with ten codes; none of the old ones is good any more."""
    user = _confirmed_user(body.password)
    codes = new_recovery_codes()
    digests = [recovery_digest(user.id, one) for one in codes]
    with second_factor_shown(user.id, body):
        _change(
            user,
            "recovery_codes_renewed",
            NotificationKind.RECOVERY_CODES_RENEWED,
            lambda stores: stores.recovery_codes.replace(user.id, digests),
        )
    return json_response(RecoveryCodes(codes))


def _confirmed_user(password: str) -> User:
    """Return the current user, whose password this is and who has a second factor."""
    user = reauthenticated_user(password)
    if not service_context().stores.accounts.stores.totp.has_factor(user.id):
        abort(error_response(409, "There is no authenticator", "second_factor_missing"))
    return user


def _refuse_weak(user: User, password: str) -> None:
    # It was chosen when a second factor stood beside it.
    parts = service_context()
    try:
        with counting_failures(parts.limits.new_password_of(user.id), UnacceptablePassword):
            check_alone(parts.accounts, user, password)
    except UnacceptablePassword as error:
        raise UnacceptablePassword(f"alone, {error}; change it first") from error


def _forget(stores: AccountStores, user: User) -> None:
    stores.totp.remove(user.id)
    stores.recovery_codes.replace(user.id, [])
    # A change of password that began before may have been checked beside the factor.
    stores.users.require_password_review(user.id, system_clock())


def _change(
    user: User, name: str, notice: NotificationKind, work: Callable[[AccountStores], None]
) -> None:
    session = current_session()

    def together(stores: AccountStores) -> None:
        work(stores)
        notify(service_context().accounts_in(stores), notice, user)
        stores.audit.append([event(name, user.id, session)])

    service_context().change(together)
