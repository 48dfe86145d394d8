"""POST /password/reset: replace a lost password, by the code in the mail."""

import contextlib
from collections.abc import Iterator

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import PasswordSet
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.codes import CodeRefused
from flask_watchword.accounts.new_passwords import UnacceptablePassword
from flask_watchword.accounts.recovery import owner_of_code, reset
from flask_watchword.service.account_work import do, sessions_ended
from flask_watchword.service.answers import nothing
from flask_watchword.service.api.fields import Code, Password
from flask_watchword.service.audit_events import event
from flask_watchword.service.client import client
from flask_watchword.service.components import components
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.guards import PUBLIC
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.signing_in import make_place_known
from flask_watchword.service.throttles import counting_failures


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """A code, as the e-mail has it, and what the password is to be."""

    code: Code
    password: Password


@endpoint(
    "POST",
    "/password/reset",
    summary="Replace a lost password by the code in the e-mail; every session ends",
    guard=PUBLIC,
    body=Reset,
    answers={204: None},
    refusals={400: ("invalid_code",), 429: ("too_many_tries",), 503: ("login_busy",)},
)
def reset_password(body: Reset) -> Response:
    """Answer 204, and sign nobody in: whoever has the code still has to show what they chose."""
    limits, address = components().limits, client().address
    with (
        hashing_share(),
        counting_failures(limits.one_time_code(address), CodeRefused),
        counting_failures(limits.new_password(address), UnacceptablePassword),
    ):
        done = do(
            lambda a: reset(a, body.code, body.password),
            _event,
            around=_sessions_ended(body.code),
        )
    make_place_known(done.subject)
    return nothing()


@contextlib.contextmanager
def _sessions_ended(code: str) -> Iterator[None]:
    parts = components()
    owner = owner_of_code(parts.accounts_in(parts.stores.accounts.stores), code)
    if owner is None:
        yield  # it is refused
        return
    with sessions_ended(owner.id):
        yield


def _event(done: PasswordSet) -> Event:
    return event("password_reset", done.subject)
