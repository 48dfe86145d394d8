"""POST /register: become a user."""

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import Accepted
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.emails import email_key
from flask_watchword.accounts.letters import SilentMailer
from flask_watchword.accounts.limits import MailCause
from flask_watchword.accounts.new_passwords import UnacceptablePassword
from flask_watchword.accounts.registration import register as register_account
from flask_watchword.service.account_work import do
from flask_watchword.service.answers import Message, answer
from flask_watchword.service.api.fields import Email, Password
from flask_watchword.service.audit_events import event
from flask_watchword.service.client import client
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import PUBLIC
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.throttles import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)


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
    limits, address = components().limits, client().address
    with (
        hashing_share(email_key(body.email)),
        counting_failures(limits.new_password(address), UnacceptablePassword),
        counting_successes(limits.registration(address)),
        room_in_mailbox(body.email, MailCause.REGISTRATION) as room,
    ):
        # A mailbox that has had enough gets no more. The account is made all the same, and a code
        # can be asked for later: to refuse would let anybody keep an address from registering.
        mailer = None if room else SilentMailer
        do(lambda a: register_account(a, body.email, body.password), _event, mailer=mailer)
    return answer(Message("Look into your mailbox: an e-mail is on its way"), 201)


def _event(accepted: Accepted) -> Event:
    return event("registered" if accepted.subject else "registered_again", accepted.subject)
