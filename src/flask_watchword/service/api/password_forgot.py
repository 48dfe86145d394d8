"""POST /password/forgot: ask for a code that is good for another password."""

from flask import Response

from flask_watchword.accounts.accounts import Accepted, turn_away
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.codes import Purpose
from flask_watchword.accounts.limits import MailCause
from flask_watchword.accounts.recovery import forgot
from flask_watchword.service.account_work import do
from flask_watchword.service.answers import Message, answer
from flask_watchword.service.api.email_verify import Address
from flask_watchword.service.audit_events import event
from flask_watchword.service.client import client
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import PUBLIC
from flask_watchword.service.throttles import counting_successes, room_in_mailbox


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
    request = components().limits.mail_request(client().address)
    with counting_successes(request), room_in_mailbox(body.email, MailCause.RESET) as room:
        if room:
            do(lambda a: forgot(a, body.email), _event)
        else:
            do(lambda a: turn_away(a, body.email, Purpose.RESET_PASSWORD), _event)
    return answer(Message("If there is an account, an e-mail is on its way"), 202)


def _event(accepted: Accepted) -> Event:
    return event("password_reset_requested", accepted.subject)
