"""/admin/keys: the signing keys of the service."""

import contextlib
from collections.abc import Iterator
from typing import Self

import msgspec
from flask import Response

from flask_watchword.accounts.errors import ErrorCode, Rejected
from flask_watchword.clock import system_clock
from flask_watchword.keys.changes import KeyOperationError
from flask_watchword.keys.encryption import DecryptionFailed
from flask_watchword.keys.manager import KeyManager
from flask_watchword.keys.ring import keys_by_state
from flask_watchword.keys.store import StoredKey
from flask_watchword.service.access import ADMIN, RECENT_ADMIN
from flask_watchword.service.administrator import administrator
from flask_watchword.service.context import ServiceContext
from flask_watchword.service.endpoint import endpoint
from flask_watchword.service.responses import (
    Timestamp,
    json_response,
    no_content,
    optional_timestamp,
    timestamp,
)
from flask_watchword.service.signing import signing_keys

KEY_NOT_FOUND = ErrorCode("key_not_found", 404, "There is no key with this id.")
KEY_REFUSED = ErrorCode(
    "key_refused",
    409,
    "The state of the key does not allow this, or its private part is "
    "encrypted with another master key.",
)

_ERRORS = (KEY_NOT_FOUND, KEY_REFUSED)


class KeyResponse(msgspec.Struct):
    """A key, without its private part.

    Attributes:
        kid: its key id.
        state: ``next``, ``active``, ``retiring``, ``retired`` or ``revoked``.
        algorithm: its algorithm.
        published_at: when it was published in the JWK Set.
        active_from: when it begins to sign; null: it only verifies.
        verify_until: when its last token expires; null: not known yet.
    """

    kid: str
    state: str
    algorithm: str
    published_at: Timestamp
    active_from: Timestamp | None
    verify_until: Timestamp | None

    @classmethod
    def of(cls, key: StoredKey, state: str) -> Self:
        """Return the response for a key."""
        return cls(
            kid=key.kid,
            state=state,
            algorithm=key.algorithm,
            published_at=timestamp(key.published_at),
            active_from=optional_timestamp(key.active_from),
            verify_until=optional_timestamp(key.verify_until),
        )


class KeysResponse(msgspec.Struct):
    """All keys, the most important first."""

    keys: list[KeyResponse]


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How to rotate the key.

    Attributes:
        at_once: whether the new key signs at once, rather than after it has been published for a
            while. Clients with a cached JWK Set reject its tokens until they fetch the set again.
    """

    at_once: bool = False


@endpoint(
    "GET",
    "/admin/keys",
    summary="List the signing keys",
    access=ADMIN,
    responses={200: KeysResponse},
)
def list_keys(context: ServiceContext) -> Response:
    """Respond with the keys."""
    return json_response(_shown(context))


@endpoint(
    "POST",
    "/admin/keys/rotate",
    summary="Rotate: publish a new key, which signs after it has been published for a while",
    access=RECENT_ADMIN,
    body=Rotation,
    responses={200: KeysResponse},
    errors=(KEY_REFUSED,),
)
def rotate_keys(context: ServiceContext, body: Rotation) -> Response:
    """Respond with the keys after the change."""
    with _key_manager(context) as manager:
        kid = manager.rotate(at_once=body.at_once)
    _record(context, "key_rotated", kid)
    return json_response(_shown(context))


@endpoint(
    "POST",
    "/admin/keys/<kid>/retire",
    summary="Withdraw a waiting key, or retire one that only verifies",
    access=RECENT_ADMIN,
    responses={200: KeysResponse},
    errors=_ERRORS,
)
def retire_key(context: ServiceContext, kid: str) -> Response:
    """Respond with the keys after the change; no token is rejected."""
    _require_known(context, kid)
    with _key_manager(context) as manager:
        manager.retire(kid)
    _record(context, "key_retired", kid)
    return json_response(_shown(context))


@endpoint(
    "POST",
    "/admin/keys/<kid>/revoke",
    summary="Revoke a stolen key: reject every token it has signed",
    access=RECENT_ADMIN,
    responses={204: None},
    errors=_ERRORS,
)
def revoke_key(context: ServiceContext, kid: str) -> Response:
    """Respond 204; if it was the signing key, another key signs from now on."""
    _require_known(context, kid)
    with _key_manager(context) as manager:
        sessions = context.stores.sessions
        signing_keys.revoke_key(manager, sessions, kid, master_key_is_lost=False)
    _record(context, "key_revoked", kid)
    return no_content()


def _shown(context: ServiceContext) -> KeysResponse:
    stored = context.stores.keys.load()
    return KeysResponse(
        [KeyResponse.of(key, state) for key, state in keys_by_state(stored, system_clock())]
    )


def _require_known(context: ServiceContext, kid: str) -> None:
    if all(key.kid != kid for key in context.stores.keys.load().keys):
        raise Rejected(KEY_NOT_FOUND, "There is no such key")


@contextlib.contextmanager
def _key_manager(context: ServiceContext) -> Iterator[KeyManager]:
    """Yield the key manager, and reject the request with 409 if it cannot make the change."""
    try:
        yield signing_keys.key_manager(context.settings, context.stores.keys)
        # Otherwise this process could sign with a revoked key for another second.
        context.keys.reload()
    except KeyOperationError as error:
        raise Rejected(KEY_REFUSED, str(error)) from error
    except DecryptionFailed as error:
        # Details are in the log, for the operator.
        msg = "The keys are encrypted with another master key"
        raise Rejected(KEY_REFUSED, msg) from error


def _record(context: ServiceContext, event: str, kid: str) -> None:
    context.audit(event, actor=administrator(), kid=kid)
