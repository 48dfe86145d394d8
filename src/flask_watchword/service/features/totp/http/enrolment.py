"""POST /totp/enrol and /totp/confirm: add an authenticator as the second factor."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.errors import (
    EMAIL_UNVERIFIED,
    SECOND_FACTOR_UNAVAILABLE,
    TOO_MANY_TRIES,
    ErrorCode,
    Rejected,
)
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.accounts.users import User
from flask_watchword.clock import system_clock
from flask_watchword.service.access import ACCESS
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import (
    reauthenticated_user,
    require_verified_email,
)
from flask_watchword.service.authentication.second_factor import WrongCode
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.current_user import current_user
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import (
    SECOND_FACTOR_MISSING,
    USER_DISABLED,
    USER_GONE,
    WRONG_CODE,
)
from flask_watchword.service.features.recovery_codes.flow import new_recovery_codes, replace_codes
from flask_watchword.service.features.totp.factor import TotpCode
from flask_watchword.service.features.totp.flow import (
    TOTP,
    TOTP_ADDED,
    confirm_totp,
    matching_step,
    new_enrolment,
    otpauth_uri,
)
from flask_watchword.service.features.totp.limits import totp_hits
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import json_response

SECOND_FACTOR_ACTIVE = ErrorCode("second_factor_active", 409, "TOTP is already set up.")


class _AlreadyEnabled(Rejected):
    def __init__(self) -> None:
        msg = "There is an authenticator; disable it before setting up another"
        super().__init__(SECOND_FACTOR_ACTIVE, msg)


class BeginTotp(Confirmation, forbid_unknown_fields=True, kw_only=True):
    """The password of the account, and another second factor if the user has one.

    Attributes:
        password: the password of the account.
    """


class TotpSecret(msgspec.Struct):
    """The secret of a new authenticator; this is the only time it is shown.

    Attributes:
        secret: the secret in base32, to type.
        otpauth_uri: the URI to show as a QR code.
    """

    secret: str
    otpauth_uri: str


class ConfirmTotp(msgspec.Struct, forbid_unknown_fields=True):
    """A code from the authenticator."""

    code: TotpCode


class RecoveryCodes(msgspec.Struct):
    """Single-use codes that replace a lost authenticator; this is the only time they are shown."""

    recovery_codes: Annotated[list[str], msgspec.Meta(min_length=1)]


@endpoint(
    "POST",
    "/totp/enrol",
    summary="Begin to set up TOTP; it takes effect once confirmed",
    access=ACCESS,
    body=BeginTotp,
    responses={200: TotpSecret},
    errors=(*CONFIRMATION_ERRORS, EMAIL_UNVERIFIED, SECOND_FACTOR_ACTIVE),
)
def enrol_totp(context: ServiceContext, body: BeginTotp) -> Response:
    """Respond with a new secret, unless an authenticator is confirmed already."""
    # The password, because a stolen session alone must not lock the owner out.
    user = reauthenticated_user(context, body.password)
    require_verified_email(user)
    if context.repositories.get(TOTP).has_factor(user.id):
        raise _AlreadyEnabled
    enrolment = new_enrolment(user.id, system_clock())

    def begin(tx: Transaction) -> None:
        if not tx.get(TOTP).begin(enrolment):
            raise _AlreadyEnabled
        tx.audit("totp_enrolment_started", user.id)

    # Another factor of the user, such as one of an application: the password may be stolen.
    with second_factor_verified(context, user.id, body):
        context.transaction(begin)
    uri = otpauth_uri(enrolment, user.email, context.settings.service_name)
    return json_response(TotpSecret(enrolment.secret, uri))


@endpoint(
    "POST",
    "/totp/confirm",
    summary="Confirm TOTP, which every login then requires; all other sessions end",
    access=ACCESS,
    body=ConfirmTotp,
    responses={200: RecoveryCodes},
    errors=(
        USER_GONE,
        USER_DISABLED,
        WRONG_CODE,
        SECOND_FACTOR_ACTIVE,
        SECOND_FACTOR_MISSING,
        TOO_MANY_TRIES,
        SECOND_FACTOR_UNAVAILABLE,
    ),
)
def confirm_authenticator(context: ServiceContext, body: ConfirmTotp) -> Response:
    """Respond with recovery codes; the code that confirms is used up."""
    user = current_user(context)
    enrolment = context.repositories.get(TOTP).get(user.id)
    if enrolment is None:
        raise Rejected(SECOND_FACTOR_MISSING, "Begin with POST /totp/enrol")
    if enrolment.is_confirmed:
        raise _AlreadyEnabled
    with counting_failures(context, totp_hits(context.limits, user.id), WrongCode):
        if matching_step(enrolment, body.code, system_clock()) is None:
            raise WrongCode
    codes = new_recovery_codes()
    # The other sessions were started with a password alone.
    with context.accounts.end_access(user.id, keep_current=True):
        context.transaction(lambda tx: _confirm(tx, user, body.code, codes))
    return json_response(RecoveryCodes(codes))


def _confirm(tx: Transaction, user: User, code: str, codes: list[str]) -> None:
    store = tx.get(TOTP)
    if not confirm_totp(store, user.id, code, tx.now):
        if store.has_factor(user.id):
            raise _AlreadyEnabled  # by a concurrent request
        raise WrongCode  # a concurrent request has replaced the secret
    # A code for another address may have been requested with the password alone.
    tx.codes.forget(user.id)
    replace_codes(tx, user.id, codes)
    tx.notify(TOTP_ADDED, user)
    tx.audit("totp_enabled", user.id)
