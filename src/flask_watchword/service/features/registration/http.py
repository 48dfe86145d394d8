"""POST /register: become a user."""

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import Accepted
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.notifications import NullMailer
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do
from flask_watchword.service.audit_events import event
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.registration.flow import register as register_account
from flask_watchword.service.fields import Email, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)
from flask_watchword.service.responses import Message, json_response


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """Who wants to have an account."""

    email: Email
    password: Password


@endpoint(
    "POST",
    "/register",
    summary="Register an account; its address gets an e-mail with a code",
    guard=PUBLIC,
    body=Registration,
    answers={201: Message},
    refusals={422: ("invalid_field",), 429: ("too_many_tries",), 503: ("login_busy",)},
)
def register(body: Registration) -> Response:
    """Answer alike whether there is an account already or not: only the mailbox tells."""
    limits, address = service_context().limits, client().address
    with (
        hashing_share(email_key(body.email)),
        counting_failures(limits.new_password(address), UnacceptablePassword),
        counting_successes(limits.registration(address)),
        room_in_mailbox(body.email, MailCause.REGISTRATION) as room,
    ):
        # A mailbox that has had enough gets no more. The account is made all the same, and a code
        # can be asked for later: to refuse would let anybody keep an address from registering.
        mailer = None if room else NullMailer
        do(lambda a: register_account(a, body.email, body.password), _event, mailer=mailer)
    return json_response(Message("Look into your mailbox: an e-mail is on its way"), 201)


def _event(accepted: Accepted) -> Event:
    return event("registered" if accepted.subject else "registered_again", accepted.subject)
