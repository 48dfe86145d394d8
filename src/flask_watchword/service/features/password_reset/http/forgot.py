"""POST /password/forgot: ask for a code that is good for another password."""

from flask import Response

from flask_watchword.accounts.accounts import Accepted, turn_away
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.one_time_codes import Purpose
from flask_watchword.accounts.rate_limit_table import MailCause
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do
from flask_watchword.service.audit_events import event
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.email_verification.http import Address
from flask_watchword.service.features.password_reset.flow import forgot
from flask_watchword.service.rate_limiting import counting_successes, room_in_mailbox
from flask_watchword.service.responses import Message, json_response


@endpoint(
    "POST",
    "/password/forgot",
    summary="Ask for a code by which a lost password is replaced",
    guard=PUBLIC,
    body=Address,
    answers={202: Message},
    refusals={429: ("too_many_tries",)},
)
def forgot_password(body: Address) -> Response:
    """Answer alike for known, unknown and disabled: only the mailbox tells."""
    request = service_context().limits.mail_request(client().address)
    with counting_successes(request), room_in_mailbox(body.email, MailCause.RESET) as room:
        if room:
            do(lambda a: forgot(a, body.email), _event)
        else:
            do(lambda a: turn_away(a, body.email, Purpose.RESET_PASSWORD), _event)
    return json_response(Message("If there is an account, an e-mail is on its way"), 202)


def _event(accepted: Accepted) -> Event:
    return event("password_reset_requested", accepted.subject)
