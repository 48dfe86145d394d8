"""POST /password/reset: replace a lost password, by the code in the mail."""

import contextlib
from collections.abc import Iterator
from typing import Literal, Self

import msgspec
from flask import Response

from flask_watchword.accounts.accounts import PasswordSet
from flask_watchword.accounts.api_tokens import ApiToken
from flask_watchword.accounts.audit import Event
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.account_transactions import do, sessions_ended
from flask_watchword.service.audit_events import event
from flask_watchword.service.authentication.login import trust_this_location
from flask_watchword.service.client_address import client
from flask_watchword.service.context import service_context
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_reset.flow import owner_of_code, reset
from flask_watchword.service.fields import Code, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import counting_failures
from flask_watchword.service.responses import Timestamp, json_response, timestamp


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """A code, as the e-mail has it, and what the password is to be.

    Attributes:
        code: of the e-mail.
        password: the new one.
        revoke_api_keys: whether every API key and client of the account is revoked as well.
    """

    code: Code
    password: Password
    revoke_api_keys: bool = False


class RemainingKey(msgspec.Struct):
    """An API key or a client of the account.

    Attributes:
        id: by which it is revoked.
        kind: `personal` for an API key, `client` for a client.
        name: what its owner calls it.
        created_at: when it was made.
        last_used_at: when it was last used, to the minute; null for never.
        revoked: whether this reset has revoked it.
    """

    id: str
    kind: Literal["personal", "client"]
    name: str
    created_at: Timestamp
    last_used_at: Timestamp | None
    revoked: bool

    @classmethod
    def of(cls, key: ApiToken) -> Self:
        """Return a key as it is shown."""
        return cls(
            id=key.id,
            kind=key.kind.value,
            name=key.name,
            created_at=timestamp(key.created_at),
            last_used_at=None if key.last_used_at is None else timestamp(key.last_used_at),
            revoked=key.revoked_at is not None,
        )


class ResetDone(msgspec.Struct):
    """What is left of the account that the new password does not lock out.

    Attributes:
        api_keys: every API key and client, the newest first. The holder of the code reads the
            account's mail, which has a notice of each of them.
    """

    api_keys: list[RemainingKey]


@endpoint(
    "POST",
    "/password/reset",
    summary="Replace a lost password by the code in the e-mail; every session ends",
    guard=PUBLIC,
    body=Reset,
    answers={200: ResetDone},
    refusals={400: ("invalid_code",), 429: ("too_many_tries",), 503: ("login_busy",)},
)
def reset_password(body: Reset) -> Response:
    """Answer with the API keys, and start no session: the new password has to be shown first."""
    limits, address = service_context().limits, client().address
    with (
        hashing_share(),
        counting_failures(limits.one_time_code(address), InvalidCode),
        counting_failures(limits.new_password(address), UnacceptablePassword),
    ):
        done = do(
            lambda a: reset(a, body.code, body.password, revoke_keys=body.revoke_api_keys),
            _events,
            around=_sessions_ended(body.code),
        )
    trust_this_location(done.subject)
    return json_response(ResetDone([RemainingKey.of(key) for key in done.api_keys]))


@contextlib.contextmanager
def _sessions_ended(code: str) -> Iterator[None]:
    owner = owner_of_code(service_context().accounts, code)
    if owner is None:
        yield  # it is refused
        return
    with sessions_ended(owner.id):
        yield


def _events(done: PasswordSet) -> list[Event]:
    revoked = [key for key in done.api_keys if key.revoked_at is not None]
    return [
        event("password_reset", done.subject),
        *(event("machine_token_revoked", done.subject, token=key.id) for key in revoked),
    ]
