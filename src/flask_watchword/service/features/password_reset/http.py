"""POST /password/forgot and /password/reset."""

from typing import Literal, Self

import msgspec
from flask import Response

from flask_watchword.accounts.api_tokens import ApiToken
from flask_watchword.accounts.errors import INVALID_CODE, LOGIN_BUSY, TOO_MANY_TRIES
from flask_watchword.accounts.one_time_codes import InvalidCode
from flask_watchword.accounts.password_policy import UnacceptablePassword
from flask_watchword.accounts.shared_limits import (
    MailCause,
    mail_request_hits,
    new_password_hits,
    one_time_code_hits,
)
from flask_watchword.service.access import PUBLIC
from flask_watchword.service.authentication.login import trust_current_address
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.features.password_reset import flow
from flask_watchword.service.fields import Code, EmailOnly, Password
from flask_watchword.service.hashing import hashing_share
from flask_watchword.service.rate_limiting import (
    counting_failures,
    counting_successes,
    room_in_mailbox,
)
from flask_watchword.service.responses import (
    Message,
    Timestamp,
    json_response,
    optional_timestamp,
    timestamp,
)


class Reset(msgspec.Struct, forbid_unknown_fields=True):
    """The code from the e-mail, and the new password.

    Attributes:
        code: from the e-mail.
        password: the new password.
        revoke_api_keys: whether all API keys and clients of the account are revoked too.
    """

    code: Code
    password: Password
    revoke_api_keys: bool = False


class RemainingKey(msgspec.Struct):
    """An API key or a client of the account.

    Attributes:
        id: its id, to revoke it.
        kind: `personal` for an API key, `client` for a client.
        name: its name.
        created_at: when it was created.
        last_used_at: when it was last used, rounded to the minute; null: never.
        revoked: whether this reset revoked it.
    """

    id: str
    kind: Literal["personal", "client"]
    name: str
    created_at: Timestamp
    last_used_at: Timestamp | None
    revoked: bool

    @classmethod
    def of(cls, key: ApiToken) -> Self:
        """Return the response for a key."""
        return cls(
            id=key.id,
            kind=key.kind.value,
            name=key.name,
            created_at=timestamp(key.created_at),
            last_used_at=optional_timestamp(key.last_used_at),
            revoked=key.revoked_at is not None,
        )


class ResetDone(msgspec.Struct):
    """The credentials that a new password does not invalidate.

    Attributes:
        api_keys: every API key and client, the newest first. The holder of the code reads the
            account's mail, which has a notice of each of them.
    """

    api_keys: list[RemainingKey]


@endpoint(
    "POST",
    "/password/forgot",
    summary="Request a code that resets the password",
    access=PUBLIC,
    body=EmailOnly,
    responses={202: Message},
    errors=(TOO_MANY_TRIES,),
)
def forgot_password(context: ServiceContext, body: EmailOnly) -> Response:
    """Respond in the same way to known, unknown and disabled accounts."""
    request = mail_request_hits(context.limits, context.client_address)
    with (
        counting_successes(context, request),
        room_in_mailbox(context, body.email, MailCause.RESET) as room,
    ):
        flow.request_reset(context.accounts, body.email, send_email=room)
    return json_response(Message("If there is an account, an e-mail is on its way"), 202)


@endpoint(
    "POST",
    "/password/reset",
    summary="Reset the password with the code of the e-mail; every session ends",
    access=PUBLIC,
    body=Reset,
    responses={200: ResetDone},
    errors=(INVALID_CODE, TOO_MANY_TRIES, LOGIN_BUSY),
)
def reset_password(context: ServiceContext, body: Reset) -> Response:
    """Respond with the API keys, and start no session: the client logs in with the password."""
    limits, address = context.limits, context.client_address
    with (
        hashing_share(context),
        counting_failures(context, one_time_code_hits(limits, address), InvalidCode),
        counting_failures(context, new_password_hits(limits, address), UnacceptablePassword),
    ):
        user, keys = flow.reset_password(
            context.accounts, body.code, body.password, revoke_keys=body.revoke_api_keys
        )
    trust_current_address(context, user.id)
    return json_response(ResetDone([RemainingKey.of(key) for key in keys]))
