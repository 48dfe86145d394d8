"""POST /password/change: another password, by whoever knows the one there is."""

import msgspec
from flask import Response

from flask_watchword.accounts import changes
from flask_watchword.accounts.new_passwords import UnacceptablePassword
from flask_watchword.extension.current import get_jwt_identity
from flask_watchword.service.account_work import do, sessions_ended
from flask_watchword.service.answers import nothing
from flask_watchword.service.api.fields import Password
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import ACCESS
from flask_watchword.service.reauthentication import REFUSALS, reauthenticating
from flask_watchword.service.throttles import counting_failures


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    """The password there is, and what it is to be."""

    current_password: Password
    password: Password


@endpoint(
    "POST",
    "/password/change",
    summary="Change one's password; every other session ends",
    guard=ACCESS,
    body=PasswordChange,
    answers={204: None},
    refusals=REFUSALS,
)
def change_password(body: PasswordChange) -> Response:
    """Answer 204; the session that asks goes on, since it has shown the password."""
    user_id = get_jwt_identity()
    with (
        reauthenticating(user_id),
        counting_failures(components().limits.new_password_of(user_id), UnacceptablePassword),
    ):
        do(
            lambda a: changes.change_password(a, user_id, body.current_password, body.password),
            lambda done: event("password_changed", done.subject, current_session()),
            around=sessions_ended(user_id, keep_current=True),
        )
    return nothing()
