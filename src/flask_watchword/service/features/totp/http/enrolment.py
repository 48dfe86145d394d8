"""POST /totp/enrol and /totp/confirm: make an authenticator one's second factor."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import notify
from flask_watchword.accounts.notifications import NotificationKind
from flask_watchword.accounts.recovery_codes import new_recovery_codes, recovery_digest
from flask_watchword.accounts.totp import (
    confirm_totp,
    matching_step,
    new_enrolment,
    otpauth_uri,
)
from flask_watchword.accounts.transaction import AccountStores
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.access import ACCESS
from flask_watchword.service.account_transactions import sessions_ended
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.authentication.reauthentication import REFUSALS, reauthenticated_user
from flask_watchword.service.authentication.second_factor import WrongCode
from flask_watchword.service.context import service_context
from flask_watchword.service.current_user import current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.fields import Password, TotpCode
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import error_response, json_response


class BeginTotp(msgspec.Struct, forbid_unknown_fields=True):
    """The password of the account."""

    password: Password


class TotpSecret(msgspec.Struct):
    """What the authenticator has to know; it is shown here and nowhere else.

    Attributes:
        secret: to type, in base32.
        otpauth_uri: to show as a QR code.
    """

    secret: str
    otpauth_uri: str


class ConfirmTotp(msgspec.Struct, forbid_unknown_fields=True):
    """A code that the authenticator shows."""

    code: TotpCode


class RecoveryCodes(msgspec.Struct):
    """Codes for who has lost the authenticator, each good once; they are shown this once."""

    recovery_codes: Annotated[list[str], msgspec.Meta(min_length=1)]


@endpoint(
    "POST",
    "/totp/enrol",
    summary="Begin to set up an authenticator; it counts once it is confirmed",
    guard=ACCESS,
    body=BeginTotp,
    answers={200: TotpSecret},
    refusals={**REFUSALS, 409: ("email_unverified", "second_factor_active")},
)
def enrol_totp(body: BeginTotp) -> Response:
    """Answer with a new secret, unless an authenticator is confirmed already."""
    # A stolen session alone must not be able to lock the owner out by a factor of its own.
    parts, user = service_context(), reauthenticated_user(body.password)
    if user.email_verified_at is None:
        # Somebody may have registered an address that is not theirs. Its owner gets the account by
        # a reset, which removes no second factor: so nobody sets one up before showing the mailbox.
        msg = "Verify the e-mail address first"
        return error_response(409, msg, "email_unverified")
    enrolment = new_enrolment(user.id, system_clock())
    session = current_session()

    def work(stores: AccountStores) -> bool:
        begun = stores.totp.begin(enrolment)
        if begun:
            stores.audit.append([event("totp_enrolment_started", user.id, session)])
        return begun

    if not parts.change(work):
        return _active_already()
    uri = otpauth_uri(enrolment, user.email, parts.settings.service_name)
    return json_response(TotpSecret(enrolment.secret, uri))


@endpoint(
    "POST",
    "/totp/confirm",
    summary="Make the authenticator a factor of every login; every other session ends",
    guard=ACCESS,
    body=ConfirmTotp,
    answers={200: RecoveryCodes},
    refusals={
        401: ("user_gone", "user_disabled"),
        403: ("wrong_code",),
        409: ("second_factor_active", "second_factor_missing"),
        429: ("too_many_tries",),
        503: ("second_factor_unavailable",),
    },
)
def confirm_authenticator(body: ConfirmTotp) -> Response:
    """Answer with recovery codes; the code that confirms is used up."""
    user = current_user()
    enrolment = service_context().stores.accounts.stores.totp.get(user.id)
    if enrolment is None:
        return error_response(409, "Begin with POST /totp/enrol", "second_factor_missing")
    if enrolment.is_confirmed:
        return _active_already()
    with counting_failures(service_context().limits.second_factor(user.id), WrongCode):
        if matching_step(enrolment, body.code, system_clock()) is None:
            raise WrongCode
    codes = new_recovery_codes()
    # The others were begun by a password alone.
    with sessions_ended(user.id, keep_current=True):
        confirmed = service_context().change(
            lambda stores: _confirm(stores, user, body.code, codes)
        )
    return json_response(RecoveryCodes(codes)) if confirmed else _active_already()


def _confirm(stores: AccountStores, user: User, code: str, codes: list[str]) -> bool:
    """Confirm the authenticator; return whether this request did, and not another one before."""
    if not confirm_totp(stores.totp, user.id, code, system_clock()):
        if stores.totp.has_factor(user.id):
            return False
        raise WrongCode  # another enrolment replaced the secret in between
    # A code for another address may have been asked for by the password alone.
    stores.codes.forget(user.id)
    stores.recovery_codes.replace(user.id, [recovery_digest(user.id, one) for one in codes])
    notify(service_context().accounts_in(stores), NotificationKind.TOTP_ADDED, user)
    stores.audit.append([event("totp_enabled", user.id, current_session())])
    return True


def _active_already() -> Response:
    msg = "There is an authenticator; disable it before setting up another"
    return error_response(409, msg, "second_factor_active")
