"""POST /register: create an account."""

import msgspec
from flask import Response

from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.errors import INVALID_FIELD, LOGIN_BUSY, TOO_MANY_TRIES
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import MailCause, new_password_hits
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.registration import flow
from flask_watchword.service.features.registration.limits import registration_hits
from flask_watchword.service.fields import Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)
from flask_watchword.service.responses import Message, json_response


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """The account to create."""

    email: Email
    password: Password


@endpoint(
    "POST",
    "/register",
    summary="Register an account; an e-mail with a code is sent to its address",
    access=PUBLIC,
    body=Registration,
    responses={201: Message},
    errors=(INVALID_FIELD, TOO_MANY_TRIES, LOGIN_BUSY),
)
def register(context: ServiceContext, body: Registration) -> Response:
    """Respond in the same way whether there is an account or not: only the mailbox shows it."""
    limits, address = context.limits, context.client_address
    with (
        hashing_share(context, email_key(body.email)),
        counting_failures(context, new_password_hits(limits, address), UnacceptablePassword),
        counting_successes(context, registration_hits(limits, address)),
        room_in_mailbox(context, body.email, MailCause.REGISTRATION) as room,
    ):
        # A mailbox at its limit gets no further e-mail. The account is created in any case, and a
        # code can be requested later: otherwise a stranger could keep an address from registering.
        flow.register(context.accounts, body.email, body.password, send_email=room)
    return json_response(Message("Check your email for a verification code"), 201)
