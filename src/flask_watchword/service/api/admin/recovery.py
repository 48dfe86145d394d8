"""POST /admin/users/<id>/password-reset and DELETE …/totp: help somebody back in."""

from flask import Response

from flask_watchword.accounts.accounts import mail_code, notify
from flask_watchword.accounts.codes import Purpose
from flask_watchword.accounts.letters import LetterKind
from flask_watchword.accounts.unit_of_work import AccountStores
from flask_watchword.clock import system_clock
from flask_watchword.service.account_work import sessions_ended
from flask_watchword.service.administrator import administrator, user_of
from flask_watchword.service.answers import Message, answer, nothing, refusal
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ADMIN_LATELY


@endpoint(
    "POST",
    "/admin/users/<user_id>/password-reset",
    summary="Mail a user a code for another password, and end every session",
    guard=ADMIN_LATELY,
    answers={202: Message},
    refusals={404: ("user_not_found",), 409: ("user_disabled",)},
)
def send_reset(user_id: str) -> Response:
    """Answer 202; the password that there is stays good until the code is used."""
    user, parts, by = user_of(user_id), components(), administrator()
    if user.is_disabled:
        return refusal(409, "The user is disabled, and gets no e-mail", "user_disabled")

    def work(stores: AccountStores) -> None:
        mail_code(parts.accounts_in(stores), user, Purpose.ADMIN_RESET, user.email)
        stores.audit.append([by.event("password_reset_sent", system_clock(), user.id)])

    with sessions_ended(user.id):
        parts.change(work)
    return answer(Message("An e-mail is on its way to the user"), 202)


@endpoint(
    "DELETE",
    "/admin/users/<user_id>/totp",
    summary="Remove the second factor of a user who has lost it",
    guard=ADMIN_LATELY,
    answers={204: None},
    refusals={404: ("user_not_found",), 409: ("second_factor_missing",)},
)
def remove_second_factor(user_id: str) -> Response:
    """Answer 204; the user is told by e-mail, and every session ends."""
    user, parts, by = user_of(user_id), components(), administrator()
    if not parts.stores.accounts.stores.totp.has_factor(user.id):
        return refusal(409, "The user has no authenticator", "second_factor_missing")

    def work(stores: AccountStores) -> None:
        stores.totp.remove(user.id)
        stores.recovery_codes.replace(user.id, [])
        # It may have been chosen beside the factor, and be too short alone.
        stores.users.require_password_review(user.id, system_clock())
        notify(parts.accounts_in(stores), LetterKind.TOTP_REMOVED, user)
        stores.audit.append([by.event("second_factor_removed", system_clock(), user.id)])

    with sessions_ended(user.id):
        parts.change(work)
    return nothing()
