"""POST /email/change and /email/change/confirm: change the e-mail address."""

from flask import Response

from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.shared_limits import MailCause, mailbox_hits, one_time_code_hits
from flask_watchword.extension.verification.current import get_jwt_identity
from flask_watchword.service.access import ACCESS, PUBLIC
from flask_watchword.service.authentication.confirmation import (
    CONFIRMATION_ERRORS,
    EMAIL_CODE_ERRORS,
    CodeAndPassword,
    Confirmation,
    second_factor_verified,
)
from flask_watchword.service.authentication.reauthentication import reauthenticating
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.email_change import flow
from flask_watchword.service.fields import Email
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures, counting_successes
from flask_watchword.service.responses import Message, json_response, no_content


class EmailChange(Confirmation, forbid_unknown_fields=True, kw_only=True):
    """The new address, the password of the account, and a second factor if the user has one.

    Attributes:
        email: the new address.
        password: the password of the account.
    """

    email: Email


@endpoint(
    "POST",
    "/email/change",
    summary="Request a change of the e-mail address; an e-mail with a code is sent to the new one",
    access=ACCESS,
    body=EmailChange,
    responses={202: Message},
    errors=CONFIRMATION_ERRORS,
)
def change_email(context: ServiceContext, body: EmailChange) -> Response:
    """Respond in the same way whether another user has the address; nothing changes yet."""
    user_id = get_jwt_identity()
    limits, user = context.limits, context.stores.users.by_id(user_id)
    # A logged-in user may learn that a mailbox has reached its limit. The current one is counted
    # as well: one account must not send e-mail to an unlimited number of addresses.
    mailboxes = [
        *mailbox_hits(limits, email_key(body.email), MailCause.CHANGE),
        *mailbox_hits(limits, "" if user is None else user.email_key, MailCause.CHANGE_NOTICE),
    ]
    with reauthenticating(context, user_id), counting_successes(context, mailboxes):
        flow.request_email_change(
            context.accounts,
            user_id,
            body.password,
            body.email,
            confirmation=second_factor_verified(context, user_id, body),
        )
    return json_response(Message("An e-mail is on its way to the new address"), 202)


@endpoint(
    "POST",
    "/email/change/confirm",
    summary="Change the e-mail address with the code that was sent to the new one",
    access=PUBLIC,
    body=CodeAndPassword,
    responses={204: None},
    errors=EMAIL_CODE_ERRORS,
)
def confirm_email(context: ServiceContext, body: CodeAndPassword) -> Response:
    """Respond 204; the previous address gets a notification."""
    here = one_time_code_hits(context.limits, context.client_address)
    with hashing_share(context), counting_failures(context, here, InvalidCode, WrongPassword):
        flow.confirm_email_change(context.accounts, body.code, body.password)
    return no_content()
