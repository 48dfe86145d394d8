"""POST /password/change: change the password of the current user."""

import contextlib
from collections.abc import Iterator

from flask import Response

from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import MailCause, new_password_of_user_hits
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.access import ACCESS
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    FactorAnswers,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import reauthenticating
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_change import flow
from flask_watchword.service.fields import Password
from flask_watchword.service.rate_limiting import counting_failures, room_in_mailbox
from flask_watchword.service.responses import no_content


class PasswordChange(FactorAnswers, forbid_unknown_fields=True, kw_only=True):
    """The current password, the new one, and a second factor if the user has one.

    Attributes:
        current_password: the current password.
        password: the new password.
    """

    current_password: Password
    password: Password


@endpoint(
    "POST",
    "/password/change",
    summary="Change the password; all other sessions end",
    access=ACCESS,
    body=PasswordChange,
    responses={204: None},
    errors=CONFIRMATION_ERRORS,
)
def change_password(context: ServiceContext, body: PasswordChange) -> Response:
    """Respond 204; the current session continues, and every other session ends."""
    user_id = get_jwt_identity()
    with (
        reauthenticating(context, user_id),
        counting_failures(
            context, new_password_of_user_hits(context.limits, user_id), UnacceptablePassword
        ),
        _room_for_notification(context, user_id) as room,
    ):
        flow.change_password(
            context.accounts,
            user_id,
            body.current_password,
            body.password,
            confirmation=second_factor_verified(context, user_id, body),
            send_email=room,
        )
    return no_content()


@contextlib.contextmanager
def _room_for_notification(context: ServiceContext, user_id: str) -> Iterator[bool]:
    """Count the notification if the address is not verified: it may belong to a stranger."""
    user = context.stores.users.by_id(user_id)
    if user is None or user.email_verified_at is not None:
        yield True
        return
    with room_in_mailbox(context, user.email, MailCause.PASSWORD_NOTICE) as room:
        yield room
