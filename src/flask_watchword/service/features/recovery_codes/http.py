"""POST /totp/recovery-codes: replace the recovery codes."""

from typing import Annotated

import msgspec
from flask import Response

from flask_watchword.accounts.errors import Rejected
from flask_watchword.accounts.transaction import Transaction
from flask_watchword.service.access import ACCESS
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import reauthenticated_user
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.error_codes import SECOND_FACTOR_MISSING
from flask_watchword.service.features.recovery_codes.flow import (
    RECOVERY_CODES_RENEWED,
    new_recovery_codes,
    replace_codes,
)
from flask_watchword.service.responses import json_response


class NewRecoveryCodes(msgspec.Struct):
    """Single-use codes that stand in for the second factor. They are shown only here."""

    recovery_codes: Annotated[list[str], msgspec.Meta(min_length=1)]


@endpoint(
    "POST",
    "/totp/recovery-codes",
    summary="Replace the recovery codes",
    access=ACCESS,
    body=Confirmation,
    responses={200: NewRecoveryCodes},
    errors=(*CONFIRMATION_ERRORS, SECOND_FACTOR_MISSING),
)
def renew_recovery_codes(context: ServiceContext, body: Confirmation) -> Response:
    """Respond with ten codes; the old ones no longer work."""
    user = reauthenticated_user(context, body.password)
    if not context.has_second_factor(user):
        raise Rejected(SECOND_FACTOR_MISSING, "There is no second factor")

    codes = new_recovery_codes()

    def renew(tx: Transaction) -> None:
        replace_codes(tx, user.id, codes)
        tx.notify(RECOVERY_CODES_RENEWED, user)
        tx.audit("recovery_codes_renewed", user.id)

    with second_factor_verified(context, user.id, body):
        context.transaction(renew)
    return json_response(NewRecoveryCodes(codes))
