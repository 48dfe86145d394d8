"""POST /email/verify and /email/verify/resend: verify an e-mail address."""

from flask import Response

from flask_watchword.accounts.credentials import WrongPassword
from flask_watchword.accounts.errors import TOO_MANY_TRIES
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.shared_limits import MailCause, mail_request_hits, one_time_code_hits
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.authentication.confirmation import EMAIL_CODE_ERRORS, CodeAndPassword
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.email_verification import flow
from flask_watchword.service.fields import EmailOnly
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)
from flask_watchword.service.responses import Message, json_response, no_content


@endpoint(
    "POST",
    "/email/verify",
    summary="Verify an e-mail address with the code that was sent to it",
    access=PUBLIC,
    body=CodeAndPassword,
    responses={204: None},
    errors=EMAIL_CODE_ERRORS,
)
def verify_address(context: ServiceContext, body: CodeAndPassword) -> Response:
    """Respond 204; the address is verified."""
    here = one_time_code_hits(context.limits, context.client_address)
    with hashing_share(context), counting_failures(context, here, InvalidCode, WrongPassword):
        flow.verify_email(context.accounts, body.code, body.password)
    return no_content()


@endpoint(
    "POST",
    "/email/verify/resend",
    summary="Request another e-mail with a verification code",
    access=PUBLIC,
    body=EmailOnly,
    responses={202: Message},
    errors=(TOO_MANY_TRIES,),
)
def resend_code(context: ServiceContext, body: EmailOnly) -> Response:
    """Respond in the same way whether there is an account to verify or not."""
    request = mail_request_hits(context.limits, context.client_address)
    with (
        counting_successes(context, request),
        room_in_mailbox(context, body.email, MailCause.VERIFICATION) as room,
    ):
        flow.resend_code(context.accounts, body.email, send_email=room)
    return json_response(Message("If there is an account to verify, an e-mail is on its way"), 202)
