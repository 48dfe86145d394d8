"""POST /admin/users/<id>/password-reset and DELETE …/totp: help somebody back in."""

from flask import Response

from flask_watchword.accounts.accounts import mail_code, notify
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.one_time_codes import Purpose
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.clock import system_clock
from flask_watchword.service.access import RECENT_ADMIN
from flask_watchword.service.account_transactions import sessions_ended
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import Message, error_response, json_response, no_content


@endpoint(
    "POST",
    "/admin/users/<user_id>/password-reset",
    summary="Mail a user a code for another password, and end every session",
    guard=RECENT_ADMIN,
    answers={202: Message},
    refusals={404: ("user_not_found",), 409: ("user_disabled",)},
)
def send_reset(user_id: str) -> Response:
    """Answer 202; the password that there is stays good until the code is used."""
    user, parts, by = user_of(user_id), service_context(), administrator()
    if user.is_disabled:
        return error_response(409, "The user is disabled, and gets no e-mail", "user_disabled")

    def work(stores: AccountStores) -> None:
        mail_code(parts.accounts_in(stores), user, Purpose.ADMIN_RESET, user.email)
        stores.audit.append([by.event("password_reset_sent", system_clock(), user.id)])

    with sessions_ended(user.id):
        parts.change(work)
    return json_response(Message("An e-mail is on its way to the user"), 202)


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/totp",
    summary="Remove the second factor of a user who has lost it",
    guard=RECENT_ADMIN,
    answers={204: None},
    refusals={404: ("user_not_found",), 409: ("second_factor_missing",)},
)
def remove_second_factor(user_id: str) -> Response:
    """Answer 204; the user is told by e-mail, and every session ends."""
    user, parts, by = user_of(user_id), service_context(), administrator()
    if not parts.stores.accounts.stores.totp.has_factor(user.id):
        return error_response(409, "The user has no authenticator", "second_factor_missing")

    def work(stores: AccountStores) -> None:
        stores.totp.remove(user.id)
        stores.recovery_codes.replace(user.id, [])
        # It may have been chosen beside the factor, and be too short alone.
        stores.users.require_password_review(user.id, system_clock())
        notify(parts.accounts_in(stores), NotificationKind.TOTP_REMOVED, user)
        stores.audit.append([by.event("second_factor_removed", system_clock(), user.id)])

    with sessions_ended(user.id):
        parts.change(work)
    return no_content()
