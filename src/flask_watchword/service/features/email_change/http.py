"""POST /email/change and /email/change/confirm: another e-mail address."""

from flask import Response

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.access import ACCESS, PUBLIC
from flask_watchword.service.account_transactions import do
from flask_watchword.service.audit_events import current_session, event
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_REFUSALS,
    Confirmation,
    second_factor_shown,
)
from flask_watchword.service.authentication.reauthentication import reauthenticating
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.email_verification.http import CODE_REFUSALS, ConfirmedAddress
from flask_watchword.service.features.password_change.flow import (
    WrongPassword,
    confirm_email_change,
    request_email_change,
)
from flask_watchword.service.fields import Email
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures, counting_successes
from flask_watchword.service.responses import Message, json_response, no_content


class EmailChange(Confirmation, forbid_unknown_fields=True, kw_only=True):
    """The address to have, the password of the account, and a second factor where there is one.

    Attributes:
        email: the address to have.
        password: of the account.
        code: of the authenticator; needed where the user has one, unless `recovery_code` is given.
        recovery_code: one of the recovery codes; it is used up.
    """

    email: Email


@endpoint(
    "POST",
    "/email/change",
    summary="Ask for another e-mail address; it gets an e-mail with a code",
    guard=ACCESS,
    body=EmailChange,
    answers={202: Message},
    refusals=CONFIRMATION_REFUSALS,
)
def change_email(body: EmailChange) -> Response:
    """Answer alike whether somebody else has the address or not; nothing changes yet."""
    user_id = get_jwt_identity()
    limits, user = service_context().limits, service_context().stores.users.by_id(user_id)
    # A signed-in user may learn that a mailbox has reached its limit. The present one is counted as
    # well: one account must not send e-mails to ever more addresses.
    mailboxes = [
        *limits.mailbox(email_key(body.email), MailCause.CHANGE),
        *limits.mailbox("" if user is None else user.email_key, MailCause.CHANGE_NOTICE),
    ]
    with reauthenticating(user_id), counting_successes(mailboxes):
        do(
            lambda a: request_email_change(a, user_id, body.password, body.email),
            lambda done: event("email_change_requested", done.subject, current_session()),
            around=second_factor_shown(user_id, body),
        )
    return json_response(Message("An e-mail is on its way to the new address"), 202)


@endpoint(
    "POST",
    "/email/change/confirm",
    summary="Change the e-mail address by the code that was sent to the new one",
    guard=PUBLIC,
    body=ConfirmedAddress,
    answers={204: None},
    refusals=CODE_REFUSALS,
)
def confirm_email(body: ConfirmedAddress) -> Response:
    """Answer 204; the address there was is told."""
    here = service_context().limits.one_time_code(client().address)
    with hashing_share(), counting_failures(here, InvalidCode, WrongPassword):
        do(
            lambda a: confirm_email_change(a, body.code, body.password),
            lambda user_id: event("email_changed", user_id),
        )
    return no_content()
