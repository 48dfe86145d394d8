"""POST /email/verify and /email/verify/resend: show that mail reaches one."""

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import Accepted, turn_away
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.one_time_codes import InvalidCode, Purpose
from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do
from flask_watchword.service.audit_events import event
from flask_watchword.service.authentication.reauthentication import REFUSALS
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_change.flow import WrongPassword
from flask_watchword.service.features.registration.flow import resend_verification, verify_email
from flask_watchword.service.fields import Code, Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)
from flask_watchword.service.responses import Message, json_response, no_content


class ConfirmedAddress(msgspec.Struct, forbid_unknown_fields=True):
    """A code, as the e-mail has it, and the password of the account that it is for."""

    code: Code
    password: Password


#: What confirming an address may be refused for.
CODE_REFUSALS = {**REFUSALS, 400: ("invalid_code",)}


class Address(msgspec.Struct, forbid_unknown_fields=True):
    """An e-mail address."""

    email: Email


@endpoint(
    "POST",
    "/email/verify",
    summary="Verify an e-mail address by the code that was sent to it",
    guard=PUBLIC,
    body=ConfirmedAddress,
    answers={204: None},
    refusals=CODE_REFUSALS,
)
def verify_address(body: ConfirmedAddress) -> Response:
    """Answer 204 and note that mail reaches the user."""
    here = service_context().limits.one_time_code(client().address)
    with hashing_share(), counting_failures(here, InvalidCode, WrongPassword):
        do(
            lambda a: verify_email(a, body.code, body.password),
            lambda user_id: event("email_verified", user_id),
        )
    return no_content()


@endpoint(
    "POST",
    "/email/verify/resend",
    summary="Ask for another code that verifies an e-mail address",
    guard=PUBLIC,
    body=Address,
    answers={202: Message},
    refusals={429: ("too_many_tries",)},
)
def resend_code(body: Address) -> Response:
    """Answer alike whatever becomes of it."""
    request = service_context().limits.mail_request(client().address)
    with (
        counting_successes(request),
        room_in_mailbox(body.email, MailCause.VERIFICATION) as room,
    ):
        if room:
            do(lambda a: resend_verification(a, body.email), _event)
        else:
            do(lambda a: turn_away(a, body.email, Purpose.VERIFY_EMAIL), _event)
    return json_response(Message("If there is an account to verify, an e-mail is on its way"), 202)


def _event(accepted: Accepted) -> Event:
    return event("verification_requested", accepted.subject)
